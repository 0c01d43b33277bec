"""The work folder of the laboratory: sources as they were fetched, the cases of the last run, and all answers.

sources/NAME.git    the base of a source, and a commit for each case
cases.jsonl         the cases of the last run
answers/STACK.jsonl what a stack said
state/STACK/        what a stack keeps for itself
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from meta_pipeline.lab.bases import Based, bases_of
from meta_pipeline.lab.cases import Case, Draw, drawn
from meta_pipeline.lab.mutation import Mutator
from meta_pipeline.lab.running import Pair
from meta_pipeline.lab.seeded import SeededCase, read_cases, seeded, write_cases
from meta_pipeline.lab.sources import Source, SourceError
from meta_pipeline.lab.stores import CaseStore


@dataclass(frozen=True)
class Ready:
    """Sources that could be had, by name; `missing` says of each other why not."""

    stores: Mapping[str, CaseStore]
    bases: tuple[Based, ...]
    missing: tuple[str, ...]


@dataclass(frozen=True)
class Laboratory:
    """What is kept below `work`."""

    work: Path

    def ready(
        self, sources: Iterable[Source], clones: Mapping[str, Path], note: Callable[[str], None]
    ) -> Ready:
        """Fetch the sources that are not there yet, and list the files of each into which changes are seeded.

        A source is made anew where `clones` names a folder for it.
        """
        stores: dict[str, CaseStore] = {}
        bases: list[Based] = []
        missing = []
        for source in sources:
            folder = self._folder(source.name)
            if source.kind == "folder" or source.name in clones or not (folder / "HEAD").is_file():
                note(source.name)
                try:
                    files = source.files(self.work, clones.get(source.name))
                except SourceError as error:
                    missing.append(str(error))
                    continue
                stores[source.name] = CaseStore.made(folder, source.name, files)
            else:
                stores[source.name] = CaseStore.opened(folder, source.name)
            tree = stores[source.name].tree()
            bases += bases_of(source.name, tree, source.family or source.name, source.part)
        return Ready(stores, tuple(bases), tuple(missing))

    def seeded(self, ready: Ready, mutators: Sequence[Mutator], draw: Draw) -> tuple[SeededCase, ...]:
        """Draw the cases, write a commit for each and keep the list as that of the last run."""
        cases: tuple[Case, ...] = drawn(ready.bases, mutators, draw)
        found = seeded(cases, ready.stores)
        write_cases(self.cases_file, found)
        return found

    def cases(self) -> tuple[SeededCase, ...]:
        """The cases of the last run."""
        return read_cases(self.cases_file)

    def store(self, name: str) -> CaseStore:
        """The repository of a source that was made ready before; raises `GitFault`."""
        return CaseStore.opened(self._folder(name), name)

    def pair(self, case: SeededCase) -> Pair:
        """The commits of a case, for a stack."""
        return Pair(case.id, self._folder(case.repository), case.base, case.head)

    @property
    def cases_file(self) -> Path:
        return self.work / "cases.jsonl"

    def _folder(self, name: str) -> Path:
        return self.work / "sources" / f"{name}.git"
