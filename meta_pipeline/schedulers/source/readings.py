"""What was read before, taken up again where nothing that it looked at has changed: in this process, and on disk."""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from threading import Lock
from typing import Generic, Protocol, TypeVar

from meta_pipeline.delivery.tree import SUBMODULE, Entry, Tree, tree_digest
from meta_pipeline.schedulers.source.kinds import Kind
from meta_pipeline.schedulers.source.modules import Consulted, Sources
from meta_pipeline.schedulers.source.processes import spread
from meta_pipeline.schedulers.source.store import kept_readings

_VARIANTS = 4


class Reading(Protocol):
    """What was read; `consulted` is every path that was looked at, with its content then."""

    @property
    def consulted(self) -> Mapping[str, str | None]: ...


_Reading = TypeVar("_Reading", bound=Reading)
_Value = TypeVar("_Value")


class Readings(Generic[_Reading]):
    """The last `size` things that were read, each perhaps with several contents of what it imports.

    `name` tells them from readings of another kind on disk; `model` is a type that pydantic can write and read back.
    """

    def __init__(self, name: str, model: type[_Reading], size: int) -> None:
        self._kind = Kind(name, model)
        self._size = size
        self._held: OrderedDict[Hashable, tuple[tuple[_Reading, Consulted], ...]] = OrderedDict()
        self._lock = Lock()

    def of(self, key: Hashable, sources: Sources, read: Callable[[], _Reading]) -> _Reading:
        """The reading under `key` that is right for `sources`: one that is held or kept, or a new one."""
        return self.of_all([(key, sources)], lambda _: read())[0]

    def of_all(
        self, wanted: Sequence[tuple[Hashable, Sources]], read: Callable[[int], _Reading]
    ) -> list[_Reading]:
        """The reading of each key for its sources; `read` is asked, by its place, for each that is not known.

        It may be asked in other processes: it must look at nothing but the sources and its own arguments.
        """
        found: dict[int, _Reading] = {}
        others: dict[int, tuple[_Reading, ...]] = {}
        for place, (key, sources) in enumerate(wanted):
            known = self._held_for(key, sources)
            if known is not None:
                found[place] = known
            else:
                others[place] = ()
        kept = self._kept_for([wanted[place][0] for place in others])
        for place in tuple(others):
            key, sources = wanted[place]
            others[place] = variants = kept.get(key, ())
            known = _right(map(_compared, variants), sources)
            if known is not None:
                self._hold(key, known)
                found[place] = known
        missing = [place for place in range(len(wanted)) if place not in found]
        written = spread(lambda number: self._kind.written((read(missing[number]),)), len(missing))
        for place, data in zip(missing, written, strict=True):
            made = self._kind.load(data) if data is not None else None
            found[place] = made[0] if made else read(place)
            self._keep(wanted[place][0], found[place], others[place], data)
        return [found[place] for place in range(len(wanted))]

    def _held_for(self, key: Hashable, sources: Sources) -> _Reading | None:
        with self._lock:
            readings = self._held.get(key, ())
            if readings:
                self._held.move_to_end(key)
        return _right(readings, sources)

    def _kept_for(self, keys: Sequence[Hashable]) -> Mapping[Hashable, tuple[_Reading, ...]]:
        store = kept_readings()
        return self._kind.get_each(store, keys) if store is not None else {}

    def _keep(
        self, key: Hashable, reading: _Reading, others: tuple[_Reading, ...], written: bytes | None
    ) -> None:
        """Hold it for the next time, and keep it on disk with those for other contents of what it imports."""
        self._hold(key, reading)
        store = kept_readings()
        if store is not None and written is not None and not others:
            store.put(self._kind.name, key, written)
        elif store is not None:
            self._kind.put(store, key, (reading, *others)[:_VARIANTS])

    def _hold(self, key: Hashable, reading: _Reading) -> None:
        """The least recently used is dropped."""
        with self._lock:
            self._held[key] = (_compared(reading), *self._held.get(key, ()))[:_VARIANTS]
            while len(self._held) > self._size:
                self._held.popitem(last=False)


def _compared(reading: _Reading) -> tuple[_Reading, Consulted]:
    return reading, Consulted(reading.consulted)


def _right(readings: Iterable[tuple[_Reading, Consulted]], sources: Sources) -> _Reading | None:
    return next((reading for reading, consulted in readings if consulted.holds(sources)), None)


class Answers(Generic[_Value]):
    """What was found out about whole trees: an equal tree gives an equal answer, without a look into a file.

    `name` tells the answers from those to other questions; `model` is a type that pydantic can write and read back.
    """

    def __init__(self, name: str, model: type[_Value], size: int = 16) -> None:
        self._kind = Kind(name, model)
        self._size = size
        self._held: OrderedDict[Hashable, tuple[_Value, ...]] = OrderedDict()
        self._lock = Lock()

    def of(
        self, tree: Tree, question: Hashable, find: Callable[[Tree], tuple[_Value, ...]]
    ) -> tuple[_Value, ...]:
        """The answer to `question`, by which `find` may not go beyond the tree and the question itself."""
        key = (question, tree_digest(tree))
        with self._lock:
            if key in self._held:
                self._held.move_to_end(key)
                return self._held[key]
        store = kept_readings()
        known = self._kind.get(store, key) if store is not None else None
        if known is None:
            watched = _Watched(tree)
            known = find(watched)
            if watched.lacks_files:
                return known
            if store is not None:
                self._kind.put(store, key, known)
        with self._lock:
            self._held[key] = known
            while len(self._held) > self._size:
                self._held.popitem(last=False)
        return known


class _Watched:
    """A tree that notes where a file is listed and cannot be read, as in a partial clone."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self.lacks_files = False

    def entries(self) -> Mapping[str, Entry]:
        return self._tree.entries()

    def read(self, path: str) -> bytes | None:
        data = self._tree.read(path)
        if data is None and (entry := self.entries().get(path)) is not None and entry.mode != SUBMODULE:
            self.lacks_files = True
        return data
