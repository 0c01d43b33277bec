"""What one change means: in sentences, downstream, and as the excerpt that is drawn."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from meta_pipeline.delivery.briefing.briefing import Briefing, briefing
from meta_pipeline.delivery.change import Change
from meta_pipeline.delivery.impact.edited import edited_nodes
from meta_pipeline.delivery.impact.excerpt import Excerpt, excerpt_of
from meta_pipeline.delivery.impact.impact import Impact, Sides, impact_of


@dataclass(frozen=True)
class Meaning:
    """A change with what follows from it.

    Missed runs are counted until `at`. `checkpoints` names for each checkpoint the pipelines whose data it looks at.
    """

    change: Change
    at: datetime
    checkpoints: Mapping[str, Iterable[str]]

    @cached_property
    def briefing(self) -> Briefing:
        change = self.change
        return briefing(change.base_topologies, change.head_topologies, change.differences, self.at)

    @cached_property
    def impact(self) -> Impact:
        return impact_of(self._sides, self.checkpoints)

    @cached_property
    def excerpt(self) -> Excerpt:
        return excerpt_of(self._sides, self.impact)

    @cached_property
    def _sides(self) -> Sides:
        change = self.change
        edited = edited_nodes(change)
        return Sides(change.base_topologies, change.head_topologies, change.differences, edited)
