"""REV003: the way back was tried."""

from collections.abc import Iterator
from typing import ClassVar

from meta_pipeline.delivery.rollback import Rehearsal, RollbackPlan
from meta_pipeline.delivery.stages import StageId
from meta_pipeline.gates.case import Case
from meta_pipeline.gates.gate import Example, Gate, Opinion
from meta_pipeline.gates.specimens import rehearsal, rollback
from meta_pipeline.gates.weighing import Weighed, weigh, weighed
from meta_pipeline.policy import CommandsPolicy, Policy

_SHORT_COMMIT = 7


class RollbackRehearsed(Gate):
    """The printed rollback commands ran as they stand, on the merged state with a later commit on top.

    Afterwards tree, topology and tests were as if the change had never been. A way back that nobody tried
    is found broken on the night when it is needed.
    """

    id: ClassVar[str] = "REV003"
    name: ClassVar[str] = "rollback-rehearsed"
    stage: ClassVar[StageId] = "review"
    subject: ClassVar[str] = "review_verdict"
    needs: ClassVar[tuple[str, ...]] = ("rollback",)

    def judge(self, case: Case) -> Opinion:
        assert case.rollback is not None
        rehearsed = case.rollback.rehearsal
        if rehearsed is None:
            return self.could_not_run("the rollback commands were not rehearsed")
        evidence = [record.chunk_id for record in rehearsed.records]
        found = [*_differences(rehearsed), *_unnamed_commits(case.rollback)]
        if not found and rehearsed.tests_pass is None and case.policy.commands.unit_tests is not None:
            return self.could_not_run("the tests were not run after the rollback", evidence=evidence)
        return weigh(self, found, "after the commands everything is as without the change", evidence=evidence)

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        tested = Policy(commands=CommandsPolicy(unit_tests="make test"))
        untested = rollback(rehearsal=rehearsal(tests_pass=None))
        conflict = rehearsal(
            tree_equal=False, reverted_tree=None, problems=("git revert: conflict in dags/sales_daily.py",)
        )
        return (
            Example(
                "everything as before", Case(tested, rollback=rollback()), "passed", "as without the change"
            ),
            Example("a target without tests", Case(Policy(), rollback=untested), "passed"),
            Example(
                "a conflict",
                Case(Policy(), rollback=rollback(rehearsal=conflict)),
                "failed",
                "conflict in dags",
            ),
            Example(
                "the tests fail afterwards",
                Case(tested, rollback=rollback(rehearsal=rehearsal(tests_pass=False))),
                "failed",
                "the tests fail",
            ),
            Example(
                "the commands undo another commit",
                Case(Policy(), rollback=rollback(commands=("git revert HEAD",))),
                "failed",
                "no command names",
            ),
            Example(
                "not rehearsed",
                Case(Policy(), rollback=rollback(rehearsal=None)),
                "could_not_run",
                "not rehearsed",
            ),
            Example("the tests were left out", Case(tested, rollback=untested), "could_not_run", "not run"),
        )


def _differences(rehearsed: Rehearsal) -> Iterator[Weighed]:
    said = f": {'; '.join(rehearsed.problems)}" if rehearsed.problems else ""
    fix = "mend the commands, or make the change so that it can be reverted"
    if not rehearsed.tree_equal:
        yield weighed(
            "failed", f"after the commands the files differ from a state without the change{said}", fix
        )
    if not rehearsed.topology_equal:
        yield weighed(
            "failed", f"after the commands the pipelines differ from those without the change{said}", fix
        )
    if rehearsed.tests_pass is False:
        yield weighed("failed", f"after the commands the tests fail{said}", fix)


def _unnamed_commits(plan: RollbackPlan) -> Iterator[Weighed]:
    words = " ".join(plan.commands).split()
    for commit in plan.commits:
        # A range such as `a..b` or `a^` names its commits too.
        if not any(commit[:_SHORT_COMMIT] in word for word in words):
            yield weighed(
                "failed",
                f"no command names the commit {commit[:12]} that is to be undone",
                "name it in git revert",
            )
    if not plan.commits:
        yield weighed("failed", "the rollback plan names no commit to undo", "name the commits of the change")
