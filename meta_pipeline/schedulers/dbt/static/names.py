"""The names that dbt gives to generic tests, and the ids of nodes."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from meta_pipeline.schedulers.dbt.resources import Check

_UNFIT = re.compile("[^0-9a-zA-Z_]+")


def check_name(check: Check, tested: str, column: str | None, *, source: bool = False) -> str:
    """The name of a generic test on `tested`: `accepted_values_orders_status__placed__shipped`.

    `tested` is a model's name, or a source's and a table's joined by `_`.
    """
    if check.title:
        return check.title
    package, _, kind = check.name.rpartition(".")
    prefix = "_".join(filter(None, (package, "source" if source else "", kind)))
    arguments = {**check.arguments, **({"column_name": column} if column else {})}
    return f"{prefix}_{tested}_{'__'.join(_flat(arguments))}"


def _flat(arguments: Mapping[str, Any]) -> Iterable[str]:
    for name in sorted(arguments):
        value = arguments[name]
        parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else [value]
        yield from (_UNFIT.sub("_", str(part)) for part in parts)


class Ids:
    """Gives each node of a project an id of its own: its name, or with a count where dbt allows the name twice."""

    def __init__(self) -> None:
        self._given: dict[str, int] = {}

    def of(self, name: str) -> str:
        """The id of the next node of this name, in the order in which dbt reads them."""
        count = self._given[name] = self._given.get(name, 0) + 1
        return name if count == 1 else f"{name}#{count}"
