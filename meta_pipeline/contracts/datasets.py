"""The datasets that a repository describes or builds, from every kind of contract."""

from collections.abc import Iterator

from meta_pipeline.contracts.dbt import Models, dbt_models
from meta_pipeline.contracts.declared import Declarations
from meta_pipeline.delivery.context import Dataset
from meta_pipeline.delivery.contract import Contract
from meta_pipeline.delivery.tree import Tree
from meta_pipeline.schedulers.dbt.resources import Resource
from meta_pipeline.schedulers.dbt.static.made import Doubtful


def datasets_of(tree: Tree, patterns: tuple[str, ...]) -> tuple[Dataset, ...]:
    """Every dataset, by name; where two files describe one, ODCS goes before dbt and dbt before all others.

    Models and seeds of dbt are datasets also where nothing describes them. A file that cannot be read describes
    nothing, so its datasets count as having no contract. `patterns` are the policy's contracts.
    """
    found: dict[str, Dataset] = {}
    contracts = Declarations(tree, patterns).all().contracts
    odcs = [contract for contract in contracts if contract.declared_by == "odcs"]
    others = [contract for contract in contracts if contract.declared_by != "odcs"]
    for dataset in (*map(_described, odcs), *_dbt(tree), *map(_described, others)):
        known = found.get(dataset.name)
        if known is None:
            found[dataset.name] = dataset
            continue
        # The first that describes it is its contract; each adds what the ones before it do not know.
        found[dataset.name] = Dataset(
            name=dataset.name,
            contract=known.contract or dataset.contract,
            columns=known.columns or dataset.columns,
            model=known.model or dataset.model,
            complete=known.complete if known.columns else dataset.complete,
        )
    return tuple(found[name] for name in sorted(found))


def _described(contract: Contract) -> Dataset:
    columns = tuple(column.name for column in contract.columns)
    return Dataset(name=contract.dataset, contract=contract.path, columns=columns)


def _dbt(tree: Tree) -> Iterator[Dataset]:
    for models in dbt_models(tree):
        for resource in models.properties.resources:
            if resource.kind in ("model", "seed", "snapshot", "source"):
                yield _entry(resource, models)
        for name, model in models.all.items():
            if model.entry is None:
                yield Dataset(name=name, contract=None, columns=_made(name, models), model=model.file)


def _entry(resource: Resource, models: Models) -> Dataset:
    """A dataset with the columns that its YAML declares, and those besides that its query makes."""
    declared = [column.name for column in resource.columns]
    known = {name.casefold() for name in declared}
    file = models.files.get(resource.name) if resource.kind in ("model", "seed") else None
    made = _made(resource.name, models) if file else ()
    columns = (*declared, *(name for name in made if name not in known))
    return Dataset(
        name=resource.name,
        contract=resource.path,
        columns=columns,
        model=file,
        complete=bool(made) or resource.config.contract_enforced is True,
    )


def _made(name: str, models: Models) -> tuple[str, ...]:
    made = models.made(name)
    return () if isinstance(made, Doubtful) else tuple(column.name for column in made)
