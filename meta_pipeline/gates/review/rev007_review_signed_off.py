"""REV007: somebody other than the author signed the review."""

from typing import ClassVar

from meta_pipeline.delivery.stages import StageId
from meta_pipeline.gates.case import Case
from meta_pipeline.gates.gate import Example, Gate, Opinion, Strength
from meta_pipeline.gates.signing import judge_signing, signing_examples


class ReviewSignedOff(Gate):
    """Enough people other than the author have signed this very review, as the policy asks.

    A sign-off is bound to the digest of what was shown: if anything in it changes, it counts no more. One
    rejection outweighs every approval until a new version is handed in.
    """

    id: ClassVar[str] = "REV007"
    name: ClassVar[str] = "review-signed-off"
    stage: ClassVar[StageId] = "review"
    subject: ClassVar[str] = "review_signoff"
    default: ClassVar[Strength] = "needs_approval"
    needs: ClassVar[tuple[str, ...]] = ("signing",)
    may_be_waived: ClassVar[bool] = False

    def judge(self, case: Case) -> Opinion:
        assert case.signing is not None
        return judge_signing(self, case.signing, self.stage)

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return signing_examples(cls.stage)
