"""The resources of a project that its files hold, each with the settings in force and what it asks for."""

import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from meta_pipeline.delivery.topology import UNRESOLVED, TopologyError
from meta_pipeline.delivery.tree import Tree
from meta_pipeline.schedulers.dbt.project import Project
from meta_pipeline.schedulers.dbt.resources import Check, Column, Properties, Resource, Version
from meta_pipeline.schedulers.dbt.static.evaluation import UNKNOWN
from meta_pipeline.schedulers.dbt.static.settings import overlaid, project_settings
from meta_pipeline.schedulers.dbt.static.sql_files import (
    NO_MACROS,
    Asks,
    Macros,
    asks_of_expression,
    asks_of_python,
    asks_of_sql,
    rendered,
    snapshots_of,
)
from meta_pipeline.schedulers.source.file_answers import FileAnswers

_YAML_SNAPSHOTS = (1, 9)
"""The release since which a snapshot may be written in YAML alone."""

_asks = FileAnswers("dbt models", Asks)

Relation = Literal["model", "seed", "snapshot"]
SECTIONS: Mapping[str, tuple[str, ...]] = {
    "model": ("models",),
    "seed": ("seeds",),
    "snapshot": ("snapshots",),
    "test": ("tests", "data_tests"),
    "unit_test": ("unit_tests",),
    "exposure": ("exposures",),
    "semantic_model": ("semantic-models",),
    "metric": ("metrics",),
    "saved_query": ("saved-queries",),
    "source": ("sources",),
}


@dataclass(frozen=True)
class Found:
    """A model, seed or snapshot. `id` is its name, with `.v2` for a version of a model.

    `checks` are its tests with the column each is on; the `title` is what names of tests call it.
    """

    kind: Relation
    name: str
    path: str
    line: int
    config: Mapping[str, Any]
    asks: Asks
    version: str | None = None
    checks: tuple[tuple[Check, Column | None], ...] = ()
    columns: tuple[Column, ...] = ()
    declared_in: str | None = None
    declared_at: int = 0

    @property
    def place(self) -> tuple[str, int, tuple[int, float, str]]:
        """Where its YAML stands; versions of one model follow each other."""
        return self.declared_in or self.path, self.declared_at, _rank(self.version or "")

    @property
    def id(self) -> str:
        return f"{self.name}.v{self.version}" if self.version else self.name

    @property
    def title(self) -> str:
        return f"{self.name}_v{self.version}" if self.version else self.name

    @property
    def enabled(self) -> bool:
        return self.config.get("enabled", True) is not False

    @property
    def materialized(self) -> str | None:
        """How a model is built; None for what is no model."""
        value = self.config.get("materialized", "view")
        return None if self.kind != "model" else UNRESOLVED if value is UNKNOWN else str(value)

    @property
    def relation(self) -> str | None:
        """What it is called in the warehouse, with the database and schema that its own settings add."""
        if self.materialized == "ephemeral":
            return None
        config = self.config
        parts = (
            config.get("database") or config.get("target_database"),
            config.get("schema") or config.get("target_schema"),
            config.get("alias") or self.title,
        )
        return ".".join(UNRESOLVED if part is UNKNOWN else str(part) for part in parts if part)


