"""The cases of a run as they were seeded: what is known of each without drawing it again."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from meta_pipeline.delivery.model import Frozen
from meta_pipeline.delivery.topology import SchedulerKind
from meta_pipeline.lab.bases import Part
from meta_pipeline.lab.cases import Case
from meta_pipeline.lab.mutation import Level, Place
from meta_pipeline.lab.stores import CaseStore


class SeededCase(Frozen):
    """One case with its commits in the bare repository of its source. `mutator` is its class."""

    id: str
    mutator: str
    is_harmful: bool
    level: Level
    scheduler: SchedulerKind
    repository: str
    path: str
    part: Part
    places: tuple[Place, ...]
    says: str
    base: str
    head: str


def seeded(cases: Iterable[Case], stores: Mapping[str, CaseStore]) -> tuple[SeededCase, ...]:
    """Write the commits of all cases."""
    by_repository: dict[str, list[Case]] = {}
    for case in cases:
        by_repository.setdefault(case.repository, []).append(case)
    heads = {name: stores[name].seed(found) for name, found in by_repository.items()}
    return tuple(
        SeededCase(
            id=case.id,
            mutator=case.mutator,
            is_harmful=case.is_harmful,
            level=case.level,
            scheduler=case.scheduler,
            repository=case.repository,
            path=case.path,
            part=case.part,
            places=case.mutation.places,
            says=case.mutation.says,
            base=stores[case.repository].base,
            head=heads[case.repository][case.key],
        )
        for found in by_repository.values()
        for case in found
    )


def write_cases(file: Path, cases: Sequence[SeededCase]) -> None:
    """Keep the cases of a run, one a line."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("".join(f"{case.model_dump_json()}\n" for case in cases), encoding="utf-8")


def read_cases(file: Path) -> tuple[SeededCase, ...]:
    """The cases of the last run; none where nothing was run."""
    if not file.is_file():
        return ()
    return tuple(SeededCase.model_validate_json(line) for line in file.read_text("utf-8").splitlines())
