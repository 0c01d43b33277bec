"""The contracts that files of a tree declare, in any format, and those of them that a change touches."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from meta_pipeline.contracts.formats import FORMATS, MOST_BYTES, Format, Reading, SourceFile, is_named
from meta_pipeline.delivery.contract import Contract
from meta_pipeline.delivery.tree import SYMLINK, Entry, Tree
from meta_pipeline.delivery.yaml_source import Unreadable
from meta_pipeline.schedulers.dbt.project import project_folders


@dataclass(frozen=True)
class Declared:
    """What files declare: contracts in the order of formats and paths, and what could not be read."""

    contracts: tuple[Contract, ...] = ()
    unreadable: tuple[Unreadable, ...] = ()


@dataclass(frozen=True, slots=True)
class Compared:
    """The contracts of one dataset before and after a change; `doubt` says what of them cannot be known, and why."""

    before: Contract
    after: Contract
    doubt: str | None = None


@dataclass
class Declarations:
    """Reads the contracts of one tree. `patterns` are the policy's contracts."""

    tree: Tree
    patterns: tuple[str, ...]
    _groups: dict[tuple[str, tuple[str, ...]], Reading] = field(default_factory=dict)

    def all(self) -> Declared:
        """Everything that the tree's files declare."""
        return self.of(self._entries)

    def of(self, paths: Iterable[str]) -> Declared:
        """What these paths declare, whether they are there or not, with the files that must be read with each."""
        wanted = sorted(paths)
        contracts: dict[tuple[str, str, str], Contract] = {}
        unreadable: dict[tuple[str, int], Unreadable] = {}
        every = sorted(self._entries)
        for kind in FORMATS:
            for path in wanted:
                if not self._may_hold(kind, path):
                    continue
                read = self._read(kind, kind.together(path, every))
                if isinstance(read, Unreadable):
                    unreadable[read.path, read.line] = read
                    continue
                for contract in read:
                    contracts.setdefault((kind.name, contract.path, contract.dataset), contract)
        return Declared(tuple(contracts.values()), tuple(unreadable.values()))

    @cached_property
    def _entries(self) -> Mapping[str, Entry]:
        return self.tree.entries()

    def _may_hold(self, kind: Format, path: str) -> bool:
        if not kind.claims(path, self.patterns):
            return False
        return kind.also_in_dbt or not any(
            folder == "." or path.startswith(f"{folder}/") for folder in self._dbt_folders
        )

    @cached_property
    def _dbt_folders(self) -> tuple[str, ...]:
        return project_folders(self.tree)

    def _read(self, kind: Format, paths: tuple[str, ...]) -> Reading:
        key = kind.name, paths
        if key not in self._groups:
            self._groups[key] = self._parsed(kind, paths)
        return self._groups[key]

    def _parsed(self, kind: Format, paths: tuple[str, ...]) -> Reading:
        files = tuple(self._marked(kind, paths))
        if not files:
            return ()
        named = any(is_named(file.path, self.patterns) for file in files)
        return kind.read(files, named)

    def _marked(self, kind: Format, paths: tuple[str, ...]) -> Iterator[SourceFile]:
        for path in paths:
            if path not in self._entries or self._entries[path].mode == SYMLINK:
                continue
            data = self.tree.read(path)
            if data is not None and len(data) <= MOST_BYTES and kind.mark.search(data):
                yield SourceFile(path, data)
