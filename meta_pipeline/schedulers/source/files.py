"""Files of the repository that code finds by `__file__`: their paths, and the data in them."""

import json
import posixpath
import tomllib
from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase
from pathlib import PurePosixPath

import yaml

from meta_pipeline.schedulers.source.limits import ELEMENTS_PER_STEP, MAX_FILE, MAX_LENGTH
from meta_pipeline.schedulers.source.machine import Arguments, Machine
from meta_pipeline.schedulers.source.values import UNKNOWN, Method, OpenFile, SourcePath

_SAME = frozenset(("resolve", "absolute", "expanduser", "as_posix"))
_METHODS = _SAME | {
    *(
        "joinpath",
        "with_name",
        "with_suffix",
        "exists",
        "is_file",
        "is_dir",
        "read_text",
        "read_bytes",
        "open",
    ),
    *("glob", "rglob", "iterdir"),
}


class _Loader(yaml.SafeLoader):
    """Loads plain YAML; what a tag would make is unknown."""


_Loader.add_multi_constructor("", lambda _loader, _suffix, _node: UNKNOWN)
_Loader.add_constructor(None, lambda _loader, _node: UNKNOWN)


def path_member(path: SourcePath, name: str) -> object:
    """A member of a `pathlib.Path`, or of the text that `os.path` makes of one."""
    parts = PurePosixPath(path.path)
    match name:
        case "name":
            return parts.name
        case "stem":
            return parts.stem
        case "suffix":
            return parts.suffix
        case "parent":
            return parent(path)
        case "parents":
            return [SourcePath("" if str(one) == "." else str(one)) for one in parts.parents]
    return Method(path, name) if name in _METHODS else UNKNOWN


def parent(path: SourcePath) -> object:
    """The folder around it; what lies outside of the repository is unknown."""
    return SourcePath(posixpath.dirname(path.path)) if path.path else UNKNOWN


def joined(path: SourcePath, parts: list[object]) -> object:
    """The path with more parts behind it."""
    if not all(isinstance(part, str) and not part.startswith("/") for part in parts):
        return UNKNOWN
    return normal(posixpath.join(path.path, *map(str, parts)))


def normal(path: str) -> object:
    """A path without `.` and `..`; one that leads out of the repository is unknown."""
    found = posixpath.normpath(path.lstrip("/") or ".")
    if found == ".." or found.startswith("../"):
        return UNKNOWN
    return SourcePath("" if found == "." else found)


def call_path(machine: Machine, path: SourcePath, name: str, arguments: Arguments) -> object:
    """The value of `path.name(...)`."""
    values = arguments.positional
    match name, values:
        case _ if name in _SAME:
            return path
        case "joinpath", _:
            return joined(path, values)
        case "with_name", [str() as other]:
            return joined(SourcePath(posixpath.dirname(path.path)), [other])
        case "with_suffix", [str() as suffix]:
            return SourcePath(posixpath.splitext(path.path)[0] + suffix)
        case "exists" | "is_file" | "is_dir", _:
            return there(machine, path, name)
        case "read_text" | "read_bytes", _:
            return text_of(machine, path)
        case "open", _:
            return opened(machine, path, values)
        case "glob" | "rglob", [str() as pattern]:
            return found_by(machine, path, f"**/{pattern}" if name == "rglob" else pattern)
        case "iterdir", []:
            return found_by(machine, path, "*")
    return UNKNOWN


def there(machine: Machine, path: SourcePath, name: str = "exists") -> bool:
    """Whether there is such a file or folder."""
    is_file = machine.modules.has_file(path.path)
    if name == "is_file" or (name == "exists" and is_file):
        return is_file
    return path.path == "" or bool(machine.modules.files_below(path.path))


