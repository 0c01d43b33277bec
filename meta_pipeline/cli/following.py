"""The next command of a person, ready to paste."""

import shlex
from pathlib import Path

from meta_pipeline.delivery.ids import INBOX_SOURCE
from meta_pipeline.delivery.issue import Issue
from meta_pipeline.delivery.ledger import Messaged
from meta_pipeline.delivery.requirements import Requirements
from meta_pipeline.delivery.states import STATES
from meta_pipeline.desk import Delivery
from meta_pipeline.evidence.record import DeliveryRecord

_KEYS = ("id_ed25519", "id_ed25519_sk", "id_ecdsa", "id_rsa")


def signing_key() -> str | None:
    """The person's SSH key, by the name of its public half; no file is opened."""
    found = (name for name in _KEYS if (Path.home() / ".ssh" / f"{name}.pub").is_file())
    return next((f"~/.ssh/{name}" for name in found), None)


def deliver_again(delivery: Delivery) -> str:
    """The `deliver` command that carries this delivery on; where an issue outside the inbox lies is not kept."""
    issue = delivery.record.find("issue", Issue)
    path = f"PATH/{issue.path}" if issue else "FILE"
    if issue and delivery.id.source == INBOX_SOURCE:
        path = str(Path(delivery.target.repository, issue.path))
    return (
        f"meta-pipeline deliver --repo {shlex.quote(delivery.target.repository)} --issue {shlex.quote(path)}"
    )


def next_action(delivery: Delivery) -> str:
    """What a person does next, with what is missing for it."""
    standing = delivery.standing()
    text = delivery.record.next_action().replace("--key FILE", f"--key {signing_key() or 'FILE'}")
    if standing.state in ("awaiting_plan_signoff", "awaiting_review_signoff"):
        missing = delivery.signers(delivery.opened.policy_commit).missing
        if missing:
            return (
                f"nobody may sign yet: {missing} names no signer; commit a line such as "
                f"'you@example.com ssh-ed25519 AAAA...' there, then: {deliver_again(delivery)}; and after that, {text}"
            )
    if standing.state == "rolling_out" and standing.why:
        return standing.why
    if standing.state == "blocked":
        return _unblock(delivery, text)
    if standing.state in ("rejected", "failed"):
        return f"{text}; then: {deliver_again(delivery)}"
    if STATES[standing.state].job:
        return f"it goes on by itself where 'dagster dev' or 'make ui' runs; else: {deliver_again(delivery)}"
    return text


def newest_guidance(record: DeliveryRecord) -> str | None:
    """The page that says why the delivery stopped and what to do, the newest of its thread."""
    for entry in reversed(record.entries()):
        if isinstance(entry.event, Messaged) and entry.event.message == "guidance":
            return record.folder.path(f"thread/guidance-{entry.event.digest[7:15]}.md")
    return None


def _unblock(delivery: Delivery, text: str) -> str:
    requirements = delivery.record.find("requirements", Requirements)
    questions = requirements.open_questions if requirements else ()
    if questions:
        first = questions[0].id
        return (
            f"answer each question above, as: meta-pipeline answer {delivery.id} {first} 'YOUR ANSWER'; "
            f"then: {deliver_again(delivery)}"
        )
    guidance = newest_guidance(delivery.record)
    read = f"read {guidance}, which says what stopped it and how to mend it" if guidance else text
    request = delivery.request
    another = " --patch FILE" if request is not None and request.patch is not None else ""
    return f"{read}; then: {deliver_again(delivery)}{another}"
