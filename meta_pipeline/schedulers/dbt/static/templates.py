"""dbt's dialect of Jinja as a syntax tree: `{% snapshot %}`, `{% test %}` and the like beside Jinja's own tags."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from jinja2 import Environment, nodes
from jinja2.exceptions import TemplateSyntaxError
from jinja2.ext import Extension
from jinja2.parser import Parser

SNAPSHOT = "snapshot "
"""A snapshot block is kept as a macro whose name begins so; no macro's own name can."""


@dataclass(frozen=True, slots=True)
class Malformed:
    """A template that is no Jinja; `line` counts from 1."""

    line: int
    message: str


class _DbtTags(Extension):
    tags = {"snapshot", "test", "data_test", "materialization", "docs"}  # noqa: RUF012  as Jinja declares it

    def parse(self, parser: Parser) -> nodes.Node:
        tag = next(parser.stream)
        macro = nodes.Macro(lineno=tag.lineno)
        if tag.value in ("test", "data_test"):
            macro.name = f"test_{parser.parse_assign_target(name_only=True).name}"
            parser.parse_signature(macro)
        else:
            name = parser.parse_assign_target(name_only=True).name
            macro.name = f"{SNAPSHOT if tag.value == 'snapshot' else f'{tag.value} '}{name}"
            macro.args, macro.defaults = [], []
            while parser.stream.current.type != "block_end":  # `materialization x, adapter = 'duckdb'`
                next(parser.stream)
        macro.body = parser.parse_statements((f"name:end{tag.value}",), drop_needle=True)
        return macro


_ENVIRONMENT = Environment(extensions=["jinja2.ext.do", _DbtTags], autoescape=False)  # noqa: S701  only parsed


@lru_cache(maxsize=8192)
def parse_template(data: bytes) -> nodes.Template | Malformed:
    """The syntax tree of a file; nothing of it is run."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        return Malformed(data.count(b"\n", 0, error.start) + 1, "this is not UTF-8")
    try:
        return _ENVIRONMENT.parse(text)
    except TemplateSyntaxError as error:
        return Malformed(error.lineno, f"this is no Jinja that dbt can read: {error.message}")
    except RecursionError:
        return Malformed(1, "this template is nested too deeply to be read")


def macros_in(template: nodes.Template) -> Iterator[nodes.Macro]:
    """The macros, generic tests (as `test_NAME`) and snapshots (as `snapshot NAME`) of a file."""
    waiting: list[nodes.Node] = [template]
    while waiting:  # Jinja's own search calls itself for each level
        node = waiting.pop()
        if isinstance(node, nodes.Macro):
            yield node
        waiting += reversed(list(node.iter_child_nodes()))
