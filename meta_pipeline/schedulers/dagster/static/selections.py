"""Which assets and checks a selection selects, where source tells."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cached_property

from meta_pipeline.schedulers.dagster.static.keys import key_of
from meta_pipeline.schedulers.dagster.static.selection_text import parsed
from meta_pipeline.schedulers.dagster.static.values import Asset, AssetKey, Assets, Check, Key, Selection
from meta_pipeline.schedulers.source.values import OpenList, Unknown

DEFAULT_GROUP = "default"
_NOT_MADE = ("external_asset", "observable_asset")


class UnknownSelectionError(Exception):
    """Only a run can tell what is selected."""


@dataclass(frozen=True)
class Selected:
    """Assets, and the checks that run with them."""

    assets: frozenset[Key] = frozenset()
    checks: frozenset[Check] = frozenset()


@dataclass(frozen=True)
class Catalogue:
    """All assets of a location by key, and all checks.

    A job takes what Dagster makes; with `everything`, what it does not make is selected too.
    """

    assets: Mapping[Key, Asset]
    checks: tuple[Check, ...]
    everything: bool = False

    @cached_property
    def made(self) -> frozenset[Key]:
        """The assets that may be selected without being named."""
        return frozenset(
            key for key, asset in self.assets.items() if self.everything or asset.kind not in _NOT_MADE
        )

    @cached_property
    def children(self) -> Mapping[Key, frozenset[Key]]:
        found: dict[Key, set[Key]] = {}
        for key, asset in self.assets.items():
            for dep in asset.deps:
                if not isinstance(dep, Unknown):
                    found.setdefault(dep, set()).add(key)
        return {key: frozenset(below) for key, below in found.items()}

    def parents(self, key: Key) -> Iterable[Key]:
        asset = self.assets.get(key)
        return [dep for dep in asset.deps if not isinstance(dep, Unknown)] if asset else ()

    def with_checks(self, keys: Iterable[Key]) -> Selected:
        chosen = frozenset(keys)
        return Selected(chosen, frozenset(check for check in self.checks if check.asset in chosen))


def select(value: object, catalogue: Catalogue) -> Selected:
    """What `value`, a selection in any form, selects; raises `UnknownSelectionError`."""
    match value:
        case Selection():
            return _operation(value, catalogue)
        case str():
            return select(parsed(value), catalogue)
        case Assets():
            keys = [asset.key for asset in value.assets if not isinstance(asset.key, Unknown)]
            chosen = catalogue.with_checks(keys)
            own = {(check.asset, check.name) for check in value.checks}
            more = frozenset(c for c in catalogue.checks if (c.asset, c.name) in own)
            return Selected(chosen.assets, chosen.checks | more)
        case AssetKey() | Asset():
            key = key_of(value)
            if not isinstance(key, Unknown):
                return catalogue.with_checks([key])
        case list() | tuple() if not isinstance(value, OpenList):
            return _united(select(item, catalogue) for item in value)
    raise UnknownSelectionError


def _united(parts: Iterable[Selected]) -> Selected:
    found = Selected()
    for part in parts:
        found = Selected(found.assets | part.assets, found.checks | part.checks)
    return found


def _operation(selection: Selection, catalogue: Catalogue) -> Selected:
    operation, parts = selection.operation, selection.parts
    match operation:
        case "all":
            return catalogue.with_checks(catalogue.made)
        case "assets" | "keys":
            return _united(select(part, catalogue) for part in parts)
        case "there":
            # Of dbt's models only those that the location has count.
            found = _united(select(part, catalogue) for part in parts)
            return Selected(found.assets & catalogue.assets.keys(), found.checks)
        case "or":
            return _united(select(part, catalogue) for part in parts)
        case "and" | "minus":
            return _combined(operation, *(select(part, catalogue) for part in parts))
        case "without_checks":
            return Selected(select(parts[0], catalogue).assets)
        case "upstream" | "downstream":
            return _reached(operation, parts, catalogue)
        case "materializable":
            return catalogue.with_checks(select(parts[0], catalogue).assets & catalogue.made)
        case "roots" | "sinks":
            return _ends(operation, select(parts[0], catalogue).assets, catalogue)
        case "all_asset_checks":
            return Selected(checks=frozenset(catalogue.checks))
        case "checks" | "checks_for_assets":
            chosen = _united(select(part, catalogue) for part in parts)
            return Selected(checks=chosen.checks)
    test = _TESTS.get(operation)
    texts = [part for part in parts if isinstance(part, str)]
    if test is None or len(texts) != len(parts):
        raise UnknownSelectionError
    return catalogue.with_checks(key for key in catalogue.made if test(catalogue.assets[key], texts))


def _combined(operation: str, one: Selected, other: Selected) -> Selected:
    if operation == "and":
        return Selected(one.assets & other.assets, one.checks & other.checks)
    return Selected(one.assets - other.assets, one.checks - other.checks)


def _reached(operation: str, parts: tuple[object, ...], catalogue: Catalogue) -> Selected:
    start = select(parts[0], catalogue).assets
    depths = [part for part in parts[1:] if type(part) is int]
    includes = False not in parts[1:]
    reached, border = set(start), set(start)
    for _ in range(depths[0] if depths else len(catalogue.assets)):
        steps = (
            [parent for key in border for parent in catalogue.parents(key)]
            if operation == "upstream"
            else [child for key in border for child in catalogue.children.get(key, ())]
        )
        border = set(steps) - reached
        if not border:
            break
        reached |= border
    kept = (reached & catalogue.made) | start
    return catalogue.with_checks(kept if includes else kept - start)


def _ends(operation: str, keys: frozenset[Key], catalogue: Catalogue) -> Selected:
    def is_end(key: Key) -> bool:
        others = catalogue.parents(key) if operation == "roots" else catalogue.children.get(key, ())
        return not any(other in keys for other in others)

    return catalogue.with_checks(filter(is_end, keys))


def _in_group(asset: Asset, names: list[str]) -> bool:
    if isinstance(asset.group, Unknown):
        raise UnknownSelectionError
    return any(fnmatchcase(str(asset.group or DEFAULT_GROUP), name) for name in names)


def _is_called(asset: Asset, patterns: list[str]) -> bool:
    name = "" if isinstance(asset.key, Unknown) else "/".join(asset.key)
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def _has_kind(asset: Asset, kinds: list[str]) -> bool:
    if isinstance(asset.kinds, (OpenList, Unknown)):
        raise UnknownSelectionError
    own = asset.kinds if isinstance(asset.kinds, (list, tuple, set)) else ()
    tagged = asset.tags if isinstance(asset.tags, dict) else {}
    return any(kind in own or f"dagster/kind/{kind}" in tagged for kind in kinds)


def _has_prefix(asset: Asset, prefixes: list[str]) -> bool:
    key = () if isinstance(asset.key, Unknown) else asset.key
    return any(key[: len(prefix.split("/"))] == tuple(prefix.split("/")) for prefix in prefixes)


def _has_tag(asset: Asset, words: list[str]) -> bool:
    if asset.tags is None:
        return False
    if not isinstance(asset.tags, dict):
        raise UnknownSelectionError
    return asset.tags.get(words[0]) == (words[1] if len(words) > 1 else "")


def _has_owner(asset: Asset, names: list[str]) -> bool:
    if not isinstance(asset.owners, (list, tuple)):
        raise UnknownSelectionError
    return any(owner in names for owner in asset.owners)


_TESTS: Mapping[str, Callable[[Asset, list[str]], bool]] = {
    "groups": _in_group,
    "key_prefixes": _has_prefix,
    "key_wildcard": _is_called,
    "kind": _has_kind,
    "tag": _has_tag,
    "owner": _has_owner,
}
