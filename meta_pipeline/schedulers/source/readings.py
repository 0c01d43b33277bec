"""What was read before, taken up again where nothing that it looked at has changed: in this process, and on disk."""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from meta_pipeline.delivery.tree import SUBMODULE, Entry, Tree, tree_digest
from meta_pipeline.schedulers.source.modules import Consulted, Sources
from meta_pipeline.schedulers.source.store import Store, kept_readings

if TYPE_CHECKING:
    from pydantic import TypeAdapter

_VARIANTS = 4


class Reading(Protocol):
    """What was read; `consulted` is every path that was looked at, with its content then."""

    @property
    def consulted(self) -> Mapping[str, str | None]: ...


_Reading = TypeVar("_Reading", bound=Reading)
_Value = TypeVar("_Value")


@dataclass(frozen=True)
class _Kind(Generic[_Value]):
    """How values of one kind are written; the adapter is built when the first one is."""

    name: str
    model: type[_Value]

    @cached_property
    def adapter(self) -> "TypeAdapter[tuple[_Value, ...]]":
        from pydantic import TypeAdapter

        return TypeAdapter(tuple[self.model, ...])  # type: ignore[name-defined]

    def put(self, store: Store, key: object, values: tuple[_Value, ...]) -> None:
        """Keep values that JSON can hold: not a number without end, nor half a character."""
        try:
            data = self.adapter.dump_json(values, exclude_defaults=True)
        except ValueError:
            return
        if self._load(data) == values:
            store.put(self.name, key, data)

    def get(self, store: Store, key: object) -> tuple[_Value, ...] | None:
        """The values of an entry; None where there is none, or something else."""
        data = store.get(self.name, key)
        return None if data is None else self._load(data)

    def _load(self, data: bytes) -> tuple[_Value, ...] | None:
        try:
            return self.adapter.validate_json(data)
        except ValueError:
            return None


class Readings(Generic[_Reading]):
    """The last `size` things that were read, each perhaps with several contents of what it imports.

    `name` tells them from readings of another kind on disk; `model` is a type that pydantic can write and read back.
    """

    def __init__(self, name: str, model: type[_Reading], size: int) -> None:
        self._kind = _Kind(name, model)
        self._size = size
        self._held: OrderedDict[Hashable, tuple[tuple[_Reading, Consulted], ...]] = OrderedDict()
        self._lock = Lock()

    def find(self, key: Hashable, sources: Sources) -> _Reading | None:
        """The reading under `key` that is still right for `sources`."""
        with self._lock:
            readings = self._held.get(key, ())
            if readings:
                self._held.move_to_end(key)
        found = _right(readings, sources)
        if found is None and (store := kept_readings()) is not None:
            found = _right(map(_compared, self._kind.get(store, key) or ()), sources)
            if found is not None:
                self._hold(key, found)
        return found

    def keep(self, key: Hashable, reading: _Reading) -> None:
        """Hold it for the next time; the least recently used is dropped."""
        self._hold(key, reading)
        store = kept_readings()
        if store is not None:
            others = self._kind.get(store, key) or ()
            self._kind.put(store, key, (reading, *others)[:_VARIANTS])

    def _hold(self, key: Hashable, reading: _Reading) -> None:
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

    def __init__(self, name: str, model: type[_Value], size: int = 32) -> None:
        self._kind = _Kind(name, model)
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
