"""What values demands leave open: a range of numbers, a choice of texts, or a set."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import inf, nextafter

from meta_pipeline.delivery.requirements import Criterion, Expectation


@dataclass(frozen=True, slots=True)
class Range:
    """All numbers from `low` to `high`, both included, but for those in `without`.

    `texts` are the texts that are left where the demand is on a text; None where it is on a number.
    """

    low: float = -inf
    high: float = inf
    without: frozenset[float | str] = frozenset()
    texts: frozenset[str] | None = None

    @property
    def is_empty(self) -> bool:
        if self.texts is not None:
            return self.texts <= self.without
        return self.low > self.high or (self.low == self.high and self.low in self.without)

    def within(self, other: "Range") -> "Range":
        """What both leave open."""
        texts = self.texts if other.texts is None else other.texts
        if self.texts is not None and other.texts is not None:
            texts = self.texts & other.texts
        return Range(
            max(self.low, other.low), min(self.high, other.high), self.without | other.without, texts
        )


def range_of(criteria: Iterable[Criterion]) -> Range:
    """What all these demands together leave open."""
    found = Range()
    for criterion in criteria:
        found = found.within(_one(criterion))
    return found


def _one(criterion: Criterion) -> Range:
    threshold = criterion.threshold
    if criterion.comparator == "!=":
        return Range(without=frozenset({threshold}))
    if isinstance(threshold, str):
        return Range(texts=frozenset({threshold})) if criterion.comparator == "==" else Range()
    match criterion.comparator:
        case "==":
            return Range(threshold, threshold)
        case ">=":
            return Range(low=threshold)
        case ">":
            return Range(low=nextafter(threshold, inf))
        case "<=":
            return Range(high=threshold)
        case "<":
            return Range(high=nextafter(threshold, -inf))


def allowed_values(expectation: Expectation) -> Range | frozenset[object] | None:
    """What a rule on a column lets through; None where it is no rule on single values."""
    given = dict(expectation.kwargs)
    if expectation.type == "expect_column_values_to_be_between":
        low, high = given.get("min_value", -inf), given.get("max_value", inf)
        if isinstance(low, int | float) and isinstance(high, int | float):
            return Range(low, high)
    if expectation.type == "expect_column_values_to_be_in_set":
        values = given.get("value_set", ())
        return frozenset(values) if isinstance(values, tuple) else None
    return None
