"""The packages that a project uses: those that lie in the repository, and the names of those that do not."""

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass, field

from jinja2.nodes import Macro

from meta_pipeline.delivery.tree import Tree, text_of
from meta_pipeline.delivery.yaml_source import Unreadable, read_yaml
from meta_pipeline.schedulers.dbt.project import Project, read_project
from meta_pipeline.schedulers.dbt.properties import read_properties
from meta_pipeline.schedulers.dbt.static.found import Finder
from meta_pipeline.schedulers.dbt.static.macros import macros_of
from meta_pipeline.schedulers.dbt.static.sources import Source, sources_of

_FILES = ("packages.yml", "dependencies.yml", "packages.yaml", "dependencies.yaml")
_DEEPEST = 5


@dataclass(frozen=True)
class Packages:
    """What the packages of a project add to it.

    `nodes` is the package of each model, seed and snapshot, by its name; `absent` are the packages that are not in the
    repository, as they are named. `errors` are what is wrong with the files that name them.
    """

    nodes: Mapping[str, str] = field(default_factory=dict)
    sources: Mapping[str, Source] = field(default_factory=dict)
    macros: Mapping[str, Macro] = field(default_factory=dict)
    absent: tuple[str, ...] = ()
    errors: tuple[Unreadable, ...] = ()

    def holding(self, name: str) -> str | None:
        """The package that builds a node of this name."""
        return self.nodes.get(name)


def packages_of(tree: Tree, project: Project, depth: int = 0) -> Packages:
    """The packages that the project's `packages.yml` or `dependencies.yml` name, and theirs."""
    nodes: dict[str, str] = {}
    sources: dict[str, Source] = {}
    macros: dict[str, Macro] = {}
    absent: list[str] = []
    named_there, errors = _named(tree, project)
    for folder, named in named_there:
        package = read_project(tree, folder) if folder else None
        if package is None or isinstance(package, Unreadable) or not package.name or depth >= _DEEPEST:
            absent.append(named)
            continue
        inner = packages_of(tree, package, depth + 1)
        own, _ = macros_of(tree, package, inner.macros)
        finder = Finder(tree, package, read_properties(tree, package), own)
        nodes |= {**inner.nodes, **{one.id: package.name for one in finder.relations()}}
        sources |= {**inner.sources, **sources_of(finder)}
        macros |= own.by_name
        absent += inner.absent
        errors += inner.errors
    return Packages(nodes, sources, macros, tuple(dict.fromkeys(absent)), tuple(errors))


def package_folders(tree: Tree, project: Project, depth: int = 0) -> tuple[str, ...]:
    """The folders of the packages that lie in the repository, with those that they name elsewhere, and of theirs."""
    found: list[str] = []
    for folder, _ in _named(tree, project)[0] if depth < _DEEPEST else ():
        package = read_project(tree, folder) if folder else None
        if folder and isinstance(package, Project):
            named = (path for paths in package.paths.values() for path in paths)
            found += (folder, *named, *package_folders(tree, package, depth + 1))
    return tuple(found)


def _named(tree: Tree, project: Project) -> tuple[list[tuple[str | None, str]], list[Unreadable]]:
    """Each package with its folder in the repository, None where it comes from elsewhere, and how it is named.

    Behind them stands what is wrong with the files, for which dbt refuses the project.
    """
    found: list[tuple[str | None, str]] = []
    errors: list[Unreadable] = []
    for file in _FILES:
        path = posixpath.normpath(posixpath.join(project.folder, file))
        text = text_of(tree, path)
        document = read_yaml(text, path) if text is not None else None
        if isinstance(document, Unreadable):
            errors.append(document)
        if document is None or isinstance(document, Unreadable):
            continue
        for key in ("packages", "projects"):
            held = document.get(key)
            if held.value is not None and not isinstance(held.value, list):
                errors.append(Unreadable(path, held.line, f"'{key}' is no list; begin each package with '-'"))
            for entry in document.get(key).each():
                local = entry.get("local").text
                folder = posixpath.normpath(posixpath.join(project.folder, local)) if local else None
                named = next(
                    (entry.get(k).text for k in ("package", "git", "tarball", "name") if k in entry), ""
                )
                found.append((folder, named or local or file))
    return found, errors
