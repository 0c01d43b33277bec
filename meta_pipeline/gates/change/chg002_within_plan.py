"""CHG002: the change does what the plan says, and no more."""

from collections.abc import Iterator
from typing import ClassVar

from meta_pipeline.delivery.change import Change
from meta_pipeline.delivery.differences.difference import Difference
from meta_pipeline.delivery.plan import Plan, TopologyEdit
from meta_pipeline.delivery.stages import StageId
from meta_pipeline.gates import specimens
from meta_pipeline.gates.case import Case
from meta_pipeline.gates.gate import Example, Gate, Opinion
from meta_pipeline.gates.weighing import Weighed, weigh, weighed
from meta_pipeline.policy import ChangePolicy, Policy


class WithinPlan(Gate):
    """Every changed file and every change of topology is one that the approved plan names.

    What a person signed is the plan; a patch that does more was approved by nobody. A large diff, and a
    plan that was read off its own patch, need a person: such a plan agrees with its patch by construction.
    """

    id: ClassVar[str] = "CHG002"
    name: ClassVar[str] = "within-plan"
    stage: ClassVar[StageId] = "implementation"
    subject: ClassVar[str] = "patched_code"
    needs: ClassVar[tuple[str, ...]] = ("plan", "change")

    def judge(self, case: Case) -> Opinion:
        assert case.plan is not None
        assert case.change is not None
        found = [
            *_unplanned_files(case.change, case.plan),
            *_unplanned_edits(case.change, case.plan),
            *_oversize(case.change, case.policy.change),
        ]
        if case.plan.from_patch:
            found.append(
                weighed(
                    "needs_approval",
                    "the plan was read off this very patch, so their agreement proves nothing",
                    "have a person compare the diff with the issue",
                )
            )
        return weigh(self, found, f"{len(case.change.files)} changed file(s), all named by the plan")

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        planned = TopologyEdit(pipeline="sales_daily", node="load", field="retries")
        retrying = {specimens.DAG_FILE: "retries=2\n"}
        return (
            Example(
                "the planned edit of the planned file",
                _case(specimens.plan(edits=(planned,)), retrying),
                "passed",
            ),
            Example(
                "an edit planned for every task of the DAG",
                _case(specimens.plan(edits=(planned.model_copy(update={"node": None}),)), retrying),
                "passed",
            ),
            Example(
                "a file that no step names",
                _case(specimens.plan(edits=(planned,)), retrying | {"sales/load.py": "x = 1\n"}),
                "failed",
                "sales/load.py",
            ),
            Example(
                "a change of topology that the plan does not name",
                _case(specimens.plan(), retrying),
                "failed",
                "task sales_daily.load is now retried twice",
            ),
            Example(
                "a plan read off its own patch",
                _case(specimens.plan(edits=(planned,), author="patch", from_patch="sha256:0"), retrying),
                "needs_approval",
                "proves nothing",
            ),
            Example(
                "more lines than the policy trusts one review with",
                _case(specimens.plan(edits=(planned,)), {specimens.DAG_FILE: "x = 1\n" * 900}),
                "needs_approval",
                "800",
            ),
        )


def _case(plan: Plan, after: specimens.Files) -> Case:
    change = specimens.change(
        {specimens.DAG_FILE: "retries=0\n"},
        after,
        base=(specimens.pipeline(specimens.node(retries=0)),),
        head=(specimens.pipeline(specimens.node(retries=2)),),
    )
    return Case(Policy(), change=change, plan=plan)


def _unplanned_files(change: Change, plan: Plan) -> Iterator[Weighed]:
    for file in change.files:
        if file.path not in plan.files:
            yield weighed(
                "failed",
                f"{file.path} is {file.status}, and no step of the plan names it",
                "take the file out of the change, or have a plan approved that names it",
                path=file.path,
                line=file.added[0].number if file.added else None,
            )


def _unplanned_edits(change: Change, plan: Plan) -> Iterator[Weighed]:
    for difference in change.differences:
        if not any(_names(edit, difference) for edit in plan.edits):
            yield weighed(
                "failed",
                f"{difference.sentence}, which the plan does not name",
                "take this out of the change, or have a plan approved that names it",
                path=difference.path,
                line=difference.line,
                pipeline=difference.pipeline or None,
            )


def _names(edit: TopologyEdit, difference: Difference) -> bool:
    """Whether the edit means this difference; an edit of a task's field without a task means every task."""
    if (edit.pipeline, edit.field) != (difference.pipeline, difference.field):
        return False
    return edit.node == difference.node or (edit.node is None and edit.field not in ("added", "removed"))


def _oversize(change: Change, policy: ChangePolicy) -> Iterator[Weighed]:
    lines = sum(len(file.added) + len(file.removed) for file in change.files)
    for what, measured, most in (
        ("files", len(change.files), policy.max_files),
        ("lines", lines, policy.max_lines),
    ):
        if measured > most:
            yield weighed(
                "needs_approval",
                f"the change touches {measured} {what}; the policy trusts one review with {most}",
                "split the change, or have a person approve its size",
            )
