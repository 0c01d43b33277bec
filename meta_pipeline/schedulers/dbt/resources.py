"""What the property files of a dbt project say of its models, seeds, snapshots, sources, exposures and unit tests."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from meta_pipeline.delivery.yaml_source import Unreadable

Kind = Literal[
    "model",
    "seed",
    "snapshot",
    "analysis",
    "source",
    "exposure",
    "unit_test",
    "semantic_model",
    "metric",
    "saved_query",
]


@dataclass(frozen=True)
class Check:
    """One data test on a column or resource.

    `name` is the generic test as it is called, with its package, such as `dbt_utils.accepted_range`; `title` is the
    name that the project gave this one. Jinja in `arguments` and `config` is text as it stands.
    """

    name: str
    arguments: Mapping[str, Any]
    config: Mapping[str, Any]
    line: int
    title: str | None = None

    @property
    def package(self) -> str | None:
        return self.name.rpartition(".")[0] or None

    @property
    def severity(self) -> str:
        """`error` or `warn`, in lower case, or the Jinja that decides it."""
        return str(self.config.get("severity", "error")).lower()

    @property
    def enabled(self) -> bool:
        return self.config.get("enabled", True) is not False


@dataclass(frozen=True)
class Constraint:
    """One constraint of a contract; `columns` only on a resource's own."""

    type: str
    expression: str
    columns: tuple[str, ...]
    line: int


@dataclass(frozen=True)
class Column:
    name: str
    line: int
    data_type: str | None = None
    description: str = ""
    tags: tuple[str, ...] = ()
    meta: Mapping[str, Any] | None = None
    constraints: tuple[Constraint, ...] = ()
    tests: tuple[Check, ...] = ()
    quote: bool = False


@dataclass(frozen=True)
class Config:
    """The configuration that a property file gives; what dbt_project.yml or the model's SQL gives is not in it.

    `enabled` and `contract_enforced` are None where nothing is said, text where Jinja decides. `values` holds all keys.
    """

    materialized: str | None
    enabled: bool | str | None
    contract_enforced: bool | str | None
    access: str | None
    group: str | None
    tags: tuple[str, ...]
    meta: Mapping[str, Any]
    values: Mapping[str, Any]


@dataclass(frozen=True)
class Version:
    """One version of a model; `columns` are those in force after `include` and `exclude`."""

    v: str
    line: int
    defined_in: str | None
    description: str
    config: Config
    columns: tuple[Column, ...]
    tests: tuple[Check, ...]


@dataclass(frozen=True)
class Resource:
    """One entry of a property file. The name of a source's table is `source.table`.

    `relation` is what a source's table is called in the warehouse, or what a snapshot in YAML copies, as
    `ref('x')`; `depends_on` are the `ref('x')` and `source('x', 'y')` of an exposure, `model` the model of a
    unit test or semantic model; `owner` a group's, exposure's or `meta.owner`'s name. `parts` are what `relation` of a
    source's table is made of: database (empty where none is given), schema and identifier, with their Jinja.
    `freshness` is that of a source's table; `measures` and `uses` are those of `semantics`.
    """

    kind: Kind
    name: str
    path: str
    line: int
    description: str
    config: Config
    columns: tuple[Column, ...] = ()
    tests: tuple[Check, ...] = ()
    constraints: tuple[Constraint, ...] = ()
    versions: tuple[Version, ...] = ()
    latest_version: str | None = None
    owner: str | None = None
    depends_on: tuple[str, ...] = ()
    model: str | None = None
    relation: str | None = None
    parts: tuple[str, str, str] | None = None
    freshness: Any = None
    measures: tuple[tuple[str, bool], ...] = ()
    uses: tuple[tuple[str, str], ...] = ()

    def column(self, name: str) -> Column | None:
        """The column of this name, in any case of letters, as warehouses compare names."""
        return next((column for column in self.columns if column.name.casefold() == name.casefold()), None)


@dataclass(frozen=True)
class Properties:
    """All entries of a project's property files, in the order of the files, and what could not be read.

    `addresses` are the mail addresses of the owner of each group.
    """

    resources: tuple[Resource, ...]
    errors: tuple[Unreadable, ...]
    owners: Mapping[str, str] = field(default_factory=dict)
    """Who owns each group."""
    addresses: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @cached_property
    def by_name(self) -> Mapping[tuple[Kind, str], Resource]:
        """The entries by kind and name; the first of two that describe one thing."""
        found: dict[tuple[Kind, str], Resource] = {}
        for resource in self.resources:
            found.setdefault((resource.kind, resource.name), resource)
        return found
