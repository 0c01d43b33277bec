"""VAL001: the target's own lint command finds nothing new."""

from typing import ClassVar

from meta_pipeline.delivery.judgement import Finding
from meta_pipeline.delivery.reports import ReportKind, ValidationReport
from meta_pipeline.gates.case import Case
from meta_pipeline.gates.gate import Example, Opinion
from meta_pipeline.gates.specimens import problem, record, report, side
from meta_pipeline.gates.validation.reported import (
    ReportGate,
    chunks,
    failed_silently,
)
from meta_pipeline.policy import Policy

_FIX = "mend the line; the target's lint command must find nothing that it does not find at base"


class Lint(ReportGate):
    """The target's lint command finds nothing at head that it does not find at base.

    What was there before only warns: this change did not bring it. A command that fails at head, names no
    problem and is content with the base fails the change; one that fails at both so proves nothing.
    """

    id: ClassVar[str] = "VAL001"
    name: ClassVar[str] = "lint"
    subject: ClassVar[str] = "lint_report"
    kind: ClassVar[ReportKind] = "lint"

    def judge_report(self, case: Case, report: ValidationReport) -> Opinion:
        silence = None if report.new_problems else failed_silently(report.head)
        if silence and all(record.succeeded for record in report.base.records) and report.base.records:
            mend = Finding(path=None, line=None, message=silence, fix="run it at head and mend what it says")
            return self.found(silence, [mend], evidence=chunks(report))
        found = self.compared(report, _FIX, "problem(s) were there")
        return found or self.passed("the lint command finds nothing", evidence=chunks(report))

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        unused = problem("F401 'os' is imported but unused")
        failing = (record(exit=1),)
        old = side(unused, records=(record(side="base", exit=1),))
        return (
            Example("nothing found", Case(Policy(), reports=report("lint")), "passed", "finds nothing"),
            Example(
                "a problem that is mended",
                Case(Policy(), reports=report("lint", base=old)),
                "passed",
                "finds nothing",
            ),
            Example(
                "a new problem",
                Case(Policy(), reports=report("lint", head=side(unused, records=failing))),
                "failed",
                "F401",
            ),
            Example(
                "the same problem at base",
                Case(Policy(), reports=report("lint", base=old, head=side(unused, records=failing))),
                "warned",
                "there before",
            ),
            Example(
                "a command that fails at head and says nothing",
                Case(Policy(), reports=report("lint", head=side(records=(record(exit=2),)))),
                "failed",
                "exits with 2",
            ),
            Example(
                "no linter",
                Case(Policy(), reports=report("lint", head=side(could_not_run="make: ruff: not found"))),
                "could_not_run",
                "not found",
            ),
            Example(
                "a target without a lint command",
                Case(Policy(), reports=report("lint", not_applicable="the policy names no lint command")),
                "not_applicable",
                "no lint command",
            ),
        )
