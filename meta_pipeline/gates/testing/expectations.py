"""Expectations of Great Expectations, in the JSON or YAML of suites and in Python that makes them."""

import ast
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from meta_pipeline.delivery.yaml_source import Located, Unreadable, read_yaml
from meta_pipeline.gates.testing.python_tests import parsed

_KEYED = ("column", "column_A", "column_B", "column_list", "column_set", "column_index")


@dataclass(frozen=True)
class Expectation:
    """One expectation: `kind` in snake case, the columns that it is on, and its other arguments."""

    kind: str
    column: str
    arguments: dict[str, Any]
    line: int

    @property
    def key(self) -> tuple[str, str]:
        return self.kind, self.column


def expectations_in(path: str, text: str) -> tuple[Expectation, ...]:
    """Every expectation that a suite or module states."""
    if path.endswith((".json", ".yml", ".yaml")):
        if '"expectations"' not in text and "expectations:" not in text:
            return ()
        return tuple(_in_suite(path, text))
    if path.endswith(".py") and ("expect_" in text or "Expect" in text):
        return tuple(_in_module(text))
    return ()


def _in_suite(path: str, text: str) -> Iterator[Expectation]:
    if path.endswith(".json"):
        try:
            json.loads(text)
        except ValueError:
            return
    document = read_yaml(text, path)
    if isinstance(document, Unreadable):
        return
    for item in document.get("expectations").each():
        kind = item.get("type").text or item.get("expectation_type").text
        if kind.startswith("expect_"):
            yield _expectation(kind, item)


def _expectation(kind: str, item: Located) -> Expectation:
    kwargs = {key: value.plain() for key, value in item.get("kwargs").pairs()}
    if item.get("severity").text:
        kwargs["severity"] = item.get("severity").text
    return _made(kind, kwargs, item.line)


def _made(kind: str, arguments: dict[str, Any], line: int) -> Expectation:
    column = " ".join(str(arguments[key]) for key in _KEYED if key in arguments)
    rest = {key: value for key, value in arguments.items() if key not in _KEYED}
    return Expectation(kind, column, rest, line)


def _in_module(text: str) -> Iterator[Expectation]:
    module = parsed(text)
    for node in ast.walk(module) if module else ():
        if not isinstance(node, ast.Call):
            continue
        name = ast.unparse(node.func).rsplit(".", 1)[-1]
        arguments = {word.arg: _literal(word.value) for word in node.keywords if word.arg}
        if name == "ExpectationConfiguration":
            name = str(arguments.get("expectation_type") or arguments.get("type") or "")
            given = arguments.get("kwargs")
            arguments = given if isinstance(given, dict) else {}
        if name.startswith("expect_"):
            if node.args and "column" not in arguments:
                arguments["column"] = _literal(node.args[0])
            yield _made(name, arguments, node.lineno)
        elif name.startswith("Expect") and name[6:7].isupper():
            yield _made(name, arguments, node.lineno)


def _literal(value: ast.expr) -> Any:
    try:
        return ast.literal_eval(value)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return ast.unparse(value)
