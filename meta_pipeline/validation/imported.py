"""Which pipelines import what a change edits, where it edits no pipeline itself: helpers, queries, settings."""

import ast
import posixpath
from collections.abc import Collection, Iterable, Iterator

from meta_pipeline.delivery.topology import Pipeline
from meta_pipeline.delivery.tree import Tree, text_of

_MOST_PIPELINES = 3
"""So many are run for it: each takes as long as the pipeline does, and what all import is tried on a few."""
_MOST_FILES = 500


def importing(tree: Tree, pipelines: Iterable[Pipeline], paths: Collection[str]) -> tuple[str, ...]:
    """The first of the pipelines, by id, whose file imports one of these files, directly or through others."""
    edited = {path for path in paths if path.endswith(".py")}
    found: list[str] = []
    for pipeline in sorted(pipelines, key=lambda one: one.id) if edited else ():
        if len(found) < _MOST_PIPELINES and not edited.isdisjoint(_reached(tree, pipeline.path)):
            found.append(pipeline.id)
    return tuple(found)


def _reached(tree: Tree, path: str) -> Iterator[str]:
    """The files of the tree that one imports, each once."""
    seen, left = {path}, [path]
    while left and len(seen) < _MOST_FILES:
        where = left.pop()
        for file in _imported(tree, where):
            if file not in seen:
                seen.add(file)
                left.append(file)
                yield file


def _imported(tree: Tree, path: str) -> Iterator[str]:
    if not path.endswith(".py"):
        return
    try:
        module = ast.parse(text_of(tree, path) or "")
    except (SyntaxError, ValueError, RecursionError):
        return
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield from _files(tree, path, 0, alias.name)
        elif isinstance(node, ast.ImportFrom):
            yield from _files(tree, path, node.level, node.module or "")
            for alias in node.names:
                yield from _files(tree, path, node.level, f"{node.module or ''}.{alias.name}".lstrip("."))


def _files(tree: Tree, path: str, level: int, module: str) -> Iterator[str]:
    """The file of a module, in the folder that the import starts from: the nearest one that has it."""
    folder = posixpath.dirname(path)
    for _ in range(level - 1):
        folder = posixpath.dirname(folder)
    while True:
        stem = posixpath.join(folder, *module.split(".")) if module else folder
        there = [one for one in (f"{stem}.py", posixpath.join(stem, "__init__.py")) if one in tree.entries()]
        if there or level or not folder:
            yield from there
            return
        folder = posixpath.dirname(folder)
