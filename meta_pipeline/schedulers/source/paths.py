"""Paths made of `__file__` or of the folder that the code runs in, and the files of the repository behind them."""

import json
import posixpath
from collections.abc import Callable

from meta_pipeline.delivery.yaml_source import Unreadable, read_yaml
from meta_pipeline.schedulers.source.limits import ELEMENTS_PER_STEP, MAX_LENGTH
from meta_pipeline.schedulers.source.machine import Machine
from meta_pipeline.schedulers.source.values import UNKNOWN, Method, SourceFile

_METHODS = (
    *("resolve", "absolute", "expanduser", "as_posix", "joinpath", "with_name", "with_suffix"),
    *("read_text", "read_bytes", "open", "read"),
)
_PATH_FUNCTIONS = frozenset(
    (
        *("pathlib.Path", "pathlib.PurePath", "pathlib.PosixPath", "builtins.str", "os.fspath"),
        *("os.path.abspath", "os.path.realpath", "os.path.normpath", "os.path.join", "os.path.dirname"),
        *("dagster.file_relative_path", "builtins.open"),
    )
)


def joined_path(path: SourceFile, *parts: object) -> object:
    """`path / parts`; `UNKNOWN` where it leaves the repository, or a part is not known."""
    texts = [part for part in parts if isinstance(part, str)]
    if len(texts) != len(parts) or any(text.startswith("/") for text in texts):
        return UNKNOWN
    whole = posixpath.normpath(posixpath.join(path.path, *texts))
    return UNKNOWN if whole == ".." or whole.startswith("../") else SourceFile(whole)


def path_member(path: SourceFile, name: str) -> object:
    """`path.name`."""
    base = posixpath.basename(path.path) if path.path != "." else ""
    stem, suffix = posixpath.splitext(base)
    if name in ("name", "stem", "suffix"):
        return {"name": base, "stem": stem, "suffix": suffix}[name] if base else UNKNOWN
    if name == "parent":
        return joined_path(path, "..")
    if name == "parents":
        depth = path.path.count("/") + 1 if path.path != "." else 0
        return [joined_path(path, *[".."] * (level + 1)) for level in range(depth)]
    return Method(path, name) if name in _METHODS else UNKNOWN


def path_method(machine: Machine, path: SourceFile, name: str, values: list[object]) -> object:
    """`path.name(...)`."""
    if name == "joinpath":
        return joined_path(path, *values)
    if name == "with_name":
        return joined_path(path, "..", *values)
    if name == "with_suffix" and len(values) == 1 and isinstance(values[0], str):
        return SourceFile(posixpath.splitext(path.path)[0] + values[0])
    if name in ("read_text", "read_bytes", "read"):
        text = machine.modules.text(path.path)
        return text if text and len(text) <= MAX_LENGTH * ELEMENTS_PER_STEP else UNKNOWN
    return path


def path_call(machine: Machine, name: str, values: list[object]) -> object | None:
    """A call of a function that takes a path; None for any other."""
    if name not in _PATH_FUNCTIONS or not values:
        return _loaded(machine, name, values)
    first, *rest = values
    if name == "pathlib.Path" and isinstance(first, str):
        # A path that does not begin at the root begins in the folder that the code runs in.
        return joined_path(SourceFile(machine.folder), first, *rest) if machine.folder is not None else None
    if not isinstance(first, SourceFile):
        return None
    if name == "os.path.dirname":
        return joined_path(first, "..")
    if name == "dagster.file_relative_path":
        return joined_path(first, "..", *rest)
    return first if name == "builtins.open" else joined_path(first, *rest)


def _of_yaml(text: str) -> object:
    read = read_yaml(text, "")
    return UNKNOWN if isinstance(read, Unreadable) else read.plain()


_LOADERS: dict[str, Callable[[str], object]] = {
    "json.load": json.loads,
    "json.loads": json.loads,
    **{f"yaml.{name}": _of_yaml for name in ("safe_load", "load", "full_load")},
}


def _loaded(machine: Machine, name: str, values: list[object]) -> object | None:
    """What a file of YAML or JSON in the repository holds."""
    if name not in _LOADERS or not values:
        return None
    source = path_method(machine, values[0], "read", []) if isinstance(values[0], SourceFile) else values[0]
    if not isinstance(source, str):
        return UNKNOWN
    machine.step(len(source) // ELEMENTS_PER_STEP)
    try:
        found: object = _LOADERS[name](source)
    except (ValueError, RecursionError):
        return UNKNOWN
    return found
