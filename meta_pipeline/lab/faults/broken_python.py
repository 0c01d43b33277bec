"""Python that does not load: imports of what is not there, names that nothing binds, text that does not parse."""

import ast
import random
import re
from collections.abc import Iterator
from keyword import iskeyword

from meta_pipeline.lab.editing import Change, Edit
from meta_pipeline.lab.mutation import Base, Mutation, Mutator, Place
from meta_pipeline.lab.python_source import PythonSource, python_of
from meta_pipeline.lab.repository import PYTHON, module_file, readers_of, same_module_names


class BrokenImport(Mutator):
    """A module of the repository is imported under a name that it does not have.

    It happens when a module is renamed or a path is typed from memory. Nothing of the file loads.
    """

    id = "broken-import-module"
    seen_by = "load"
    schedulers = PYTHON
    is_harmful = True

    def mutations(self, base: Base, dice: random.Random) -> Iterator[Mutation]:
        source = python_of(base)
        if source is None:
            return
        for node in _certain_imports(source):
            if isinstance(node, ast.ImportFrom) and node.module and module_file(base, node):
                last = node.module.rsplit(".", 1)[-1]
                wrong = _misspelt(last, dice)
                start, end = source.span(node)
                at = re.search(rf"\b{re.escape(last)}(?=\s+import\b)", source.text.value[start:end])
                if at and not _is_module_there(base, node.module, wrong):
                    edit = Edit(start + at.start(), start + at.end(), wrong)
                    yield Change(source.text, [edit], [(start, end)]).fault(
                        f"imports `{node.module[: -len(last)]}{wrong}`, which is no module of the repository"
                    )


class BrokenImportName(Mutator):
    """A name is imported that the module of the repository does not define.

    It happens when a helper is renamed or invented. Nothing of the file loads.
    """

    id = "broken-import-name"
    seen_by = "load"
    schedulers = PYTHON
    is_harmful = True

    def mutations(self, base: Base, dice: random.Random) -> Iterator[Mutation]:
        source = python_of(base)
        if source is None:
            return
        for node in _certain_imports(source):
            if not isinstance(node, ast.ImportFrom) or (path := module_file(base, node)) is None:
                continue
            there = same_module_names(base, path)
            if any(alias.name not in there for alias in node.names):
                continue  # an installed module of the same name is meant
            for alias in node.names:
                wrong = _misspelt(alias.name, dice)
                if alias.name == "*" or wrong in there:
                    continue
                start, end = source.span(alias)
                new = f"{wrong} as {alias.asname or alias.name}"
                yield Change(source.text, [Edit(start, end, new)], [source.span(node)]).fault(
                    f"imports `{wrong}` from {path}, which defines no such name"
                )


class RenamedUnderReaders(Mutator):
    """A function or constant is renamed in its module, while other files still import it by its old name.

    It happens in a refactoring that stops half way. What imports it no longer loads.
    """

    id = "renamed-under-readers"
    seen_by = "load"
    schedulers = PYTHON
    is_harmful = True

    def mutations(self, base: Base, dice: random.Random) -> Iterator[Mutation]:
        source = python_of(base)
        if source is None or source.has_star_import:
            return
        for node in source.tree.body:
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                continue
            if node.decorator_list or not (readers := readers_of(base, base.path, node.name)):
                continue
            wrong = f"{node.name}_{dice.choice(['v2', 'new', 'rows', 'data'])}"
            if wrong in source.bound:
                continue
            edits = [
                Edit(match.start(), match.end(), wrong)
                for match in re.finditer(rf"\b{re.escape(node.name)}\b", source.text.value)
            ]
            if len(edits) > 6:
                continue
            places = [Place(path, line, line) for path, line in readers]
            yield Change(source.text, edits, places=places).fault(
                f"renames `{node.name}`, which {readers[0][0]} still imports"
            )


