"""How values of one type are written for the next command, and read back."""

import re
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Generic, TypeVar

from meta_pipeline.delivery.model import Frozen
from meta_pipeline.schedulers.source.store import Store

if TYPE_CHECKING:
    from pydantic import TypeAdapter

_Value = TypeVar("_Value")
_NULL = re.compile(rb"[:\[,]null")


@dataclass(frozen=True)
class Kind(Generic[_Value]):
    """How values of one kind are written; the adapter is built when the first one is."""

    name: str
    model: type[_Value]

    @cached_property
    def adapter(self) -> "TypeAdapter[tuple[_Value, ...]]":
        from pydantic import TypeAdapter

        return TypeAdapter(tuple[self.model, ...])  # type: ignore[name-defined]

    def put(self, store: Store, key: object, values: tuple[_Value, ...]) -> None:
        """Keep values that JSON can hold."""
        data = self.written(values)
        if data is not None:
            store.put(self.name, key, data)

    def written(self, values: tuple[_Value, ...]) -> bytes | None:
        """Values as JSON that gives them back; None where it cannot: a number without end, or half a character."""
        try:
            data = self.adapter.dump_json(values, exclude_defaults=True)
        except ValueError:
            return None
        return data if self._is_plain(data) or self.load(data) == values else None

    def _is_plain(self, data: bytes) -> bool:
        """Whether it gives values back for sure: a type without free fields, and no number that became `null`."""
        return issubclass(self.model, Frozen) and _NULL.search(data) is None

    def get(self, store: Store, key: object) -> tuple[_Value, ...] | None:
        """The values of an entry; None where there is none, or something else."""
        data = store.get(self.name, key)
        return None if data is None else self.load(data)

    def get_each(self, store: Store, keys: Iterable[Hashable]) -> Mapping[Hashable, tuple[_Value, ...]]:
        """The values of those of these entries that are there."""
        found = ((key, self.load(data)) for key, data in store.get_each(self.name, keys).items())
        return {key: values for key, values in found if values is not None}

    def load(self, data: bytes) -> tuple[_Value, ...] | None:
        """The values that were written; None where it is something else."""
        try:
            return self.adapter.validate_json(data)
        except ValueError:
            return None
