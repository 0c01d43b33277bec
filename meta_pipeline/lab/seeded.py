"""The cases of a run as they were seeded: what is known of each without drawing it again."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from meta_pipeline.delivery.model import Frozen
from meta_pipeline.delivery.topology import SchedulerKind
from meta_pipeline.lab.bases import Part
from meta_pipeline.lab.cases import Case, cases_digest
from meta_pipeline.lab.mutation import Level, Place, Seen
from meta_pipeline.lab.stores import CaseStore


class SeededCase(Frozen):
    """One case with its commits in the bare repository of its source. `mutator` is its class."""

    id: str
    mutator: str
    is_harmful: bool
    level: Level
    seen_by: Seen
    scheduler: SchedulerKind
    repository: str
    path: str
    part: Part
    places: tuple[Place, ...]
    says: str
    base: str
    head: str


def seeded(cases: Sequence[Case], stores: Mapping[str, CaseStore]) -> tuple[SeededCase, ...]:
    """Write the commits of all cases; gives them in the same order."""
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
            seen_by=case.seen_by,
            scheduler=case.scheduler,
            repository=case.repository,
            path=case.path,
            part=case.part,
            places=case.mutation.places,
            says=case.mutation.says,
            base=stores[case.repository].base,
            head=heads[case.repository][case.key],
        )
        for case in cases
    )


class Drawn(Frozen):
    """The cases of a run and how they were drawn. `part` is `all` for both; no `classes` means every class."""

    part: Part | Literal["all"]
    seed: int
    per_class: int
    classes: tuple[str, ...]
    missing: tuple[str, ...]
    cases: tuple[SeededCase, ...]

    @property
    def digest(self) -> str:
        """Equal where every change is."""
        return cases_digest(case.id for case in self.cases)


def write_drawn(file: Path, drawn: Drawn) -> None:
    """Keep the cases of the last run."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(drawn.model_dump_json(indent=1), encoding="utf-8")


def read_drawn(file: Path) -> Drawn | None:
    """The cases of the last run; None where nothing was run, or only by another release."""
    with suppress(FileNotFoundError, ValidationError):
        return Drawn.model_validate_json(file.read_bytes())
    return None
