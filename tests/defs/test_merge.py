"""Materializing `merge` alone: no gate can be stepped around, and what is done is done once."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from meta_pipeline.delivery.change_set import ChangeSet
from meta_pipeline.delivery.ledger import Concluded, Judging, Signed
from meta_pipeline.delivery.model import digest
from meta_pipeline.delivery.plan import Plan
from meta_pipeline.delivery.requirements import Requirements
from meta_pipeline.delivery.signoff import SignOff
from meta_pipeline.policy import INBOX
from tests.defs.workshop import Run, Workshop

pytestmark = pytest.mark.timeout(900)  # the first one builds the target's environment and proves the change

SIGNERS = ".meta-pipeline/allowed_signers"


def refused(workshop: Workshop, says: str) -> Run:
    """Materialize merge alone: it must fail for this reason, be marked as no crash, and change nothing."""
    refs, effects = workshop.refs, workshop.effects
    run = workshop.materialize("merge")
    assert not run.success
    assert says in run.why
    assert run.is_blocked
    assert run.made == []
    assert workshop.refs == refs
    assert workshop.effects == effects
    assert "merged" not in effects
    return run


def break_lint(workshop: Workshop) -> None:
    """Take the linter out of the target's environment, or rather out of a copy of the part that it needs."""
    environments = workshop.home.path / "environments"
    shared = environments.resolve()
    environments.unlink()
    for ready in shared.glob("*/.ready"):
        copied = environments / ready.parent.name
        shutil.copytree(ready.parent / "bin", copied / "bin", symlinks=True)
        shutil.copyfile(ready, copied / ".ready")
        (copied / "bin" / "ruff").unlink(missing_ok=True)


def subject_of(workshop: Workshop, stage: str) -> str:
    return next(
        entry.event.verdict.subject
        for entry in reversed(workshop.entries)
        if isinstance(entry.event, Concluded) and entry.event.verdict.stage == stage
    )


def test_without_any_sign_off(proved: Workshop) -> None:
    refused(proved, "0 of 1 sign-offs")


def test_with_nothing_made_before_it(workshop: Workshop) -> None:
    refused(workshop, "has not been made yet; materialize it first")


def test_after_a_plan_alone(planned: Workshop) -> None:
    planned.sign("design")
    refused(planned, "patched_code of sales/inbox-0001 has not been made yet")


def test_after_a_pass_and_a_failed_run_of_one_report(proved: Workshop) -> None:
    proved.sign("review")
    break_lint(proved)
    run = proved.materialize("lint_report")
    assert run.success, run.why
    assert not run.checks["VAL001"].passed
    refused(proved, "blocked by VAL001")
    # The old packet and sign-off are still in the store; none of them opens the way.
    assert proved.materialize("review_signoff").made == []

    verdict = proved.materialize("implementation_verdict")
    assert not verdict.success
    assert verdict.is_blocked
    refused(proved, "blocked by VAL001")
    assert proved.standing.state == "blocked"


def test_after_a_run_that_crashed_while_it_judged(proved: Workshop) -> None:
    proved.sign("review")
    for stage, gate in (("implementation", "VAL002"), ("review", "REV002")):
        begun = Judging.model_validate(
            {"stage": stage, "subject": subject_of(proved, stage), "gates": (gate,)}
        )
        proved.delivery.record.append(begun)
        refused(proved, "began and has not ended")


def test_after_the_base_moved(proved: Workshop) -> None:
    proved.sign("review")
    proved.target.push({"docs/news.md": "news\n"}, "News")
    run = refused(proved, "ROL001")
    assert not run.checks["ROL001"].passed
    assert "findings" in run.checks["ROL001"].metadata


def test_after_the_signer_left(proved: Workshop) -> None:
    proved.sign("review")
    proved.target.push({SIGNERS: "# nobody\n"}, "Our approver left")
    refused(proved, "approver@example.com no longer holds")


def edit_issue(workshop: Workshop, old: str, new: str) -> None:
    path = next(Path(workshop.target.checkout.working_dir, INBOX).glob("0001-*.md"))
    text = path.read_text()
    assert old in text
    workshop.target.push({f"{INBOX}/{path.name}": text.replace(old, new)}, "Ask for more")


def test_after_the_issue_was_edited_and_read_again(proved: Workshop) -> None:
    proved.sign("review")
    edit_issue(proved, "at least 3", "at least 4")
    run = proved.materialize("issue", "repo_context", "requirements")
    assert run.success, run.why
    refused(proved, "The requirements changed")


def other_plan(workshop: Workshop) -> None:
    plan = workshop.delivery.record.load("plan", Plan)
    workshop.delivery.record.save("plan", plan.model_copy(update={"summary": "another plan"}))


def other_requirements(workshop: Workshop) -> None:
    made = workshop.delivery.record.load("requirements", Requirements)
    workshop.delivery.record.save("requirements", made.model_copy(update={"criteria": ()}))


@pytest.mark.parametrize("forge, says", [(other_plan, "The plan"), (other_requirements, "The requirements")])
def test_with_an_artifact_that_nobody_judged(
    proved: Workshop, forge: Callable[[Workshop], None], says: str
) -> None:
    proved.sign("review")
    forge(proved)
    refused(proved, f"{says} changed")


def test_while_all_is_held(proved: Workshop) -> None:
    proved.sign("review")
    proved.home.hold("release freeze")
    refused(proved, "All deliveries are held: release freeze")
    proved.home.release()
    assert proved.materialize("merge").success


def test_with_a_sign_off_of_something_else(proved: Workshop) -> None:
    design = next(e.event.signoff for e in proved.entries if isinstance(e.event, Signed))
    verdict = proved.standing.verdict
    assert verdict is not None
    replayed: list[dict[str, str]] = [
        {"stage": "review"},
        {"stage": "review", "digest": digest("another verdict")},
        {"digest": verdict.digest},
    ]
    for change in replayed:
        proved.delivery.record.append(Signed(signoff=SignOff.model_validate(design.model_dump() | change)))
        refused(proved, "0 of 1 sign-offs")
    forged = design.model_dump() | {"stage": "review", "digest": verdict.digest}
    proved.delivery.record.append(Signed(signoff=SignOff.model_validate(forged)))
    refused(proved, "does not fit what is to be signed")


def test_after_a_rejection(proved: Workshop) -> None:
    proved.sign("review", "rejected", "name the runbook")
    refused(proved, "was rejected by approver@example.com")
    assert proved.standing.state == "rejected"


def test_a_signed_change_is_merged_once(proved: Workshop) -> None:
    proved.sign("review")
    before = proved.refs
    head = proved.delivery.record.load("patched_code", ChangeSet).head
    assert before["refs/heads/meta-pipeline/inbox-0001"] == head, "whoever signs can look at it"
    run = proved.run("roll_out_delivery")
    assert run.success, run.why
    assert run.made == ["review_signoff", "merge", "rollout_notes"]
    assert proved.refs == before | {
        "refs/heads/main": head,
        "refs/heads/meta-pipeline/inbox-0001": head,
    }
    assert proved.effects.count("merged") == 1
    assert proved.standing.state == "delivered"
    summary = Path(proved.delivery.record.folder.path("summary.md")).read_text()
    assert 500 <= len(summary.split()) <= 1000

    refs, effects = proved.refs, proved.effects
    for again in (proved.materialize("merge"), proved.run("roll_out_delivery")):
        assert again.success, again.why
    assert (proved.refs, proved.effects) == (refs, effects)
    assert len(list(Path(proved.delivery.record.folder.path("thread")).glob("summary-*.md"))) == 1
    assert proved.standing.state == "delivered"
