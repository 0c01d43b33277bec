"""What people read and sign at the end of a stage, and what a merge leaves behind."""

from typing import Literal

from meta_pipeline.delivery.model import Frozen
from meta_pipeline.delivery.signoff import SignOff
from meta_pipeline.delivery.stages import StageId

FEWEST_WORDS, MOST_WORDS = 500, 1000
"""The length of a page that a person reads to its end, as the specification sets it."""

SECTIONS = ("What changes", "Acceptance criteria", "How it was tested", "Rollout", "Rollback", "References")
"""The headings of a review packet and of a final summary, in their order."""


def words_of(markdown: str) -> int:
    """How many words a page has, as `wc -w` counts them."""
    return len(markdown.split())


class SignedStage(Frozen):
    """A stage whose verdict `digest` was approved by enough people."""

    stage: StageId
    digest: str
    signoffs: tuple[SignOff, ...]


class ReviewPacket(Frozen):
    """What a reviewer reads. `subject` is what the review judges and its sign-off binds."""

    change_set: str
    subject: str
    markdown: str


class Merged(Frozen):
    """The default branch `branch` holds `commit`. `by` tells whether we moved it or a person did."""

    change_set: str
    branch: str
    base: str
    commit: str
    by: Literal["meta-pipeline", "person"]


class RolloutNotes(Frozen):
    """The last word of a delivery: what changed, how to watch it, how to undo it."""

    commit: str
    markdown: str
