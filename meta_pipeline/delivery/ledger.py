"""The append-only, hash-chained record of a delivery: its events, and how the chain is verified."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal, Self

from pydantic import Field, PrivateAttr

from meta_pipeline.delivery.change_set import Author
from meta_pipeline.delivery.evidence import EndedBy, Side
from meta_pipeline.delivery.ids import INBOX_SOURCE
from meta_pipeline.delivery.judgement import GateResult, Verdict
from meta_pipeline.delivery.model import Frozen, digest
from meta_pipeline.delivery.requirements import Answer
from meta_pipeline.delivery.signoff import SignOff
from meta_pipeline.delivery.stages import StageId


class Opened(Frozen):
    """A revision of the delivery begins: `issue` is the digest of the issue as it stands.

    `policy` is the digest of the policy pinned for this revision, `policy_commit` the commit it was read
    from, `signers` the digest of its allowed-signers file (None where there is none); `patch` is the
    digest of a human's patch.
    """

    kind: Literal["opened"] = "opened"
    revision: int
    issue: str
    policy: str
    policy_commit: str
    signers: str | None = None
    author: Author
    patch: str | None = None


class Recorded(Frozen):
    """An artifact was made. It names the digests of its own inputs."""

    kind: Literal["recorded"] = "recorded"
    artifact: str
    digest: str


class Ran(Frozen):
    """A command of the target's ended; its record is the evidence `chunk_id`. `reused` ones ran for an equal base."""

    kind: Literal["ran"] = "ran"
    command: str
    side: Side
    exit: int | None
    ended_by: EndedBy | None
    seconds: float
    chunk_id: str
    reused: bool


class Judging(Frozen):
    """The judgement of these gates on this subject begins: until `judged` follows, none of them holds."""

    kind: Literal["judging"] = "judging"
    stage: StageId
    subject: str
    gates: tuple[str, ...]


class Judged(Frozen):
    kind: Literal["judged"] = "judged"
    stage: StageId
    subject: str
    results: tuple[GateResult, ...]


class Concluded(Frozen):
    """The verdict over a stage border, how many people must sign it (0: none), and the change it is about."""

    kind: Literal["concluded"] = "concluded"
    verdict: Verdict
    signatures: int = 0
    change_set: str | None = None


class Answered(Frozen):
    kind: Literal["answered"] = "answered"
    answer: Answer


class Signed(Frozen):
    kind: Literal["signed"] = "signed"
    signoff: SignOff


class Carried(Frozen):
    """The sign-offs on the verdict `former` hold for the verdict `digest` too: only the base moved under the change."""

    kind: Literal["carried"] = "carried"
    stage: StageId
    former: str
    digest: str


class Messaged(Frozen):
    """A message of ours was added to the delivery's thread."""

    kind: Literal["messaged"] = "messaged"
    message: Literal["alignment", "update", "summary", "guidance"]
    digest: str


class Effect(Frozen):
    """A side effect on the world, made once for `key`."""

    kind: Literal["effect"] = "effect"
    key: str
    what: Literal["branch_published", "merged", "merge_awaited"]
    detail: str


Moment = Literal["planned", "validated", "blocked", "rejected", "withdrawn", "merged"]


class Traced(Frozen):
    """What the delivery touches was told, on the pages of these things in Dagster, of one moment of it.

    `subject` is the digest of what was decided, so that the same decision is told once; `keys` are asset keys.
    """

    kind: Literal["traced"] = "traced"
    moment: Moment
    subject: str
    keys: tuple[tuple[str, ...], ...]


class Faulted(Frozen):
    """The machinery failed, not the change."""

    kind: Literal["faulted"] = "faulted"
    run: str
    message: str


class Withdrawn(Frozen):
    kind: Literal["withdrawn"] = "withdrawn"
    by: str
    reason: str


class Delivered(Frozen):
    kind: Literal["delivered"] = "delivered"
    commit: str


Event = Annotated[
    Opened
    | Recorded
    | Ran
    | Judging
    | Judged
    | Concluded
    | Answered
    | Signed
    | Carried
    | Messaged
    | Effect
    | Traced
    | Faulted
    | Withdrawn
    | Delivered,
    Field(discriminator="kind"),
]

GENESIS = "sha256:" + "0" * 64


