"""The work folder of the laboratory: sources as they were fetched, the cases of the last run, and all answers.

sources/NAME.git    the base of a source, and a commit for each case
sources/NAME.made   what it was made from
drawn.json          the cases of the last run
answers/STACK.jsonl what a stack said
state/STACK/        what a stack keeps for itself
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from meta_pipeline.delivery.model import digest
from meta_pipeline.lab.bases import Based, bases_of
from meta_pipeline.lab.cases import Draw, drawn
from meta_pipeline.lab.mutation import Mutator
from meta_pipeline.lab.running import Pair
from meta_pipeline.lab.seeded import Drawn, SeededCase, read_drawn, seeded, write_drawn
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

        A source is made anew where `clones` names a folder for it, and where its entry in the list has changed.
        """
        stores: dict[str, CaseStore] = {}
        bases: list[Based] = []
        missing = []
        for source in sources:
            folder = self._folder(source.name)
            made, wanted = folder.with_suffix(".made"), digest(source)
            is_made = (folder / "HEAD").is_file() and (not made.is_file() or made.read_text() == wanted)
            if source.kind == "folder" or source.name in clones or not is_made:
                note(source.name)
                try:
                    files = source.files(self.work, clones.get(source.name))
                except SourceError as error:
                    missing.append(str(error))
                    continue
                stores[source.name] = CaseStore.made(folder, source.name, files)
                made.write_text(wanted)
            else:
                stores[source.name] = CaseStore.opened(folder, source.name)
            tree = stores[source.name].tree()
            bases += bases_of(source.name, tree, source.family or source.name, source.part)
        return Ready(stores, tuple(bases), tuple(missing))

    def seeded(self, ready: Ready, mutators: Sequence[Mutator], draw: Draw) -> Drawn:
        """Draw the cases, write a commit for each and keep the list as that of the last run."""
        found = Drawn(
            part=draw.part or "all",
            seed=draw.seed,
            per_class=draw.count,
            classes=tuple(mutator.id for mutator in mutators),
            missing=ready.missing,
            cases=seeded(drawn(ready.bases, mutators, draw), ready.stores),
        )
        write_drawn(self.drawn_file, found)
        return found

    def drawn(self) -> Drawn | None:
        """The cases of the last run."""
        return read_drawn(self.drawn_file)

    def store(self, name: str) -> CaseStore:
        """The repository of a source that was made ready before; raises `GitFault`."""
        return CaseStore.opened(self._folder(name), name)

    def pair(self, case: SeededCase) -> Pair:
        """The commits of a case, for a stack."""
        return Pair(case.id, self._folder(case.repository), case.base, case.head)

    @property
    def drawn_file(self) -> Path:
        return self.work / "drawn.json"

    def _folder(self, name: str) -> Path:
        return self.work / "sources" / f"{name}.git"
