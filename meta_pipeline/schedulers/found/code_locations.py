"""The folders of a repository's Dagster code locations."""

import posixpath
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any

from meta_pipeline.delivery.tree import Tree, text_of
from meta_pipeline.schedulers.found.answer import below, folder_of, from_near_to_root, own_paths
from meta_pipeline.schedulers.found.toml_files import table, toml_of
from meta_pipeline.schedulers.found.yaml_files import mapping_of

_PROJECT_FILES = ("pyproject.toml", "setup.py", "setup.cfg")


@dataclass(frozen=True, slots=True)
class CodeLocations:
    """The folders that one settings file gives to Dagster, and how it does."""

    folders: tuple[str, ...]
    reason: str


def code_locations(tree: Tree) -> Iterator[CodeLocations]:
    """What each settings file says, the one that developers work with first.

    That is `dg.toml`, then `workspace.yaml`, the tables of `pyproject.toml` files, and last what
    `dagster_cloud.yaml` deploys. The folder of a location is that of its Python project, where it has one.
    """
    paths = own_paths(tree)
    found = chain(
        _of_files(tree, paths, "dg.toml", _in_dg, "lists"),
        _of_files(tree, paths, "workspace.yaml", _in_workspace, "loads"),
        _of_projects(tree, paths),
        _of_files(tree, paths, "dagster_cloud.yaml", _in_cloud, "deploys"),
    )
    return (each for each in found if each.folders)


def _of_files(tree: Tree, paths: Iterable[str], name: str, read: Any, verb: str) -> Iterator[CodeLocations]:
    for path in paths:
        if posixpath.basename(path) == name:
            base = folder_of(path)
            folders = dict.fromkeys(
                _project(tree, posixpath.normpath(below(base, folder)))
                for folder in read(tree, path)
                if not folder.startswith("/")
            )
            inside = tuple(sorted(folder for folder in folders if not folder.startswith("..")))
            count = "one code location" if len(inside) == 1 else f"{len(inside)} code locations"
            yield CodeLocations(inside, f"{path} {verb} {count}")


def _of_projects(tree: Tree, paths: Iterable[str]) -> Iterator[CodeLocations]:
    files = []
    for path in paths:
        if posixpath.basename(path) == "pyproject.toml":
            tools = table(toml_of(tree, path), "tool")
            if "dagster" in tools or table(tools, "dg", "project"):
                files.append(path)
    verb = "has a table for Dagster" if len(files) == 1 else "have tables for Dagster"
    shown = files[0] if len(files) == 1 else f"{len(files)} pyproject.toml files"
    yield CodeLocations(tuple(folder_of(path) for path in files), f"{shown} {verb}")


def _in_dg(tree: Tree, path: str) -> Iterator[str]:
    document = toml_of(tree, path)
    projects = table(document, "workspace").get("projects", ())
    for project in projects if isinstance(projects, list) else ():
        if isinstance(project, Mapping) and isinstance(project.get("path"), str):
            yield project["path"]
    if document.get("project"):
        yield "."


def _in_workspace(tree: Tree, path: str) -> Iterator[str]:
    entries = mapping_of(text_of(tree, path)).get("load_from")
    for entry in entries if isinstance(entries, list) else ():
        for kind, given in entry.items() if isinstance(entry, dict) else ():
            fields = given if isinstance(given, dict) else {"value": given}
            yield from _folder_of_code(tree, path, str(kind), fields)


def _in_cloud(tree: Tree, path: str) -> Iterator[str]:
    locations = mapping_of(text_of(tree, path)).get("locations")
    for location in locations if isinstance(locations, list) else ():
        if not isinstance(location, dict):
            continue
        build, source = location.get("build"), location.get("code_source")
        fields = dict(source) if isinstance(source, dict) else {}
        fields["working_directory"] = location.get("working_directory") or (
            build.get("directory") if isinstance(build, dict) else None
        )
        yield from _folder_of_code(tree, path, next(iter(fields)), fields)


def _folder_of_code(tree: Tree, path: str, kind: str, fields: Mapping[str, Any]) -> Iterator[str]:
    """The folder of a location, relative to the file that names it: its working directory, or that of its code."""
    folder = fields.get("working_directory")
    if isinstance(folder, str):
        yield folder
        return
    code = next((value for value in fields.values() if isinstance(value, str)), None)
    if code is None:
        return
    if "file" in kind or code.endswith(".py"):
        yield posixpath.dirname(code) or "."
        return
    package = code.split(".")[0]
    base = folder_of(path)
    there = own_paths(tree)
    for root in (".", "src"):
        inside = posixpath.normpath(below(base, below(root, package)))
        if any(file.startswith(f"{inside}/") for file in there):
            yield below(root, package)
            return


def _project(tree: Tree, folder: str) -> str:
    """The nearest folder above the code that holds a Python project; the folder itself where none does."""
    for place in from_near_to_root([folder]):
        if any(tree.read(below(place, name)) is not None for name in _PROJECT_FILES):
            return place
    return folder
