"""Readings of this process, taken up again where nothing that they looked at has changed."""

from collections import OrderedDict
from collections.abc import Hashable, Mapping
from threading import Lock
from typing import Generic, Protocol, TypeVar

from meta_pipeline.schedulers.source.modules import Sources, still_holds

_VARIANTS = 4


class Reading(Protocol):
    """What was read; `consulted` is every path that was looked at, with its content then."""

    @property
    def consulted(self) -> Mapping[str, str | None]: ...


_Reading = TypeVar("_Reading", bound=Reading)


class Readings(Generic[_Reading]):
    """The last `size` things that were read, each perhaps with several contents of what it imports."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._held: OrderedDict[Hashable, list[_Reading]] = OrderedDict()
        self._lock = Lock()

    def find(self, key: Hashable, sources: Sources) -> _Reading | None:
        """The reading under `key` that is still right for `sources`."""
        with self._lock:
            readings = tuple(self._held.get(key, ()))
            if readings:
                self._held.move_to_end(key)
        return next((reading for reading in readings if still_holds(reading.consulted, sources)), None)

    def keep(self, key: Hashable, reading: _Reading) -> None:
        """Hold it for the next time; the least recently used is dropped."""
        with self._lock:
            self._held[key] = [reading, *self._held.get(key, ())][:_VARIANTS]
            while len(self._held) > self._size:
                self._held.popitem(last=False)
