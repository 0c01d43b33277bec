"""A Python module as a tree, and the full names of what it calls."""

import ast
from collections.abc import Iterator, Mapping
from functools import lru_cache


@lru_cache(maxsize=256)
def parsed(text: str) -> ast.Module | None:
    """The module; None where the text is no Python, which is another gate's finding."""
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def imported_names(module: ast.Module) -> Mapping[str, str]:
    """What each imported name stands for: `np` -> `numpy`, `connect` -> `psycopg2.connect`."""
    found: dict[str, str] = {}
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            for alias in node.names:
                found[alias.asname or alias.name.split(".")[0]] = (
                    alias.name if alias.asname else alias.name.split(".")[0]
                )
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                found[alias.asname or alias.name] = f"{node.module or ''}.{alias.name}".lstrip(".")
    return found


def full_name(node: ast.AST, names: Mapping[str, str]) -> str:
    """The dotted name of an expression with its first part as imported; a call in it counts as what it calls.

    `boto3.client("s3").list_buckets` is `boto3.client().list_buckets`; what has no name is empty.
    """
    if isinstance(node, ast.Name):
        return names.get(node.id, node.id)
    if isinstance(node, ast.Attribute):
        before = full_name(node.value, names)
        return f"{before}.{node.attr}" if before else f".{node.attr}"
    if isinstance(node, ast.Call):
        called = full_name(node.func, names)
        return f"{called}()" if called else ""
    return ""


def last_part(name: str) -> str:
    """`datetime.datetime.now` -> `now`."""
    return name.rpartition(".")[2]


def literal_text(node: ast.AST | None) -> str | None:
    """The text of a string, of an f-string with `{}` for each value, or of strings put together with `+`."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else None
    if isinstance(node, ast.JoinedStr):
        return "".join(
            part.value if isinstance(part, ast.Constant) and isinstance(part.value, str) else "{}"
            for part in node.values
        )
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        left, right = literal_text(node.left), literal_text(node.right)
        return None if left is None and right is None else f"{left or '{}'}{right or '{}'}"
    return None


def arguments(call: ast.Call) -> Iterator[tuple[str, ast.expr]]:
    """The named arguments of a call, those of a dict that is spread in the call included."""
    for keyword in call.keywords:
        if keyword.arg is not None:
            yield keyword.arg, keyword.value
        elif isinstance(keyword.value, ast.Dict):
            yield from _entries(keyword.value)


def _entries(written: ast.Dict) -> Iterator[tuple[str, ast.expr]]:
    for key, value in zip(written.keys, written.values, strict=True):
        if isinstance(key, ast.Constant) and isinstance(key.value, str):
            yield key.value, value


def argument(call: ast.Call, *names: str) -> ast.expr | None:
    """The first of these named arguments that the call has."""
    given = dict(arguments(call))
    return next((given[name] for name in names if name in given), None)
