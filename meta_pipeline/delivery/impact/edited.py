"""Which nodes an edit of source touches, whether or not the scheduler sees a difference.

A node of Python code is edited where the statement that makes it differs, or a function, class or constant of the
same file that the statement names, directly or through another one. Comments and layout do not count. A dbt model,
seed or snapshot is edited where its file differs. What a node imports from other files is not followed.
"""

import ast
from collections.abc import Iterator, Mapping
from functools import cache

from meta_pipeline.delivery.change import Change
from meta_pipeline.delivery.spots import Spot, spot_of
from meta_pipeline.delivery.topology import Node, Pipeline, Topology
from meta_pipeline.delivery.tree import text_of

_OWN_FILE = frozenset({"model", "seed", "snapshot"})


def edited_nodes(change: Change) -> frozenset[Spot]:
    """The nodes that are there before and after the change and whose own source it edits."""
    edited = {file.path for file in change.files if file.status == "modified"}
    base = cache(lambda path: _Module(text_of(change.base, path) or ""))
    head = cache(lambda path: _Module(text_of(change.head, path) or ""))
    before = {spot_of(*one): _place(*one) for one in _nodes(change.base_topologies)}
    found: set[Spot] = set()
    for one in _nodes(change.head_topologies):
        spot, (path, line) = spot_of(*one), _place(*one)
        if path not in edited or spot not in before or before[spot][0] != path:
            continue
        is_python = path.endswith(".py") and one[2].kind not in _OWN_FILE
        is_edited = is_python and base(path).said_at(before[spot][1]) != head(path).said_at(line)
        if is_edited or one[2].kind in _OWN_FILE:
            found.add(spot)
    return frozenset(found)


def _nodes(topologies: tuple[Topology, ...]) -> Iterator[tuple[Topology, Pipeline, Node]]:
    for topology in topologies:
        for pipeline in topology.pipelines:
            for node in pipeline.nodes:
                yield topology, pipeline, node


def _place(topology: Topology, pipeline: Pipeline, node: Node) -> tuple[str, int | None]:
    return node.path or pipeline.path, node.line


class _Module:
    """The statements of one Python file, and what each of its names stands for."""

    def __init__(self, text: str) -> None:
        try:
            module = ast.parse(text)
        except (SyntaxError, ValueError):
            module = ast.Module(body=[], type_ignores=[])
        self._statements = [
            (_first_line(one), one.end_lineno or one.lineno, one)
            for one in ast.walk(module)
            if isinstance(one, ast.stmt)
        ]
        self._named: dict[str, list[ast.stmt]] = {}
        for statement in module.body:
            for name in _names_made(statement):
                self._named.setdefault(name, []).append(statement)
        self._said: dict[int, Mapping[str, str]] = {}

    def said_at(self, line: int | None) -> Mapping[str, str]:
        """The statement around a line, and all that it names, without places; empty where there is none."""
        if line is None:
            return {}
        if line not in self._said:
            around = [(last - first, one) for first, last, one in self._statements if first <= line <= last]
            inner = min(around, key=lambda pair: pair[0], default=None)
            self._said[line] = self._reached(inner[1]) if inner else {}
        return self._said[line]

    def _reached(self, statement: ast.stmt) -> Mapping[str, str]:
        found = {"": ast.dump(statement)}
        left = [statement]
        while left:
            for node in ast.walk(left.pop()):
                name = node.id if isinstance(node, ast.Name) else ""
                if name and name not in found and name in self._named:
                    found[name] = "\n".join(ast.dump(one) for one in self._named[name])
                    left += self._named[name]
        return found


def _first_line(statement: ast.stmt) -> int:
    decorators: list[ast.expr] = getattr(statement, "decorator_list", [])
    return min([statement.lineno, *(one.lineno for one in decorators)])


def _names_made(statement: ast.stmt) -> Iterator[str]:
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield statement.name
    elif isinstance(statement, ast.Assign | ast.AnnAssign):
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        yield from (node.id for target in targets for node in ast.walk(target) if isinstance(node, ast.Name))