class Entry(Frozen):
    """One link of the chain: `previous` is the digest of the entry before, `at` is UTC in ISO 8601."""

    number: int
    at: str
    previous: str
    event: Event
    _stored: str | None = PrivateAttr(default=None)

    @classmethod
    def stored(cls, document: Any) -> Self:
        """The entry that a parsed ledger file holds; raises `ValueError` where it is none.

        Its digest is that of the file's content: a field that a later version adds breaks no old chain.
        """
        entry = cls.model_validate(document)
        entry._stored = digest(document)  # noqa: SLF001  it is this class's own
        return entry

    @property
    def digest(self) -> str:
        return self._stored or digest(self)


class BrokenChainError(ValueError):
    """The ledger was altered; the text names the first entry that does not follow from the one before."""


def verify_chain(entries: Sequence[Entry]) -> None:
    """Raise `BrokenChainError` unless every entry follows from the one before."""
    previous = GENESIS
    for number, entry in enumerate(entries, start=1):
        if entry.number != number or entry.previous != previous:
            raise BrokenChainError(
                f"ledger entry {number} does not follow from the one before it: the record was altered; "
                "restore the delivery's ledger folder from a copy."
            )
        previous = entry.digest


def latest_results(entries: Sequence[Entry], stage: StageId, subject: str) -> dict[str, GateResult | None]:
    """The newest result of each gate on exactly this subject; None for a judgement that began and never ended."""
    results: dict[str, GateResult | None] = {}
    for entry in entries:
        event = entry.event
        if isinstance(event, Judging) and (event.stage, event.subject) == (stage, subject):
            results.update(dict.fromkeys(event.gates))
        elif isinstance(event, Judged) and (event.stage, event.subject) == (stage, subject):
            results.update({result.id: result for result in event.results})
    return results


def latest_verdict(entries: Sequence[Entry], stage: StageId, subject: str) -> Verdict | None:
    """The newest verdict on exactly this subject."""
    for entry in reversed(entries):
        event = entry.event
        if isinstance(event, Concluded) and (event.verdict.stage, event.verdict.subject) == (stage, subject):
            return event.verdict
    return None


def signoffs_on(entries: Sequence[Entry], stage: StageId, signed_digest: str) -> tuple[SignOff, ...]:
    """Each signer's newest decision on this digest, or on one that it was carried over from."""
    covered = {signed_digest}
    for entry in reversed(entries):
        if isinstance(entry.event, Carried) and entry.event.stage == stage and entry.event.digest in covered:
            covered.add(entry.event.former)
    newest: dict[str, SignOff] = {}
    for entry in entries:
        event = entry.event
        if isinstance(event, Signed) and event.signoff.stage == stage and event.signoff.digest in covered:
            newest[event.signoff.signer] = event.signoff
    return tuple(newest.values())


def approved_before(entries: Sequence[Entry], stage: StageId) -> Concluded | None:
    """The newest concluded verdict of a stage that somebody approved."""
    for entry in reversed(entries):
        event = entry.event
        if isinstance(event, Concluded) and event.verdict.stage == stage:
            signoffs = signoffs_on(entries, stage, event.verdict.digest)
            if any(signoff.decision == "approved" for signoff in signoffs):
                return event
    return None


def answers_in(entries: Sequence[Entry]) -> tuple[Answer, ...]:
    """The newest answer to each question, in the order the questions were first answered.

    An edited issue asks anew: its questions may have the same ids and other meanings.
    """
    newest: dict[str, Answer] = {}
    issue: str | None = None
    for entry in entries:
        match entry.event:
            case Opened(issue=opened) if opened != issue:
                issue = opened
                newest.clear()
            case Answered(answer=answer):
                newest[answer.question] = answer
    return tuple(newest.values())


def opening(entries: Sequence[Entry]) -> Opened | None:
    """The newest revision's opening; None for a delivery that nobody opened."""
    return next((entry.event for entry in reversed(entries) if isinstance(entry.event, Opened)), None)


def closed_by_issue(entries: Sequence[Entry]) -> bool:
    """Whether the delivery ended as its issue was closed, and nothing opened it again."""
    for entry in reversed(entries):
        if isinstance(entry.event, Opened):
            return False
        if isinstance(entry.event, Withdrawn):
            return entry.event.by == INBOX_SOURCE
    return False


def effect(entries: Sequence[Entry], key: str) -> Effect | None:
    """The side effect that was made for this key, if it was."""
    for entry in entries:
        if isinstance(entry.event, Effect) and entry.event.key == key:
            return entry.event
    return None


def is_traced(entries: Sequence[Entry], moment: Moment, subject: str) -> bool:
    """Whether this moment was told of already."""
    return any(
        isinstance(entry.event, Traced) and (entry.event.moment, entry.event.subject) == (moment, subject)
        for entry in entries
    )
