"""Texts in Airflow's DAG files that Airflow fills in by Jinja, and that no Jinja can read."""

import ast
import re
from collections.abc import Iterator

from meta_pipeline.delivery.change import Change
from meta_pipeline.gates.soundness.judged import changed
from meta_pipeline.gates.soundness.module_names import parsed_or_none
from meta_pipeline.gates.weighing import Weighed, weighed

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
            from jinja2 import Environment, TemplateSyntaxError

            try:
                Environment(autoescape=False).parse(text)  # noqa: S701  only parsed
            except TemplateSyntaxError as error:
                yield weighed(
                    "failed",
                    f"Airflow cannot fill in this text: {error.message}; the task fails before it begins",
                    "mend the template",
                    path=file.path,
                    line=line + max(error.lineno - 1, 0),
                )
            except RecursionError:
                continue


def _texts(data: bytes) -> Iterator[tuple[str, int]]:
    """The literal texts of a file, each with its line; those that a format fills in first are left out."""
    module = parsed_or_none(data)
    if module is None:
        return
    inner = {id(part) for node in ast.walk(module) if isinstance(node, ast.JoinedStr) for part in node.values}
    formatted = {
        id(node.func.value)
        for node in ast.walk(module)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "format"
    }
    formatted |= {id(node.left) for node in ast.walk(module) if isinstance(node, ast.BinOp)}
    formatted |= {id(node.right) for node in ast.walk(module) if isinstance(node, ast.BinOp)}
    left_out = inner | formatted
    for node in ast.walk(module):
        match node:
            case ast.Constant(value=str(text), lineno=line) if "{" in text and id(node) not in left_out:
                yield text, line
            case _:
                pass
