"""VAL009: no command leaves the worktree other than it found it."""

from collections import defaultdict
from collections.abc import Mapping
from typing import ClassVar

from meta_pipeline.delivery.evidence import CommandRecord
from meta_pipeline.delivery.reports import ReportKind, ValidationReport
from meta_pipeline.delivery.stages import StageId
from meta_pipeline.gates.case import Case
from meta_pipeline.gates.gate import Example, Gate, Opinion, Strength
from meta_pipeline.gates.specimens import record, report, side
from meta_pipeline.gates.weighing import Weighed, weigh, weighed
from meta_pipeline.policy import Policy

_SHOWN = 5


class CleanTree(Gate):
    """After every command the worktree holds the patch and nothing else.

    A test that rewrites a tracked file, or output that no ignore rule knows, ends up in somebody's commit,
    and means that the later commands looked at something else than the change. What a command also leaves
    at base only warns.
    """

    id: ClassVar[str] = "VAL009"
    name: ClassVar[str] = "clean-tree"
    stage: ClassVar[StageId] = "implementation"
    subject: ClassVar[str] = "implementation_verdict"
    needs: ClassVar[tuple[str, ...]] = ("reports",)
    may_be_waived: ClassVar[bool] = False

    def judge(self, case: Case) -> Opinion:
        # One command may feed several reports.
        told = {run.chunk_id: run for validation in case.reports.values() for run in validation.head.records}
        records = list(told.values())
        if not records:
            return self.not_applicable("no target command was run")
        at_base = _dirtied_at_base(case.reports)
        found: list[Weighed] = []
        for run in records:
            dirtied = set(run.dirtied)
            found += _left(run, dirtied - at_base[run.command.name], "failed", "")
            found += _left(run, dirtied & at_base[run.command.name], "warned", ", as at base")
        return weigh(
            self,
            found,
            f"{len(records)} command(s) left the worktree as they found it",
            evidence=[run.chunk_id for run in records],
        )

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example("the tests write nothing", _case((), ()), "passed", "1 command(s)"),
            Example("the tests stop writing", _case(("data/out.csv",), ()), "passed"),
            Example("the tests rewrite a file", _case((), ("data/orders.csv",)), "failed", "data/orders.csv"),
            Example("they do so at base too", _case(("out.csv",), ("out.csv",)), "warned", "as at base"),
            Example(
                "nothing was run", Case(Policy(), reports=report("tests", head=side())), "not_applicable"
            ),
        )


def _case(base: tuple[str, ...], head: tuple[str, ...]) -> Case:
    before = side(records=(record("tests", "base", dirtied=base),))
    after = side(records=(record("tests", dirtied=head),))
    return Case(Policy(), reports=report("tests", base=before, head=after))


def _left(run: CommandRecord, paths: set[str], strength: Strength, before: str) -> list[Weighed]:
    """At most one finding for what the command left behind."""
    if not paths:
        return []
    listed = sorted(paths)
    shown = ", ".join(listed[:_SHOWN]) + (f" and {len(listed) - _SHOWN} more" if listed[_SHOWN:] else "")
    message = f"'{run.command.shown_as}' leaves {shown} changed or untracked{before}"
    fix = "let it write outside the repository, or add what it writes to .gitignore"
    return [weighed(strength, message, fix, path=listed[0])]


def _dirtied_at_base(reports: Mapping[ReportKind, ValidationReport]) -> Mapping[str, set[str]]:
    """The paths that each command, by its name, left dirty at base."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for run in (run for validation in reports.values() for run in validation.base.records):
        found[run.command.name] |= set(run.dirtied)
    return found
