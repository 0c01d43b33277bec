"""Asset checks of Dagster as their decorators state them."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from meta_pipeline.gates.testing.python_tests import parsed


@dataclass(frozen=True, slots=True)
class AssetCheck:
    """One decorated check: whether it blocks, how often it says that it is an error, and whether it can fail."""

    name: str
    line: int
    blocking: bool
    errors: int
    warns: int
    can_fail: bool


def asset_checks_in(text: str) -> tuple[AssetCheck, ...]:
    """The checks of a module; nothing where it makes none."""
    module = parsed(text) if "asset_check" in text else None
    return tuple(_checks(module)) if module else ()


def _checks(module: ast.Module) -> Iterator[AssetCheck]:
    for node in ast.walk(module):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        for decorator in node.decorator_list:
            call = decorator if isinstance(decorator, ast.Call) else None
            said = ast.unparse(call.func if call else decorator)
            if not said.endswith(("asset_check", "multi_asset_check")):
                continue
            blocking = any(
                word.arg == "blocking" and isinstance(word.value, ast.Constant) and bool(word.value.value)
                for word in (call.keywords if call else ())
            )
            body = ast.unparse(node)
            yield AssetCheck(
                node.name,
                node.lineno,
                blocking,
                body.count("AssetCheckSeverity.ERROR"),
                body.count("AssetCheckSeverity.WARN"),
                _can_fail(node),
            )


def _can_fail(node: ast.AST) -> bool:
    """Whether `passed` is anything but a plain True in all results, as far as they say it."""
    given = [
        word.value
        for call in ast.walk(node)
        if isinstance(call, ast.Call)
        for word in call.keywords
        if word.arg in ("passed", "success")
    ]
    return not given or any(not (isinstance(one, ast.Constant) and one.value is True) for one in given)
