"""What the Jinja of one file asks dbt for: the calls of `ref`, `source` and `config` that a parse of dbt meets.

Nothing is run: the syntax tree is walked with constants in place of variables. A branch whose condition cannot
be known counts, whichever way it goes; an argument that cannot be known is `UNKNOWN`, never guessed.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from jinja2 import nodes

from meta_pipeline.schedulers.dbt.static.operations import (
    LONGEST,
    UNKNOWN,
    calculated,
    called,
    compared,
    filtered,
    has_method,
    is_known,
    own_copy,
    spanned,
    tested,
)

__all__ = ["UNKNOWN", "Asked", "Evaluation"]
_MOST_STEPS = 50_000
_DEEPEST = 12


@dataclass(frozen=True, slots=True)
class Asked:
    """One call of `ref`, `source`, `metric` or `config`; arguments that cannot be known from source are `UNKNOWN`."""

    function: str
    arguments: tuple[Any, ...]
    named: Mapping[str, Any]
    line: int


@dataclass(frozen=True, slots=True)
class _Dispatched:
    """What `adapter.dispatch('name')` gives: one of several macros, of which the default one is followed."""

    name: str


class _Returned(Exception):  # noqa: N818  it ends a macro, it is no fault
    """A macro gives a value back."""

    def __init__(self, value: Any) -> None:
        super().__init__()
        self.value = value


@dataclass
class Evaluation:
    """One walk. `macros` are the project's own, `variables` those of dbt_project.yml.

    `doubts` counts the branches and loops around a place of which only a run can tell whether they are taken.
    """

    macros: Mapping[str, nodes.Macro]
    variables: Mapping[str, Any]
    asked: list[Asked] = field(default_factory=list)
    steps: int = 0
    depth: int = 0
    doubts: int = 0

    def run(self, body: Sequence[nodes.Node]) -> "Evaluation":
        """Walk these statements as dbt does when it parses: `execute` and `is_incremental()` are false."""
        self._bounded(lambda: self._statements(body, {"execute": False}))
        return self

    def call(self, macro: str, arguments: Mapping[str, Any]) -> None:
        """Walk the body of one of the project's macros with these arguments."""
        self._bounded(lambda: self._follow(macro, (), arguments))

    def value(self, expression: nodes.Node) -> Any:
        """What an expression comes to; `UNKNOWN` where a run decides it."""
        return self._bounded(lambda: self._value(expression, {"execute": False}))

    @property
    def exceeded(self) -> bool:
        """Whether the file asks for more work than is spent on one; what was not walked is not in `asked`."""
        return self.steps > _MOST_STEPS

    def _bounded(self, walk: Callable[[], Any]) -> Any:
        """What the walk comes to; one that Python's stack does not hold has gone too far as well."""
        try:
            return walk()
        except RecursionError:
            self.steps = _MOST_STEPS + 1
            return UNKNOWN
        except _Returned as returned:
            return returned.value

    def _statements(self, body: Sequence[nodes.Node], names: dict[str, Any]) -> None:
        for statement in body:
            self._statement(statement, names)

    def _statement(self, node: nodes.Node, names: dict[str, Any]) -> None:
        match node:
            case nodes.Macro():
                return  # followed where it is called
            case nodes.Assign():
                self._bind(node.target, self._value(node.node, names), names)
            case nodes.AssignBlock():
                self._statements(node.body, names)
                self._bind(node.target, UNKNOWN, names)
            case nodes.For():
                self._loop(node, names)
            case nodes.If():
                self._branch(node, names)
            case nodes.CallBlock():
                self._value(node.call, names)
                self._statements(node.body, names)
            case nodes.ExprStmt():
                self._value(node.node, names)
            case nodes.Expr():
                self._value(node, names)
            case nodes.Output():
                for expression in node.nodes:
                    self._value(expression, names)
            case _:
                for child in node.iter_child_nodes():
                    self._statement(child, names)

    def _bind(self, target: nodes.Node, value: Any, names: dict[str, Any]) -> None:
        if isinstance(target, nodes.Name):
            names[target.name] = value
        elif isinstance(target, nodes.NSRef):
            if isinstance(space := names.get(target.name), dict):
                space[target.attr] = UNKNOWN if self.doubts else value
        elif isinstance(target, nodes.Tuple):
            parts = value if isinstance(value, list | tuple) and len(value) == len(target.items) else None
            for number, item in enumerate(target.items):
                self._bind(item, parts[number] if parts else UNKNOWN, names)

    def _loop(self, node: nodes.For, names: dict[str, Any]) -> None:
        held = self._value(node.iter, names)
        is_known = isinstance(held, list | tuple | dict) and node.test is None
        items = list(held) if isinstance(held, list | tuple | dict) else [UNKNOWN]
        self.doubts += not is_known
        for number, item in enumerate(items):
            self.steps += 1
            if self.exceeded:
                break
            inner = dict(names)
            if is_known:
                inner["loop"] = loop_at(number, len(items))
            self._bind(node.target, item, inner)
            self._statements(node.body, inner)
        self.doubts -= not is_known
        if not items:
            self._statements(node.else_, names)

    def _branch(self, node: nodes.If, names: dict[str, Any]) -> None:
        """A condition that is known chooses; after one that is not, what the branches assign is unknown."""
        condition = self._value(node.test, names)
        otherwise = [*node.elif_, *node.else_]
        if condition is not UNKNOWN:
            if condition:
                self._statements(node.body, names)
            elif node.elif_:
                first, *rest = node.elif_
                self._branch(nodes.If(first.test, first.body, rest, node.else_, lineno=first.lineno), names)
            else:
                self._statements(node.else_, names)
            return
        sides = [dict(names), dict(names)]
        self.doubts += 1
        self._statements(node.body, sides[0])
        self._statements(otherwise, sides[1])
        self.doubts -= 1
        for name in sides[0].keys() | sides[1].keys():
            values = [side.get(name, UNKNOWN) for side in sides]
            names[name] = values[0] if values[0] == values[1] else UNKNOWN

    def _value(self, node: nodes.Node, names: dict[str, Any]) -> Any:
        """The value of an expression; its calls are noted on the way."""
        self.steps += 1
        if self.exceeded:
            return UNKNOWN
        match node:
            case nodes.Const() | nodes.TemplateData():
                return node.value if isinstance(node, nodes.Const) else node.data
            case nodes.Name():
                return names.get(node.name, UNKNOWN)
            case nodes.List() | nodes.Tuple():
                items = [self._value(item, names) for item in node.items]
                self._pay_for(items)
                return items if isinstance(node, nodes.List) else tuple(items)
            case nodes.Dict():
                pairs = [(self._value(p.key, names), self._value(p.value, names)) for p in node.items]
                known = all(isinstance(key, str | int | float | bool) for key, _ in pairs)
                self._pay_for([value for _, value in pairs])
                return dict(pairs) if known else UNKNOWN
            case nodes.Concat():
                parts = [self._value(item, names) for item in node.nodes]
                return _joined(parts)
            case nodes.Add():
                left, right = self._value(node.left, names), self._value(node.right, names)
                joined = type(left) is type(right) and isinstance(left, str | list | tuple)
                if joined:
                    return left + right if len(left) + len(right) <= LONGEST else UNKNOWN
                numbers = all(isinstance(one, int | float) for one in (left, right))
                return left + right if numbers else UNKNOWN
            case nodes.Sub() | nodes.Mul() | nodes.Mod():
                left, right = self._value(node.left, names), self._value(node.right, names)
                return calculated(node.operator, left, right)
            case nodes.CondExpr():
                return self._choice(node, names)
            case nodes.Filter() if node.node is not None:
                value = self._value(node.node, names)
                arguments = [self._value(argument, names) for argument in node.args]
                for keyword in node.kwargs:
                    self._value(keyword.value, names)
                return UNKNOWN if node.kwargs else filtered(node.name, value, arguments)
            case nodes.Test():
                return tested(node.name, self._value(node.node, names))
            case nodes.Not():
                value = self._value(node.node, names)
                return value if value is UNKNOWN else not value
            case nodes.And() | nodes.Or():
                left, right = self._value(node.left, names), self._value(node.right, names)
                return _either(left, right, short=isinstance(node, nodes.Or))
            case nodes.Compare():
                return self._comparison(node, names)
            case nodes.Getitem() | nodes.Getattr():
                return self._member(node, names)
            case nodes.Call():
                return self._call(node, names)
            case _:
                for child in node.iter_child_nodes():
                    self._value(child, names)
                return UNKNOWN

    def _pay_for(self, items: Sequence[Any]) -> None:
        """Count what a collection holds at any depth as steps: one that holds another twice doubles with each line."""
        waiting = [item for item in items if isinstance(item, list | tuple | dict)]
        while waiting and not self.exceeded:
            held = waiting.pop()
            self.steps += len(held)
            inner = held.values() if isinstance(held, dict) else held
            waiting += [item for item in inner if isinstance(item, list | tuple | dict)]

    def _comparison(self, node: nodes.Compare, names: dict[str, Any]) -> Any:
        left = self._value(node.expr, names)
        rights = [(operand.op, self._value(operand.expr, names)) for operand in node.ops]
        if len(rights) != 1 or left is UNKNOWN or _unknown([rights[0][1]]):
            return UNKNOWN
        operation, right = rights[0]
        return compared(operation, left, right) if is_known(left) and is_known(right) else UNKNOWN

    def _choice(self, node: nodes.CondExpr, names: dict[str, Any]) -> Any:
        """`a if test else b`; both are looked at where a run decides."""
        condition = self._value(node.test, names)
        if condition is not UNKNOWN:
            taken = node.expr1 if condition else node.expr2
            return self._value(taken, names) if taken is not None else None
        self.doubts += 1
        for side in (node.expr1, node.expr2):
            if side is not None:
                self._value(side, names)
        self.doubts -= 1
        return UNKNOWN

    def _member(self, node: nodes.Getitem | nodes.Getattr, names: dict[str, Any]) -> Any:
        held = self._value(node.node, names)
        key = node.attr if isinstance(node, nodes.Getattr) else self._value(node.arg, names)
        if isinstance(held, dict) and isinstance(key, str | int):
            return held.get(key, UNKNOWN)
        if isinstance(held, list | tuple) and isinstance(key, int) and -len(held) <= key < len(held):
            return held[key]
        return UNKNOWN

    def _call(self, node: nodes.Call, names: dict[str, Any]) -> Any:
        arguments = tuple(self._value(argument, names) for argument in node.args)
        named = {keyword.key: self._value(keyword.value, names) for keyword in node.kwargs}
        for extra in (node.dyn_args, node.dyn_kwargs):
            if extra is not None:
                self._value(extra, names)
                arguments = (*arguments, UNKNOWN)
        if isinstance(node.node, nodes.Getattr):
            held = self._held(node.node.node, names)
            if has_method(held, node.node.attr) and not named:
                return called(held, node.node.attr, arguments, sure=not self.doubts)
        function = _function(node.node)
        if function is None:
            dispatched = self._value(node.node, names)
            return (
                self._follow(f"default__{dispatched.name}", arguments, named)
                if isinstance(dispatched, _Dispatched)
                else UNKNOWN
            )
        first = arguments[0] if arguments else None
        match function:
            case "ref" | "source" | "config" | "metric":
                self.asked.append(Asked(function, arguments, named, node.lineno))
            case "var":
                default = arguments[1] if len(arguments) > 1 else named.get("default", UNKNOWN)
                return own_copy(self.variables.get(first, default)) if isinstance(first, str) else UNKNOWN
            case "return" if len(arguments) == 1:
                # Under a doubt the macro may go on, and what it gives back is not known.
                if not self.doubts:
                    raise _Returned(first)
            case "range":
                return spanned(arguments)
            case "namespace":
                return dict(named)
            case "is_incremental":
                return False
            case "adapter.dispatch":
                return _Dispatched(first) if isinstance(first, str) else UNKNOWN
            case _:
                return self._follow(function, arguments, named)
        return UNKNOWN

    def _held(self, node: nodes.Node, names: dict[str, Any]) -> Any:
        """What a method is called on, where that is a value and no package's name."""
        if isinstance(node, nodes.Name) and node.name not in names:
            return UNKNOWN
        return self._value(node, names)

    def _follow(self, name: str, arguments: tuple[Any, ...], named: Mapping[str, Any]) -> Any:
        macro = self.macros.get(name)
        if macro is None or self.depth >= _DEEPEST:
            return UNKNOWN
        parameters = [parameter.name for parameter in macro.args]
        inner: dict[str, Any] = {"execute": False} | dict.fromkeys(parameters, UNKNOWN)
        defaults = macro.defaults[::-1]
        for parameter, default in zip(parameters[::-1], defaults, strict=False):
            inner[parameter] = self._value(default, dict(inner))
        inner |= dict(zip(parameters, arguments, strict=False))
        inner |= {key: value for key, value in named.items() if key in inner}
        outer, self.doubts = self.doubts, 0
        self.depth += 1
        try:
            self._statements(macro.body, inner)
        except _Returned as returned:
            return returned.value
        finally:
            self.depth -= 1
            self.doubts = outer
        return UNKNOWN


