"""What the grammar reads in a sentence: measurable demands, and gaps where something is not said."""

from dataclasses import dataclass

from meta_pipeline.delivery.requirements import Argument, Comparator, Metric


@dataclass(frozen=True, slots=True)
class Rule:
    """A data-quality rule in the words of Great Expectations, before its column is known."""

    type: str
    kwargs: tuple[tuple[str, Argument], ...] = ()


@dataclass(frozen=True, slots=True)
class Demand:
    """One measurable demand at `start`..`end` of a reading's text; `zone` is the time zone a schedule names.

    `values` are name placeholders that are values, such as those of a set, and so no subject.
    """

    metric: Metric
    comparator: Comparator
    threshold: float | int | str
    start: int
    end: int
    zone: str | None = None
    rule: Rule | None = None
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Gap:
    """Something that the sentence wants and does not say, at `start`..`end`; `missing` ends 'it lacks ...'.

    A `mention` only has the word: it counts where the sentence says nothing else.
    """

    start: int
    end: int
    missing: str
    metric: Metric | None = None
    mention: bool = False


Found = Demand | Gap
