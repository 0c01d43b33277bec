"""The code locations of a tree: what its workspace and project files name, or else modules that define."""

import posixpath
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.error import YAMLError

from meta_pipeline.delivery.topology import TopologyError
from meta_pipeline.delivery.tree import text_of
from meta_pipeline.schedulers.source.contents import ContentTest
from meta_pipeline.schedulers.source.modules import Modules, Sources

_FILES = (
    "workspace.yaml",
    "workspace.yml",
    "pyproject.toml",
    "dg.toml",
    "dagster_cloud.yaml",
    "dagster_cloud.yml",
)
_SKIPPED = re.compile(r"(?:^|/)(?:\.[^/]+|venv|node_modules|site-packages|dbt_packages|tests?|\w+_tests?)/")
_DEFINES = re.compile(
    rb"\bDefinitions[ \t]*[(.]|^[ \t]*@(?:\w+\.)*(?:definitions|repository)\b", re.MULTILINE
)
_OF_DAGSTER = re.compile(rb"^[ \t]*(?:from|import)[ \t]+dagster(?=[\s.,])", re.MULTILINE)
_is_of_dagster = ContentTest("imports Dagster", lambda data: bool(_OF_DAGSTER.search(data)))
_defines = ContentTest(
    "defines a code location", lambda data: bool(_OF_DAGSTER.search(data) and _DEFINES.search(data))
)


@dataclass(frozen=True)
class Declared:
    """A location as a file names it: a `module`, or a Python `file`; `searched` is where imports start."""

    root: str
    searched: tuple[str, ...]
    path: str
    line: int
    module: str | None = None
    file: str | None = None
    defs_module: str | None = None


@dataclass(frozen=True)
class CodeLocation:
    """One code location: its folder, the file to load (or None: only its `defs` folder), and where imports start."""

    root: str
    file: str | None
    searched: tuple[str, ...]
    defs_folder: str | None = None


@dataclass(frozen=True)
class Found:
    locations: tuple[CodeLocation, ...]
    errors: tuple[TopologyError, ...]


def code_locations(sources: Sources, root: str, import_roots: tuple[str, ...]) -> Found:
    """The code locations below `root` ("" for all of the tree), in the order of their folders."""
    errors: list[TopologyError] = []
    found: dict[tuple[str, str], CodeLocation] = {}
    for declared in _declared(sources, root, errors):
        location = _resolved(sources, declared, import_roots)
        if location is None:
            wanted = declared.module or declared.file
            message = f"the code location '{wanted}' is not in the repository; name a module that is there"
            errors.append(TopologyError(path=declared.path, line=declared.line, message=message))
            continue
        # A module and its package are one location, whichever of the files names it.
        package = (declared.module or location.file or "").partition(".")[0]
        found.setdefault((location.root, package), location)
    if not found and not errors:
        for path in _defining(sources, root):
            searched = _searched(root, import_roots, posixpath.dirname(path))
            found[(root, path)] = CodeLocation(root, path, searched)
    if not found and not errors:
        errors += _homeless(sources, root)
    return Found(
        tuple(_apart(sorted(found.values(), key=lambda one: (one.root, one.file or "")))), tuple(errors)
    )


def _apart(locations: list[CodeLocation]) -> Iterator[CodeLocation]:
    """Two locations in one folder are told apart by their files."""
    roots = [location.root for location in locations]
    for location in locations:
        shared = roots.count(location.root) > 1 and location.file
        yield CodeLocation(
            location.file or location.root if shared else location.root,
            location.file,
            location.searched,
            location.defs_folder,
        )


def _searched(folder: str, first: Iterable[str], *more: str) -> tuple[str, ...]:
    usual = [*more, folder, posixpath.join(folder, "src"), *first, "", "src"]
    return tuple(
        dict.fromkeys(posixpath.normpath(one).lstrip(".").strip("/") if one else "" for one in usual)
    )


def _resolved(sources: Sources, declared: Declared, import_roots: tuple[str, ...]) -> CodeLocation | None:
    searched = _searched(declared.root, (*declared.searched, *import_roots))
    modules = Modules(Sources.within(sources, searched), "dagster")
    defs_folder = None
    if declared.defs_module:
        there = modules.find(declared.defs_module)
        defs_folder = there.removesuffix("__init__.py").rstrip("/") if there else None
    file = declared.file
    if file is None and declared.module:
        file = modules.find(declared.module)
    elif file is not None and file not in sources.entries:
        file = None
    if file is not None and file.endswith("/"):
        file = None
    if file is None and defs_folder is None:
        return None
    return CodeLocation(declared.root, file, searched, defs_folder)


