"""The repository as an issue meets it, and what its dependency manifests mean for the change."""

from pathlib import PurePosixPath

from meta_pipeline.delivery.context import DependencyAudit, Manifest, RepoContext
from meta_pipeline.delivery.requirements import Requirements
from meta_pipeline.delivery.topology import Topology
from meta_pipeline.delivery.tree import Tree
from meta_pipeline.issues.manifests import manifests_of
from meta_pipeline.policy import INBOX, Policy

_LOCK_KINDS = frozenset({"poetry-lock", "uv-lock", "pipfile-lock", "conda-lock"})
_LOCK_OF = {
    "pip-compile": ("requirements",),
    "pyproject": ("poetry-lock", "uv-lock", "requirements"),
    "pipfile": ("pipfile-lock",),
    "conda": ("conda-lock",),
}


def read_context(tree: Tree, base: str, topologies: tuple[Topology, ...], policy: Policy) -> RepoContext:
    """Pipelines, described datasets, manifests and files at the commit `base`; issue files are left out."""
    from meta_pipeline.contracts.datasets import datasets_of  # loads parsers of SQL and of templates

    return RepoContext(
        base=base,
        topologies=topologies,
        datasets=datasets_of(tree, policy.contracts),
        manifests=manifests_of(tree),
        files=tuple(path for path in sorted(tree.entries()) if not path.startswith(f"{INBOX}/")),
    )


def audit_dependencies(
    requirements_digest: str, requirements: Requirements, context: RepoContext
) -> DependencyAudit:
    """Which manifests have no exact versions and no lock beside them, and whether the issue names a manifest."""
    unlocked = tuple(m.path for m in context.manifests if m.packages and not _is_locked(m, context.manifests))
    known = {manifest.path for manifest in context.manifests}
    named = sorted({t.path for t in requirements.touchpoints if t.path in known and t.path})
    return DependencyAudit(
        requirements=requirements_digest,
        manifests=context.manifests,
        unlocked=unlocked,
        summary=" ".join((_found(context), _open(unlocked), _meaning(named))),
    )


def _is_locked(manifest: Manifest, manifests: tuple[Manifest, ...]) -> bool:
    if manifest.locked or manifest.kind in _LOCK_KINDS:
        return True
    folder = PurePosixPath(manifest.path).parent
    wanted = _LOCK_OF.get(manifest.kind, ())
    stem = PurePosixPath(manifest.path).stem
    return any(
        other.locked
        and other.kind in wanted
        and PurePosixPath(other.path).parent == folder
        # requirements-dev.txt locks requirements-dev.in, not another one.
        and (manifest.kind != "pip-compile" or PurePosixPath(other.path).stem == stem)
        for other in manifests
    )


def _found(context: RepoContext) -> str:
    if not context.manifests:
        return "The repository declares no dependencies."
    packages = sum(manifest.packages for manifest in context.manifests)
    return f"The repository has {len(context.manifests)} dependency files that name {packages} packages."


def _open(unlocked: tuple[str, ...]) -> str:
    if not unlocked:
        return "Every one of them is locked to exact versions."
    return f"Without exact versions: {', '.join(unlocked)}."


def _meaning(named: list[str]) -> str:
    if not named:
        return "The issue names none of them, so the change must leave them as they are."
    return f"The issue names {', '.join(named)}: manifest and lock must change together."
