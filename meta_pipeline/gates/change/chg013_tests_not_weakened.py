"""CHG013: no test is deleted, skipped or loosened."""

from collections.abc import Iterator, Mapping
from typing import ClassVar

from meta_pipeline.delivery.change import Change
from meta_pipeline.delivery.stages import StageId
from meta_pipeline.gates import specimens
from meta_pipeline.gates.case import Case
from meta_pipeline.gates.gate import Example, Gate, Opinion, Strength
from meta_pipeline.gates.testing.assertions import Grade, demands_nothing, weakenings
from meta_pipeline.gates.testing.configured import loosened_settings
from meta_pipeline.gates.testing.data_tests import weakened_data_tests
from meta_pipeline.gates.testing.lost import Paired, Tests
from meta_pipeline.gates.testing.python_tests import PythonTest, Skip
from meta_pipeline.gates.weighing import Weighed, weigh, weighed
from meta_pipeline.policy import Policy


class TestsNotWeakened(Gate):
    """No test is deleted, skipped or made to demand less while what it tests stays.

    A test that is gone cannot fail, and a change that takes it along proves nothing by passing. Tests are matched
    between base and head by name and by what they do, so that a moved or renamed test is the same one; a test that goes
    together with its subject is not missed. Looked at are tests of pytest and unittest, what decides which of them run,
    dbt's data tests and unit tests, expectations of Great Expectations, and Dagster's asset checks. A person may
    approve a weaker test, as demands do change; a test that can no longer fail at all is refused.
    """

    __test__: ClassVar[bool] = False  # its name makes pytest take it for a test

    id: ClassVar[str] = "CHG013"
    name: ClassVar[str] = "tests-not-weakened"
    stage: ClassVar[StageId] = "implementation"
    subject: ClassVar[str] = "patched_code"
    needs: ClassVar[tuple[str, ...]] = ("change",)
    catches: ClassVar[tuple[str, ...]] = (
        "test-weakened",
        "test-skipped",
        "test-deleted",
    )

    def judge(self, case: Case) -> Opinion:
        assert case.change is not None
        found = [
            *_python_tests(case.change),
            *(one for file in case.change.files for one in loosened_settings(file)),
            *weakened_data_tests(case.change),
        ]
        if case.plan is not None:
            found = [_unplanned(one, case.plan.files) for one in found]
        return weigh(self, found, "no test is deleted, skipped or loosened")

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        code = {"sales/load.py": "def load(rows):\n    return len(rows)\n"}
        test = "from sales.load import load\n\n\ndef test_load():\n    assert load([1, 2]) == 2\n"
        before = {**code, "tests/test_load.py": test}
        model = "models:\n  - name: orders\n    columns:\n      - name: id\n        data_tests: [unique, not_null]\n"
        dbt = {
            "dbt_project.yml": "name: shop\n",
            "models/orders.sql": "select id from raw\n",
            "models/orders.yml": model,
        }
        skipped = test.replace("def test", "import pytest\n\n\n@pytest.mark.skip\ndef test")
        return (
            Example(
                "a test moves to another file",
                _case(before, {**code, "tests/unit/test_load.py": test}),
                "passed",
            ),
            Example("a test is deleted with the code that it tests", _case(before, {}), "passed"),
            Example(
                "a test demands more",
                _case(before, {**before, "tests/test_load.py": test + "    assert load([]) == 0\n"}),
                "passed",
            ),
            Example("a test is deleted", _case(before, code), "needs_approval", "test_load is gone"),
            Example(
                "a test is skipped",
                _case(before, {**before, "tests/test_load.py": skipped}),
                "needs_approval",
                "pytest.mark.skip",
            ),
            Example(
                "a test asserts nothing any more",
                _case(before, {**before, "tests/test_load.py": test.replace("== 2", "== 2 or True")}),
                "failed",
                "always holds",
            ),
            Example(
                "a test of dbt is removed",
                _case(dbt, {**dbt, "models/orders.yml": model.replace("unique, ", "")}),
                "needs_approval",
                "the test unique on orders.id is gone",
            ),
            Example(
                "a test of dbt only warns",
                _case(
                    dbt,
                    {
                        **dbt,
                        "models/orders.yml": model.replace(
                            "not_null", "not_null: {config: {severity: warn}}"
                        ),
                    },
                ),
                "needs_approval",
                "only warns where it failed",
            ),
        )


def _case(before: specimens.Files, after: specimens.Files) -> Case:
    return Case(Policy(), change=specimens.change(before, after))


def _unplanned(one: Weighed, planned: frozenset[str]) -> Weighed:
    """What a plan does not name, nobody has agreed to."""
    if one.strength != "needs_approval" or one.finding.path in planned:
        return one
    return Weighed("failed", one.finding)


def _python_tests(change: Change) -> Iterator[Weighed]:
    tests = Tests(change)
    for pair in tests.pairs:
        if pair.after is None:
            if not demands_nothing(pair.before) and not tests.subject_is_gone(pair.before, change):
                yield _gone(pair.before)
        else:
            about = pair.before.words & tests.removed_parameters
            is_gone = bool(about) or tests.subject_is_gone(pair.before, change)
            yield from _changed(pair, pair.after, subject_is_gone=is_gone)


def _gone(test: PythonTest) -> Weighed:
    return weighed(
        "needs_approval",
        f"the test {test.name} is gone, and what it tests is still there: nothing sees any more when that breaks",
        "keep the test, or tell who approves the change why it is no longer wanted",
        path=test.path,
        line=test.line,
    )


_STRENGTHS: Mapping[Grade, Strength] = {"vacuous": "failed", "weaker": "needs_approval", "slightly": "warned"}


def _changed(pair: Paired, after: PythonTest, *, subject_is_gone: bool) -> Iterator[Weighed]:
    """What a test no longer does; of one whose subject is gone in part, only that it can no longer fail."""
    known = {skip.text for skip in pair.before.skips}
    for skip in after.skips:
        if skip.text not in known:
            yield _skipped(after, skip)
    if after.rows < pair.before.rows:
        yield weighed(
            "warned" if subject_is_gone else "needs_approval",
            f"the test {after.name} is run with {after.rows} sets of parameters; at base with {pair.before.rows}",
            "keep the cases that it was run with",
            path=after.path,
            line=after.line,
        )
    for weakening in weakenings(pair.before, after):
        strength = _STRENGTHS[weakening.grade]
        yield weighed(
            "warned" if subject_is_gone and strength == "needs_approval" else strength,
            f"the test {after.name} {weakening.said}",
            "let it demand what it did, or have the new demand approved",
            path=after.path,
            line=weakening.line,
        )


def _skipped(test: PythonTest, skip: Skip) -> Weighed:
    return weighed(
        "needs_approval" if skip.always else "warned",
        f"the test {test.name} gets '{skip.text}'"
        + (": it no longer tells when the code breaks" if skip.always else ": it no longer runs everywhere"),
        "mend the code or the test, or have a person agree that it is left out",
        path=test.path,
        line=skip.line,
    )
