"""One retry keyword of Airflow: when a value meets the demand, and how the wanted one is written."""

from dataclasses import dataclass

from meta_pipeline.authors.recipes.bounds import Bounds
from meta_pipeline.authors.recipes.durations import Spelling
from meta_pipeline.delivery.topology import Node


@dataclass(frozen=True, slots=True)
class Setting:
    """`key` in the source shows as `field` of a node. Either `bounds` or `switch` (source text) is the demand."""

    key: str
    field: str
    bounds: Bounds | None = None
    switch: str | None = None

    def meets(self, value: object) -> bool:
        """Whether a value of the source meets the demand already; durations are in seconds."""
        if self.bounds is not None:
            return isinstance(value, int | float) and self.bounds.holds(float(value))
        if isinstance(value, bool):
            return value and self.switch == "True"
        return isinstance(value, int | float) and value > (0 if self.switch == "True" else 1)

    def meets_in(self, node: Node) -> bool:
        """Whether the value in force for a node meets the demand already."""
        value = getattr(node, self.field)
        if self.bounds is None:
            return value is True
        return isinstance(value, int | float) and self.bounds.holds(float(value))

    def meets_absent(self) -> bool:
        """Whether leaving the key out meets the demand, which is so where there is only an upper bound."""
        if self.bounds is None:
            return False
        if self.key == "retries":
            return self.bounds.holds(0)
        return self.bounds.at_least is None

    def text(self, current: object, spelling: Spelling) -> str:
        """The source text of the value to write; `current` is the value now, or None."""
        if self.bounds is None:
            return str(self.switch)
        start = float(current) if isinstance(current, int | float) else 0.0
        wanted = self.bounds.nearest(start)
        return spelling.of(wanted) if self.key == "retry_delay" else str(int(wanted))

    @property
    def sentence(self) -> str:
        """The demand as a person would say it."""
        if self.bounds is None:
            return "growing delays"
        low, high = self.bounds.at_least, self.bounds.at_most
        name = "a retry delay of" if self.key == "retry_delay" else "retries of"
        unit = " seconds" if self.key == "retry_delay" else ""
        if low is not None and low == high:
            return f"{name} {low:g}{unit}"
        parts = [f"at least {low:g}{unit}"] if low is not None else []
        parts += [f"at most {high:g}{unit}"] if high is not None else []
        return f"{name} {' and '.join(parts)}"
