"""Imports that the code can do without: `try: import x` with an `except` that goes on without it."""

import ast
import sys
from collections.abc import Iterator
from dataclasses import replace

from meta_pipeline.schedulers.source.library import is_plain
from meta_pipeline.schedulers.source.machine import Machine
from meta_pipeline.schedulers.source.packages import brings, brings_part
from meta_pipeline.schedulers.source.values import UNKNOWN, External, Scope

_CAUGHT = frozenset(("ImportError", "ModuleNotFoundError", "Exception", "BaseException"))


def doubt_optional(machine: Machine, node: ast.Try, scope: Scope) -> None:
    """Doubt the names that stand for another value where an import of this `try` fails.

    Of a package that the repository asks for, or that is always there, nothing is in doubt.
    """
    instead = dict(_set_by_handlers(node))
    imported = [name for part in node.body for name in _imported(part)]
    if not instead or not imported:
        return
    present = all(_is_present(machine, name) for name in imported)
    for name, constant in instead.items():
        held = scope.names.get(name)
        if isinstance(held, External):
            scope.names[name] = replace(held, present=present)
        elif not present and is_plain(held) and held != constant:
            scope.names[name] = UNKNOWN


def _set_by_handlers(node: ast.Try) -> Iterator[tuple[str, object]]:
    """The names that handlers of a failed import set to a constant."""
    for handler in node.handlers:
        if not _catches_import(handler.type):
            continue
        for statement in handler.body:
            if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Constant):
                for target in statement.targets:
                    if isinstance(target, ast.Name):
                        yield target.id, statement.value.value


def _catches_import(kind: ast.expr | None) -> bool:
    if isinstance(kind, ast.Tuple):
        return any(_catches_import(part) for part in kind.elts)
    return kind is None or (isinstance(kind, ast.Name) and kind.id in _CAUGHT)


def _imported(node: ast.stmt) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
        # What is imported may be a module of its own: `from google.cloud import bigquery`.
        yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _is_present(machine: Machine, module: str) -> bool:
    top = module.partition(".")[0]
    if top == machine.modules.scheduler:
        return machine.ships(module) or brings_part(machine.installed, module, within=top)
    if top in sys.stdlib_module_names or brings(machine.installed, module):
        return True
    return any(machine.modules.find(name) is not None for name in (module, module.rpartition(".")[0]))
