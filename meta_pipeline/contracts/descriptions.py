"""What the files of a repository say of a column."""

from meta_pipeline.contracts.dbt import dbt_models
from meta_pipeline.contracts.odcs import read_odcs
from meta_pipeline.contracts.places import contract_files
from meta_pipeline.delivery.tree import Tree, text_of
from meta_pipeline.delivery.yaml_source import Unreadable


def description_of(tree: Tree, dataset: str, column: str, patterns: tuple[str, ...] = ()) -> str | None:
    """The description of a column: that of the dbt project that builds or declares it, else of its ODCS contract.

    Empty where the dataset is known and nothing is said of the column; None where the dataset is not known.
    """
    known = False
    for models in dbt_models(tree):
        for resource in models.properties.resources:
            if resource.name == dataset and resource.kind in ("model", "seed", "snapshot", "source"):
                found = resource.column(column)
                return found.description if found else ""
        known = known or dataset in models.files
    for path in contract_files(tree, patterns):
        contracts = read_odcs(text_of(tree, path) or "", path)
        for contract in () if isinstance(contracts, Unreadable) else contracts:
            declared = contract.column(column)
            if contract.dataset == dataset:
                return declared.description if declared else ""
    return "" if known else None
