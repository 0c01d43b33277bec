"""The range that criteria leave for a number, and the nearest value in it."""

from meta_pipeline.delivery.model import Frozen
from meta_pipeline.delivery.requirements import Criterion


class Bounds(Frozen):
    """Both ends are part of the range; None is no bound on that side."""

    at_least: float | None = None
    at_most: float | None = None

    def holds(self, value: float) -> bool:
        return (self.at_least is None or value >= self.at_least) and (
            self.at_most is None or value <= self.at_most
        )

    def nearest(self, value: float) -> float:
        """The value in the range that is nearest to `value`."""
        if self.at_least is not None and value < self.at_least:
            return self.at_least
        return self.at_most if self.at_most is not None and value > self.at_most else value

    @property
    def is_empty(self) -> bool:
        return self.at_least is not None and self.at_most is not None and self.at_least > self.at_most

    def narrowed(self, other: "Bounds") -> "Bounds":
        """The range that both leave."""
        lows = [b for b in (self.at_least, other.at_least) if b is not None]
        highs = [b for b in (self.at_most, other.at_most) if b is not None]
        return Bounds(at_least=max(lows, default=None), at_most=min(highs, default=None))


def bounds_of(criterion: Criterion, scale: float, step: float) -> Bounds | None:
    """The range that one criterion leaves, its threshold times `scale`; None where it leaves no single range.

    `step` is what a strict comparator moves the bound by.
    """
    if isinstance(criterion.threshold, str):
        return None
    value = criterion.threshold * scale
    match criterion.comparator:
        case ">=":
            return Bounds(at_least=value)
        case ">":
            return Bounds(at_least=value + step)
        case "<=":
            return Bounds(at_most=value)
        case "<":
            return Bounds(at_most=value - step)
        case "==":
            return Bounds(at_least=value, at_most=value)
        case _:
            return None
