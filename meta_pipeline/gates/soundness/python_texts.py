"""Python that cannot be read, and names that nothing gives a value."""

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby

from meta_pipeline.delivery.change import Change
from meta_pipeline.delivery.tree import FileChange
from meta_pipeline.gates.gate import Strength
from meta_pipeline.gates.soundness.judged import blamed, changed, may_be_unreadable
from meta_pipeline.gates.soundness.python_version import OldestPython, oldest_python
from meta_pipeline.gates.tools.ruff import NEWEST, SYNTAX, ruff_reports
from meta_pipeline.gates.tools.tool import Missing, Reported, new_reports
from meta_pipeline.gates.weighing import Weighed, weighed

_ENDINGS = (".py", ".ipynb")
_UNDEFINED, _EXPORT, _TOO_EARLY = "F821", "F822", "F823"
_RULES = (_UNDEFINED, _EXPORT, _TOO_EARLY)
_QUOTED = re.compile(r"`([^`]+)`")
_BY_PLATFORM = frozenset(
    "spark sc sqlContext dbutils display displayHTML table udf getArgument get_ipython reveal_type _".split()
)
"""Names that Databricks, IPython, type checkers or gettext put there when the code runs."""
_NEWER = re.compile(r"syntax was (?:added|changed) in Python|\bon Python 3\.\d+")


def python_faults(change: Change) -> tuple[Weighed, ...] | Missing:
    """What no Python can read, or has no value for, at head and not at base."""
    files = {file.path: file for file in changed(change, _ENDINGS)}
    if not files:
        return ()
    # Asked once for the Python that each file is for: what nothing is said of then is sound, as nearly all is.
    first: dict[OldestPython | None, tuple[Reported, ...]] = {}
    for python, those in _by_python(change, files).items():
        target = python.target if python else NEWEST
        reports = ruff_reports({one.path: one.new or b"" for one in those}, _RULES, python=target)
        if isinstance(reports, Missing):
            return reports
        first[python] = reports
    if not any(first.values()):
        return ()
    said = ruff_reports({path: file.new or b"" for path, file in files.items()}, _RULES)
    if isinstance(said, Missing):
        return said
    found = list(_told(change, files, said)) if said else []
    unread = {weighed.finding.path for weighed in found}
    newer = [one for python, reports in first.items() if python for one in _newer(files, python, reports)]
    return (*found, *(one for one in newer if one.finding.path not in unread))


def _by_python(
    change: Change, files: Mapping[str, FileChange]
) -> Mapping[OldestPython | None, list[FileChange]]:
    found: dict[OldestPython | None, list[FileChange]] = {}
    for file in files.values():
        python = oldest_python(change.head, file.path) if file.path.endswith(".py") else None
        found.setdefault(python, []).append(file)
    return found


def _told(change: Change, files: Mapping[str, FileChange], said: tuple[Reported, ...]) -> Iterator[Weighed]:
    before = {file.path: file.old for file in change.files if file.old and file.path.endswith(_ENDINGS)}
    known = ruff_reports(before, _RULES)
    known = () if isinstance(known, Missing) else known
    unreadable = {one.path for one in known if one.code == SYNTAX}
    # What moves with its file was there before.
    moved = {(one.code, one.message) for one in known if one.path not in files}
    fresh = [
        one
        for one in new_reports(known, said)
        if one.path not in unreadable and (one.code, one.message) not in moved
    ]
    for path, group in groupby(fresh, key=lambda one: one.path):
        reports = list(group)
        broken = [one for one in reports if one.code == SYNTAX]
        if broken:
            yield from _unreadable(files[path], broken[0])
        else:
            yield from _names(files[path], reports)


def _unreadable(file: FileChange, first: Reported) -> Iterator[Weighed]:
    """A file that cannot be parsed says much of what follows from the first fault: only that is told."""
    if file.status == "added" and may_be_unreadable(file):
        return
    what = "notebook" if file.path.endswith(".ipynb") else "file"
    yield weighed(
        "failed",
        f"no Python can read this {what}: {first.message[:1].lower()}{first.message[1:]}; nothing in it runs, and "
        "what imports it breaks",
        "mend the syntax",
        path=file.path,
        line=blamed(file, first.line) if file.old is not None and first.line is not None else first.line,
    )


