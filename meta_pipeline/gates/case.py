"""All that a gate may look at. A gate whose part is missing does not apply."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from meta_pipeline.delivery.change import Change
from meta_pipeline.delivery.change_set import ChangeSet
from meta_pipeline.delivery.context import DependencyAudit, RepoContext
from meta_pipeline.delivery.neighbours import Neighbours
from meta_pipeline.delivery.plan import Plan
from meta_pipeline.delivery.reports import ReportKind, ValidationReport
from meta_pipeline.delivery.requirements import Requirements
from meta_pipeline.delivery.rollback import RollbackPlan
from meta_pipeline.delivery.signoff import SignOff
from meta_pipeline.delivery.waiver import Waivers
from meta_pipeline.policy import Policy


@dataclass(frozen=True)
class Signing:
    """The sign-offs on one digest, and how many the policy asks for."""

    digest: str
    needed: int
    signed: tuple[SignOff, ...]
    author: str


@dataclass(frozen=True)
class Packet:
    """A review packet as text, with every chunk id that the delivery's evidence store holds."""

    markdown: str
    known_chunks: frozenset[str]
    must_cite_chunks: frozenset[str]


@dataclass(frozen=True)
class Merging:
    """The moment before a merge: what was reviewed and what the default branch holds now."""

    reviewed_head: str
    reviewed_base: str
    head: str
    tip: str


@dataclass(frozen=True)
class Case:
    """One delivery, or one plain comparison of two commits, as the gates see it.

    `waivers` are those of the base commit; `authors` wrote the change, and cannot waive what is found in it.
    `neighbours` are what the other gates said of the change with known faults in it.
    """

    policy: Policy
    change: Change | None = None
    change_set: ChangeSet | None = None
    context: RepoContext | None = None
    requirements: Requirements | None = None
    audit: DependencyAudit | None = None
    plan: Plan | None = None
    reports: Mapping[ReportKind, ValidationReport] = field(default_factory=dict)
    rollback: RollbackPlan | None = None
    packet: Packet | None = None
    waivers: Waivers = field(default_factory=Waivers)
    authors: tuple[str, ...] = ()
    neighbours: Neighbours | None = None
    signing: Signing | None = None
    merging: Merging | None = None
