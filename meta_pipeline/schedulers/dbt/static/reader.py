"""The topologies of the dbt projects below a folder."""

import posixpath
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter

from meta_pipeline.delivery.topology import (
    UNRESOLVED,
    Dataset,
    DatasetColumn,
    Node,
    Pipeline,
    Topology,
    TopologyError,
)
from meta_pipeline.delivery.tree import Part, Tree
from meta_pipeline.delivery.yaml_source import Unreadable
from meta_pipeline.schedulers.dbt.columns import datasets_of
from meta_pipeline.schedulers.dbt.project import Project, project_folders, read_project
from meta_pipeline.schedulers.dbt.properties import read_properties
from meta_pipeline.schedulers.dbt.static.edges import Edges
from meta_pipeline.schedulers.dbt.static.found import Finder, Found
from meta_pipeline.schedulers.dbt.static.macros import macros_of
from meta_pipeline.schedulers.dbt.static.names import Ids
from meta_pipeline.schedulers.dbt.static.nodes import Nodes
from meta_pipeline.schedulers.dbt.static.packages import package_folders, packages_of
from meta_pipeline.schedulers.dbt.static.sources import sources_of
from meta_pipeline.schedulers.signs import outermost
from meta_pipeline.schedulers.source.readings import Answers

_projects = Answers("dbt projects", Topology)
_REQUIREMENTS = re.compile(r"(?:.*/)?(?:requirements[^/]*\.(?:txt|in)|pyproject\.toml|uv\.lock|Pipfile)")
_DBT_CORE = re.compile(
    rb"(?<![\w-])dbt[-_]core[\"']?\s*(?:[=~>^]=?=?\s*|=\s*[\"'][=~>^]*\s*|\s+version = \")[\"']?(\d+(?:\.\d+){1,2})"
)

_PINNED = re.compile(
    rb"(?<![\w-])dbt[-_]core[\"']?(?:\s*[=~]=\s*|\s*=\s*[\"']==?\s*|\s+version = \")(\d+)\.(\d+)\.[\d*]"
)


def read_topologies(tree: Tree, folder: str) -> tuple[Topology, ...]:
    """One topology a project, for the project in `folder` and those below it; installed packages are left out."""
    outer = posixpath.normpath(folder.strip("/") or ".")
    version, release = dbt_version(tree), pinned_release(tree)
    return tuple(
        topology
        for project in project_folders(tree)
        if outer in (".", project) or project.startswith(f"{outer}/")
        for topology in _projects.of(
            _own_files(tree, project), (project, version, release), _reading(project, version, release)
        )
    )


def _reading(
    folder: str, version: str, release: tuple[int, int] | None
) -> Callable[[Tree], tuple[Topology, ...]]:
    return lambda tree: (_topology(tree, folder, version, release),)


def _own_files(tree: Tree, folder: str) -> Tree:
    """What a project may be made of: its folder, the folders elsewhere that its file names, and its packages."""
    project = read_project(tree, folder)
    if not isinstance(project, Project):
        return Part(tree, [folder])
    named = (path for paths in project.paths.values() for path in paths)
    return Part(tree, outermost([folder, *named, *package_folders(tree, project)]))


def _topology(tree: Tree, folder: str, version: str, release: tuple[int, int] | None) -> Topology:
    project = read_project(tree, folder)
    assert project is not None
    pipelines: tuple[Pipeline, ...] = ()
    datasets: tuple[Dataset, ...] = ()
    if isinstance(project, Unreadable):
        errors = [TopologyError(path=project.path, line=project.line, message=project.message)]
    elif not project.name:
        errors = [
            TopologyError(path=project.path, line=1, message="the project has no name; dbt asks for one")
        ]
    else:
        read = _pipeline(tree, project, release)
        pipelines, datasets, errors = (read.pipeline,), read.datasets, read.errors
    ordered = sorted(set(errors), key=lambda error: (error.path, error.line or 0, error.message))
    return Topology(
        scheduler="dbt",
        version=version,
        method="static",
        root=folder,
        pipelines=pipelines,
        datasets=datasets,
        errors=tuple(ordered),
    )


@dataclass(frozen=True)
class _Read:
    pipeline: Pipeline
    datasets: tuple[Dataset, ...]
    errors: list[TopologyError]


def _pipeline(tree: Tree, project: Project, release: tuple[int, int] | None) -> _Read:
    properties = read_properties(tree, project)
    packages = packages_of(tree, project)
    macros, errors = macros_of(tree, project, packages.macros)
    errors += [
        TopologyError(path=e.path, line=e.line, message=e.message)
        for e in (*properties.errors, *packages.errors)
    ]
    finder = Finder(tree, project, properties, macros, release)
    relations = finder.relations()
    sources = sources_of(finder)
    edges = Edges.of(project, properties, relations, sources, packages)
    nodes = Nodes(finder, relations, sources, edges, Ids()).all()
    errors += _cycles(nodes)
    name = project.settings.get("name")
    pipeline = Pipeline(
        id=project.name, path=project.path, line=name.line, nodes=tuple(sorted(nodes, key=lambda n: n.id))
    )
    used = {name for node in nodes for name in (*node.reads, *node.writes)}
    held = [(one.relation, _columns(one)) for one in relations if one.relation]
    held += [(source.relation, source.columns) for source in sources.values() if source.enabled]
    datasets = datasets_of((name, columns) for name, columns in held if name in used)
    return _Read(pipeline, datasets, [*errors, *finder.errors, *edges.errors])


def _cycles(nodes: list[Node]) -> list[TopologyError]:
    """The first circle of nodes that wait for each other; dbt builds nothing of a project that has one."""
    try:
        TopologicalSorter({node.id: node.upstream for node in nodes}).prepare()
    except CycleError as error:
        names: list[str] = error.args[1]
        first = next(node for node in nodes if node.id == min(names))
        message = f"the nodes {' -> '.join(names)} wait for each other in a circle"
        return [TopologyError(path=first.path or "", line=first.line, message=message)]
    return []


def _columns(one: Found) -> tuple[DatasetColumn, ...]:
    return tuple(DatasetColumn(name=column.name, type=column.data_type) for column in one.columns)


def dbt_version(tree: Tree) -> str:
    """The release of dbt-core that the requirements name; `unresolved` where they name none, or several."""
    named = set(_versions_named(tree))
    return named.pop() if len(named) == 1 else UNRESOLVED


def pinned_release(tree: Tree) -> tuple[int, int] | None:
    """Major and minor of the one release of dbt-core that requirements or locks pin; None where they leave it open."""
    found = {
        (int(major), int(minor))
        for path in tree.entries()
        if _REQUIREMENTS.fullmatch(path)
        for major, minor in _PINNED.findall(tree.read(path) or b"")
    }
    return found.pop() if len(found) == 1 else None


def _versions_named(tree: Tree) -> Iterator[str]:
    for path in tree.entries():
        if _REQUIREMENTS.fullmatch(path):
            yield from (version.decode() for version in _DBT_CORE.findall(tree.read(path) or b""))
