"""Expressions whose value is the time at which they happen to run."""

import ast
import re
from collections.abc import Iterator, Mapping

from meta_pipeline.gates.python.reading import full_name

_CLOCK = re.compile(
    r"(?:.*\.)?(?:datetime|date|DateTime|pendulum|timezone|pd\.Timestamp|Timestamp|arrow)"
    r"\.(?:now|utcnow|today|yesterday|tomorrow)"
    r"|(?:airflow\.utils\.dates\.)?days_ago|time\.time|prefect\.types\._datetime\.now"
)


def clock_calls(node: ast.AST, names: Mapping[str, str]) -> Iterator[ast.Call]:
    """The calls in an expression that ask for the present time: `datetime.now()`, `days_ago(1)`."""
    for part in ast.walk(node):
        if isinstance(part, ast.Call) and _CLOCK.fullmatch(full_name(part.func, names)):
            yield part


def asks_the_clock(node: ast.AST, names: Mapping[str, str]) -> bool:
    return next(clock_calls(node, names), None) is not None
