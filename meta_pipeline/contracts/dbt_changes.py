"""The models and seeds of dbt projects that a change touches, each before and after."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cached_property

from meta_pipeline.contracts.changes import BUILDS
from meta_pipeline.contracts.dbt import Model, Models, compared, dbt_models, declared_contract
from meta_pipeline.contracts.declared import Compared
from meta_pipeline.delivery.change import Change
from meta_pipeline.delivery.contract import Contract

_MANY_FILES = 200


def touched_models(change: Change) -> Iterator[Compared]:
    """Each model and seed that others may read at both sides, and whose file, YAML or settings changed."""
    for project in changed_projects(change):
        for old, new in project.pairs():
            if old == new or (_built(old) == _built(new) and _promise(old) == _promise(new)):
                continue
            # What goes away as a whole is a removal, and nobody else reads what is not public.
            if old.is_public and new.is_public:
                yield compared(old, new, project.base, project.head)


def undescribed_models(change: Change) -> Iterator[Contract]:
    """The entries with columns that go from dbt YAML while their model stays."""
    for project in changed_projects(change):
        for old, new in project.pairs():
            if old.entry is not None and old.declared and new.entry is None:
                yield declared_contract(old)


def _built(model: Model) -> object:
    """All that builds a model and decides who may read it."""
    return (
        model.text,
        dict(model.inherited),
        [model.setting(key) for key in ("enabled", "materialized", "access")],
    )


def _promise(model: Model) -> Contract:
    """What the YAML says of a model, wherever it says it."""
    contract = declared_contract(model)
    columns = tuple(column.model_copy(update={"line": None}) for column in contract.columns)
    return contract.model_copy(update={"path": "", "line": None, "columns": columns})


@dataclass(frozen=True)
class ChangedProject:
    """One dbt project on both sides, and the files of it that changed."""

    base: Models
    head: Models
    changed: tuple[str, ...]

    def pairs(self) -> Iterator[tuple[Model, Model]]:
        """Each model and seed of both sides that the change may touch, before and after, by name."""
        for name in sorted(self._names):
            old, new = self.base.model(name), self.head.model(name)
            if old is not None and new is not None:
                yield old, new

    def touched(self) -> Iterator[tuple[Model | None, Model]]:
        """Each model and seed of the head that the change may touch, with what it was before."""
        for name in sorted(self._names):
            if (new := self.head.model(name)) is not None:
                yield self.base.model(name), new

    @cached_property
    def _names(self) -> Collection[str]:
        sides = (self.base, self.head)
        # The project's own file speaks of all models; beside many changed ones nothing is saved.
        if self.base.project.path in self.changed or len(self.changed) > _MANY_FILES:
            return self.base.all.keys() & self.head.all.keys()
        return frozenset[str]().union(*(side.names_at(self.changed) for side in sides))


def changed_projects(change: Change) -> tuple["ChangedProject", ...]:
    """The dbt projects that are on both sides and that the change touches."""
    return change.shared("dbt projects", lambda: tuple(_found(change)))


def _found(change: Change) -> Iterator[ChangedProject]:
    """The dbt projects that are on both sides, by folder, and that have a changed file."""
    paths = [file.path for file in change.files if file.path.endswith(BUILDS)]
    head = {models.project.folder: models for models in dbt_models(change.head)}
    for base in dbt_models(change.base):
        folder = base.project.folder
        within = tuple(path for path in paths if folder == "." or path.startswith(f"{folder}/"))
        if folder in head and within:
            yield ChangedProject(base, head[folder], within)