def _names(file: FileChange, reports: Iterable[Reported]) -> Iterator[Weighed]:
    names = _Names(file)
    for one in reports:
        quoted = _QUOTED.search(one.message)
        name = quoted[1] if quoted else one.message
        if one.code == _EXPORT:
            yield weighed(
                "warned",
                f"__all__ names '{name}', which this module does not have; an import of all its names breaks",
                "define it, or take it out of __all__",
                path=file.path,
                line=one.line,
            )
        elif one.code == _TOO_EARLY:
            yield weighed(
                "failed",
                f"the local '{name}' is used before it has a value; the function ends with an UnboundLocalError",
                "give it a value first, or give the local another name",
                path=file.path,
                line=one.line,
            )
        elif name not in _BY_PLATFORM:
            yield weighed(
                names.strength(name, one.line),
                f"nothing defines the name '{name}'; the code ends with a NameError when it comes here",
                f"import or define {name}, or mend its spelling",
                path=file.path,
                line=one.line,
            )


class _Names:
    """How sure it is that an undefined name of a file is asked for when its code runs."""

    def __init__(self, file: FileChange) -> None:
        self._runs: set[tuple[str, int]] = set()
        self._is_notebook = file.path.endswith(".ipynb")
        if self._is_notebook:
            return
        try:
            module = ast.parse(file.new or b"")
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return
        deferred = any(
            isinstance(one, ast.ImportFrom)
            and one.module == "__future__"
            and one.names[0].name == "annotations"
            for one in module.body
        )
        skipped = _annotations(module, all_of_them=deferred)
        waiting: list[ast.AST] = [module]
        while waiting:
            node = waiting.pop()
            if id(node) in skipped:
                continue
            if isinstance(node, ast.Name):
                self._runs.add((node.id, node.lineno))
            waiting += ast.iter_child_nodes(node)

    def strength(self, name: str, line: int | None) -> Strength:
        """A notebook may have been run in another order, and an annotation may never be looked at."""
        if self._is_notebook:
            return "warned"
        return "failed" if line is not None and (name, line) in self._runs else "warned"


def _annotations(module: ast.Module, *, all_of_them: bool) -> set[int]:
    """The annotations that Python does not evaluate: those of a function's locals, and all that are deferred."""
    found: set[int] = set()
    for node in ast.walk(module):
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                found |= {id(one.annotation) for one in ast.walk(node) if isinstance(one, ast.AnnAssign)}
                if all_of_them and node.returns:
                    found.add(id(node.returns))
            case ast.arg(annotation=ast.expr() as annotation) | ast.AnnAssign(annotation=annotation):
                found |= {id(annotation)} if all_of_them else set()
            case ast.If() if "TYPE_CHECKING" in ast.dump(node.test):
                found |= {id(one) for one in node.body}
            case _:
                pass
    return found


def _newer(
    files: Mapping[str, FileChange], python: OldestPython, said: tuple[Reported, ...]
) -> Iterator[Weighed]:
    """Syntax that is newer than the Python that the repository says it runs on."""
    newer = [one for one in said if one.code == SYNTAX and _NEWER.search(one.message)]
    before = {one.path: old for one in newer if (old := files[one.path].old)}
    known = ruff_reports(before, _RULES, python=python.target)
    were_newer = set() if isinstance(known, Missing) else {one.path for one in known if one.code == SYNTAX}
    for one in newer:
        if one.path not in were_newer:
            yield weighed(
                "failed" if python.certain else "warned",
                f"{one.message[:1].lower()}{one.message[1:]}, and {python.path} asks for Python 3.{python.minor}",
                f"write it as Python 3.{python.minor} reads it, or ask for a newer Python in {python.path}",
                path=one.path,
                line=one.line,
            )
