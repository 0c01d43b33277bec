"""Tests that no longer find what they were written to find."""

import ast
import random
import re
from collections.abc import Iterator
from typing import ClassVar

from meta_pipeline.lab.editing import Change, Edit, Text
from meta_pipeline.lab.mutation import Base, Mutation, Mutator, Place
from meta_pipeline.lab.python_source import Function, PythonSource, is_test_path, python_of
from meta_pipeline.lab.repository import ANY
from meta_pipeline.lab.sql_source import dbt_project_of
from meta_pipeline.lab.yaml_source import yaml_of


def _tests_of(base: Base) -> tuple[PythonSource, list[Function]] | None:
    if not base.path.endswith(".py") or not is_test_path(base.path):
        return None
    source = python_of(base, tests=True)
    if source is None:
        return None
    found = [function for function in source.functions if function.name.startswith("test")]
    return (source, found) if found else None


def _is_dbt_test(base: Base) -> bool:
    folder = dbt_project_of(base)
    return (
        base.path.endswith(".sql")
        and folder is not None
        and base.path[len(folder) :].startswith(("tests/", "data-tests/"))
        and "generic/" not in base.path
    )


class AssertionWeakened(Mutator):
    """An assertion is taken out or asks for less: `==` becomes `is not None`, a tolerance grows, a query finds nothing.

    The test stays green whatever the code does.
    """

    id = "test-weakened"
    schedulers = ANY
    is_harmful = True

    def mutations(self, base: Base, dice: random.Random) -> Iterator[Mutation]:
        if (found := _tests_of(base)) is not None:
            source, functions = found
            for function in functions:
                asserts = [node for node in ast.walk(function) if isinstance(node, ast.Assert)]
                near = [source.signature_line(function)]
                for node in asserts[:3]:
                    yield from self._weakened(source, node, near, dice)
        if _is_dbt_test(base) and (text := Text.of(base)) is not None:
            where = re.search(r"(?i)\bwhere\b", text.value)
            end = len(text.value.rstrip().rstrip(";"))
            new = Edit(where.end(), where.end(), " 1 = 0 and") if where else Edit(end, end, "\nwhere 1 = 0")
            if "group by" not in text.value.lower() or where:
                yield Change(text, [new]).fault("a test finds no row, whatever there is")

    def _weakened(
        self, source: PythonSource, node: ast.Assert, near: list[tuple[int, int]], dice: random.Random
    ) -> Iterator[Mutation]:
        test = node.test
        if isinstance(test, ast.Compare) and isinstance(test.ops[0], ast.Eq) and len(test.ops) == 1:
            left = source.source(test.left)
            new = dice.choice([f"{left} is not None", f"{left} is not None", f"{left} or True"])
            yield Change(source.text, [Edit(*source.span(test), new)], near).fault(
                "asks only that there is something"
            )
        elif not isinstance(test, ast.Constant):
            start, end = source.span(test)
            yield Change(source.text, [Edit(start, end, "True")], near).fault("asserts nothing")
        for call in ast.walk(test):
            if isinstance(call, ast.Call) and "approx" in ast.unparse(call.func):
                for keyword in call.keywords:
                    if keyword.arg in {"abs", "rel"}:
                        edit = Edit(*source.span(keyword.value), "1e6")
                        yield Change(source.text, [edit], near).fault("tolerates any difference")
        body = getattr(source.parents[node], "body", [])
        if (
            len(body) > 1
            and node in body
            and source.text.value[slice(*source.statement(node))].count(";") == 0
        ):
            yield Change(source.text, [source.text.without_lines(source.span(node))], near).fault(
                "takes an assertion out"
            )


class TestDeleted(Mutator):
    """A test, or a file of them, is deleted while what it tests stays.

    The next mistake there is found by its readers.
    """

    id = "test-deleted"
    schedulers = ANY
    is_harmful = True

    def mutations(self, base: Base, dice: random.Random) -> Iterator[Mutation]:
        text = Text.of(base)
        found = _tests_of(base)
        if text is not None and (found is not None or _is_dbt_test(base)):
            yield Mutation(
                {base.path: None}, (Place(base.path, 1, max(1, text.count), "base"),), f"deletes {base.path}"
            )
        if found is None or len(found[1]) < 2:
            return
        source, functions = found
        for function in functions:
            siblings = getattr(source.parents[function], "body", [])
            if len(siblings) > 1:
                edit = source.text.without_lines(source.statement(function))
                yield Change(source.text, [edit]).fault(f"deletes `{function.name}`")


class TestSkipped(Mutator):
    """A test is marked as skipped or as expected to fail, or a dbt test only warns.

    It is still counted as there, and finds nothing.
    """

    id = "test-skipped"
    schedulers = ANY
    is_harmful = True
    marks: ClassVar = ('@pytest.mark.skip(reason="flaky")', "@pytest.mark.skip", "@pytest.mark.xfail")

    def mutations(self, base: Base, dice: random.Random) -> Iterator[Mutation]:
        if (found := _tests_of(base)) is not None:
            source, functions = found
            has_pytest = source.imported.get("pytest") == "pytest"
            for function in functions:
                at = source.statement(function)[0]
                indent = source.text.indent(source.span(function)[0])
                edits = [Edit(at, at, f"{indent}{dice.choice(self.marks)}\n")]
                if not has_pytest:
                    first = source.after_imports()
                    edits.append(Edit(first, first, "import pytest\n"))
                if len({edit.start for edit in edits}) == len(edits):
                    near = [source.signature_line(function)]
                    yield Change(source.text, edits, near).fault(f"`{function.name}` no longer runs")
        if _is_dbt_test(base) and (text := Text.of(base)) is not None and "config(" not in text.value:
            mark = dice.choice(["severity='warn'", "enabled=false"])
            yield Change(text, [Edit(0, 0, f"{{{{ config({mark}) }}}}\n\n")]).fault(f"a test has {mark}")
        yield from self._yaml(base, dice)

    def _yaml(self, base: Base, dice: random.Random) -> Iterator[Mutation]:
        document = yaml_of(base)
        if document is None or dbt_project_of(base) is None:
            return
        for item in document.items():
            is_test = (
                item.path
                and item.path[-1] in {"tests", "data_tests"}
                and {"models", "seeds", "sources"} & set(item.path)
            )
            if not is_test or item.value_text is None or item.parent.flow_style:
                continue
            mark = dice.choice(["severity: warn", "enabled: false", 'where: "1 = 0"'])
            indent = document.text.indent(item.span[0])
            new = f"- {item.value_text}:\n{indent}    config:\n{indent}      {mark}"
            yield Change(document.text, [Edit(*item.span, new)]).fault(f"a test has {mark}")
