"""The tables of a project's sources: what each is called in the warehouse, and how old it may be."""

from collections.abc import Mapping
from dataclasses import dataclass

from meta_pipeline.delivery.topology import UNRESOLVED, DatasetColumn
from meta_pipeline.schedulers.dbt.freshness import freshness_s
from meta_pipeline.schedulers.dbt.static.evaluation import UNKNOWN
from meta_pipeline.schedulers.dbt.static.found import Finder
from meta_pipeline.schedulers.dbt.static.sql_files import rendered


@dataclass(frozen=True, slots=True)
class Source:
    """One table. `relation` has its database only where the project names it, as any other is the target's."""

    relation: str
    enabled: bool
    freshness_s: float | None
    columns: tuple[DatasetColumn, ...]


def sources_of(finder: Finder) -> Mapping[str, Source]:
    """The tables of all sources by `source.table`."""
    found: dict[str, Source] = {}
    for resource in finder.properties.resources:
        if resource.kind != "source" or resource.parts is None:
            continue
        parts = [rendered(part, finder.macros) for part in resource.parts]
        config = finder.settings("source", tuple(resource.name.split(".")), resource.config.values)
        found[resource.name] = Source(
            relation=".".join(UNRESOLVED if part is UNKNOWN else str(part) for part in parts if part),
            enabled=config.get("enabled", True) is not False,
            freshness_s=freshness_s(resource.freshness),
            columns=tuple(DatasetColumn(name=one.name, type=one.data_type) for one in resource.columns),
        )
    return found