@dataclass
class Finder:
    """Finds the resources of one project; what cannot be understood on the way is in `errors`.

    `release` is that of dbt, where it is known; each has forms that one before it only warns of.
    """

    tree: Tree
    project: Project
    properties: Properties
    macros: Macros
    release: tuple[int, int] | None = None
    errors: list[TopologyError] = field(default_factory=list)

    def relations(self) -> list[Found]:
        """The enabled models, seeds and snapshots, each name once."""
        found: dict[str, Found] = {}
        for one in (*self._models(), *self._seeds(), *self._snapshots()):
            if not one.enabled:
                continue
            if one.config.get("enabled") is UNKNOWN:
                self._error(
                    one.path, one.line, f"whether {one.kind} '{one.name}' is enabled is computed at run time"
                )
            first = found.setdefault(one.id, one)
            if first is not one:
                self._error(one.path, one.line, f"the name '{one.id}' is taken by {first.path}:{first.line}")
        return list(found.values())

    def singular_tests(self) -> Iterator[tuple[str, str, Asks, Mapping[str, Any]]]:
        """The tests that are a file of SQL: name, path, what they ask for, settings."""
        for path in self.project.files(self.tree, ("test",), (".sql",)):
            inner = self._inside("test", path)
            if inner.startswith("generic/"):
                continue
            asks = asks_of_sql(self.tree.read(path) or b"", self.macros)
            self.note(path, asks)
            name = _stem(path)
            config = self.settings("test", (*_folders(inner), name), asks.config)
            if config.get("enabled", True) is not False:
                yield name, path, asks, config

    def settings(self, kind: str, names: tuple[str, ...], *own: Mapping[str, Any]) -> dict[str, Any]:
        """The settings in force: of dbt_project.yml, then each of `own`; Jinja is replaced by its value."""
        found: dict[str, Any] = {}
        for section in SECTIONS[kind]:
            tree = self.project.settings.get(section)
            if not tree.value:
                continue
            given = project_settings(tree, (self.project.name, *names))
            # The project's file does not see the variables that it defines itself.
            found = overlaid(found, {key: rendered(value, NO_MACROS) for key, value in given.items()})
        for more in own:
            found = overlaid(found, {key: rendered(value, self.macros) for key, value in more.items()})
        return found

    def note(self, path: str, asks: Asks) -> None:
        """Take up what is wrong in a file."""
        for line, message in asks.errors:
            self._error(path, line, message)

    def _error(self, path: str, line: int, message: str) -> None:
        self.errors.append(TopologyError(path=path, line=line, message=message))

    def _models(self) -> Iterator[Found]:
        versions = dict(_versions(self.properties))
        paths = self.project.files(self.tree, ("model",), (".sql", ".py"))
        found = _asks.of(self.tree, paths, self._asks_of_model, self.macros.fingerprint)
        for path, asks in found.items():
            self.note(path, asks)
            inner = self._inside("model", path)
            stem = _stem(path)
            resource, version = versions.get(stem, (self.properties.by_name.get(("model", stem)), None))
            yield self._found("model", path, 1, _folders(inner), resource, asks, stem, version)

    def _asks_of_model(self, path: str, data: bytes) -> Asks:
        return asks_of_sql(data, self.macros) if path.endswith(".sql") else asks_of_python(data)

    def _seeds(self) -> Iterator[Found]:
        for path in self.project.files(self.tree, ("seed",), (".csv",)):
            resource = self.properties.by_name.get(("seed", _stem(path)))
            yield self._found(
                "seed", path, 1, _folders(self._inside("seed", path)), resource, Asks(), _stem(path)
            )

    def _snapshots(self) -> Iterator[Found]:
        for path in self.project.files(self.tree, ("snapshot",), (".sql",)):
            for name, line, asks in snapshots_of(self.tree.read(path) or b"", self.macros):
                self.note(path, asks)
                if name:
                    folders = (*_folders(self._inside("snapshot", path)), _stem(path))
                    resource = self.properties.by_name.get(("snapshot", name))
                    yield self._found("snapshot", path, line, folders, resource, asks, name)
        if self.release is not None and self.release < _YAML_SNAPSHOTS:
            return
        for resource in self.properties.resources:
            if resource.kind == "snapshot" and resource.relation:
                asks = asks_of_expression(resource.relation, self.macros)
                self.note(resource.path, Asks(errors=tuple((resource.line, text) for _, text in asks.errors)))
                folders = _folders(self._inside("snapshot", resource.path))
                yield self._found(
                    "snapshot", resource.path, resource.line, folders, resource, asks, resource.name
                )

    def _found(
        self,
        kind: Relation,
        path: str,
        line: int,
        folders: tuple[str, ...],
        resource: Resource | None,
        asks: Asks,
        stem: str,
        version: Version | None = None,
    ) -> Found:
        name = resource.name if resource and version else stem
        names = (*folders, name, *((f"v{version.v}",) if version else ()))
        own = [resource.config.values] if resource else []
        own += [version.config.values] if version else []
        columns = version.columns if version else resource.columns if resource else ()
        whole = version.tests if version else resource.tests if resource else ()
        return Found(
            kind=kind,
            name=name,
            path=path,
            line=line,
            config=self.settings(kind, names, *own, asks.config),
            asks=asks,
            version=version.v if version else None,
            checks=(
                *((check, None) for check in whole),
                *((check, column) for column in columns for check in column.tests),
            ),
            columns=columns,
            declared_in=resource.path if resource else None,
            declared_at=resource.line if resource else 0,
        )

    def _inside(self, kind: str, path: str) -> str:
        """The path within the folder of its kind."""
        for folder in self.project.paths[kind]:
            if folder == "." or path.startswith(f"{folder}/"):
                return path if folder == "." else path.removeprefix(f"{folder}/")
        return posixpath.basename(path)


def _versions(properties: Properties) -> Iterator[tuple[str, tuple[Resource, Version | None]]]:
    """The versioned models by the stem of the file that defines each version."""
    for resource in properties.resources:
        if resource.kind != "model":
            continue
        latest = latest_version(resource)
        for version in resource.versions:
            yield version.defined_in or f"{resource.name}_v{version.v}", (resource, version)
            if version.v == latest and not version.defined_in:
                yield resource.name, (resource, version)


def latest_version(resource: Resource) -> str | None:
    """The version that a `ref` without one means: the one named so, or the greatest."""
    if resource.latest_version or not resource.versions:
        return resource.latest_version
    return max((version.v for version in resource.versions), key=_rank)


def _rank(version: str) -> tuple[int, float, str]:
    try:
        return (1, float(version), "")
    except ValueError:
        return (0, 0.0, version)


def _stem(path: str) -> str:
    return posixpath.splitext(posixpath.basename(path))[0]


def _folders(inner: str) -> tuple[str, ...]:
    return tuple(inner.split("/")[:-1])
