"""Values that a query written as text takes from the parameters of a flow or task of Prefect.

Whoever starts a flow gives its parameters, in the UI or by the API, and a flow hands them on to its tasks. Only values
are looked for: what stands where a query can take a parameter instead. A name of a table or column cannot be one.
"""

import ast
import re
from collections.abc import Iterator, Mapping

from meta_pipeline.gates.python.reading import full_name, imported_names, last_part, parsed

_Function = ast.FunctionDef | ast.AsyncFunctionDef
_Piece = str | ast.expr
_WORKS = re.compile(r"prefect(?:\.\w+)*\.(?:flow|task|materialize)")
_BEFORE_A_VALUE = re.compile(
    r"(?:'%?|(?:[=<>]|\b(?:i?like|between|values\s*\(|in\s*\(|limit|interval))\s*)$", re.IGNORECASE
)
_IN_A_VALUE = re.compile(r"'[^']*$")
_PLACEHOLDER = re.compile(r"\{[^{}]*\}|%(?:\(\w+\))?[sdrf]")
_HARMLESS_TYPES = frozenset(
    {
        *(
            "int",
            "float",
            "bool",
            "complex",
            "date",
            "datetime",
            "time",
            "timedelta",
            "DateTime",
            "Date",
            "Decimal",
        ),
        *("UUID", "Literal", "PositiveInt", "NonNegativeInt", "PositiveFloat"),
    }
)
"""What a parameter of these types holds is no text, or a text of the author's choice."""
_AROUND_TYPES = frozenset(
    {
        *(
            "Optional",
            "Union",
            "list",
            "List",
            "tuple",
            "Tuple",
            "set",
            "Set",
            "Sequence",
            "Iterable",
            "Annotated",
        ),
        *("Field", "datetime", "dt", "typing", "decimal", "uuid", "pendulum", "pydantic"),
    }
)
_MADE_SAFE = re.compile(
    r"int|float|bool|len|round|abs|sum|hash|date|datetime|fromisoformat|strptime|strftime|isoformat|UUID|Decimal"
    r"|to_date_string|quote\w*|escape\w*|sanitize\w*|literal|Literal|Identifier|bindparam|hexdigest|timestamp"
)
_SPOKEN = re.compile(
    r"print|debug|info|warning|warn|error|exception|critical|log|\w*(?:Error|Exception|Warning)|create_\w+_artifact"
)
"""Calls that tell people something, whatever words it has in common with a query."""


def takes_parameter(text: str, line: int) -> bool:
    """Whether the query that starts at a line of a module takes a parameter of a flow or task as a value."""
    module = parsed(text)
    if module is None:
        return False
    imported = imported_names(module)
    # The innermost function that Prefect calls: one inside of it sees its parameters too.
    around = [
        node
        for node in ast.walk(module)
        if isinstance(node, _Function)
        and node.lineno <= line <= (node.end_lineno or line)
        and _is_work(node, imported)
    ]
    function = max(around, key=lambda one: one.lineno, default=None)
    if function is None:
        return False
    open_to_text = {one.arg for one in _arguments(function) if not _is_harmless(one.annotation)}
    meanings = _meanings(function)
    told = {id(part) for call in ast.walk(function) if _tells_people(call) for part in ast.walk(call)}
    return any(
        not open_to_text.isdisjoint(_names(value, meanings))
        for node in ast.walk(function)
        if isinstance(node, ast.JoinedStr | ast.BinOp | ast.Call)
        and node.lineno <= line <= (node.end_lineno or line)
        and id(node) not in told
        for value in _values_in(node)
    )


def _is_work(function: _Function, imported: Mapping[str, str]) -> bool:
    return any(
        _WORKS.fullmatch(full_name(one.func if isinstance(one, ast.Call) else one, imported))
        for one in function.decorator_list
    )


def _arguments(function: _Function) -> Iterator[ast.arg]:
    given = function.args
    for one in (*given.posonlyargs, *given.args, *given.kwonlyargs, given.vararg, given.kwarg):
        if one is not None and one.arg not in ("self", "cls"):
            yield one


