"""The SQL of a dbt model as far as its Jinja is certain; nothing of the target's is run.

Literal `set`, `for` and `if` are followed. `ref` and `source` become table names, `config` is kept aside, and any
other expression becomes a name that nobody else uses.
"""

import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from jinja2 import Environment, TemplateSyntaxError, nodes

UNKNOWN = "__jinja_"
REF = "__ref__"
_MAX_PIECES = 20_000
_SILENT = frozenset({"config", "log", "print", "docs"})


class _Uncertain(Exception):  # noqa: N818  it ends a reading, it is no fault
    """What a template makes depends on something that only a run can tell."""


@dataclass(frozen=True)
class ModelText:
    """What a model's file says.

    `variants` are the texts that it can render to, one with and one without what a run decides; `config` holds the
    literal arguments of its `config(...)`. `uncertain` says why there is no text.
    """

    variants: tuple[str, ...] = ()
    config: Mapping[str, Any] = field(default_factory=dict)
    uncertain: str | None = None


@lru_cache(maxsize=8192)
def read_model(sql: str) -> ModelText:
    """The texts and the configuration of one model's SQL file."""
    try:
        template = Environment(extensions=["jinja2.ext.do"], autoescape=False).parse(sql)  # noqa: S701  SQL, not HTML
    except TemplateSyntaxError as error:
        return ModelText(uncertain=f"line {error.lineno} has Jinja that only dbt can read")
    except RecursionError:
        return ModelText(uncertain="its Jinja is nested too deeply")
    texts: list[str] = []
    config: dict[str, Any] = {}
    for choice in (True, False):
        reader = _Reader(choice=choice)
        try:
            texts.append("".join(reader.render(template.body, {})))
        except _Uncertain as reason:
            return ModelText(config=reader.config, uncertain=str(reason))
        except RecursionError:
            return ModelText(uncertain="its Jinja is nested too deeply")
        config = {**reader.config, **config}
    return ModelText(tuple(dict.fromkeys(texts)), config)


class _Reader:
    """One reading; `choice` is what every condition is taken to be that only a run can tell."""

    def __init__(self, *, choice: bool) -> None:
        self.choice = choice
        self.config: dict[str, Any] = {}
        self.pieces = 0

    def render(self, body: Sequence[nodes.Node], names: dict[str, Any]) -> Iterator[str]:
        for node in body:
            self.pieces += 1
            if self.pieces > _MAX_PIECES:
                raise _Uncertain(f"line {node.lineno} repeats too often")
            if isinstance(node, nodes.Output):
                for part in node.nodes:
                    yield self._output(part, names)
            elif isinstance(node, nodes.If):
                yield from self._if(node, names)
            elif isinstance(node, nodes.For):
                yield from self._for(node, names)
            elif isinstance(node, nodes.Assign):
                self._assign(node, names)
            elif isinstance(node, nodes.AssignBlock):
                self._name(node.target, None, names)
            elif not isinstance(node, nodes.Macro | nodes.ExprStmt):
                raise _Uncertain(f"line {node.lineno} has Jinja that only a run can follow")

    def _output(self, node: nodes.Node, names: Mapping[str, Any]) -> str:
        if isinstance(node, nodes.TemplateData):
            return str(node.data)
        if isinstance(node, nodes.Call) and isinstance(node.node, nodes.Name):
            said = self._call(node, node.node.name, names)
            if said is not None:
                return said
        value = self._value(node, names)
        # One expression is one name wherever it stands, so that a column made by it is known again.
        return f"{UNKNOWN}{zlib.crc32(repr(node).encode()):x}" if value is None else str(value)

    def _call(self, node: nodes.Call, name: str, names: Mapping[str, Any]) -> str | None:
        arguments = [self._value(argument, names) for argument in node.args]
        if name == "config":
            self.config |= {item.key: self._value(item.value, names) for item in node.kwargs}
        if name in _SILENT:
            return ""
        if name == "ref" and arguments and not node.kwargs and isinstance(arguments[-1], str):
            return f"{REF}{arguments[-1]}"
        return None

    def _if(self, node: nodes.If, names: dict[str, Any]) -> Iterator[str]:
        for branch in (node, *node.elif_):
            value = self._value(branch.test, names)
            if self.choice if value is None else value:
                yield from self.render(branch.body, names)
                return
        yield from self.render(node.else_, names)

    def _for(self, node: nodes.For, names: dict[str, Any]) -> Iterator[str]:
        items = self._value(node.iter, names)
        if not isinstance(items, list | dict | str) or node.test is not None:
            raise _Uncertain(f"line {node.lineno} loops over something that only a run can tell")
        whole = list(items)
        for number, item in enumerate(whole):
            loop = {
                "first": number == 0,
                "last": number == len(whole) - 1,
                "index": number + 1,
                "index0": number,
            }
            inner = {**names, "loop": loop}
            self._name(node.target, item, inner)
            yield from self.render(node.body, inner)
        if not whole:
            yield from self.render(node.else_, names)

    def _assign(self, node: nodes.Assign, names: dict[str, Any]) -> None:
        self._name(node.target, self._value(node.node, names), names)

    def _name(self, target: nodes.Node, value: Any, names: dict[str, Any]) -> None:
        if isinstance(target, nodes.Name):
            names[target.name] = value
        elif isinstance(target, nodes.Tuple):
            values = value if isinstance(value, list) and len(value) == len(target.items) else None
            for number, item in enumerate(target.items):
                self._name(item, values[number] if values else None, names)

    def _value(self, node: nodes.Node, names: Mapping[str, Any]) -> Any:
        """A literal value; None where only a run can tell, or where it is none."""
        if isinstance(node, nodes.Const):
            return node.value
        if isinstance(node, nodes.Name):
            return names.get(node.name)
        if isinstance(node, nodes.List | nodes.Tuple):
            return [self._value(item, names) for item in node.items]
        if isinstance(node, nodes.Dict):
            return {self._value(pair.key, names): self._value(pair.value, names) for pair in node.items}
        if isinstance(node, nodes.Not):
            value = self._value(node.node, names)
            return None if value is None else not value
        if isinstance(node, nodes.Getattr | nodes.Getitem):
            return self._part(node, names)
        if isinstance(node, nodes.Concat):
            parts = [self._value(part, names) for part in node.nodes]
            return None if None in parts else "".join(map(str, parts))
        return None

    def _part(self, node: nodes.Getattr | nodes.Getitem, names: Mapping[str, Any]) -> Any:
        held = self._value(node.node, names)
        key = node.attr if isinstance(node, nodes.Getattr) else self._value(node.arg, names)
        if isinstance(held, dict):
            return held.get(key)
        if isinstance(held, list) and isinstance(key, int) and -len(held) <= key < len(held):
            return held[key]
        return None