def text_of(machine: Machine, path: SourcePath) -> object:
    """What is in a file, where it is there and not too much."""
    if not machine.modules.has_file(path.path):
        return UNKNOWN
    text = machine.modules.text(path.path)
    machine.step(len(text) // ELEMENTS_PER_STEP)
    return text if len(text) <= MAX_FILE else UNKNOWN


def opened(machine: Machine, path: SourcePath, modes: list[object]) -> object:
    """`open(path)` for reading."""
    mode = modes[0] if modes else "r"
    readable = isinstance(mode, str) and not set(mode) & set("wax+")
    return OpenFile(path.path) if readable and machine.modules.has_file(path.path) else UNKNOWN


def found_by(machine: Machine, folder: SourcePath, pattern: str) -> object:
    """The files and folders below a folder that a pattern finds, in order."""
    if ".." in pattern or len(pattern) > MAX_LENGTH:
        return UNKNOWN
    wanted = tuple(part for part in pattern.split("/") if part != ".")
    start = len(folder.path) + 1 if folder.path else 0
    files = machine.modules.files_below(folder.path)
    machine.step(len(files))
    names: dict[str, None] = {}
    for file in files:
        parts = file[start:].split("/")
        for count in range(1, len(parts) + 1):
            if _fits(tuple(parts[:count]), wanted):
                names["/".join(parts[:count])] = None
    return [SourcePath(posixpath.join(folder.path, name)) for name in sorted(names)][:MAX_LENGTH]


def _fits(parts: tuple[str, ...], wanted: tuple[str, ...]) -> bool:
    """Whether a path fits a pattern; `**` stands for any folders."""
    reached = {0}
    for part in parts:
        ahead = _past_any(reached, wanted)
        reached = {
            place if wanted[place] == "**" else place + 1
            for place in ahead
            if place < len(wanted) and (wanted[place] == "**" or fnmatchcase(part, wanted[place]))
        }
    return len(wanted) in _past_any(reached, wanted)


def _past_any(places: set[int], wanted: tuple[str, ...]) -> set[int]:
    found = set(places)
    for place in sorted(places):
        end = place
        while end < len(wanted) and wanted[end] == "**":
            end += 1
            found.add(end)
    return found


def documents(machine: Machine, source: object, kind: str) -> Iterator[object]:
    """The documents of a file or text of YAML, JSON or TOML; what is none is noted."""
    if isinstance(source, OpenFile):
        text, path = text_of(machine, SourcePath(source.path)), source.path
    else:
        text, path = source, machine.path
    if not isinstance(text, str) or len(text) > MAX_FILE:
        yield UNKNOWN
        return
    try:
        yield from _READERS[kind](text)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else None
        machine.error(path, line, f"this is not YAML: {error.problem or error.context}")
        yield UNKNOWN
    except (ValueError, RecursionError, yaml.YAMLError) as error:
        message = str(error).splitlines()[0] if str(error) else "it is nested too deeply"
        machine.error(path, getattr(error, "lineno", None), f"this is not {kind}: {message}")
        yield UNKNOWN


_READERS: dict[str, Callable[[str], Iterator[object]]] = {
    "YAML": lambda text: yaml.load_all(text, Loader=_Loader),
    "JSON": lambda text: iter((json.loads(text),)),
    "TOML": lambda text: iter((tomllib.loads(text),)),
}
_READ_BY = {
    **dict.fromkeys(("yaml.safe_load", "yaml.load", "yaml.full_load", "yaml.unsafe_load"), "YAML"),
    **dict.fromkeys(("json.load", "json.loads"), "JSON"),
    **dict.fromkeys(("tomllib.load", "tomllib.loads", "tomli.load", "tomli.loads", "toml.loads"), "TOML"),
}
_ALL_READ_BY = frozenset(("yaml.safe_load_all", "yaml.load_all", "yaml.full_load_all"))


def call_function(machine: Machine, name: str, values: list[object]) -> object | None:
    """The value of a function that reads files or takes their paths apart; None for all others."""
    match name, values:
        case _, [source, *_] if name in _READ_BY:
            return next(documents(machine, source, _READ_BY[name]), None)
        case _, [source, *_] if name in _ALL_READ_BY:
            return list(documents(machine, source, "YAML"))
        case "builtins.open" | "io.open", [SourcePath() as path, *modes]:
            return opened(machine, path, modes)
        case "builtins.str" | "os.fspath" | "os.path.abspath" | "os.path.realpath" | "os.path.normpath", [
            SourcePath() as path
        ]:
            return path
        case "pathlib.Path" | "pathlib.PurePath" | "pathlib.PosixPath" | "os.path.join", [
            SourcePath() as path,
            *parts,
        ]:
            return joined(path, parts)
        case "os.path.dirname", [SourcePath() as path]:
            return parent(path)
        case "os.path.basename", [SourcePath() as path]:
            return posixpath.basename(path.path)
        case "os.path.splitext", [SourcePath() as path]:
            stem, suffix = posixpath.splitext(path.path)
            return (SourcePath(stem), suffix)
        case "os.path.exists" | "os.path.isfile" | "os.path.isdir", [SourcePath() as path]:
            kind = {"isfile": "is_file", "isdir": "is_dir"}.get(name.rpartition(".")[2], "exists")
            return there(machine, path, kind)
        case "os.listdir", [SourcePath() as path]:
            found = found_by(machine, path, "*")
            return [posixpath.basename(one.path) for one in found] if isinstance(found, list) else UNKNOWN
        case "glob.glob" | "glob.iglob", [SourcePath() as path]:
            return _globbed(machine, path.path)
    return None


def _globbed(machine: Machine, pattern: str) -> object:
    """`glob.glob(pattern)`: the folder is what stands before the first part with a wildcard."""
    parts = pattern.split("/")
    plain = next((place for place, part in enumerate(parts) if set(part) & set("*?[")), len(parts))
    if plain == len(parts):
        path = SourcePath(pattern)
        return [path] if there(machine, path) else []
    return found_by(machine, SourcePath("/".join(parts[:plain])), "/".join(parts[plain:]))
