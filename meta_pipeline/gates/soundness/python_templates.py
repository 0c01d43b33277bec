"""Texts in Airflow's DAG files that Airflow fills in by Jinja, and that no Jinja can read."""

import ast
import re
from collections.abc import Iterator

from meta_pipeline.delivery.change import Change
from meta_pipeline.gates.soundness.judged import changed
from meta_pipeline.gates.soundness.module_names import parsed_or_none
from meta_pipeline.gates.weighing import Weighed, weighed

_HOLE = "\0"
_MEANINGS = ("x", "", "}}", "{{")
"""What may stand in a hole: a text is no template where none of these makes it one."""
_FILLED_IN = re.compile(
    r"\{[{%]-?\s*(?:if\s+|for\s+\w+\s+in\s+|set\s+\w+\s*=\s*)?"
    r"(?:ds\b|ds_nodash|ts\b|ts_nodash|dag\b|dag_run|run_id|task\b|ti\b|task_instance|params\b|var\.|conn\.|macros\.|execution_date"
    r"|logical_date|next_\w+|prev_\w+|data_interval_\w+|inlets|outlets|yesterday_ds|tomorrow_ds)"
)
"""A text that names what Airflow fills in; braces may as well be of a shell or of a format."""


def template_faults(change: Change) -> Iterator[Weighed]:
    """Each text of a changed DAG file that is a template of Airflow, is new, and is no Jinja."""
    for file in changed(change, (".py",)):
        new, old = file.new or b"", file.old or b""
        if b"airflow" not in new or (b"{{" not in new and b"{%" not in new):
            continue
        known = {text for text, _ in _texts(old)}
        for text, line in _texts(new):
            if text in known or not _FILLED_IN.search(text):
                continue
            fault = _fault(text)
            if fault is not None:
                message, at = fault
                yield weighed(
                    "failed",
                    f"Airflow cannot fill in this text: {message}; the task fails before it begins",
                    "mend the template",
                    path=file.path,
                    line=line + at,
                )


def _fault(text: str) -> tuple[str, int] | None:
    """Why Jinja cannot read a text, whatever stands in its holes, and how many lines down it gave up."""
    from jinja2 import Environment, TemplateSyntaxError

    if _HOLE in text and "{%" in text:
        return None  # what is put in may be the other end of a block
    # Values beside each other may hold anything between them.
    text = re.sub(rf"{_HOLE}(?:\s*{_HOLE})+", _HOLE, text)
    first: tuple[str, int] | None = None
    for meaning in _MEANINGS if _HOLE in text else ("",):
        try:
            Environment(autoescape=False).parse(text.replace(_HOLE, meaning))  # noqa: S701  only parsed
        except TemplateSyntaxError as error:
            first = first or (error.message or "it is no template", max(error.lineno - 1, 0))
        except RecursionError:
            return None
        else:
            return None
    return first


def _texts(data: bytes) -> Iterator[tuple[str, int]]:
    """The texts of a file, each with its line, with a hole for each value that is put in.

    Those that a format fills in first are left out.
    """
    module = parsed_or_none(data)
    if module is None:
        return
    parts: set[int] = set()
    for node in ast.walk(module):
        if isinstance(node, ast.JoinedStr):
            parts |= {id(part) for part in node.values}
        elif (
            isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "format"
        ):
            parts.add(id(node.func.value))
        elif isinstance(node, ast.BinOp):
            parts |= {id(node.left), id(node.right)}
    for node in ast.walk(module):
        if isinstance(node, ast.Constant | ast.JoinedStr | ast.BinOp) and id(node) not in parts:
            text = _written(node)
            if text is not None and "{" in text:
                yield text, node.lineno


def _written(node: ast.expr) -> str | None:
    """A text as it is put together, with a hole for each value; None where there is no text in it."""
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=values):
            return "".join(_written(value) or _HOLE for value in values)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            before, after = _written(left), _written(right)
            return None if before is None and after is None else f"{before or _HOLE}{after or _HOLE}"
    return None
