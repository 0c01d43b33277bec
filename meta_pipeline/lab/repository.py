"""What a mutator looks up in the rest of the repository: modules by import, readers by name, files of a kind."""

import ast
import posixpath
import re
from collections.abc import Iterator

from meta_pipeline.delivery.topology import SchedulerKind
from meta_pipeline.lab.editing import Text
from meta_pipeline.lab.mutation import Base
from meta_pipeline.lab.python_source import PythonSource, is_test_path, parsed

ANY: frozenset[SchedulerKind] = frozenset({"airflow", "dagster", "prefect", "dbt"})
PYTHON: frozenset[SchedulerKind] = frozenset({"airflow", "dagster", "prefect"})


def module_file(base: Base, node: ast.ImportFrom) -> str | None:
    """The one file of the repository that a `from ... import` reads; None where it is none, or not certain."""
    parts = (node.module or "").split(".")
    if node.level:
        folder = posixpath.dirname(base.path)
        for _ in range(node.level - 1):
            folder = posixpath.dirname(folder)
        stems = [posixpath.join(folder, *parts)]
    else:
        stems = ["/".join(parts)]
    found = [
        path
        for path in base.tree.entries()
        for stem in stems
        if path in {f"{stem}.py", f"{stem}/__init__.py"}
        or (not node.level and path.endswith((f"/{stem}.py", f"/{stem}/__init__.py")))
    ]
    return found[0] if len(found) == 1 else None


def python_file(base: Base, path: str) -> PythonSource | None:
    text = Text.of(base, path)
    return None if text is None else parsed(path, text.value)


def python_files(base: Base, *, tests: bool = False) -> Iterator[PythonSource]:
    """Every Python file of the tree that parses, by path."""
    for path in sorted(base.tree.entries()):
        if path.endswith(".py") and (tests or not is_test_path(path)) and (source := python_file(base, path)):
            yield source


def same_module_names(base: Base, path: str) -> frozenset[str]:
    """What a module binds at its top level; empty where a star import or `__getattr__` leaves that open."""
    source = python_file(base, path)
    if source is None or source.has_star_import:
        return frozenset()
    found: set[str] = set()
    for node in source.tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            found |= {target.id for target in targets if isinstance(target, ast.Name)}
        elif isinstance(node, ast.Import | ast.ImportFrom):
            found |= {alias.asname or alias.name for alias in node.names}
    return frozenset() if "__getattr__" in found else frozenset(found)


def readers_of(base: Base, path: str, name: str) -> list[tuple[str, int]]:
    """The files that import a name from a module, each with the lines of the import and of the name in it.

    Tests do not count.
    """
    stem = posixpath.splitext(path)[0].removesuffix("/__init__").rsplit("/", 1)[-1]
    found = []
    for source in _mentioning(base, stem, name):
        if source.text.path == path:
            continue
        for node in source.tree.body:
            lines = (
                [alias.lineno for alias in node.names if alias.name == name]
                if isinstance(node, ast.ImportFrom)
                else []
            )
            if isinstance(node, ast.ImportFrom) and lines:
                at = Base(base.repository, base.scheduler, base.tree, source.text.path)
                if module_file(at, node) == path:
                    found += [(source.text.path, line) for line in dict.fromkeys([node.lineno, *lines])]
    return found


def _mentioning(base: Base, *words: str) -> Iterator[PythonSource]:
    for path in sorted(base.tree.entries()):
        if not path.endswith(".py") or is_test_path(path):
            continue
        data = base.tree.read(path)
        if data is not None and all(word.encode() in data for word in words):
            source = python_file(base, path)
            if source is not None:
                yield source


def mentions(base: Base, word: str, *, ends: tuple[str, ...]) -> list[tuple[str, int]]:
    """The lines of the other files of some kinds that hold a word."""
    whole = re.compile(rf"(?<![\w.-]){re.escape(word)}(?![\w.-])")
    found = []
    for path in sorted(base.tree.entries()):
        if path == base.path or not path.endswith(ends):
            continue
        data = base.tree.read(path)
        if data is None or word.encode() not in data:
            continue
        text = Text(path, data.decode("utf-8", errors="replace"))
        found += [(path, text.line(match.start())) for match in whole.finditer(text.value)]
    return found
