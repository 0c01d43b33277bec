"""A small dbt project in memory, and what a recipe makes of one of its files."""

from collections.abc import Mapping
from typing import Any

from meta_pipeline.authors.recipes.recipe import Recipe
from meta_pipeline.contracts.datasets import datasets_of
from meta_pipeline.delivery.context import RepoContext
from meta_pipeline.delivery.overlay import OverlayTree
from meta_pipeline.delivery.tree import MemoryTree, Tree

YAML = "models/schema.yml"
PROJECT = {
    "dbt_project.yml": "name: shop\n",
    "models/orders.sql": "select 1 as id, 2 as amount, 'x' as status\n",
}


def tree(yaml: str | None = None, **files: str) -> MemoryTree:
    """The project with this property file and files."""
    more = {YAML: yaml} if yaml is not None else {}
    return MemoryTree.of({**PROJECT, **more, **files})


def context(of: Tree) -> RepoContext:
    return RepoContext(
        base="b" * 40, topologies=(), datasets=datasets_of(of, ()), manifests=(), files=tuple(of.entries())
    )


def applied(recipe: Recipe[Any], of: Tree, parameters: Any) -> Mapping[str, str]:
    """The files that the recipe writes; a second run must change nothing."""
    written = recipe.apply(of, parameters)
    assert recipe.apply(OverlayTree(of, written), parameters) == {}
    return {path: data.decode() for path, data in written.items()}
