"""What is known of the contents of files, each looked at once: a file with a known content is not even read."""

from collections.abc import Callable, Iterable, Mapping
from threading import Lock

from pydantic import TypeAdapter

from meta_pipeline.delivery.tree import Tree
from meta_pipeline.schedulers.source.store import Store, kept_readings

_MOST = 100_000
_ON_DISK = TypeAdapter(dict[str, bool])
_all: "list[ContentTest]" = []


class ContentTest:
    """A yes or no about the bytes of a file. `name` tells it from other tests on disk; `find` is it."""

    def __init__(self, name: str, find: Callable[[bytes], bool]) -> None:
        self._name = name
        self._find = find
        self._known: dict[str, bool] = {}
        self._is_new = False
        self._read_from: Store | None = None
        self._lock = Lock()
        _all.append(self)

    def of(self, tree: Tree, path: str) -> bool:
        """Whether the file at `path`, which must be one of the tree, is so; a file that cannot be read is not."""
        return bool(self.among(tree, (path,)))

    def among(self, tree: Tree, paths: Iterable[str]) -> list[str]:
        """Those of these files that are so, in their order."""
        self._take_up(kept_readings())
        entries = tree.entries()
        return [path for path in paths if self._holds(tree, path, entries[path].content)]

    def _holds(self, tree: Tree, path: str, content: str) -> bool:
        known = self._known.get(content)
        if known is None:
            data = tree.read(path)
            if data is None:
                return False
            known = self._find(data)
            with self._lock:
                if len(self._known) >= _MOST:
                    self._known.clear()
                self._known[content] = known
                self._is_new = True
        return known

    def _take_up(self, store: Store | None) -> None:
        """Learn what another process found out, once."""
        if store is None or store is self._read_from:
            return
        with self._lock:
            self._read_from = store
            self._known = {**_loaded(store.get("contents", self._name)), **self._known}

    def keep(self, store: Store) -> None:
        """Leave what is known for the next process."""
        with self._lock:
            if self._is_new:
                known = {**_loaded(store.get("contents", self._name)), **self._known}
                store.put(
                    "contents", self._name, _ON_DISK.dump_json(known if len(known) <= _MOST else self._known)
                )
                self._is_new = False


def keep_content_tests(store: Store) -> None:
    """Leave what all tests know."""
    for each in _all:
        each.keep(store)


def _loaded(data: bytes | None) -> Mapping[str, bool]:
    try:
        return _ON_DISK.validate_json(data) if data is not None else {}
    except ValueError:
        return {}
