"""The code locations of the checkout in the current folder; a part of `probe.py`.

A location is a document with its `root`, a `module` or a `file`, the folder to run in (`cwd`), the folders that
imports start from, or the `error` for which it cannot be loaded.
"""

from __future__ import annotations

import os
import posixpath
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

Document = dict[str, Any]

FILES = (
    *("workspace.yaml", "workspace.yml", "pyproject.toml", "dg.toml"),
    *("dagster_cloud.yaml", "dagster_cloud.yml"),
)
SKIPPED = re.compile(r"(?:^|/)(?:\.[^/]+|venv|node_modules|site-packages|dbt_packages|tests?|\w+_tests?)/")
DEFINES = re.compile(rb"\bDefinitions[ \t]*[(.]|^[ \t]*@(?:\w+\.)*(?:definitions|repository)\b", re.MULTILINE)
OF_DAGSTER = re.compile(rb"^[ \t]*(?:from|import)[ \t]+dagster(?=[\s.,])", re.MULTILINE)


def locations(folders: Iterable[str]) -> list[Document]:
    """The code locations below the folders, and errors of the files that name them."""
    found: dict[tuple[str, str], Document] = {}
    for folder in folders:
        root = clean(folder)
        there = list(declared(root))
        for location in there:
            location.setdefault("cwd", location["root"])
            package = (location.get("module") or location.get("file") or "").partition(".")[0]
            found.setdefault((location["root"], package), location)
        if not there:
            for path in defining(root):
                found[(root, path)] = {"root": root, "file": path, "cwd": root}
    ordered = sorted(found.values(), key=lambda one: (one["root"], str(one.get("file") or one.get("module"))))
    return [location for location in ordered if location.get("error") or exists(location)]


def clean(path: str) -> str:
    path = posixpath.normpath(path.strip("/") or ".")
    return "" if path == "." else path


def joined(folder: str, path: str) -> str:
    return clean(posixpath.join(folder, path))


def files_below(root: str) -> list[str]:
    top = Path(root or ".")
    found = []
    for folder, inner, names in os.walk(top):
        inner[:] = sorted(name for name in inner if not name.startswith(".") and name != "node_modules")
        found += [clean(posixpath.join(Path(folder).as_posix(), name)) for name in names]
    return sorted(path for path in found if not SKIPPED.search(path))


def declared(root: str) -> Iterator[Document]:
    paths = [path for path in files_below(root) if posixpath.basename(path) in FILES]
    for path in sorted(paths, key=lambda path: (FILES.index(posixpath.basename(path)), path)):
        try:
            text = Path(path).read_text(encoding="utf-8")
            for location in of_toml(path, text) if path.endswith(".toml") else of_yaml(path, text):
                name = location.get("module") or posixpath.basename(location.get("file", ""))
                word = name.partition(".")[0]
                lines = [number for number, line in enumerate(text.splitlines(), 1) if word in line]
                yield {**location, "declared": path, "line": lines[0] if lines else 1}
        except Exception as fault:  # noqa: BLE001  whatever is wrong with it, it is told
            said = str(fault).splitlines()[0] if str(fault) else type(fault).__name__
            yield {
                "root": root,
                "error": f"the code locations of this file cannot be read: {said}",
                "declared": path,
            }


def of_toml(path: str, text: str) -> Iterator[Document]:
    toml = import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")
    document = toml.loads(text)
    tools = document.get("tool", {}) if path.endswith("pyproject.toml") else {"dg": document}
    folder = posixpath.dirname(path)
    project, dagster = tools.get("dg", {}).get("project"), tools.get("dagster")
    if isinstance(project, dict) and isinstance(project.get("root_module"), str):
        package = project["root_module"]
        yield {
            "root": folder,
            "module": project.get("code_location_target_module", f"{package}.definitions"),
            "defs_module": project.get("defs_module", f"{package}.defs"),
        }
    elif isinstance(dagster, dict):
        for name in [dagster.get("module_name"), *(m.get("name") for m in dagster.get("modules", ()))]:
            if isinstance(name, str):
                yield {"root": folder, "module": name}


