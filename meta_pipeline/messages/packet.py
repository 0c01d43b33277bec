"""The review packet and the final summary: one account of a change, told before and after the merge."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property

from meta_pipeline.delivery.change import Change
from meta_pipeline.delivery.change_set import ChangeSet
from meta_pipeline.delivery.evidence import CommandRecord
from meta_pipeline.delivery.ids import DeliveryId
from meta_pipeline.delivery.impact.meaning import Meaning
from meta_pipeline.delivery.judgement import Finding, GateResult, Verdict
from meta_pipeline.delivery.ledger import Concluded, Entry, Signed
from meta_pipeline.delivery.model import digest
from meta_pipeline.delivery.packet import MOST_WORDS, Merged, words_of
from meta_pipeline.delivery.plan import Metric, Plan
from meta_pipeline.delivery.reports import ReportKind, ValidationReport
from meta_pipeline.delivery.requirements import Requirements
from meta_pipeline.delivery.rollback import RollbackPlan
from meta_pipeline.delivery.signoff import SignOff
from meta_pipeline.delivery.stages import ABSENT_IN_ROLLOUT, STAGES, StageId
from meta_pipeline.gates.discovery.measuring import Measured, measured
from meta_pipeline.messages.outlook import Row, downstream, to_test_again
from meta_pipeline.messages.picture import picture_file
from meta_pipeline.messages.render import render
from meta_pipeline.policy import Policy


@dataclass(frozen=True, slots=True)
class Size:
    """How much of an account is told: items of a list, and words of a text of others."""

    items: int
    words: int


WHOLE = Size(10_000, 10_000)
_SMALLER = (WHOLE, Size(12, 60), Size(8, 30), Size(5, 16), Size(3, 12), Size(2, 8), Size(1, 6))


@dataclass(frozen=True)
class Account:
    """All that the packet and the summary tell of."""

    delivery: DeliveryId
    policy: Policy
    requirements: Requirements
    plan: Plan
    change_set: ChangeSet
    change: Change
    reports: Mapping[ReportKind, ValidationReport]
    rollback: RollbackPlan
    entries: Sequence[Entry]

    @cached_property
    def meaning(self) -> Meaning:
        """What the change means for whoever is on call, and downstream; missed runs count until the delivery began."""
        began = datetime.fromisoformat(self.entries[0].at) if self.entries else datetime.now(UTC)
        return Meaning(self.change, began, self.policy.data_quality.looks_at)

    @cached_property
    def files(self) -> frozenset[str]:
        """All files of base and head; an issue that was handed in by its path is none of them."""
        return frozenset((*self.change.base.entries(), *self.change.head.entries()))

    @property
    def outlook(self) -> tuple[Row, ...]:
        """What lies downstream of the change."""
        return downstream(self.meaning.impact)

    @property
    def picture(self) -> str | None:
        """The file beside the dossier that shows the changed part; None where no node is touched."""
        return picture_file(digest(self.change_set)) if self.meaning.excerpt.boxes else None

    @property
    def again(self) -> tuple[str, ...]:
        """What to test again because of the change."""
        return to_test_again(self.meaning.impact.again)

    @property
    def measurements(self) -> tuple[Measured, ...]:
        """The measured value of every criterion."""
        return tuple(
            measured(criterion, self.reports, self.change, self.policy.contracts)
            for criterion in self.requirements.criteria
        )

    @property
    def ran_at_head(self) -> tuple[tuple[str, CommandRecord], ...]:
        """Each command that ran on the change, once, after what it served: `lint`, or `parse, dry run`."""
        served: dict[CommandRecord, list[str]] = {}
        for report in self.reports.values():
            for record in report.head.records:
                served.setdefault(record, []).append(report.kind.replace("_", " "))
        return tuple((", ".join(kinds), record) for record, kinds in served.items())

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """What to watch after the change, each once."""
        return tuple(dict.fromkeys(metric for step in self.plan.steps for metric in step.metrics))

    @property
    def signoffs(self) -> tuple[SignOff, ...]:
        return tuple(entry.event.signoff for entry in self.entries if isinstance(entry.event, Signed))

    def verdict(self, stage: StageId) -> Verdict | None:
        """The newest verdict of a stage."""
        for entry in reversed(self.entries):
            if isinstance(entry.event, Concluded) and entry.event.verdict.stage == stage:
                return entry.event.verdict
        return None

    @property
    def noted(self) -> tuple[GateResult, ...]:
        """The gates that warned or want a human's eye, over all stages judged so far."""
        stages: tuple[StageId, ...] = ("discovery", "design", "implementation", "review")
        verdicts = [verdict for stage in stages if (verdict := self.verdict(stage))]
        return tuple(r for v in verdicts for r in v.results if r.outcome in ("warned", "needs_approval"))

    @property
    def waived(self) -> tuple[tuple[str, Finding], ...]:
        """The gates' ids and findings that somebody took upon themselves, over all stages judged so far."""
        return tuple(waived for stage in STAGES if (v := self.verdict(stage)) for waived in v.waived)

    @property
    def passed(self) -> int:
        """How many gates passed at discovery, design and implementation."""
        stages: tuple[StageId, ...] = ("discovery", "design", "implementation")
        verdicts = [verdict for stage in stages if (verdict := self.verdict(stage))]
        return sum(result.outcome == "passed" for verdict in verdicts for result in verdict.results)


def chunks_to_cite(reports: Mapping[ReportKind, ValidationReport], rollback: RollbackPlan) -> frozenset[str]:
    """The evidence that a packet must cite: every command at head, and every command of the rehearsal."""
    records = [record for report in reports.values() for record in report.head.records]
    rehearsed = rollback.rehearsal.records if rollback.rehearsal else ()
    return frozenset(record.chunk_id for record in (*records, *rehearsed))


def review_packet_text(account: Account, implementation: Verdict) -> str:
    """What a reviewer reads before signing: a page, as `summary_text` is one after the merge."""
    return _page(account, implementation, None)


def summary_text(account: Account, merged: Merged) -> str:
    """The final summary: changes, tests, rollout steps and rollback, restated after the merge."""
    return _page(account, account.verdict("implementation"), merged)


def _page(account: Account, implementation: Verdict | None, merged: Merged | None) -> str:
    """Of a large change so much is told that it stays within the most words; every file is cited all the same."""
    text = ""
    for text in (_told(account, implementation, merged, size) for size in _SMALLER):
        if words_of(text) <= MOST_WORDS:
            break
    return text


def _told(account: Account, implementation: Verdict | None, merged: Merged | None, size: Size) -> str:
    return render(
        "account",
        a=account,
        implementation=implementation,
        merged=merged,
        absent=ABSENT_IN_ROLLOUT,
        size=size,
    )
