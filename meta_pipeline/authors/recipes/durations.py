"""How a file spells a duration, and the import that the spelling needs."""

import re
import sys
from dataclasses import dataclass

import libcst as cst

from meta_pipeline.authors.recipes.importing import bound_names, extended, module_of, top_level
from meta_pipeline.authors.recipes.python_source import PythonSource, Splice, dotted

_UNITS = (("days", 86400), ("hours", 3600), ("minutes", 60))


@dataclass(frozen=True, slots=True)
class Spelling:
    """The callable that makes a duration, such as `timedelta` or `dt.timedelta`, and the splice that imports it."""

    callable: str
    needs: Splice | None = None

    def of(self, seconds: float) -> str:
        """The source text of a duration of `seconds`, in the largest unit that gives a whole number."""
        for unit, size in _UNITS:
            if seconds and seconds % size == 0:
                return f"{self.callable}({unit}={int(seconds // size)})"
        return f"{self.callable}(seconds={int(seconds) if seconds == int(seconds) else seconds})"


def spelling(source: PythonSource) -> Spelling:
    """The spelling that the file uses already, or else `timedelta` with its import."""
    imports = [node for node in top_level(source) if isinstance(node, cst.Import | cst.ImportFrom)]
    for node in imports:
        for bound, whole in bound_names(node):
            if whole == "datetime.timedelta":
                return Spelling(bound)
    used = {dotted(call.func) for call in source.all(cst.Call)}
    for node in imports:
        for bound, whole in bound_names(node):
            if whole == "datetime":
                return Spelling(f"{bound}.timedelta")
            if whole == "pendulum" and (bound, "duration") in used:
                return Spelling(f"{bound}.duration")
            if whole == "pendulum.duration":
                return Spelling(bound)
    return Spelling("timedelta", _import(source, imports))


def _import(source: PythonSource, imports: list[cst.Import | cst.ImportFrom]) -> Splice:
    for node in imports:
        if isinstance(node, cst.ImportFrom) and module_of(node) == "datetime":
            return extended(source, node, "timedelta")
    line = "from datetime import timedelta" + source.newline
    ordinary = [node for node in imports if module_of(node) != "__future__"]
    if not ordinary:
        return _first_import(source, imports, line)
    standard = [node for node in ordinary if module_of(node).split(".")[0] in sys.stdlib_module_names]
    if not standard:
        at = source.line_start(source.span(ordinary[0])[0])
        return Splice(at, at, line + source.newline)
    for node in standard:
        if isinstance(node, cst.ImportFrom) and module_of(node) > "datetime":
            at = source.line_start(source.span(node)[0])
            return Splice(at, at, line)
    at = _next_line(source, source.span(standard[-1])[1])
    return Splice(at, at, line)


def _first_import(source: PythonSource, futures: list[cst.Import | cst.ImportFrom], line: str) -> Splice:
    if futures:
        at = _next_line(source, source.span(futures[-1])[1])
        return Splice(at, at, source.newline + line)
    body = source.module.body
    if body and isinstance(body[0], cst.SimpleStatementLine) and source.module.get_docstring() is not None:
        at = _next_line(source, source.span(body[0])[1])
        return Splice(at, at, source.newline + line)
    at = source.line_start(source.span(body[0])[0]) if body else len(source.text)
    return Splice(at, at, line + source.newline)


def _next_line(source: PythonSource, offset: int) -> int:
    match = re.compile(r"[^\r\n]*(?:\r\n|\n|\r|$)").match(source.text, offset)
    return match.end() if match else len(source.text)
