"""DSN006: a person signed the plan."""

from typing import ClassVar

from meta_pipeline.delivery.stages import StageId
from meta_pipeline.gates.case import Case
from meta_pipeline.gates.gate import Example, Gate, Opinion, Strength
from meta_pipeline.gates.signing import judge_signing, signing_examples


class PlanSignedOff(Gate):
    """Enough people have signed this very plan, as the policy asks, before any code is written.

    It is cheap to change a plan and dear to change what was built on it. A sign-off is bound to the plan's
    digest, so a changed plan is signed anew; the author's own does not count.
    """

    id: ClassVar[str] = "DSN006"
    name: ClassVar[str] = "plan-signed-off"
    stage: ClassVar[StageId] = "design"
    subject: ClassVar[str] = "plan_signoff"
    default: ClassVar[Strength] = "needs_approval"
    needs: ClassVar[tuple[str, ...]] = ("signing",)
    may_be_waived: ClassVar[bool] = False

    def judge(self, case: Case) -> Opinion:
        assert case.signing is not None
        return judge_signing(self, case.signing, self.stage)

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return signing_examples(cls.stage)
