"""Which changed files are code of pipelines, and what of it is new, wherever it was before."""

import re
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol, TypeVar

from meta_pipeline.delivery.change import Change
from meta_pipeline.delivery.topology import SchedulerKind
from meta_pipeline.delivery.tree import FileChange

_IMPORTED = re.compile(r"^[ \t]*(?:from|import)[ \t]+(airflow|dagster|prefect)\b", re.MULTILINE)
_APART = re.compile(
    r"(?:^|/)(?:tests?|testing|docs?|examples?|samples?|fixtures?|migrations?|alembic|\.github|\.devcontainer"
    r"|notebooks?(?!/(?:[^/]+/)*[^/]+\.py\Z)|conftest\.py|setup\.py|test_[^/]*|[^/]*_test\.py)(?:/|\Z)|\.(?:md|rst|txt|adoc)\Z",
    re.IGNORECASE,
)


def former_texts(files: Iterable[FileChange]) -> Mapping[str, bytes]:
    """For each file that was there before its content then, also where it had another name.

    An added file carries a deleted one on where most of its lines are from there.
    """
    files = tuple(files)
    found = {file.path: file.old for file in files if file.old is not None and file.new is not None}
    deleted = [(set(file.old.split(b"\n")), file.old) for file in files if file.old and file.new is None]
    for file in files if deleted else ():
        if file.old is None and file.new:
            lines = set(file.new.split(b"\n"))
            common, old = max(((len(lines & known), old) for known, old in deleted), key=lambda pair: pair[0])
            if common * 2 > len(lines):
                found[file.path] = old
    return found


class Keyed(Protocol):
    """Something found in a text; two with one key are the same thing, at whatever line."""

    @property
    def key(self) -> Hashable: ...


_Found = TypeVar("_Found", bound=Keyed)


def is_apart(path: str) -> bool:
    """Whether a file is of tests, examples, documents, migrations or the like, which no scheduler runs."""
    return _APART.search(path) is not None


@dataclass(frozen=True)
class PipelineCode:
    """The files from which the schedulers' pipelines are made, at head."""

    change: Change

    @cached_property
    def _named(self) -> dict[str, SchedulerKind]:
        found: dict[str, SchedulerKind] = {}
        for topology in (*self.change.base_topologies, *self.change.head_topologies):
            for pipeline in topology.pipelines:
                found.setdefault(pipeline.path, topology.scheduler)
                for node in pipeline.nodes:
                    if node.path:
                        found.setdefault(node.path, topology.scheduler)
            for error in topology.errors:
                found.setdefault(error.path, topology.scheduler)
        return found

    @cached_property
    def _roots(self) -> tuple[str, ...]:
        """Folders whose modules Airflow's DAG files import; the root of a repository says nothing of a file."""
        return tuple(
            f"{topology.root}/"
            for topology in (*self.change.base_topologies, *self.change.head_topologies)
            if topology.scheduler == "airflow" and topology.root not in (".", "")
        )

    def scheduler(self, path: str, text: str) -> SchedulerKind | None:
        """Whose pipelines a file defines, or helps to define; None where it is no code of pipelines."""
        if is_apart(path):
            return None
        if path in self._named:
            return self._named[path]
        imported = _IMPORTED.search(text)
        if imported:
            name: dict[str, SchedulerKind] = {
                "airflow": "airflow",
                "dagster": "dagster",
                "prefect": "prefect",
            }
            return name[imported.group(1)]
        return "airflow" if path.startswith(self._roots) else None


def newly_found(
    change: Change, suffixes: tuple[str, ...], look: Callable[[str, str], Iterable[_Found]]
) -> Iterator[tuple[str, _Found]]:
    """What `look` finds in the changed files of these suffixes at head and found in none of them at base.

    What moves to another file is not new: as many as there were of one key may stand anywhere.
    """
    changed = [file for file in change.files if file.path.endswith(suffixes) and not file.is_binary]
    found = [
        (file.path, one)
        for file in changed
        if file.new is not None
        for one in look(file.path, file.new.decode("utf-8", errors="replace"))
    ]
    if not found:
        return
    known = Counter(
        one.key
        for file in changed
        if file.old is not None
        for one in look(file.path, file.old.decode("utf-8", errors="replace"))
    )
    for path, one in found:
        if known[one.key] > 0:
            known[one.key] -= 1
        else:
            yield path, one
