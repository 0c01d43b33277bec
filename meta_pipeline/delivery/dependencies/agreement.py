"""Whether manifests and their locks agree: what a lock does not hold as the manifest asks for it."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from packaging.utils import canonicalize_name

from meta_pipeline.delivery.dependencies.kinds import kind_of, kind_of_lock
from meta_pipeline.delivery.dependencies.locks import Lock, is_compiled, lock_paths, read_lock
from meta_pipeline.delivery.dependencies.manifests import Manifest, read_manifest
from meta_pipeline.delivery.dependencies.wanted import Wanted, satisfied
from meta_pipeline.delivery.tree import Tree, text_of

_COMPLETE = frozenset({"uv", "poetry", "dbt"})
"""Locks that hold a dependency whatever platform or group asks for it."""
_HEAD = 2000
"""A compiled file says within so many characters what it was compiled from."""


@dataclass(frozen=True, slots=True)
class Disagreement:
    """`wanted` of a manifest, which its lock does not hold: `held` are the releases that it holds instead, if any."""

    manifest: str
    lock: str
    wanted: Wanted
    held: tuple[str, ...]


def manifest_at(tree: Tree, path: str) -> Manifest | None:
    """The manifest at a path of a tree; None where there is none that can be read."""
    text = text_of(tree, path)
    return None if text is None else read_manifest(path, text)


def lock_of(tree: Tree, manifest: Manifest) -> Lock | None:
    """The lock that was made from a manifest; None where there is none."""
    entries = tree.entries()
    home = PurePosixPath(manifest.path).parent
    for path in lock_paths(manifest.path, manifest.kind):
        lock = read_lock(path, text_of(tree, path) or "") if path in entries else None
        if lock is None:
            continue
        if lock.kind == "compiled" and not (
            is_compiled(text_of(tree, path) or "") or (lock.versions and not lock.elsewhere)
        ):
            continue
        own = PurePosixPath(path).parent == home
        if own or (manifest.project and canonicalize_name(manifest.project) in lock.projects):
            return lock
    return _compiled_from(tree, manifest)


def _compiled_from(tree: Tree, manifest: Manifest) -> Lock | None:
    """A requirement file that says it was compiled from this pyproject.toml."""
    path = PurePosixPath(manifest.path)
    for name in ("requirements.txt", "requirements.lock") if path.name == "pyproject.toml" else ():
        text = text_of(tree, str(path.parent / name))
        if text and is_compiled(text) and path.name in text[:_HEAD]:
            return read_lock(str(path.parent / name), text)
    return None


def touched_manifests(tree: Tree, paths: frozenset[str]) -> tuple[str, ...]:
    """The manifests of `tree` that are among `paths`, or whose lock is."""
    found = {path for path in paths if kind_of(path)}
    locks = {path for path in paths if kind_of_lock(path)}
    locked_in = {PurePosixPath(path).parent for path in locks | found}
    workspaces = [PurePosixPath(path).parent for path in locks if path.endswith("uv.lock")]
    for path in tree.entries():
        if not kind_of(path):
            continue
        folder = PurePosixPath(path).parent
        if folder in locked_in or any(home in folder.parents for home in workspaces):
            found.add(path)
    return tuple(sorted(found))


def disagreements(tree: Tree, manifest_path: str) -> Iterator[Disagreement]:
    """What the lock of a manifest does not hold as it is asked for; nothing where there is no lock."""
    manifest = manifest_at(tree, manifest_path)
    lock = lock_of(tree, manifest) if manifest else None
    if manifest is None or lock is None:
        return
    for wanted in manifest.wanted:
        if wanted.name in manifest.free or wanted.name in lock.projects:
            continue
        held = lock.versions.get(wanted.name)
        if held is None:
            if wanted.allows is None and wanted.revision is None:
                continue
            if lock.kind in _COMPLETE or not wanted.conditional:
                yield Disagreement(manifest_path, lock.path, wanted, ())
        elif wanted.name not in lock.elsewhere and not satisfied(wanted, held):
            yield Disagreement(manifest_path, lock.path, wanted, tuple(sorted(held)))
