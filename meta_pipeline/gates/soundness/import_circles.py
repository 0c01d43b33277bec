"""Modules that import names from each other before these are there, whichever of them is loaded first."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field

from meta_pipeline.delivery.change import Change
from meta_pipeline.delivery.tree import FileChange
from meta_pipeline.gates.soundness.judged import changed
from meta_pipeline.gates.soundness.module_map import ModuleMap
from meta_pipeline.gates.soundness.module_names import bound_by, parsed_or_none, top_level
from meta_pipeline.gates.weighing import Weighed, weighed

_MOST_MODULES = 300
_DEEPEST = 60


@dataclass(frozen=True, slots=True)
class Stuck:
    """An import that fails: `module` is still being loaded and has no `name` yet. `circle` leads from there to it."""

    path: str
    line: int
    module: str
    name: str
    circle: tuple[str, ...]


def circle_faults(change: Change) -> Iterator[Weighed]:
    """Circles of imports that a change closes: surely broken where no module of the circle can be loaded first."""
    files = [file for file in changed(change, (".py",)) if any("import" in line.text for line in file.added)]
    if not files:
        return
    base, head = ModuleMap(change.base), ModuleMap(change.head)
    told: set[frozenset[str]] = set()
    for file in files:
        stuck = _first_stuck(head, file.path)
        if stuck is None or (file.old is not None and _first_stuck(base, file.path) is not None):
            continue
        circle = frozenset(stuck.circle)
        if circle in told:
            continue
        told.add(circle)
        others = [_first_stuck(head, path) for path in stuck.circle]
        is_sure = all(others)
        place = _place([stuck, *(one for one in others if one)], files)
        ring = " imports from ".join((*stuck.circle, stuck.circle[0]))
        yield weighed(
            "failed" if is_sure else "warned",
            f"{ring}: '{place.name}' is not there yet when {place.path} asks {place.module} for it"
            + ("; none of them loads" if is_sure else "; what loads depends on which comes first"),
            "move what both need into a third module, or import it inside the function that uses it",
            path=place.path,
            line=place.line,
        )


def _place(found: list[Stuck], files: list[FileChange]) -> Stuck:
    """The one that the change wrote, of several that fail."""
    added = {(file.path, line.number) for file in files for line in file.added}
    return next((one for one in found if (one.path, one.line) in added), found[0])


def _fills_itself(statement: ast.stmt) -> bool:
    """Whether a statement may give the module names that it does not write out."""
    if isinstance(statement, ast.ImportFrom):
        return statement.names[0].name == "*"
    if isinstance(statement, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef):
        return statement.name == "__getattr__"
    written = ast.unparse(statement)
    return any(mark in written for mark in ("globals()", "vars()", "locals()", "sys.modules", "exec("))


def _first_stuck(modules: ModuleMap, path: str) -> Stuck | None:
    """The first import that fails when the module at a path is loaded before all others."""
    return _Loading(modules).load(path)


@dataclass
class _Loading:
    """Loads modules as Python does, as far as their own statements at the top tell: in order, each once.

    `filled` are those that have run a statement by which they may have any name.
    """

    modules: ModuleMap
    bound: dict[str, set[str]] = field(default_factory=dict)
    active: list[str] = field(default_factory=list)
    filled: set[str] = field(default_factory=set)

    def load(self, path: str) -> Stuck | None:
        """Run the imports of a module, those of its packages before, and those of what it imports, until one fails."""
        folders = path.split("/")[:-1]
        for depth in range(1, len(folders) + 1):
            package = "/".join((*folders[:depth], "__init__.py"))
            is_there = package != path and package in self.modules.tree.entries()
            if is_there and (stuck := self.load(package)):
                return stuck
        if path in self.bound or len(self.bound) >= _MOST_MODULES or len(self.active) >= _DEEPEST:
            return None
        names = self.bound[path] = set[str]()
        module = parsed_or_none(self.modules.tree.read(path) or b"")
        self.active.append(path)
        for statement in module.body if module else ():
            stuck = (
                self._import(path, statement) if isinstance(statement, ast.Import | ast.ImportFrom) else None
            )
            if stuck is not None:
                return stuck
            for one in top_level([statement]):
                names.update(bound_by(one))
            if _fills_itself(statement):
                self.filled.add(path)
        self.active.pop()
        return None

    def _import(self, path: str, node: ast.Import | ast.ImportFrom) -> Stuck | None:
        if isinstance(node, ast.Import):
            for alias in node.names:
                found = self._file(path, 0, alias.name)
                if found and (stuck := self.load(found)):
                    return stuck
            return None
        found = self._file(path, node.level, node.module or "")
        if found is None or found == path:
            return None
        if stuck := self.load(found):
            return stuck
        if found not in self.active or found in self.filled:
            return None
        for alias in node.names:
            is_module = found.endswith("/__init__.py") and self.modules.at(
                f"{found.removesuffix('__init__.py')}{alias.name}"
            )
            if alias.name != "*" and alias.name not in self.bound[found] and not is_module:
                circle = tuple(self.active[self.active.index(found) :])
                return Stuck(path, alias.lineno, found, alias.name, circle)
        return None

    def _file(self, path: str, level: int, module: str) -> str | None:
        """The one file that a name means; None where it is of others, or may mean several."""
        places = self.modules.meant(path, level, module)
        if len(places) != 1:
            return None
        place = f"{places[0]}__init__.py" if places[0].endswith("/") else places[0]
        return place if place.endswith(".py") and place in self.modules.tree.entries() else None
