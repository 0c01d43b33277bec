"""What a change declares of data: the names that criteria, plan, contracts and migration log give to what differs."""

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from meta_pipeline.delivery.outputs import OutputDifference
from meta_pipeline.delivery.plan import TopologyEdit
from meta_pipeline.gates.case import Case

_WORD = re.compile(r"[a-z0-9_]+")
_DECLARES = re.compile(
    r"(?:^|/)(?:contracts?|schemas?)/|\.odcs\.ya?ml$|\.(?:ddl|avsc)$|(?:^|/)(?:schema|models|_[^/]*)\.ya?ml$"
)
"""Files whose lines say of a dataset what it is to hold, beside those that the policy names."""
_OF_DATA = frozenset({"added", "removed", "writes"})


@dataclass(frozen=True)
class Declared:
    """Words of the subjects of criteria and of changed lines of contracts; the plan's edits of what is written."""

    words: frozenset[str]
    edits: tuple[TopologyEdit, ...]

    @classmethod
    def of(cls, case: Case) -> "Declared":
        texts = [*_asked(case), *_declaring_lines(case)]
        words = frozenset(word for text in texts for word in _WORD.findall(text.casefold()))
        edits = tuple(edit for edit in case.plan.edits if edit.field in _OF_DATA) if case.plan else ()
        return cls(words, edits)

    def output(self, one: OutputDifference) -> bool:
        """Whether the dataset is named, or the node that writes it is meant to be another."""
        if any(edit.pipeline == one.pipeline and edit.node in (None, one.node) for edit in self.edits):
            return True
        table = table_of(one.output)
        return bool(table) and table.casefold() in self.words

    def column(self, column: str) -> bool:
        """Whether the column is named."""
        return column.casefold() in self.words


def table_of(output: str) -> str:
    """The bare name of an output: a table's, or that of the file or folder of partitions."""
    path, _, table = output.partition(":")
    if table:
        return table.rpartition(".")[2]
    stem = posixpath.basename(path).partition(".")[0].strip("*_- ")
    return stem or posixpath.basename(posixpath.dirname(path))


def _asked(case: Case) -> Iterator[str]:
    """What the criteria are about. That an issue's prose names a dataset does not mean that its data is to change."""
    if case.requirements is not None:
        yield from (criterion.subject for criterion in case.requirements.criteria)


def _declaring_lines(case: Case) -> Iterator[str]:
    """Lines that the change adds to, or takes from, contracts and the migration log."""
    if case.change is None:
        return
    log = case.policy.references.get("migrations")
    for file in case.change.files:
        if file.path == log or _DECLARES.search(file.path) or _is_contract(file.path, case.policy.contracts):
            old, new = (
                set(data.decode("utf-8", "replace").splitlines()) if data else set()
                for data in (case.change.base.read(file.path), case.change.head.read(file.path))
            )
            yield from old ^ new


def _is_contract(path: str, globs: tuple[str, ...]) -> bool:
    return any(PurePosixPath(path).match(glob) for glob in globs)
