"""ROL001: what is merged is what was reviewed."""

from typing import ClassVar

from meta_pipeline.delivery.stages import StageId
from meta_pipeline.gates.case import Case, Merging
from meta_pipeline.gates.gate import Example, Gate, Opinion
from meta_pipeline.gates.specimens import BASE_COMMIT, HEAD_COMMIT
from meta_pipeline.gates.weighing import weigh, weighed
from meta_pipeline.policy import Policy


class HeadUnchanged(Gate):
    """The commit to be merged is the reviewed one, and the default branch is still where it was reviewed on.

    Every check was made on that pair of commits. Once one of them moves, nobody has looked at what the
    merge would make, and the change must be validated again on the new base.
    """

    id: ClassVar[str] = "ROL001"
    name: ClassVar[str] = "head-unchanged"
    stage: ClassVar[StageId] = "rollout"
    subject: ClassVar[str] = "merge"
    needs: ClassVar[tuple[str, ...]] = ("merging",)
    may_be_waived: ClassVar[bool] = False

    def judge(self, case: Case) -> Opinion:
        assert case.merging is not None
        merging = case.merging
        found = []
        if merging.head != merging.reviewed_head:
            found.append(
                weighed(
                    "failed",
                    f"{merging.head[:12]} is to be merged, and {merging.reviewed_head[:12]} was reviewed",
                    "have the new commit validated and reviewed",
                )
            )
        if merging.tip != merging.reviewed_base:
            found.append(
                weighed(
                    "failed",
                    f"since the review the default branch moved: {merging.reviewed_base[:12]} to {merging.tip[:12]}",
                    "rebase the change on the new tip and validate it again",
                )
            )
        return weigh(self, found, f"{merging.head[:12]} is what was reviewed, on {merging.tip[:12]}")

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        later = "9" * 40
        return (
            Example("as reviewed", _case(HEAD_COMMIT, BASE_COMMIT), "passed", "is what was reviewed"),
            Example("nothing is merged", Case(Policy()), "not_applicable", "nothing is being merged"),
            Example("the default branch moved", _case(HEAD_COMMIT, later), "failed", "default branch moved"),
            Example("another commit", _case(later, BASE_COMMIT), "failed", "was reviewed"),
        )


def _case(head: str, tip: str) -> Case:
    return Case(
        Policy(), merging=Merging(reviewed_head=HEAD_COMMIT, reviewed_base=BASE_COMMIT, head=head, tip=tip)
    )
