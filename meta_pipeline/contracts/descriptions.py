"""What the files of a repository say of a column."""

from dataclasses import dataclass

from meta_pipeline.contracts.dbt import dbt_models
from meta_pipeline.contracts.odcs import read_odcs
from meta_pipeline.contracts.places import contract_files
from meta_pipeline.delivery.tree import Tree, text_of
from meta_pipeline.delivery.yaml_source import Unreadable


@dataclass(frozen=True, slots=True)
class Described:
    """What is said of a column, and in which file; empty where nothing is said."""

    text: str
    path: str


def description_of(tree: Tree, dataset: str, column: str, patterns: tuple[str, ...] = ()) -> Described | None:
    """The description of a column: that of the dbt project that builds or declares it, else of its ODCS contract.

    None where the dataset is not known.
    """
    builds: str | None = None
    for models in dbt_models(tree):
        for resource in models.properties.resources:
            if resource.name == dataset and resource.kind in ("model", "seed", "snapshot", "source"):
                found = resource.column(column)
                return Described(found.description if found else "", resource.path)
        builds = builds or models.files.get(dataset)
    for path in contract_files(tree, patterns):
        contracts = read_odcs(text_of(tree, path) or "", path)
        for contract in () if isinstance(contracts, Unreadable) else contracts:
            declared = contract.column(column)
            if contract.dataset == dataset:
                return Described(declared.description if declared else "", path)
    return Described("", builds) if builds else None
