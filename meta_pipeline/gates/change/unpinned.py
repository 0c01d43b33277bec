"""Dependencies that a change leaves to chance: what is newest, on a branch, or in whichever registry answers first."""

import posixpath
from collections.abc import Iterator

from meta_pipeline.delivery.change import Change
from meta_pipeline.delivery.dependencies.agreement import lock_of, manifest_at
from meta_pipeline.delivery.dependencies.kinds import kind_of
from meta_pipeline.delivery.dependencies.manifests import Manifest
from meta_pipeline.delivery.dependencies.wanted import Wanted
from meta_pipeline.gates.weighing import Weighed, weighed

_PINNING_SHARE = 0.8
_OTHER_SOURCES = frozenset({"--extra-index-url", "--index-url", "-i", "--find-links", "-f", "--index"})


def unpinned(change: Change) -> Iterator[Weighed]:
    """Every manifest that the change touches, requirement by requirement."""
    for file in change.files:
        if file.new is None or kind_of(file.path) is None:
            continue
        after = manifest_at(change.head, file.path)
        if after is None:
            continue
        before = manifest_at(change.base, file.path)
        yield from _sources(before, after)
        yield from _unhashed(before, after)
        if lock_of(change.head, after) is None:
            yield from _loose(change, before, after)


def _loose(change: Change, before: Manifest | None, after: Manifest) -> Iterator[Weighed]:
    known = {one.name: one for one in (before.wanted if before else _moved(change, after.kind))}
    beside = _beside(change, after.path)
    held = _constrained(change, after)
    share = _pinned_share(before.wanted if before else ())
    for wanted in after.wanted:
        was = known.get(wanted.name)
        if wanted.exactness == "exact" or wanted.name in held:
            continue
        if (
            was is not None
            and was.exactness != "open"
            and wanted.exactness == "open"
            and wanted.revision is not None
        ):
            yield from _new(wanted, after, pins=False, before=None)
        elif was is not None and was.exactness == "exact":
            strict = share >= _PINNING_SHARE or (wanted.exactness == "open" and not wanted.allows)
            yield weighed(
                "needs_approval" if strict and wanted.exactness != "tagged" else "warned",
                f"'{wanted.asks}' in {after.path} was pinned as '{was.asks}': each installation may now bring another "
                "release, which nobody has tried",
                "pin it to the release that was tried",
                path=after.path,
                line=wanted.line,
            )
        elif was is None and wanted.exactness != "tagged" and wanted.name not in beside:
            yield from _new(wanted, after, pins=before is not None and share >= _PINNING_SHARE, before=before)


def _new(wanted: Wanted, after: Manifest, *, pins: bool, before: Manifest | None) -> Iterator[Weighed]:
    if wanted.revision is not None:
        what = f"the branch '{wanted.revision}'" if wanted.revision else "no revision"
        usual = before is not None and any(
            one.revision is not None and one.exactness == "open" for one in before.wanted
        )
        yield weighed(
            "warned" if usual else "needs_approval",
            f"'{wanted.asks}' in {after.path} names {what}: whoever can push there changes what is installed here",
            "name a commit or a release",
            path=after.path,
            line=wanted.line,
        )
    elif pins:
        yield weighed(
            "needs_approval",
            f"'{wanted.asks}' in {after.path} is not pinned, as the others there are: each installation may bring "
            "another release",
            "pin it to one release",
            path=after.path,
            line=wanted.line,
        )
    elif wanted.exactness == "open" and (after.kind == "dbt" or wanted.allows is not None):
        no_version = not wanted.allows
        yield weighed(
            "needs_approval" if after.kind == "dbt" and no_version else "warned",
            f"'{wanted.asks}' in {after.path} takes whatever release is newest, and no lock holds it",
            "give it a release, or an upper bound",
            path=after.path,
            line=wanted.line,
        )


def _moved(change: Change, kind: str) -> tuple[Wanted, ...]:
    """What the manifests that went away asked for: a manifest that takes their place is no new one."""
    gone = (file.path for file in change.files if file.status == "deleted" and kind_of(file.path))
    return tuple(
        wanted
        for path in gone
        if (manifest := manifest_at(change.base, path)) and manifest.kind == kind
        for wanted in manifest.wanted
    )


def _beside(change: Change, path: str) -> frozenset[str]:
    """Names that another manifest of the same folder asked for at base: they are new to this file alone."""
    folder = posixpath.dirname(path)
    others = (
        other
        for other in change.base.entries()
        if other != path and posixpath.dirname(other) == folder and kind_of(other)
    )
    return frozenset(
        one.name
        for other in others
        if (manifest := manifest_at(change.base, other))
        for one in manifest.wanted
    )


def _constrained(change: Change, manifest: Manifest) -> frozenset[str]:
    """Names that a constraint file in the repository pins for this manifest."""
    found: set[str] = set()
    for name, value, _ in manifest.options:
        if name in ("-c", "--constraint", "--constraints") and "://" not in value:
            path = posixpath.normpath(posixpath.join(posixpath.dirname(manifest.path), value))
            constraints = manifest_at(change.head, path)
            found |= {
                one.name for one in (constraints.wanted if constraints else ()) if one.exactness == "exact"
            }
    return frozenset(found)


def _pinned_share(wanted: tuple[Wanted, ...]) -> float:
    return sum(one.exactness in ("exact", "tagged") for one in wanted) / len(wanted) if wanted else 0.0


def _unhashed(before: Manifest | None, after: Manifest) -> Iterator[Weighed]:
    if before is not None and before.hashed and not after.hashed and after.wanted:
        yield weighed(
            "needs_approval",
            f"{after.path} held a hash for every package and no longer does: what is downloaded goes unchecked",
            "compile it again with --generate-hashes",
            path=after.path,
            line=1,
        )


def _sources(before: Manifest | None, after: Manifest) -> Iterator[Weighed]:
    known = {(name, value) for name, value, _ in (before.options if before else ())}
    for name, value, line in after.options:
        if (name, value) in known:
            continue
        if name == "--trusted-host" or (name in _OTHER_SOURCES and value.startswith("http://")):
            yield weighed(
                "needs_approval",
                f"{after.path} takes packages over an unchecked connection ({name} {value}): whoever is on the way can "
                "replace them",
                "use https with a certificate that is checked",
                path=after.path,
                line=line,
            )
        elif name == "--extra-index-url":
            yield weighed(
                "needs_approval" if before is not None else "warned",
                f"{after.path} takes packages from a second registry too ({value}): a package of the same name there "
                "may be installed instead",
                "use one registry, or name the packages that come from the other",
                path=after.path,
                line=line,
            )
        elif name in _OTHER_SOURCES and before is not None:
            yield weighed(
                "warned",
                f"{after.path} takes packages from another registry ({name} {value})",
                "make sure that it is the one you mean",
                path=after.path,
                line=line,
            )
