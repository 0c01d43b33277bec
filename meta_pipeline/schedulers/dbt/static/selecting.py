"""Which resources a dbt selection selects: `tag:nightly,path:models/marts stg_orders+ config.materialized:table`."""

import posixpath
import re
from collections.abc import Callable, Iterable, Mapping
from fnmatch import fnmatchcase
from functools import cached_property
from typing import Any

from meta_pipeline.schedulers.dbt.static.evaluation import UNKNOWN
from meta_pipeline.schedulers.dbt.static.manifest import Props, SourceManifest

_ATOM = re.compile(
    r"(?P<kin>@)?(?:(?P<up>\d*)(?P<ups>\+))?(?:(?P<method>[a-z_]+(?:\.[\w.-]+)?):)?"
    r"(?P<value>[^+@]+?)(?:(?P<downs>\+)(?P<down>\d*))?"
)
_GLOB = re.compile(r"[*?\[]")


class UnknownDbtSelectionError(Exception):
    """Only dbt can tell what is selected."""


def select(manifest: SourceManifest, selected: str, excluded: str = "") -> frozenset[str]:
    """The unique ids of what `--select` and `--exclude` leave; raises `UnknownDbtSelectionError`.

    Nothing, and `fqn:*`, select all. A test comes with any of the resources that it is on.
    """
    selector = _Selector(manifest)
    chosen = selector.union(selected) if selected.strip() else frozenset(selector.everything)
    return chosen - (selector.union(excluded) if excluded.strip() else frozenset())


class _Selector:
    def __init__(self, manifest: SourceManifest) -> None:
        self.manifest = manifest
        self.everything: Mapping[str, Props] = {**manifest.nodes, **manifest.sources}

    @cached_property
    def children(self) -> Mapping[str, frozenset[str]]:
        found: dict[str, set[str]] = {}
        for unique_id in self.manifest.nodes:
            for parent in self.manifest.parents(unique_id):
                found.setdefault(parent, set()).add(unique_id)
        return {parent: frozenset(below) for parent, below in found.items()}

    def union(self, text: str) -> frozenset[str]:
        return frozenset().union(*map(self.intersection, text.split()))

    def intersection(self, text: str) -> frozenset[str]:
        first, *rest = map(self.with_tests, text.split(","))
        return first.intersection(*rest)

    def with_tests(self, text: str) -> frozenset[str]:
        """What one criterion selects, and the tests of it."""
        chosen = self.criterion(text)
        tests = {
            below
            for one in chosen
            for below in self.children.get(one, ())
            if self.everything[below]["resource_type"] == "test"
        }
        return chosen | tests

    def criterion(self, text: str) -> frozenset[str]:
        match = _ATOM.fullmatch(text)
        if match is None:
            raise UnknownDbtSelectionError
        test = self._test(match["method"] or _default_method(match["value"]), match["value"])
        chosen = {unique_id for unique_id, props in self.everything.items() if test(props)}
        found = set(chosen)
        if match["kin"]:
            below = self._reached(chosen, self._below, None)
            found |= below | self._reached(below, self.manifest.parents, None)
        if match["ups"]:
            found |= self._reached(chosen, self.manifest.parents, _depth(match["up"]))
        if match["downs"]:
            found |= self._reached(chosen, self._below, _depth(match["down"]))
        return frozenset(found)

    def _below(self, unique_id: str) -> Iterable[str]:
        return self.children.get(unique_id, ())

    def _reached(self, start: set[str], step: Callable[[str], Iterable[str]], depth: int | None) -> set[str]:
        reached, border = set(start), set(start)
        while border and (depth is None or depth > 0):
            border = {one for here in border for one in step(here) if one in self.everything} - reached
            reached |= border
            depth = None if depth is None else depth - 1
        return reached

    def _test(self, method: str, value: str) -> Callable[[Props], bool]:
        if method.startswith("config."):
            keys = method.split(".")[1:]
            return lambda props: _configured(props, keys, value)
        test = _METHODS.get(method)
        if test is None:
            raise UnknownDbtSelectionError
        return lambda props: test(props, value)


def _default_method(value: str) -> str:
    """What dbt takes a bare word for."""
    if "/" in value or "\\" in value:
        return "path"
    return "file" if value.lower().endswith((".sql", ".py", ".csv")) else "fqn"


def _depth(text: str) -> int | None:
    return int(text) if text else None


def _by_fqn(props: Props, value: str) -> bool:
    if props["resource_type"] == "source":
        return value == "*"
    fqn = props["fqn"]
    return _named(fqn, value, props) or _named(fqn[1:], value, props)


def _named(fqn: list[str], value: str, props: Props) -> bool:
    versioned = props.get("version") is not None
    if value == fqn[-1] or (versioned and value in (fqn[-2], "_".join(fqn[-2:]), ".".join(fqn[-2:]))):
        return True
    wanted = value.split(".")
    parts = [part for piece in fqn for part in piece.split(".")]
    if len(parts) < len(wanted):
        return bool(_GLOB.search(value)) and fnmatchcase(".".join(fqn), value)
    for place, part in enumerate(wanted):
        if _GLOB.search(part):
            return fnmatchcase(".".join(parts[place:]), ".".join(wanted[place:]))
        if part != parts[place]:
            return False
    return True


def _by_tag(props: Props, value: str) -> bool:
    tags = props["tags"]
    if tags is UNKNOWN:
        raise UnknownDbtSelectionError
    return any(isinstance(tag, str) and fnmatchcase(tag, value) for tag in tags)


def _by_path(props: Props, value: str) -> bool:
    wanted, path = posixpath.normpath(value.replace("\\", "/")), props["original_file_path"]
    return bool(fnmatchcase(path, wanted) or path.startswith(f"{wanted}/") or wanted == ".")


def _by_file(props: Props, value: str) -> bool:
    return fnmatchcase(posixpath.basename(props["original_file_path"]), value)


def _by_type(props: Props, value: str) -> bool:
    return bool(props["resource_type"] == value)


def _by_package(props: Props, value: str) -> bool:
    return value == "this" or fnmatchcase(props["package_name"], value)


def _by_group(props: Props, value: str) -> bool:
    return props["resource_type"] != "source" and _configured(props, ["group"], value)


def _by_source(props: Props, value: str) -> bool:
    if props["resource_type"] != "source":
        return False
    parts = value.split(".")
    held = [props["package_name"], props["source_name"], props["name"]]
    own = held[:2] if len(parts) == 1 else held[-len(parts) :]
    return fnmatchcase(own[-1], parts[0]) if len(parts) == 1 else all(map(fnmatchcase, own, parts))


def _configured(props: Props, keys: list[str], value: str) -> bool:
    held: Any = props["config"]
    for key in keys:
        held = held.get(key) if isinstance(held, Mapping) else None
    if held is UNKNOWN:
        raise UnknownDbtSelectionError
    if isinstance(held, bool):
        return value.lower() == str(held).lower()
    several = held if isinstance(held, list | tuple) else [held]
    return any(one is not None and fnmatchcase(str(one), value) for one in several)


_METHODS: Mapping[str, Callable[[Props, str], bool]] = {
    "fqn": _by_fqn,
    "tag": _by_tag,
    "path": _by_path,
    "file": _by_file,
    "resource_type": _by_type,
    "package": _by_package,
    "group": _by_group,
    "source": _by_source,
}