class UndefinedName(Mutator):
    """A name is used that nothing binds: an import is gone, or a variable is misspelt.

    The file does not load, or the task fails when it comes to the line.
    """

    id = "undefined-name"
    seen_by = "run"
    schedulers = PYTHON
    is_harmful = True

    def mutations(self, base: Base, dice: random.Random) -> Iterator[Mutation]:
        source = python_of(base)
        if source is None or source.has_star_import:
            return
        yield from self._without_import(source)
        names = [
            node
            for node in source.nodes
            if isinstance(node, ast.Name)
            and isinstance(node.ctx, ast.Load)
            and source.function_of(node)
            and len(node.id) > 3
            and not isinstance(source.parents.get(node), ast.FormattedValue)
        ]
        for node in dice.sample(names, min(6, len(names))):
            wrong = _misspelt(node.id, dice)
            start, end = source.span(node)
            if wrong not in source.bound and source.text.value[start:end] == node.id:
                yield Change(source.text, [Edit(start, end, wrong)]).fault(
                    f"uses `{wrong}`, which nothing defines"
                )

    def _without_import(self, source: PythonSource) -> Iterator[Mutation]:
        for node in source.tree.body:
            if not isinstance(node, ast.Import | ast.ImportFrom) or len(node.names) != 1:
                continue
            alias = node.names[0]
            bound = (alias.asname or alias.name).split(".")[0]
            uses = [
                source.span(use)
                for use in source.nodes
                if isinstance(use, ast.Name) and use.id == bound and isinstance(use.ctx, ast.Load)
            ]
            bindings = [full for name, full in source.imported.items() if name == bound]
            rebound = sum(
                isinstance(other, ast.alias) and (other.asname or other.name).split(".")[0] == bound
                for other in source.nodes
            )
            if uses and len(bindings) == 1 and rebound == 1:
                yield Change(source.text, [source.text.without_lines(source.span(node))], uses).fault(
                    f"no longer imports `{bound}`, which it still uses"
                )


class SyntaxBroken(Mutator):
    """The file does not parse: a closing bracket, a colon or a comma is gone.

    Nothing of it loads.
    """

    id = "syntax-error"
    seen_by = "load"
    breaks_syntax = True
    schedulers = PYTHON
    is_harmful = True

    def mutations(self, base: Base, dice: random.Random) -> Iterator[Mutation]:
        source = python_of(base)
        if source is None:
            return
        text = source.text.value
        calls = [source.span(call) for call in source.calls]
        for start, end in dice.sample(calls, min(3, len(calls))):
            yield from self._broken(
                source, Edit(end - 1, end, ""), (start, end), "a closing parenthesis is gone"
            )
        colons = [
            source.text.starts[source.text.line(source.span(function.body[0])[0]) - 1] - 1
            for function in source.functions
            if source.has_simple_body(function)
        ]
        for at in dice.sample(colons, min(3, len(colons))):
            colon = text.rfind(":", 0, at)
            if colon > 0 and text[colon + 1 : at].strip() == "":
                span = (source.text.start_of_line(colon), at)
                yield from self._broken(source, Edit(colon, colon + 1, ""), span, "a colon is gone")

    def _broken(
        self, source: PythonSource, edit: Edit, near: tuple[int, int], what: str
    ) -> Iterator[Mutation]:
        edited = source.text.edited([edit])
        try:
            ast.parse(edited)
        except SyntaxError as error:
            line = min(error.lineno or 1, max(1, len(edited.splitlines())))
            place = Place(source.text.path, line, line)
            yield Change(source.text, [edit], [near], [place]).fault(f"does not parse: {what}")


def _certain_imports(source: PythonSource) -> list[ast.Import | ast.ImportFrom]:
    """Imports at the top of the module, which no `try` or `if` stands around."""
    return [node for node in source.tree.body if isinstance(node, ast.Import | ast.ImportFrom)]


def _misspelt(name: str, dice: random.Random) -> str:
    """A name as somebody types it who does not look: singular for plural, two letters swapped, one lost."""
    ways = [name[:-1] if name.endswith("s") else f"{name}s"]
    if len(name) > 4:
        at = dice.randrange(1, len(name) - 2)
        swapped = name[:at] + name[at + 1] + name[at] + name[at + 2 :]
        ways += [swapped if swapped != name else f"{name}_", name[:at] + name[at + 1 :]]
    return dice.choice([way for way in ways if way.isidentifier() and not iskeyword(way)] or [f"{name}_"])


def _is_module_there(base: Base, module: str, last: str) -> bool:
    ends = (f"/{last}.py", f"/{last}/__init__.py")
    return any(f"/{path}".endswith(ends) for path in base.tree.entries())
