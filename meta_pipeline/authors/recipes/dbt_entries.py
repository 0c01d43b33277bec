"""The entry of a column in the property files of a dbt project: where it is, and how it is made where it is missing."""

import posixpath
from typing import Any, Literal

from yaml.nodes import MappingNode, Node, SequenceNode

from meta_pipeline.authors.recipes.recipe import RecipeError
from meta_pipeline.authors.recipes.yaml_source import YamlSource, child, children, named
from meta_pipeline.contracts.dbt import Models, dbt_models
from meta_pipeline.delivery.model import Frozen
from meta_pipeline.delivery.tree import Tree, text_of
from meta_pipeline.schedulers.dbt.resources import Resource

Section = Literal["models", "seeds", "snapshots", "sources"]
_SECTIONS: dict[str, Section] = {
    "model": "models",
    "seed": "seeds",
    "snapshot": "snapshots",
    "source": "sources",
}


class ColumnPlace(Frozen):
    """Column `column` of the resource `name` (`source.table` for a source) in the property file `path`.

    The file, the entry of the resource and that of the column are made where they are missing.
    """

    path: str
    section: Section
    name: str
    column: str


def project_of(tree: Tree, dataset: str) -> Models | None:
    """The dbt project that builds or declares a dataset; None where none does."""
    return next((models for models in dbt_models(tree) if _declares(models, dataset)), None)


def _declares(models: Models, dataset: str) -> bool:
    return dataset in models.files or _entry(models, dataset) is not None


def _entry(models: Models, dataset: str) -> Resource | None:
    return next((r for r in models.properties.resources if r.name == dataset and r.kind in _SECTIONS), None)


def place_of(models: Models, dataset: str, column: str) -> ColumnPlace:
    """Where the column's entry stands, or should: beside what builds it, as the project does it elsewhere."""
    entry = _entry(models, dataset)
    if entry is not None:
        return ColumnPlace(path=entry.path, section=_SECTIONS[entry.kind], name=dataset, column=column)
    file = models.files[dataset]
    section: Section = "seeds" if file.endswith(".csv") else "models"
    return ColumnPlace(path=_home(models, file, section), section=section, name=dataset, column=column)


def _home(models: Models, file: str, section: Section) -> str:
    """The property file of the nearest folder that has one with this section, else a new one beside the file."""
    kind = next(kind for kind, name in _SECTIONS.items() if name == section)
    entries: dict[str, list[str]] = {}
    for resource in models.properties.resources:
        if resource.kind == kind:
            entries.setdefault(resource.path, []).append(resource.name)
    folder = own = posixpath.dirname(file)
    while True:
        here = {path: names for path, names in entries.items() if posixpath.dirname(path) == folder}
        if here:
            break
        if not folder:
            return posixpath.join(own, "schema.yml")
        folder = posixpath.dirname(folder)
    stem = posixpath.splitext(posixpath.basename(file))[0]
    for path, names in here.items():
        # A file for each model, such as `orders.yml` or `_orders.yml`, is a habit to follow.
        title, ending = posixpath.splitext(posixpath.basename(path))
        if len(names) != 1 or title.lstrip("_") != names[0]:
            return max(here, key=lambda one: len(here[one]))
    return posixpath.join(own, f"{'_' if title.startswith('_') else ''}{stem}{ending}")


def open_properties(tree: Tree, place: ColumnPlace) -> YamlSource:
    """The property file of a place; a new one where there is none."""
    if text_of(tree, place.path) is None:
        return YamlSource(place.path, f"version: 2\n\n{place.section}:\n")
    return YamlSource.open(tree, place.path)


def with_column(source: YamlSource, place: ColumnPlace) -> tuple[YamlSource, MappingNode]:
    """The file with an entry for the column, and that entry."""
    found = _column(source, place)
    if found is not None:
        return source, found
    new: dict[str, Any] = {"name": place.column}
    resource = resource_of(source, place)
    if resource is None:
        if place.section == "sources":
            raise RecipeError(place.path, 1, f"there is no entry of source {place.name} here; add one.")
        root = source.root
        assert isinstance(root, MappingNode)
        source = source.with_item(root, place.section, {"name": place.name, "columns": [new]})
    else:
        source = source.with_item(resource, "columns", new)
    found = _column(source, place)
    if found is None:
        raise RecipeError(place.path, 1, f"an entry for {place.name} could not be added; add it by hand.")
    return source, found


def resource_of(source: YamlSource, place: ColumnPlace) -> MappingNode | None:
    """The entry of the resource; None where there is none."""
    root = source.root
    if place.section != "sources":
        return named(children(child(root, place.section)), place.name)
    outer, _, table = place.name.partition(".")
    for group in children(child(root, "sources")):
        if named([group], outer) is not None:
            found = named(children(child(group, "tables")), table)
            if found is not None:
                return found
    return None


def _column(source: YamlSource, place: ColumnPlace) -> MappingNode | None:
    resource = resource_of(source, place)
    return named(children(child(resource, "columns")), place.column) if resource else None


def items_of(node: Node | None) -> list[Node]:
    """The items of a list."""
    return list(node.value) if isinstance(node, SequenceNode) else []
