"""What the gates on reports of the target's own tools have in common."""

from abc import abstractmethod
from collections.abc import Iterable
from typing import ClassVar

from meta_pipeline.delivery.judgement import Finding
from meta_pipeline.delivery.reports import Problem, ReportKind, SideReport, ValidationReport
from meta_pipeline.delivery.stages import StageId
from meta_pipeline.gates.case import Case
from meta_pipeline.gates.gate import Gate, Opinion
from meta_pipeline.gates.weighing import summary

_MOST_OLD = 5
"""A warning about old problems names this many; the rest is in the report."""


class ReportGate(Gate):
    """A gate on one report: it cannot judge where head gave no answer, and does not apply where nothing runs."""

    stage: ClassVar[StageId] = "implementation"
    needs: ClassVar[tuple[str, ...]] = ("reports",)
    kind: ClassVar[ReportKind]

    def judge(self, case: Case) -> Opinion:
        report = case.reports.get(self.kind)
        if report is None:
            return self.not_applicable(f"there is no {self.kind.replace('_', ' ')} report")
        if report.not_applicable is not None:
            return self.not_applicable(report.not_applicable)
        if report.head.could_not_run is not None:
            return self.could_not_run(report.head.could_not_run, evidence=chunks(report))
        if not report.head.records:
            return self.could_not_run(
                "the report names no command that ran on the change", evidence=chunks(report)
            )
        for record in report.head.records:
            if record.ended_by == "missing":
                reason = f"'{record.command.shown_as}' is not there to be run; install it in the target's environment"
                return self.could_not_run(reason, evidence=chunks(report))
        return self.judge_report(case, report)

    @abstractmethod
    def judge_report(self, case: Case, report: ValidationReport) -> Opinion:
        """Look at a report whose head was run and answered."""

    def compared(self, report: ValidationReport, fix: str, old_kind: str) -> Opinion | None:
        """New problems fail, a failure that names none could not run, old problems warn; None where all is well.

        What the tool itself only warns of warns here too. `fix` mends a new problem; `old_kind` names what was
        there before, such as `problem(s)`.
        """
        evidence = chunks(report)
        new = report.new_problems
        failing = [problem for problem in new if problem.severity == "error"]
        if failing:
            findings = findings_of(failing, fix)
            return self.found(f"new: {summary(findings)}", findings, evidence=evidence)
        silence = failed_silently(report.head)
        if silence:
            return self.could_not_run(silence, evidence=evidence)
        if new:
            findings = findings_of(new, fix)
            reason = f"new, with the severity of a warning: {summary(findings)}"
            return self.found(reason, findings, outcome="warned", evidence=evidence)
        old = old_problems(report)
        if old:
            reason = f"nothing new; {len(old)} {old_kind} before"
            return self.found(reason, old_findings(old), outcome="warned", evidence=evidence)
        return None


def chunks(report: ValidationReport) -> tuple[str, ...]:
    """The evidence of both sides, base first."""
    return tuple(record.chunk_id for record in (*report.base.records, *report.head.records))


def findings_of(problems: Iterable[Problem], fix: str) -> list[Finding]:
    """One finding for each problem, in the tool's own words."""
    return [Finding(path=p.path, line=p.line, message=p.message, fix=fix) for p in problems]


def old_problems(report: ValidationReport) -> tuple[Problem, ...]:
    """The problems of head that base has too."""
    new = set(report.new_problems)
    return tuple(problem for problem in report.head.problems if problem not in new)


def old_findings(problems: tuple[Problem, ...]) -> list[Finding]:
    """The first few of the problems that were there before, for a warning."""
    return findings_of(problems[:_MOST_OLD], "mend it in a change of its own; it was there before this one")


def failed_silently(side: SideReport) -> str | None:
    """The exit of a command that failed though no problem could be read from it; None where there is none."""
    for record in side.records:
        if not record.succeeded and not side.problems:
            how = (
                f"was ended by its limit of {record.ended_by}"
                if record.ended_by
                else f"exits with {record.exit}"
            )
            return f"'{record.command.shown_as}' {how} and names no problem; its output is chunk_id: {record.chunk_id}"
    return None
