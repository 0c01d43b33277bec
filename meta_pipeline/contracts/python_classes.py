"""What classes of a Python file say of their fields, read from its source; nothing of it is imported."""

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any

from meta_pipeline.delivery.yaml_source import Unreadable

UNKNOWN = object()
"""A value that is no literal."""
_WRAPPERS = frozenset(
    {"Optional", "Annotated", "Required", "NotRequired", "Final", "Series", "Index", "Mapped"}
)


@dataclass(frozen=True)
class Module:
    """One file's classes and the names that it imports, as `DataFrameModel` -> `pandera.DataFrameModel`."""

    path: str
    body: Sequence[ast.stmt]

    @cached_property
    def imported(self) -> Mapping[str, str]:
        found: dict[str, str] = {}
        for statement in self.body:
            if isinstance(statement, ast.Import):
                for name in statement.names:
                    found[name.asname or name.name.partition(".")[0]] = (
                        name.name if name.asname else name.name.partition(".")[0]
                    )
            elif isinstance(statement, ast.ImportFrom) and statement.module and not statement.level:
                for name in statement.names:
                    found[name.asname or name.name] = f"{statement.module}.{name.name}"
        return found

    @cached_property
    def classes(self) -> Mapping[str, ast.ClassDef]:
        return {statement.name: statement for statement in self.body if isinstance(statement, ast.ClassDef)}

    def origin(self, node: ast.expr) -> str:
        """The full name of what an expression names, such as `pandera.polars.DataFrameModel`."""
        first, _, rest = dotted(node).partition(".")
        whole = self.imported.get(first, first)
        return f"{whole}.{rest}" if rest else whole

    def ancestry(self, name: str) -> Iterator[tuple[ast.ClassDef, frozenset[str]]]:
        """A class of this file and those of its bases that are in it too, the furthest first.

        Each has the full names of those bases that are not.
        """
        yield from self._ancestry(name, frozenset())

    def _ancestry(self, name: str, seen: frozenset[str]) -> Iterator[tuple[ast.ClassDef, frozenset[str]]]:
        found = self.classes[name]
        outer = set()
        for base in found.bases:
            plain = base.value if isinstance(base, ast.Subscript) else base
            inner = dotted(plain)
            if inner in self.classes and inner not in seen and inner != name:
                yield from self._ancestry(inner, seen | {name})
            else:
                outer.add(self.origin(plain))
        yield found, frozenset(outer)

    def choices(self, name: str) -> tuple[str, ...] | None:
        """The values of an enumeration of this file; None where it is none, or a value is no literal."""
        if name not in self.classes or not any(
            "Enum" in base for _, bases in self.ancestry(name) for base in bases
        ):
            return None
        values = [
            literal(statement.value)
            for statement in self.classes[name].body
            if isinstance(statement, ast.Assign)
        ]
        return None if UNKNOWN in values or not values else tuple(map(str, values))


@dataclass(frozen=True)
class Annotated:
    """A field's type without what only wraps it. `facts` are the keywords of each call among the annotations."""

    node: ast.expr
    nullable: bool
    facts: tuple[ast.Call, ...] = ()
    repeated: bool = False
    allowed: tuple[str, ...] | None = None


@dataclass
class _Unwrapping:
    nullable: bool = False
    facts: list[ast.Call] = field(default_factory=list)
    repeated: bool = False


def unwrapped(annotation: ast.expr, module: Module) -> Annotated:
    """`Optional[Annotated[int, Field(ge=0)]]` is an int that may be null, with `ge=0`; `list[str]` is repeated."""
    state = _Unwrapping()
    node = _unwrap(annotation, state)
    allowed = module.choices(dotted(node))
    if isinstance(node, ast.Subscript) and dotted(node.value).rpartition(".")[2] == "Literal":
        parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        allowed = tuple(str(literal(part)) for part in parts if literal(part) is not None)
        state.nullable = state.nullable or any(literal(part) is None for part in parts)
        kinds = {type(literal(part)).__name__ for part in parts if literal(part) is not None}
        node = ast.Name(kinds.pop() if len(kinds) == 1 else "str")
    return Annotated(node, state.nullable, tuple(state.facts), state.repeated, allowed)


def _unwrap(node: ast.expr, state: _Unwrapping) -> ast.expr:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        try:
            return _unwrap(ast.parse(node.value, mode="eval").body, state)
        except (SyntaxError, ValueError, RecursionError):
            return node
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        sides = [side for side in (node.left, node.right) if not _is_none(side)]
        state.nullable = state.nullable or len(sides) < 2
        return _unwrap(sides[0], state) if len(sides) == 1 else node
    if isinstance(node, ast.Subscript):
        outer = dotted(node.value).rpartition(".")[2]
        parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        if outer == "Union":
            kept = [part for part in parts if not _is_none(part)]
            state.nullable = state.nullable or len(kept) < len(parts)
            return _unwrap(kept[0], state) if len(kept) == 1 else node
        if outer in _WRAPPERS and parts:
            state.nullable = state.nullable or outer == "Optional"
            state.facts += [part for part in parts[1:] if isinstance(part, ast.Call)]
            return _unwrap(parts[0], state)
        if outer in ("list", "List", "Sequence", "set", "Set", "tuple", "Tuple") and parts:
            state.repeated = True
            return _unwrap(parts[0], _Unwrapping())
    return node


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


@lru_cache(maxsize=1024)
def read_module(data: bytes, path: str) -> Module | Unreadable:
    """The file's module, or why it is no Python."""
    try:
        return Module(path, ast.parse(data).body)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        line = getattr(error, "lineno", None) or 1
        return Unreadable(path, line, f"this is no Python: {getattr(error, 'msg', None) or error}")


def dotted(node: ast.expr) -> str:
    """`pa.Field` as it is written; empty for anything but names."""
    if isinstance(node, ast.Attribute):
        outer = dotted(node.value)
        return f"{outer}.{node.attr}" if outer else ""
    return node.id if isinstance(node, ast.Name) else ""


def literal(node: ast.expr | None) -> Any:
    """The value of a literal, else `UNKNOWN`."""
    if node is None:
        return UNKNOWN
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        return UNKNOWN


def keywords(call: ast.Call) -> dict[str, ast.expr]:
    """The named arguments of a call."""
    return {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg}


def written(node: ast.expr) -> str:
    """A type as it is written."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    return ast.unparse(node)
