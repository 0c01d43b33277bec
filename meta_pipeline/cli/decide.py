"""What a person decides: approve, reject, answer, withdraw, hold."""

import getpass
from pathlib import Path
from typing import Literal

from meta_pipeline.cli.documents import DoneDocument
from meta_pipeline.cli.errors import UsageError
from meta_pipeline.cli.following import next_action
from meta_pipeline.cli.output import STDOUT, print_document, shown
from meta_pipeline.cli.targets import existing
from meta_pipeline.delivery.ledger import Answered, Signed, Withdrawn
from meta_pipeline.delivery.requirements import Answer, Requirements
from meta_pipeline.delivery.signoff import SignOff, is_same_person, statement
from meta_pipeline.delivery.states import AWAITING, STATES
from meta_pipeline.desk import Delivery
from meta_pipeline.evidence.signals import Signals
from meta_pipeline.evidence.signing import sign as make_signature
from meta_pipeline.settings import Home


def sign(
    home: Home,
    delivery_text: str,
    stage: Literal["design", "review"],
    key: Path,
    decision: Literal["approved", "rejected"],
    reason: str | None,
    *,
    as_json: bool,
) -> None:
    """Sign the verdict that waits, check the signature as the gate will, and write it into the ledger."""
    delivery = existing(home, delivery_text)
    standing = delivery.standing()
    verdict = standing.verdict
    if standing.state != AWAITING[stage] or verdict is None:
        raise UsageError(
            f"{delivery.id} does not wait for a sign-off of its {stage} stage: it is "
            f"{standing.state.replace('_', ' ')} at {standing.stage}; see: meta-pipeline status {delivery.id}"
        )
    said = statement(delivery.id, stage, verdict.digest, decision, reason)
    signature = make_signature(said, key)
    signer = delivery.signers(delivery.opened.policy_commit).verify(said, signature)
    if is_same_person(signer, delivery.opened.author.identity):
        raise UsageError(
            f"{signer} wrote this change and cannot sign it; ask another person of the allowed signers."
        )
    signoff = SignOff(
        delivery=str(delivery.id),
        stage=stage,
        digest=verdict.digest,
        decision=decision,
        signer=signer,
        signature=signature,
        reason=reason,
    )
    entry = delivery.record.append(Signed(signoff=signoff))[0]
    Signals.of(str(home.path), delivery.id.target).give(delivery.id, entry.digest)
    _done(
        delivery,
        f"{signer} {decision} the {stage} stage of {delivery.id} ({verdict.digest[:19]})",
        as_json=as_json,
    )


def answer(home: Home, delivery_text: str, question: str, text: str, *, as_json: bool) -> None:
    """Record an answer to an open question."""
    delivery = existing(home, delivery_text)
    requirements = delivery.record.find("requirements", Requirements)
    questions = {q.id: q for q in requirements.questions} if requirements else {}
    if question not in questions:
        known = ", ".join(questions) or "none"
        raise UsageError(
            f"{delivery.id} has no question '{question}'; its questions are: {known}. "
            f"See: meta-pipeline status {delivery.id}"
        )
    if not text.strip():
        raise UsageError(f"the answer to {question} is empty; say what the question asks for.")
    by = getpass.getuser()
    entry = delivery.record.append(Answered(answer=Answer(question=question, text=text.strip(), by=by)))[0]
    Signals.of(str(home.path), delivery.id.target).give(delivery.id, entry.digest)
    _done(delivery, f"{question} of {delivery.id} is answered", as_json=as_json)


def withdraw(home: Home, delivery_text: str, reason: str, *, as_json: bool) -> None:
    """End a delivery that is not ended."""
    delivery = existing(home, delivery_text)
    state = delivery.standing().state
    if STATES[state].final:
        raise UsageError(f"{delivery.id} is {state} already; there is nothing to withdraw.")
    entry = delivery.record.append(Withdrawn(by=getpass.getuser(), reason=reason))[0]
    Signals.of(str(home.path), delivery.id.target).give(delivery.id, entry.digest)
    _done(delivery, f"{delivery.id} is withdrawn", as_json=as_json)


def hold(home: Home, *, release: bool, reason: str, as_json: bool) -> None:
    """Hold everything, or let it go on."""
    if release:
        home.release()
        done, following = "nothing is held; deliveries go on", "meta-pipeline status"
    else:
        home.hold(f"{reason} ({getpass.getuser()})")
        done = f"all deliveries, of all targets, are held: {reason}"
        following = "meta-pipeline hold --release"
    if as_json:
        print_document(DoneDocument(delivery=None, done=done, next_action=following))
    else:
        STDOUT.print(f"{shown(done)}. Next: {following}")


def _done(delivery: Delivery, done: str, *, as_json: bool) -> None:
    following = next_action(delivery)
    if as_json:
        print_document(DoneDocument(delivery=str(delivery.id), done=done, next_action=following))
    else:
        STDOUT.print(f"{shown(done)}. Next: {shown(following)}", highlight=False)
