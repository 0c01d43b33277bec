"""Reads the property files of a dbt project: the YAML files in its folders of models, seeds, snapshots and the like."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache

from meta_pipeline.delivery.tree import Tree
from meta_pipeline.delivery.yaml_source import Located, Unreadable, read_yaml
from meta_pipeline.schedulers.dbt.checks import checks_of
from meta_pipeline.schedulers.dbt.project import Project
from meta_pipeline.schedulers.dbt.resources import (
    Check,
    Column,
    Config,
    Constraint,
    Kind,
    Properties,
    Resource,
    Version,
)
from meta_pipeline.schedulers.dbt.semantics import measures_of, uses_of
from meta_pipeline.schedulers.source.file_answers import FileAnswers

_KINDS = ("model", "seed", "snapshot", "analysis", "macro", "test")
_SECTIONS: Mapping[str, Kind] = {
    "models": "model",
    "seeds": "seed",
    "snapshots": "snapshot",
    "analyses": "analysis",
    "exposures": "exposure",
    "unit_tests": "unit_test",
    "semantic_models": "semantic_model",
    "metrics": "metric",
    "saved_queries": "saved_query",
}


def property_files(tree: Tree, project: Project) -> Iterator[str]:
    """The files that describe what `project` builds, sorted."""
    return project.files(tree, _KINDS, (".yml", ".yaml"))


def read_properties(tree: Tree, project: Project, paths: Iterable[str] | None = None) -> Properties:
    """What these property files of `project` say, or all. One that cannot be read is an error; the others stand."""
    resources: list[Resource] = []
    errors: list[Unreadable] = []
    owners: dict[str, str] = {}
    addresses: dict[str, tuple[str, ...]] = {}
    wanted = property_files(tree, project) if paths is None else paths
    for read in _files.of(tree, wanted, _file).values():
        resources += read.resources
        errors += read.errors
        owners |= read.owners
        addresses |= read.addresses
    whole = tuple(_owned(resource, owners) for resource in resources)
    return Properties(whole, tuple(errors), owners, addresses)


def _owned(resource: Resource, owners: Mapping[str, str]) -> Resource:
    owner = owners.get(resource.config.group or "")
    return resource if resource.owner or not owner else replace(resource, owner=owner)


@dataclass(frozen=True)
class _Read:
    """What one file says; `owners` are those of the groups that it defines."""

    resources: list[Resource] = field(default_factory=list)
    errors: list[Unreadable] = field(default_factory=list)
    owners: dict[str, str] = field(default_factory=dict)
    addresses: dict[str, tuple[str, ...]] = field(default_factory=dict)


_files = FileAnswers("dbt properties", _Read)


@lru_cache(maxsize=8192)
def _file(path: str, data: bytes) -> _Read:
    # The two sides of a change share most files: equal content at one path is read once.
    read = _Read()
    try:
        document = read_yaml(data.decode("utf-8"), path)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        document = Unreadable(path, line, "this is not UTF-8")
    if isinstance(document, Unreadable):
        read.errors.append(document)
        return read
    for section, kind in _SECTIONS.items():
        for entry in _entries(document, section, read, path):
            read.resources.append(_resource(kind, entry, path))
    for source in _entries(document, "sources", read, path):
        for table in _entries(source, "tables", read, path):
            read.resources.append(_table(source, table, path))
    for group in _entries(document, "groups", read, path):
        if owner := _owner(group):
            read.owners[group.get("name").text] = owner
        read.addresses[group.get("name").text] = group.get("owner").get("email").texts()
    return read


def _entries(document: Located, section: str, read: _Read, path: str) -> Iterator[Located]:
    """The named entries of a section; one without a name is an error, as dbt refuses the file."""
    held = document.get(section)
    if held.value is not None and not isinstance(held.value, list):
        read.errors.append(Unreadable(path, held.line, f"'{section}' is no list"))
    for entry in held.each():
        if entry.get("name").text:
            yield entry
        else:
            read.errors.append(Unreadable(path, entry.line, f"an entry of '{section}' has no name"))


def _resource(kind: Kind, entry: Located, path: str) -> Resource:
    columns = tuple(_columns(entry))
    tests = checks_of(entry)
    config = _config(entry)
    return Resource(
        kind=kind,
        name=entry.get("name").text,
        path=path,
        line=entry.line,
        description=entry.get("description").text,
        config=config,
        columns=columns,
        tests=tests,
        constraints=_constraints(entry),
        versions=tuple(_version(version, columns, tests) for version in entry.get("versions").each()),
        latest_version=entry.get("latest_version").text or None,
        owner=_owner(entry) or _text(config.meta.get("owner")),
        depends_on=entry.get("depends_on").texts(),
        model=entry.get("model").text or None,
        relation=entry.get("relation").text or None,
        measures=measures_of(entry),
        uses=uses_of(entry),
    )


def _table(source: Located, table: Located, path: str) -> Resource:
    outer, config = _config(source), _config(table)
    parts = (
        source.get("database").text,
        source.get("schema").text or source.get("name").text,
        table.get("identifier").text or table.get("name").text,
    )
    meta = {**outer.meta, **config.meta}
    return Resource(
        kind="source",
        name=f"{source.get('name').text}.{table.get('name').text}",
        path=path,
        line=table.line,
        description=table.get("description").text,
        config=Config(
            materialized=None,
            enabled=outer.enabled if config.enabled is None else config.enabled,
            contract_enforced=None,
            access=None,
            group=config.group or outer.group,
            tags=tuple(dict.fromkeys((*outer.tags, *config.tags))),
            meta=meta,
            values={**outer.values, **config.values},
        ),
        columns=tuple(_columns(table)),
        tests=checks_of(table),
        owner=_owner(table) or _text(meta.get("owner")),
        relation=".".join(filter(None, parts)),
        parts=parts,
        freshness=_freshness(source, table),
    )


def _freshness(source: Located, table: Located) -> object:
    """What holds for a table: each limit is its own, else its source's; `null` at the table means none."""
    given: list[object] = []
    for place in (source, table):
        inner = place.get("config")
        holder = inner if "freshness" in inner else place
        if "freshness" in holder:
            given.append(holder.get("freshness").plain())
    if not given or not isinstance(given[-1], dict):
        return None
    outer = given[0] if isinstance(given[0], dict) else {}
    return {key: _limit(outer.get(key), given[-1].get(key)) for key in ("warn_after", "error_after")}