def _declared(sources: Sources, root: str, errors: list[TopologyError]) -> Iterator[Declared]:
    paths = [
        path
        for path in sources.below(root)
        if posixpath.basename(path) in _FILES and not _SKIPPED.search(path)
    ]
    # What `dagster dev` reads comes first; what a deployment reads says nothing that the project does not.
    for path in sorted(paths, key=lambda path: (_FILES.index(posixpath.basename(path)), path)):
        text = text_of(sources.tree, path) or ""
        try:
            if path.endswith(".toml"):
                yield from _of_project(path, text)
            else:
                yield from _of_yaml(path, text)
        except (tomllib.TOMLDecodeError, YAMLError, ValueError, RecursionError) as error:
            said = str(error).splitlines()[0]
            message = f"the code locations of this file cannot be read: {said}; mend it"
            errors.append(TopologyError(path=path, line=1, message=message))


def _table(value: object) -> dict[str, Any]:
    """A table of TOML; empty where something else stands in its place."""
    return value if isinstance(value, dict) else {}


def _of_project(path: str, text: str) -> Iterator[Declared]:
    folder = posixpath.dirname(path)
    document = tomllib.loads(text)
    tools = _table(document.get("tool")) if path.endswith("pyproject.toml") else {"dg": document}
    dagster, project = _table(tools.get("dagster")), _table(_table(tools.get("dg")).get("project"))
    if isinstance(project.get("root_module"), str):
        package = project["root_module"]
        module = project.get("code_location_target_module", f"{package}.definitions")
        defs = project.get("defs_module", f"{package}.defs")
        yield Declared(folder, (), path, _line(text, "root_module"), str(module), None, str(defs))
    else:
        modules = dagster.get("modules")
        several = [_table(module).get("name") for module in modules] if isinstance(modules, list) else []
        for name in [dagster.get("module_name"), *several]:
            if isinstance(name, str):
                yield Declared(folder, (), path, _line(text, name), name)


def _line(text: str, word: str) -> int:
    return next((number for number, line in enumerate(text.splitlines(), 1) if word in line), 1)


def _of_yaml(path: str, text: str) -> Iterator[Declared]:
    document = YAML(typ="rt").load(text)
    if not isinstance(document, CommentedMap):
        return
    folder = posixpath.dirname(path)
    if "dagster_cloud" in posixpath.basename(path):
        for number, entry in enumerate(document.get("locations") or ()):
            if isinstance(entry, Mapping):
                line = document["locations"].lc.item(number)[0] + 1
                yield from _of_cloud(folder, path, line, entry)
        return
    for number, entry in enumerate(document.get("load_from") or ()):
        line = document["load_from"].lc.item(number)[0] + 1
        for kind, value in entry.items() if isinstance(entry, Mapping) else ():
            yield from _of_workspace(folder, path, line, str(kind), value)


def _of_cloud(folder: str, path: str, line: int, entry: Mapping[str, object]) -> Iterator[Declared]:
    source, build = entry.get("code_source"), entry.get("build")
    directory = build.get("directory") if isinstance(build, Mapping) else None
    home = _joined(folder, str(directory or "."))
    root = posixpath.dirname(home) if posixpath.basename(home) == "src" else home
    if isinstance(source, Mapping):
        module = source.get("module_name") or source.get("package_name")
        file = source.get("python_file")
        if isinstance(module, str):
            yield Declared(root, (home,), path, line, module)
        elif isinstance(file, str):
            yield Declared(root, (home,), path, line, None, _joined(home, file))


def _of_workspace(folder: str, path: str, line: int, kind: str, value: object) -> Iterator[Declared]:
    given: Mapping[str, object] = value if isinstance(value, Mapping) else {"": value}
    home = _joined(folder, str(given.get("working_directory") or "."))
    keys = {"python_file": "relative_path", "python_module": "module_name", "python_package": "package_name"}
    name = given.get(keys.get(kind, ""), given.get(""))
    if kind in keys and isinstance(name, str):
        if kind == "python_file":
            yield Declared(home, (), path, line, None, _joined(folder, name))
        else:
            yield Declared(home, (), path, line, name)


def _joined(folder: str, path: str) -> str:
    joined = posixpath.normpath(posixpath.join(folder, path))
    return "" if joined == "." else joined


def _defining(sources: Sources, root: str) -> list[str]:
    """The outermost files that build definitions; those in folders below one of them are its parts."""
    taken: list[str] = []
    candidates = [
        path
        for path in sources.below(root)
        if path.endswith(".py") and not _SKIPPED.search(path) and _defines.of(sources.tree, path)
    ]
    for path in sorted(candidates, key=lambda path: (path.count("/"), path)):
        home = posixpath.dirname(path)
        if not any(_is_below(home, posixpath.dirname(other)) for other in taken):
            taken.append(path)
    return taken


def _homeless(sources: Sources, root: str) -> list[TopologyError]:
    """The error of Dagster code that no code location holds, at its first file."""
    code = (path for path in sources.below(root) if path.endswith(".py") and not _SKIPPED.search(path))
    first = next((path for path in code if _is_of_dagster.of(sources.tree, path)), None)
    if first is None:
        return []
    message = "no code location holds this file; build Definitions, or name its module in pyproject.toml"
    return [TopologyError(path=first, line=1, message=message)]


def _is_below(folder: str, other: str) -> bool:
    return folder != other and (not other or folder.startswith(f"{other}/"))
