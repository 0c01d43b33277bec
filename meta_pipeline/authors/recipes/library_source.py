"""A Python file that uses a library: how it spells the library's names, and what stands on a line."""

import libcst as cst

from meta_pipeline.authors.recipes.importing import bound_names, extended, module_of, top_level
from meta_pipeline.authors.recipes.python_source import PythonSource, Splice, dotted
from meta_pipeline.authors.recipes.values import Env, origin
from meta_pipeline.delivery.tree import Tree

DAGSTER = "dagster"
PREFECT_TASKS = "prefect.tasks"


class LibrarySource:
    """One file with the names that it has imported from a module; `needs` are the imports that edits ask for."""

    def __init__(self, source: PythonSource, module: str) -> None:
        self.source = source
        self.module = module
        self._imports = [n for n in top_level(source) if isinstance(n, cst.Import | cst.ImportFrom)]
        self._bound = {whole: bound for node in self._imports for bound, whole in bound_names(node)}
        self._wanted: list[str] = []

    @classmethod
    def open(cls, tree: Tree, module: str, path: str) -> "LibrarySource":
        return cls(PythonSource.open(tree, path), module)

    def spelled(self, name: str) -> str:
        """How the file writes the module's `name`; where it imports names one by one, it will import this one too."""
        if self.module in self._bound:
            return f"{self._bound[self.module]}.{name}"
        if f"{self.module}.{name}" in self._bound:
            return self._bound[f"{self.module}.{name}"]
        if name not in self._wanted:
            self._wanted.append(name)
        return name

    def needs(self) -> list[Splice]:
        """The splices of the imports for all that was `spelled`."""
        if not self._wanted:
            return []
        for node in self._imports:
            if (
                isinstance(node, cst.ImportFrom)
                and module_of(node) == self.module
                and not isinstance(node.names, cst.ImportStar)
            ):
                return _together([extended(self.source, node, name) for name in sorted(self._wanted)])
        line = f"from {self.module} import {', '.join(sorted(self._wanted))}"
        package = self.module.partition(".")[0]
        beside = [node for node in self._imports if module_of(node).partition(".")[0] == package]
        before = [node for node in beside if module_of(node) < self.module]
        if before:
            end = self.source.span(before[-1])[1]
            return [Splice(end, end, f"{self.source.newline}{line}")]
        first = [*beside, *self._imports][:1]
        at = self.source.line_start(self.source.span(first[0])[0]) if first else 0
        return [Splice(at, at, f"{line}{self.source.newline}")]

    def call_at(self, line: int, *names: str) -> cst.Call | None:
        """The call of one of the `names` that begins on a line."""
        for call in self.source.all(cst.Call):
            if self.source.line(call) == line and dotted(call.func)[-1:] in {(name,) for name in names}:
                return call
        return None

    def decorator_at(self, line: int, *names: str) -> cst.Decorator | None:
        """The decorator by one of the `names` of the function whose first decorator stands on a line."""
        for function in self.source.all(cst.FunctionDef):
            if not function.decorators or self.source.line(function.decorators[0]) != line:
                continue
            for decorator in function.decorators:
                node = decorator.decorator
                callee = dotted(node.func if isinstance(node, cst.Call) else node)
                if callee[-1:] in {(name,) for name in names}:
                    return decorator
        return None

    def env(self) -> Env:
        """What each name that the module binds once is bound to."""
        found: dict[str, list[cst.BaseExpression]] = {}
        for node in top_level(self.source):
            if isinstance(node, cst.Assign):
                for target in node.targets:
                    if isinstance(target.target, cst.Name):
                        found.setdefault(target.target.value, []).append(node.value)
            elif isinstance(node, cst.AnnAssign) and isinstance(node.target, cst.Name) and node.value:
                found.setdefault(node.target.value, []).append(node.value)
        return {name: values[0] for name, values in found.items() if len(values) == 1}

    def own_literal(self, value: cst.BaseExpression) -> cst.BaseExpression:
        """Where a value is written, if it is written for this one use alone; else the value as it stands here."""
        written = origin(value, self.env())
        if not isinstance(value, cst.Name) or written is None:
            return value
        reads = [name for name in self.source.all(cst.Name) if name.value == value.value]
        return written if len(reads) == 2 else value  # the assignment and this use

    def is_last_use(self, value: cst.BaseExpression) -> bool:
        """Whether an imported name is read nowhere else, so that its import would be left over."""
        name = dotted(value)[:1]
        if not name or name[0] not in {bound for node in self._imports for bound, _ in bound_names(node)}:
            return False
        reads = [
            node
            for node in self.source.all(cst.Name)
            if node.value == name[0]
            and not any(isinstance(p, cst.Import | cst.ImportFrom) for p in self.source.parents(node))
        ]
        return len(reads) == 1

    def binds(self, name: str) -> bool:
        """Whether the module has the name already."""
        return any(node.value == name for node in self.source.all(cst.Name))


def _together(splices: list[Splice]) -> list[Splice]:
    """Splices of one place made one, as two that begin at one offset have no order."""
    found: dict[int, Splice] = {}
    for splice in splices:
        held = found.get(splice.start)
        found[splice.start] = (
            splice if held is None else Splice(held.start, held.end, held.text + splice.text)
        )
    return list(found.values())
