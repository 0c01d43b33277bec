"""How old the data of a source may be, as its `freshness` says."""

from collections.abc import Mapping
from typing import Any

_SECONDS = {"minute": 60, "hour": 3600, "day": 86_400}


def freshness_s(freshness: Any) -> float | None:
    """The seconds after which dbt calls the data too old (`error_after`, else `warn_after`); None for no such rule."""
    for key in ("error_after", "warn_after"):
        limit = freshness.get(key) if isinstance(freshness, Mapping) else None
        if isinstance(limit, Mapping):
            count, period = limit.get("count"), _SECONDS.get(str(limit.get("period")))
            if isinstance(count, int) and period:
                return float(count * period)
    return None


def strictest(limits: list[float | None]) -> float | None:
    """The shortest of several; None where there is none."""
    return min((limit for limit in limits if limit is not None), default=None)
