"""The models and seeds of dbt projects that a change touches, each before and after."""

from collections.abc import Iterator

from meta_pipeline.contracts.dbt import Model, Models, compared, dbt_models, declared_contract
from meta_pipeline.contracts.declared import Compared
from meta_pipeline.delivery.change import Change
from meta_pipeline.delivery.contract import Contract

BUILDS = (".sql", ".py", ".csv", ".yml", ".yaml")
"""How the names of files end that dbt builds something of, or that say how."""


def touched_models(change: Change) -> Iterator[Compared]:
    """Each model and seed that others may read at both sides, and whose file, YAML or settings changed."""
    for base, head in _projects(change):
        for name in sorted(base.all.keys() & head.all.keys()):
            old, new = base.all[name], head.all[name]
            if old == new or (_built(old) == _built(new) and _promise(old) == _promise(new)):
                continue
            # What goes away as a whole is a removal, and nobody else reads what is not public.
            if old.is_public and new.is_public:
                yield compared(name, base, head)


def undescribed_models(change: Change) -> Iterator[Contract]:
    """The entries with columns that go from dbt YAML while their model stays."""
    for base, head in _projects(change):
        for name, old in base.all.items():
            new = head.all.get(name)
            if new is not None and old.entry is not None and old.declared and new.entry is None:
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


def _projects(change: Change) -> Iterator[tuple[Models, Models]]:
    """The dbt projects that are on both sides, by folder, and that have a changed file."""
    paths = [file.path for file in change.files if file.path.endswith(BUILDS)]
    if not paths:
        return
    head = {models.project.folder: models for models in dbt_models(change.head)}
    for base in dbt_models(change.base):
        folder = base.project.folder
        if folder in head and any(folder == "." or path.startswith(f"{folder}/") for path in paths):
            yield base, head[folder]
