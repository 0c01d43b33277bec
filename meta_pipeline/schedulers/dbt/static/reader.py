"""The topologies of the dbt projects below a folder."""

import posixpath
import re
from collections.abc import Iterator, Mapping
from typing import Any

from jinja2.nodes import Macro

from meta_pipeline.delivery.model import digest
from meta_pipeline.delivery.topology import UNRESOLVED, Node, Pipeline, Topology, TopologyError
from meta_pipeline.delivery.tree import Tree
from meta_pipeline.delivery.yaml_source import Unreadable
from meta_pipeline.schedulers.dbt.project import Project, project_folders, read_project
from meta_pipeline.schedulers.dbt.properties import read_properties
from meta_pipeline.schedulers.dbt.static.edges import Edges
from meta_pipeline.schedulers.dbt.static.found import Finder, Found
from meta_pipeline.schedulers.dbt.static.names import Ids
from meta_pipeline.schedulers.dbt.static.nodes import exposure_nodes, generic_tests
from meta_pipeline.schedulers.dbt.static.sql_files import Macros
from meta_pipeline.schedulers.dbt.static.templates import Malformed, macros_in, parse_template

_PACKAGE_FILES = ("packages.yml", "dependencies.yml", "packages.yaml", "dependencies.yaml")
_REQUIREMENTS = re.compile(r"(?:.*/)?(?:requirements[^/]*\.(?:txt|in)|pyproject\.toml|uv\.lock|Pipfile)")
_DBT_CORE = re.compile(
    rb"(?<![\w-])dbt[-_]core[\"']?\s*(?:[=~>^]=?=?\s*|=\s*[\"'][=~>^]*\s*|\s+version = \")[\"']?(\d+(?:\.\d+){1,2})"
)


def read_topologies(tree: Tree, folder: str) -> tuple[Topology, ...]:
    """One topology a project, for the project in `folder` and those below it; installed packages are left out."""
    outer = posixpath.normpath(folder.strip("/") or ".")
    version = dbt_version(tree)
    return tuple(
        _topology(tree, project, version)
        for project in project_folders(tree)
        if outer in (".", project) or project.startswith(f"{outer}/")
    )


def _topology(tree: Tree, folder: str, version: str) -> Topology:
    project = read_project(tree, folder)
    assert project is not None
    pipelines: tuple[Pipeline, ...] = ()
    if isinstance(project, Unreadable):
        errors = [TopologyError(path=project.path, line=project.line, message=project.message)]
    elif not project.name:
        errors = [
            TopologyError(path=project.path, line=1, message="the project has no name; dbt asks for one")
        ]
    else:
        pipeline, errors = _pipeline(tree, project)
        pipelines = (pipeline,)
    ordered = sorted(set(errors), key=lambda error: (error.path, error.line or 0, error.message))
    return Topology(
        scheduler="dbt",
        version=version,
        method="static",
        root=folder,
        pipelines=pipelines,
        errors=tuple(ordered),
    )


def _pipeline(tree: Tree, project: Project) -> tuple[Pipeline, list[TopologyError]]:
    properties = read_properties(tree, project)
    macros, errors = macros_of(tree, project)
    errors += [TopologyError(path=e.path, line=e.line, message=e.message) for e in properties.errors]
    finder = Finder(tree, project, properties, macros)
    relations = finder.relations()
    edges = Edges.of(project, properties, relations, packages=has_packages(tree, project))
    ids = Ids()
    nodes = [_relation_node(one, ids, edges) for one in relations]
    nodes += [
        Node(
            id=ids.of(name), kind="test", operator="singular", path=path, line=1, **edges.of_asks(asks, path)
        )
        for name, path, asks, _ in finder.singular_tests()
    ]
    nodes += [test.node for test in generic_tests(finder, relations, edges, ids)]
    nodes += exposure_nodes(properties, edges, ids, macros)
    name = project.settings.get("name")
    pipeline = Pipeline(
        id=project.name, path=project.path, line=name.line, nodes=tuple(sorted(nodes, key=lambda n: n.id))
    )
    return pipeline, [*errors, *finder.errors, *edges.errors]


def _relation_node(one: Found, ids: Ids, edges: Edges) -> Node:
    return Node(
        id=ids.of(one.id),
        kind=one.kind,
        operator=one.materialized,
        path=one.path,
        line=one.line,
        writes=(one.relation,) if one.relation else (),
        **edges.of_asks(one.asks, one.path),
    )


def macros_of(tree: Tree, project: Project) -> tuple[Macros, list[TopologyError]]:
    """The project's own macros and generic tests; a file that is no Jinja is an error."""
    found: dict[str, Macro] = {}
    errors: list[TopologyError] = []
    contents: list[tuple[str, str]] = []
    for path in project.files(tree, ("macro", "test"), (".sql",)):
        if not _holds_macros(path, project):
            continue
        data = tree.read(path) or b""
        template = parse_template(data)
        if isinstance(template, Malformed):
            errors.append(TopologyError(path=path, line=template.line, message=template.message))
            continue
        found |= {macro.name: macro for macro in macros_in(template)}
        contents.append((path, tree.entries()[path].content))
    variables = _variables(project)
    return Macros(found, variables, digest([contents, _plain(variables)])), errors


def _holds_macros(path: str, project: Project) -> bool:
    within = [folder for folder in project.paths["macro"] if folder == "." or path.startswith(f"{folder}/")]
    return bool(within) or any(path.startswith(f"{folder}/generic/") for folder in project.paths["test"])


def _variables(project: Project) -> Mapping[str, Any]:
    """The project's variables; those under its own name win, and those of a package are not its own."""
    given = project.settings.get("vars").plain()
    if not isinstance(given, dict):
        return {}
    own = given.get(project.name)
    return {**given, **(own if isinstance(own, dict) else {})}


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value if isinstance(value, str | int | bool | None) else str(value)


def has_packages(tree: Tree, project: Project) -> bool:
    """Whether the project asks for packages, which are not at hand."""
    outer = "" if project.folder == "." else f"{project.folder}/"
    return any(f"{outer}{name}" in tree.entries() for name in _PACKAGE_FILES)


def dbt_version(tree: Tree) -> str:
    """The release of dbt-core that the requirements name; `unresolved` where they name none, or several."""
    named = set(_versions_named(tree))
    return named.pop() if len(named) == 1 else UNRESOLVED


def _versions_named(tree: Tree) -> Iterator[str]:
    for path in tree.entries():
        if _REQUIREMENTS.fullmatch(path):
            yield from (version.decode() for version in _DBT_CORE.findall(tree.read(path) or b""))