def loop_at(number: int, count: int) -> dict[str, Any]:
    """Jinja's `loop` in one turn of a loop over so many items."""
    place = {"first": number == 0, "last": number == count - 1, "length": count}
    return {**place, "index": number + 1, "index0": number}


def _function(node: nodes.Node) -> str | None:
    """The dotted name of what is called, without the packages that only say whose macro it is."""
    if isinstance(node, nodes.Name):
        return node.name
    if isinstance(node, nodes.Getattr) and isinstance(node.node, nodes.Name):
        return "adapter.dispatch" if (node.node.name, node.attr) == ("adapter", "dispatch") else node.attr
    return None


def _unknown(values: Sequence[Any]) -> bool:
    return any(value is UNKNOWN or isinstance(value, _Dispatched) for value in values)


def _joined(parts: Sequence[Any]) -> Any:
    """The text of `a ~ b`."""
    if not all(isinstance(part, str | int | float | None) for part in parts):
        return UNKNOWN
    text = "".join(map(str, parts))
    return text if len(text) <= LONGEST else UNKNOWN


def _either(left: Any, right: Any, *, short: bool) -> Any:
    if UNKNOWN in (left, right) or _unknown([left, right]):
        known = right if left is UNKNOWN else left
        return known if known is not UNKNOWN and bool(known) is short else UNKNOWN
    return (left or right) if short else (left and right)
