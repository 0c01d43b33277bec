"""What each file of a tree says by itself, kept on disk by its content: a change has few files read anew."""

from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import Generic, TypeVar

from meta_pipeline.delivery.tree import Tree
from meta_pipeline.schedulers.source.kinds import Kind
from meta_pipeline.schedulers.source.store import kept_readings

_Value = TypeVar("_Value")


class FileAnswers(Generic[_Value]):
    """Values that a file's path and content and a question decide, and nothing else.

    `name` tells them from other values on disk; `model` is a type that pydantic can write and read back. A value that
    JSON cannot hold is found anew each time.
    """

    def __init__(self, name: str, model: type[_Value]) -> None:
        self._kind = Kind(name, model)

    def of(
        self,
        tree: Tree,
        paths: Iterable[str],
        find: Callable[[str, bytes], _Value],
        question: Hashable = None,
    ) -> Mapping[str, _Value]:
        """What each of these files says, in their order, as kept or by `find`; a file that is not there is empty.

        The tree is a bounded one: of a file too large to be read it must not be known what a whole one says.
        """
        entries, store = tree.entries(), kept_readings()
        keys = {path: (question, path, entries[path].content) if path in entries else None for path in paths}
        known = self._kind.get_each(store, filter(None, keys.values())) if store is not None else {}
        found: dict[str, _Value] = {}
        for path, key in keys.items():
            if key is not None and (value := known.get(key)) is not None:
                found[path] = value[0]
                continue
            data = tree.read(path)
            found[path] = find(path, data or b"")
            if store is not None and key is not None and data is not None:
                self._kind.put(store, key, (found[path],))
        return found
