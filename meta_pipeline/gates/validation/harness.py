"""What the gates on the target's unit and integration tests have in common."""

from collections.abc import Iterator

from meta_pipeline.delivery.reports import Measure, ReportKind, SideReport, ValidationReport
from meta_pipeline.gates.case import Case
from meta_pipeline.gates.gate import Example, Opinion
from meta_pipeline.gates.specimens import measure, problem, record, report, side
from meta_pipeline.gates.validation.reported import ReportGate, chunks, old_findings, old_problems
from meta_pipeline.gates.weighing import Weighed, weigh, weighed
from meta_pipeline.policy import Policy

_COUNTS = ("tests_collected", "tests_failed", "tests_skipped")


class HarnessGate(ReportGate):
    """A gate on one test command, by what pytest counts at base and head."""

    def judge_report(self, case: Case, report: ValidationReport) -> Opinion:
        evidence = chunks(report)
        head = _counts(report, "head")
        if head is None:
            exits = ", ".join(f"'{r.command.shown_as}' exits with {r.exit}" for r in report.head.records)
            return self.could_not_run(f"the tests at head could not be counted: {exits}", evidence=evidence)
        collected, failed, _ = head
        base = _counts(report, "base")
        found = list(_new_failures(report, failed, base))
        if base is None:
            found.append(
                weighed(
                    "warned",
                    "the tests at base could not be counted",
                    "make the tests run at the base commit",
                )
            )
        else:
            found += _lost_tests(head, base)
            if not found and 0 < collected == failed:
                reason = f"all {collected:g} tests fail at base and head, so they prove nothing"
                return self.could_not_run(
                    reason, findings=old_findings(old_problems(report)), evidence=evidence
                )
        found += [Weighed("warned", finding) for finding in old_findings(old_problems(report))]
        found += _no_longer_said(report)
        if collected == 0:
            found.append(weighed("warned", "no test was collected", "write tests for what the change does"))
        return weigh(self, found, f"{collected:g} tests collected, none fails", evidence=evidence)

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        broken = problem("tests/test_load.py::test_load: assert 3 == 4")
        ran = (record(cls.kind, exit=1),)
        failing = side(broken, records=ran)
        return (
            Example("all pass", _case(cls.kind, (41, 0, 0), (41, 0, 0)), "passed", "41 tests"),
            Example(
                "the tests of base pass on the code of head too",
                _former(cls.kind, side(records=(record(cls.kind, "former_tests"),))),
                "passed",
            ),
            Example(
                "a test was changed, and as it was before it fails on the changed code",
                _former(cls.kind, failing),
                "needs_approval",
                "as it was before the change",
            ),
            Example(
                "the tests of base cannot be run on the changed code",
                _former(cls.kind, side(could_not_run="pytest wrote no report")),
                "needs_approval",
                "cannot be run",
            ),
            Example("one more test", _case(cls.kind, (41, 0, 0), (42, 0, 0)), "passed", "42 tests"),
            Example(
                "a test fails",
                Case(Policy(), reports=report(cls.kind, *_measures((41, 0, 0), (41, 1, 0)), head=failing)),
                "failed",
                "test_load",
            ),
            Example(
                "a test is gone",
                _case(cls.kind, (41, 0, 0), (40, 0, 0)),
                "failed",
                "40 tests are collected; at base 41",
            ),
            Example(
                "a test is skipped",
                _case(cls.kind, (41, 0, 0), (41, 0, 1)),
                "needs_approval",
                "1 tests are skipped",
            ),
            Example(
                "a test that fails at base too",
                Case(
                    Policy(),
                    reports=report(cls.kind, *_measures((41, 1, 0), (41, 1, 0)), base=failing, head=failing),
                ),
                "warned",
                "test_load",
            ),
            Example(
                "every test fails at base too",
                Case(
                    Policy(),
                    reports=report(cls.kind, *_measures((1, 1, 0), (1, 1, 0)), base=failing, head=failing),
                ),
                "could_not_run",
                "prove nothing",
            ),
            Example(
                "nothing was counted",
                Case(Policy(), reports=report(cls.kind, head=side(records=(record(cls.kind, exit=4),)))),
                "could_not_run",
                "exits with 4",
            ),
        )


Counts = tuple[float, float, float]
"""Tests collected, failed and skipped."""


def _measures(base: Counts, head: Counts) -> list[Measure]:
    before = [measure(name, value, at="base") for name, value in zip(_COUNTS, base, strict=True)]
    return before + [measure(name, value) for name, value in zip(_COUNTS, head, strict=True)]


def _case(kind: ReportKind, base: Counts, head: Counts) -> Case:
    return Case(Policy(), reports=report(kind, *_measures(base, head)))


def _former(kind: ReportKind, former: SideReport) -> Case:
    return Case(Policy(), reports=report(kind, *_measures((41, 0, 0), (41, 0, 0)), former_tests=former))


def _counts(report: ValidationReport, at: str) -> Counts | None:
    measures = [report.measure(name, side=at) for name in _COUNTS]
    collected, failed, skipped = (float(m.value) if m is not None else None for m in measures)
    return None if collected is None or failed is None else (collected, failed, skipped or 0)


def _new_failures(report: ValidationReport, failed: float, base: Counts | None) -> Iterator[Weighed]:
    fix = "mend the code, or the test where the demand has changed"
    for failure in report.new_problems:
        yield weighed("failed", failure.message, fix, path=failure.path, line=failure.line)
    if not report.new_problems and failed > (base[1] if base else len(report.base.problems)):
        yield weighed("failed", f"{failed:g} tests fail; at base {base[1] if base else 0:g}", fix)


def _lost_tests(head: Counts, base: Counts) -> Iterator[Weighed]:
    if head[0] < base[0]:
        yield weighed(
            "failed",
            f"{head[0]:g} tests are collected; at base {base[0]:g}",
            "bring the missing tests back; a test that is gone cannot fail",
        )
    if head[2] > base[2]:
        yield weighed(
            "needs_approval",
            f"{head[2]:g} tests are skipped; at base {base[2]:g}",
            "let the tests run, or approve that they are skipped",
        )


def _no_longer_said(report: ValidationReport) -> Iterator[Weighed]:
    """What the tests of base say against the code of head, and the changed tests no longer do."""
    former = report.former_tests
    if former is None:
        return
    fix = "bring back what the test demanded, or approve that the demand has changed"
    if former.could_not_run is not None:
        yield weighed(
            "needs_approval",
            f"the tests as they were before the change cannot be run on its code: {former.could_not_run}",
            fix,
        )
    known = {said.key for said in (*report.base.problems, *report.head.problems)}
    for said in former.problems:
        if said.key not in known:
            yield weighed(
                "needs_approval",
                f"a test as it was before the change fails on its code: {said.message}",
                fix,
                path=said.path,
                line=said.line,
            )
