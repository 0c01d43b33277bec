"""The SQL that a dbt model's file renders to, as far as its Jinja is certain; nothing of the target's is run.

A `ref` becomes the name of a table that `REF` begins, a `source` one that `SOURCE` begins, `config` is kept aside, and
any other call becomes a name that nobody else uses.
"""

import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from jinja2 import nodes

from meta_pipeline.schedulers.dbt.static.evaluation import UNKNOWN, Evaluation, loop_at
from meta_pipeline.schedulers.dbt.static.templates import Malformed, parse_template

MACRO = "__jinja_"
REF = "__ref__"
SOURCE = "__source__"
_SILENT = frozenset({"config", "log", "print"})
_LETTERS_A_STEP = 100
_UNFIT = re.compile(r"\W")


@dataclass(frozen=True)
class ModelText:
    """What a model's file says.

    `variants` are the texts that it can render to, with and without what only a run decides; `config` holds the
    arguments of its `config(...)` that are literal. `uncertain` says why there is no text.
    """

    variants: tuple[str, ...] = ()
    config: Mapping[str, Any] = field(default_factory=dict)
    uncertain: str | None = None


def source_name(*parts: str) -> str:
    """The table that `source('raw', 'orders')` becomes."""
    return f"{SOURCE}{'__'.join(re.sub(_UNFIT, '_', part) for part in parts)}"


class _Uncertain(Exception):  # noqa: N818  it ends a reading, it is no fault
    """The text depends on something that only a run can tell."""


@lru_cache(maxsize=8192)
def read_model(sql: str) -> ModelText:
    """The texts and the configuration of one model's SQL file."""
    template = parse_template(sql.encode())
    if isinstance(template, Malformed):
        return ModelText(uncertain=f"line {template.line} has Jinja that cannot be read")
    texts: dict[str, None] = {}
    config: dict[str, Any] = {}
    for choice in (True, False):
        rendering = Rendering(macros={}, variables={}, choice=choice)
        try:
            rendering.run(template.body)
        except _Uncertain as reason:
            return ModelText(config=config | rendering.config, uncertain=str(reason))
        if rendering.exceeded:
            return ModelText(uncertain="its Jinja is too long or nested too deeply")
        texts["".join(rendering.text)] = None
        config |= rendering.config
    return ModelText(tuple(texts), config)


_MOST_WAYS = 8
_BEFORE_QUERY = re.compile(rf"\A(?:\s*{MACRO}\w+\s*)+(?=(?:select|with)\b)", re.IGNORECASE)


@lru_cache(maxsize=2048)
def ways_of(sql: str) -> tuple[str, ...]:
    """What a file may render to: with all that a run decides, without it, and with one branch of it at a time.

    Two files with equal branches have their ways in one order. Empty where there is no text.
    """
    template = parse_template(sql.encode())
    if isinstance(template, Malformed):
        return ()
    found: list[str] = []
    undecided = 0
    for choice, only in [(True, None), (False, None), *((False, number) for number in range(_MOST_WAYS))]:
        if only is not None and only >= undecided:
            break
        rendering = Rendering(macros={}, variables={}, choice=choice, only=only)
        try:
            rendering.run(template.body)
        except _Uncertain:
            return ()
        if rendering.exceeded:
            return ()
        undecided = max(undecided, rendering.undecided)
        # What stands alone before the query logs or prepares something, and writes none of it.
        found.append(_BEFORE_QUERY.sub(_lines_only, "".join(rendering.text)))
    return tuple(found)


def _lines_only(text: re.Match[str]) -> str:
    return "\n" * text.group().count("\n")


@dataclass
class Rendering(Evaluation):
    """One walk that keeps the text; `choice` is what every condition is taken to be that only a run can tell.

    With `only`, the one of that number is taken to hold, and no other. `undecided` counts them.
    """

    choice: bool = True
    only: int | None = None
    undecided: int = 0
    text: list[str] = field(default_factory=list)

    @property
    def config(self) -> dict[str, Any]:
        calls = (asked.named for asked in self.asked if asked.function == "config")
        return {key: value for named in calls for key, value in named.items() if value is not UNKNOWN}

    def _statement(self, node: nodes.Node, names: dict[str, Any]) -> None:
        self.steps += 1
        if self.exceeded:
            raise _Uncertain(f"line {node.lineno} repeats too often")
        match node:
            case nodes.Output():
                self.text += [self._written(part, names) for part in node.nodes]
            case nodes.AssignBlock():
                self._bind(node.target, UNKNOWN, names)
            case nodes.CallBlock() | nodes.FilterBlock():
                raise _Uncertain(f"a macro writes what stands at line {node.lineno}")
            case _:
                super()._statement(node, names)

    def _written(self, node: nodes.Node, names: dict[str, Any]) -> str:
        called = (
            node.node.name if isinstance(node, nodes.Call) and isinstance(node.node, nodes.Name) else None
        )
        value = self._value(node, names)
        if called in _SILENT:
            return ""
        if called == "ref":
            asked = self.asked[-1]
            if asked.arguments and not asked.named and isinstance(asked.arguments[-1], str):
                return f"{REF}{asked.arguments[-1]}"
        if called == "source" and all(isinstance(part, str) for part in self.asked[-1].arguments):
            return source_name(*self.asked[-1].arguments)
        # One expression is one name wherever it stands, so that a column made by it is known again.
        if value is UNKNOWN:
            return f"{MACRO}{zlib.crc32(repr(node).encode()):x}"
        text = str(value)
        self.steps += len(text) // _LETTERS_A_STEP
        return text

    def _loop(self, node: nodes.For, names: dict[str, Any]) -> None:
        held = self._value(node.iter, names)
        if not isinstance(held, list | tuple | dict) or node.test is not None:
            raise _Uncertain(f"line {node.lineno} loops over something that only a run can tell")
        items = list(held)
        for number, item in enumerate(items):
            inner = {**names, "loop": loop_at(number, len(items))}
            self._bind(node.target, item, inner)
            self._statements(node.body, inner)
        if not items:
            self._statements(node.else_, names)

    def _branch(self, node: nodes.If, names: dict[str, Any]) -> None:
        for branch in (node, *node.elif_):
            condition = self._value(branch.test, names)
            if self._decided() if condition is UNKNOWN else condition:
                self._statements(branch.body, names)
                return
        self._statements(node.else_, names)

    def _decided(self) -> bool:
        number, self.undecided = self.undecided, self.undecided + 1
        return self.choice or number == self.only

    def _call(self, node: nodes.Call, names: dict[str, Any]) -> Any:
        # A model is built both ways, so a run decides.
        value = super()._call(node, names)
        called = node.node.name if isinstance(node.node, nodes.Name) else None
        return UNKNOWN if called == "is_incremental" else value