def _is_harmless(annotation: ast.expr | None) -> bool:
    """Whether a type leaves no room for a text of somebody else's choice."""
    if annotation is None:
        return False
    named = {
        node.id if isinstance(node, ast.Name) else node.attr
        for node in ast.walk(annotation)
        if isinstance(node, ast.Name | ast.Attribute)
    }
    return not named.isdisjoint(_HARMLESS_TYPES) and named <= _HARMLESS_TYPES | _AROUND_TYPES


def _meanings(function: _Function) -> Mapping[str, list[ast.expr]]:
    """What each name of a function is set to, in assignments, loops and `with`."""
    found: dict[str, list[ast.expr]] = {}
    for node in ast.walk(function):
        pairs: list[tuple[ast.expr, ast.expr | None]] = []
        if isinstance(node, ast.Assign):
            pairs = [(target, node.value) for target in node.targets]
        elif isinstance(node, ast.AnnAssign | ast.NamedExpr | ast.AugAssign):
            pairs = [(node.target, node.value)]
        elif isinstance(node, ast.For | ast.AsyncFor | ast.comprehension):
            pairs = [(node.target, node.iter)]
        for target, value in pairs:
            for name in ast.walk(target):
                if isinstance(name, ast.Name) and value is not None:
                    found.setdefault(name.id, []).append(value)
    return found


def _tells_people(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and _SPOKEN.fullmatch(last_part(full_name(node.func, {}))) is not None


def _names(value: ast.expr, meanings: Mapping[str, list[ast.expr]]) -> set[str]:
    """The names that a value is made of, through what they are set to; what a call makes harmless is left out."""
    found: set[str] = set()
    waiting: list[ast.AST] = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, ast.Call) and _MADE_SAFE.fullmatch(last_part(full_name(one.func, {}))):
            continue
        if isinstance(one, ast.Name):
            if one.id not in found:
                found.add(one.id)
                waiting += meanings.get(one.id, ())
            continue
        # What a comprehension runs over is in what it makes by its names alone.
        waiting += [part for part in ast.iter_child_nodes(one) if not isinstance(part, ast.comprehension)]
    return found


def _values_in(node: ast.expr) -> Iterator[ast.expr]:
    """What stands where a value of the query is expected."""
    before = ""
    for piece in _pieces(node):
        if isinstance(piece, str):
            before += piece
            continue
        if _BEFORE_A_VALUE.search(before) or (before.count("'") % 2 and _IN_A_VALUE.search(before)):
            yield piece
        before += "_"


def _pieces(node: ast.expr) -> list[_Piece]:
    """An f-string, a sum, `%` or `.format` as texts and what is put between them."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return [node.value]
    if isinstance(node, ast.JoinedStr):
        return [
            part.value if isinstance(part, ast.FormattedValue) else str(getattr(part, "value", ""))
            for part in node.values
        ]
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return [*_pieces(node.left), *_pieces(node.right)]
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod):
        return _filled(_pieces(node.left), _given(node.right))
    if isinstance(node, ast.Call):
        if isinstance(node.func, ast.Attribute) and node.func.attr == "format":
            return _filled(_pieces(node.func.value), [*node.args, *(one.value for one in node.keywords)])
        return [node]
    return [node]


def _given(right: ast.expr) -> list[ast.expr]:
    if isinstance(right, ast.Tuple):
        return list(right.elts)
    return list(right.values) if isinstance(right, ast.Dict) else [right]


def _filled(template: list[_Piece], given: list[ast.expr]) -> list[_Piece]:
    """A template with all that it is given at each of its places: which goes where is not looked at."""
    found: list[_Piece] = []
    for piece in template:
        if not isinstance(piece, str):
            found.append(piece)
            continue
        texts = _PLACEHOLDER.split(piece)
        for text in texts[:-1]:
            found += [text, *(given[:1] and [ast.Tuple(elts=given, ctx=ast.Load())])]
        found.append(texts[-1])
    return found
