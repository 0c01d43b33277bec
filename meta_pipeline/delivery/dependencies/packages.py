"""Which packages a change brings in, moves to another release, or takes away: by its locks, or by exact pins."""

from collections.abc import Mapping

from packaging.version import InvalidVersion, Version

from meta_pipeline.delivery.dependencies.agreement import manifest_at
from meta_pipeline.delivery.dependencies.kinds import kind_of, kind_of_lock
from meta_pipeline.delivery.dependencies.locks import read_lock
from meta_pipeline.delivery.dependencies.package_change import PackageChange
from meta_pipeline.delivery.dependencies.wanted import Wanted
from meta_pipeline.delivery.tree import Tree, text_of

_OTHER_REGISTRIES = frozenset({"conda", "dbt"})


def package_changes(base: Tree, head: Tree) -> tuple[PackageChange, ...]:
    """Every package whose releases differ between two trees, once for each name and release."""
    old, new = base.entries(), head.entries()
    touched = sorted(
        path
        for path in old.keys() | new.keys()
        if old.get(path) != new.get(path) and (kind_of(path) or kind_of_lock(path))
    )
    direct = (
        {wanted.name for path in new if kind_of(path) for wanted in _wanted(head, path)} if touched else set()
    )
    found: dict[tuple[str, str, str | None], PackageChange] = {}
    before_anywhere = {name for path in touched for name in _held(base, path)}
    for path in touched:
        before, after = _held(base, path), _held(head, path)
        kind = kind_of_lock(path) or kind_of(path) or ""
        registry = kind if kind in _OTHER_REGISTRIES else "pypi"
        for name in sorted(before.keys() | after.keys()):
            if before.get(name) == after.get(name):
                continue
            change = PackageChange(
                name=name,
                path=path,
                before=_newest(before.get(name)),
                after=_newest(after.get(name)),
                is_new=name in after and name not in before_anywhere,
                direct=name in direct,
                registry=registry,
            )
            known = found.get((registry, name, change.after))
            if known is None or (not known.direct and change.direct):
                found[registry, name, change.after] = change
    # What a lock holds with a release, its manifest need not name again.
    released = {(one.registry, one.name) for one in found.values() if one.after is not None}
    return tuple(
        one for one in found.values() if one.after is not None or (one.registry, one.name) not in released
    )


def _wanted(tree: Tree, path: str) -> tuple[Wanted, ...]:
    manifest = manifest_at(tree, path)
    return manifest.wanted if manifest else ()


def _held(tree: Tree, path: str) -> Mapping[str, frozenset[str]]:
    """The packages of a lock with their releases, or those of a manifest, with none where it names none."""
    text = text_of(tree, path)
    if text is None:
        return {}
    if kind_of_lock(path):
        lock = read_lock(path, text)
        return lock.versions if lock else {}
    manifest = manifest_at(tree, path)
    return {
        wanted.name: frozenset(one.version for one in wanted.allows or () if one.operator == "==")
        for wanted in (manifest.wanted if manifest else ())
    }


def _newest(versions: frozenset[str] | None) -> str | None:
    if not versions:
        return None
    try:
        return max(versions, key=Version)
    except InvalidVersion:
        return max(versions)