def _limit(outer: object, own: object) -> object:
    if not isinstance(own, dict):
        return outer
    return {**(outer if isinstance(outer, dict) else {}), **own}


def _config(entry: Located) -> Config:
    """`config:` of an entry, and the keys that may also stand beside it, which go behind."""
    inner = entry.get("config")
    values = {key.lstrip("+"): value.plain() for key, value in inner.pairs()}
    for key in ("access", "group", "tags", "meta"):
        if key in entry:
            values.setdefault(key, entry.get(key).plain())
    contract = values.get("contract")
    enforced = contract.get("enforced") if isinstance(contract, dict) else contract
    meta = values.get("meta")
    tags = dict.fromkeys(
        (*entry.get("tags").texts(), *inner.get("tags").texts(), *inner.get("+tags").texts())
    )
    return Config(
        materialized=_text(values.get("materialized")),
        enabled=_switch(values.get("enabled")),
        contract_enforced=_switch(enforced),
        access=_text(values.get("access")),
        group=_text(values.get("group")),
        tags=tuple(tags),
        meta=meta if isinstance(meta, dict) else {},
        values=values,
    )


def _switch(value: object) -> bool | str | None:
    return value if isinstance(value, bool | str) else None


def _text(value: object) -> str | None:
    return str(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else None


def _columns(entry: Located) -> Iterator[Column]:
    for column in entry.get("columns").each():
        if not column.get("name").text:
            continue
        config = column.get("config")
        meta = {**(_mapping(column.get("meta"))), **_mapping(config.get("meta"))}
        yield Column(
            name=column.get("name").text,
            line=column.line,
            data_type=column.get("data_type").text or None,
            description=column.get("description").text,
            tags=tuple(dict.fromkeys((*column.get("tags").texts(), *config.get("tags").texts()))),
            meta=meta,
            constraints=_constraints(column),
            tests=checks_of(column),
            quote=column.get("quote").value is True,
        )


def _mapping(value: Located) -> dict[str, object]:
    plain = value.plain()
    return plain if isinstance(plain, dict) else {}


def _constraints(entry: Located) -> tuple[Constraint, ...]:
    return tuple(
        Constraint(
            type=item.get("type").text.lower(),
            expression=item.get("expression").text,
            columns=item.get("columns").texts(),
            line=item.line,
        )
        for item in entry.get("constraints").each()
        if item.get("type").text
    )


def _version(entry: Located, inherited: tuple[Column, ...], tests: tuple[Check, ...]) -> Version:
    own = tuple(_columns(entry))
    names = {column.name for column in own}
    kept: list[Column] = []
    selections = [item for item in entry.get("columns").each() if "include" in item]
    if not selections:
        kept = [column for column in inherited if column.name not in names]
    for selection in selections[:1]:
        included, excluded = selection.get("include").texts(), selection.get("exclude").texts()
        every = bool({"all", "*"} & set(included))
        kept = [
            column
            for column in inherited
            if (every or column.name in included) and column.name not in excluded and column.name not in names
        ]
    return Version(
        v=entry.get("v").text,
        line=entry.line,
        defined_in=entry.get("defined_in").text or None,
        description=entry.get("description").text,
        config=_config(entry),
        columns=(*kept, *own),
        tests=checks_of(entry) if "tests" in entry or "data_tests" in entry else tests,
    )


def _owner(entry: Located) -> str | None:
    """The name or address of an `owner:`; of several addresses the first."""
    owner = entry.get("owner")
    return owner.get("name").text or next(iter(owner.get("email").texts()), None) or None