def of_yaml(path: str, text: str) -> Iterator[Document]:
    document = import_module("yaml").safe_load(text)
    folder = posixpath.dirname(path)
    if not isinstance(document, dict):
        return
    if "dagster_cloud" in posixpath.basename(path):
        for entry in document.get("locations") or ():
            source = entry.get("code_source") or {}
            home = joined(folder, (entry.get("build") or {}).get("directory") or ".")
            root = posixpath.dirname(home) if posixpath.basename(home) == "src" else home
            module = source.get("module_name") or source.get("package_name")
            if module:
                yield {"root": root, "module": module, "searched": [home]}
            elif source.get("python_file"):
                yield {"root": root, "file": joined(home, source["python_file"])}
        return
    for entry in document.get("load_from") or ():
        for kind, value in entry.items() if isinstance(entry, dict) else ():
            given = value if isinstance(value, dict) else {"": value}
            root = joined(folder, given.get("working_directory") or ".")
            keys = {
                "python_file": "relative_path",
                "python_module": "module_name",
                "python_package": "package_name",
            }
            name = given.get(keys.get(kind, ""), given.get(""))
            if kind == "python_file" and name:
                yield {"root": root, "file": joined(folder, name), "cwd": ""}
            elif kind in keys and name:
                yield {"root": root, "module": name, "cwd": ""}


def defining(root: str) -> list[str]:
    """The outermost files that build definitions; those in folders below one of them are its parts."""
    taken: list[str] = []
    paths = [path for path in files_below(root) if path.endswith(".py") and builds(Path(path).read_bytes())]
    for path in sorted(paths, key=lambda path: (path.count("/"), path)):
        home = posixpath.dirname(path)
        above = [posixpath.dirname(other) for other in taken]
        if not any(home != other and (not other or home.startswith(other + "/")) for other in above):
            taken.append(path)
    return taken


def defining_line(path: str) -> int | None:
    """The line on which a file builds its definitions, where it does."""
    try:
        data = Path(path).read_bytes()
    except OSError:
        return None
    found = DEFINES.search(data)
    return data.count(b"\n", 0, found.start()) + 1 if found else None


def builds(data: bytes) -> bool:
    return bool(OF_DAGSTER.search(data) and DEFINES.search(data))


def searched(location: Document) -> list[str]:
    root = location["root"]
    own = [root, posixpath.join(root, "src"), *location.get("searched", ()), "", "src"]
    if location.get("file"):
        own.insert(0, posixpath.dirname(location["file"]))
    return list(dict.fromkeys(clean(folder) for folder in own))


def exists(location: Document) -> bool:
    """Whether a location names something of the checkout; else it is an error."""
    if location.get("file"):
        there = Path(location["file"]).is_file()
    else:
        there = any(has_module(location.get(key), location) for key in ("module", "defs_module"))
    if not there:
        wanted = location.get("module") or location.get("file")
        location["error"] = (
            f"the code location '{wanted}' is not in the repository; name a module that is there"
        )
    return True


def has_module(name: str | None, location: Document) -> bool:
    if not name:
        return False
    stems = [Path(folder or ".", *name.split(".")) for folder in searched(location)]
    return any(stem.is_dir() or stem.with_suffix(".py").is_file() for stem in stems)


def shown_roots(found: Sequence[Document]) -> list[str]:
    """The root of each location; two in one folder are told apart by their files."""
    roots = [location["root"] for location in found]
    shown = []
    for location in found:
        root = location["root"]
        own = location.get("file") or module_file(location) if roots.count(root) > 1 else None
        shown.append(own or root or ".")
    return shown


def module_file(location: Document) -> str | None:
    name = location.get("module")
    for folder in searched(location) if name else ():
        stem = posixpath.join(folder, str(name).replace(".", "/"))
        for path in (f"{stem}/__init__.py", f"{stem}.py"):
            if Path(path).is_file():
                return path
    return None
