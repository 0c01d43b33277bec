"""What the two gates on sign-offs have in common: enough people, none of them the author, on this very digest."""

from meta_pipeline.delivery.judgement import Finding
from meta_pipeline.delivery.model import chunk_id
from meta_pipeline.delivery.signoff import SignOff, is_same_person
from meta_pipeline.delivery.stages import StageId
from meta_pipeline.gates.case import Case, Signing
from meta_pipeline.gates.gate import Example, Gate, Opinion
from meta_pipeline.gates.specimens import AUTHOR, SIGNER, sign_off
from meta_pipeline.policy import Policy


def judge_signing(gate: Gate, signing: Signing, stage: StageId) -> Opinion:
    """Rejected by one is rejected; approved by enough is approved; anything else waits for a person."""
    here = [s for s in signing.signed if s.stage == stage and s.digest == signing.digest]
    rejections = [s for s in here if s.decision == "rejected"]
    if rejections:
        findings = [
            Finding(
                path=None,
                line=None,
                message=f"{s.signer} rejects it: {s.reason or 'no reason given'}",
                fix="take the reason up, and hand in a new version",
            )
            for s in rejections
        ]
        return gate.found(findings[0].message, findings, outcome="failed")
    approvers = sorted(
        {
            s.signer.casefold()
            for s in here
            if s.decision == "approved" and not is_same_person(s.signer, signing.author)
        }
    )
    if len(approvers) >= signing.needed:
        return gate.passed(
            f"signed off by {', '.join(approvers)}" if approvers else "the policy asks for no sign-off"
        )
    ignored = _ignored(signing, stage)
    message = (
        f"waiting: {len(approvers)} of {signing.needed} sign-offs on {chunk_id(signing.digest)}{ignored}"
    )
    fix = f"run 'meta-pipeline approve <delivery> {stage} --key FILE' as somebody else than the author"
    finding = Finding(path=None, line=None, message=message, fix=fix)
    return gate.found(message, [finding], outcome="needs_approval")


def _ignored(signing: Signing, stage: StageId) -> str:
    """Why a sign-off that is there does not count."""
    of_stage = [s for s in signing.signed if s.stage == stage]
    if any(s.digest == signing.digest and is_same_person(s.signer, signing.author) for s in of_stage):
        return "; the author's own does not count"
    if any(s.digest != signing.digest for s in of_stage):
        return "; one on an earlier version does not count"
    return ""


def signing_examples(stage: StageId) -> tuple[Example, ...]:
    """The cases that both gates share."""
    this, earlier = f"sha256:{'1' * 64}", f"sha256:{'2' * 64}"
    approved = sign_off(this, stage=stage)
    second = sign_off(this, stage=stage, signer="lead@example.com")
    rejected = sign_off(this, stage=stage, decision="rejected", reason="split it in two")

    def case(*signed: SignOff, needed: int = 1) -> Case:
        return Case(Policy(), signing=Signing(digest=this, needed=needed, signed=signed, author=AUTHOR))

    return (
        Example("signed by a reviewer", case(approved), "passed", SIGNER),
        Example(
            "signed by two where two are asked for",
            case(approved, second, needed=2),
            "passed",
            "lead@example.com",
        ),
        Example("not signed", case(), "needs_approval", "0 of 1"),
        Example("signed twice by one person", case(approved, approved, needed=2), "needs_approval", "1 of 2"),
        Example(
            "signed by the author",
            case(sign_off(this, stage=stage, signer=AUTHOR)),
            "needs_approval",
            "author's own",
        ),
        Example(
            "signed by the author, written in another way",
            case(sign_off(this, stage=stage, signer=f"The Author <{AUTHOR.upper()}>")),
            "needs_approval",
            "author's own",
        ),
        Example(
            "signed before it changed",
            case(sign_off(earlier, stage=stage)),
            "needs_approval",
            "earlier version",
        ),
        Example("rejected", case(approved, rejected), "failed", "split it in two"),
    )
