"""What `topology --diff --json` prints; its schema is published in `docs/schemas/topology-diff.json`."""

from typing import Literal

from meta_pipeline.delivery.briefing.briefing import weight_of
from meta_pipeline.delivery.briefing.statement import Statement, Weight
from meta_pipeline.delivery.differences.difference import Difference, Kind, Level
from meta_pipeline.delivery.differences.wording import Value
from meta_pipeline.delivery.impact.impact import Impact
from meta_pipeline.delivery.impact.meaning import Meaning
from meta_pipeline.delivery.model import Frozen
from meta_pipeline.delivery.topology import SchedulerKind


class DifferenceDocument(Frozen):
    """One difference: `field` is what changed, or what happened to the whole thing; `*_before` are former names."""

    weight: Weight
    level: Level
    change: Kind
    scheduler: SchedulerKind | None
    root: str | None
    pipeline: str
    node: str | None
    pipeline_before: str | None
    node_before: str | None
    field: str
    item: str | None
    column: str | None
    before: Value
    after: Value
    path: str
    line: int | None
    sentence: str

    @classmethod
    def of(cls, difference: Difference) -> "DifferenceDocument":
        facts = difference.model_dump(exclude={"kind", "doubt"})
        return cls(**facts, weight=weight_of(difference), sentence=difference.sentence)


class StatementDocument(Frozen):
    """One sentence for people; it tells of `count` differences."""

    weight: Weight
    sentence: str
    pipelines: tuple[str, ...]
    path: str | None
    line: int | None
    count: int

    @classmethod
    def of(cls, statement: Statement) -> "StatementDocument":
        return cls(**statement.model_dump(exclude={"is_urgent", "matters"}))


class TopologyDiffDocument(Frozen):
    """How the pipelines of two commits differ, what on-call must know of it, and what lies downstream."""

    schema_version: Literal[1] = 1
    base: str
    head: str
    level: Literal["static", "full"]
    must_know: tuple[StatementDocument, ...]
    statements: tuple[StatementDocument, ...]
    differences: tuple[DifferenceDocument, ...]
    impact: Impact

    @classmethod
    def of(
        cls, commits: tuple[str, str], level: Literal["static", "full"], meaning: Meaning
    ) -> "TopologyDiffDocument":
        return cls(
            base=commits[0],
            head=commits[1],
            level=level,
            must_know=tuple(map(StatementDocument.of, meaning.briefing.must_know)),
            statements=tuple(map(StatementDocument.of, meaning.briefing.statements)),
            differences=tuple(map(DifferenceDocument.of, meaning.change.differences)),
            impact=meaning.impact,
        )
