"""One sentence about a change, and how much it matters."""

from collections.abc import Mapping
from typing import Literal

from meta_pipeline.delivery.model import Frozen

Weight = Literal["stops", "runs", "failing", "data", "new", "other"]
WEIGHTS: tuple[Weight, ...] = ("stops", "runs", "failing", "data", "new", "other")
"""From what matters most to whoever is on call to what matters least."""

HEADINGS: Mapping[Weight, str] = {
    "stops": "Gone, or no longer working",
    "runs": "When it runs",
    "failing": "How it fails, and who is told",
    "data": "Order and data",
    "new": "New",
    "other": "Everything else",
}


class Statement(Frozen):
    """A sentence without a full stop. `count` is how many differences it tells of, `matters` which ones.

    `is_urgent` where whoever is on call must know it.
    """

    weight: Weight
    sentence: str
    is_urgent: bool = False
    pipelines: tuple[str, ...] = ()
    matters: frozenset[tuple[str, str | None, str]] = frozenset()
    path: str | None = None
    line: int | None = None
    count: int = 1
