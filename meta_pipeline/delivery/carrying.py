"""When an approval outlives a move of the default branch: the rule by which a sign-off is carried over."""

from collections.abc import Collection, Sequence
from fnmatch import fnmatch

from meta_pipeline.delivery.change import Change
from meta_pipeline.delivery.change_set import ChangeSet
from meta_pipeline.delivery.judgement import Verdict


def why_void(
    former: ChangeSet,
    rebased: ChangeSet,
    verdicts: tuple[Sequence[Verdict], Sequence[Verdict]],
    moved: Change,
    guarded: Collection[str],
) -> str | None:
    """Why the approval of `former` does not hold for `rebased`; None where it does.

    `verdicts` are those of implementation and review, of the former change and of the rebased one.
    The approval holds where the patch is the same to the letter, its plan and the findings to approve are
    the same, and the move of the base (`moved`, from the former base to the new one) touched none of the
    patch's files, of the pipelines in them, or of the paths that match `guarded` (contracts, dependency
    manifests, the policy).
    """
    if former.plan != rebased.plan:
        return "the plan is another one"
    if former.patch_id is None or former.patch_id != rebased.patch_id:
        return "the patch is another one"
    before, after = (
        {(gate, finding.fingerprint) for verdict in side for gate, finding in verdict.to_approve}
        for side in verdicts
    )
    if before != after:
        return "there are other findings to approve"
    return _under_it(_paths_in(rebased.patch), moved, guarded)


def _under_it(touched: frozenset[str], moved: Change, guarded: Collection[str]) -> str | None:
    """What the move of the base changed under a patch on these files."""
    for file in moved.files:
        if file.path in touched:
            return f"{file.path} changed under it"
        if any(fnmatch(file.path, pattern) for pattern in guarded):
            return f"{file.path} changed under it, which is a contract, a dependency or the policy"
    pipelines = {p.id for topology in moved.base_topologies for p in topology.pipelines if p.path in touched}
    for difference in moved.differences:
        if difference.pipeline in pipelines:
            return f"{difference.sentence} under it"
    return None


def _paths_in(patch: str) -> frozenset[str]:
    """The files of a git patch made by ourselves, both sides."""
    sides = (line[6:] for line in patch.splitlines() if line.startswith(("--- a/", "+++ b/")))
    return frozenset(side.split("\t")[0] for side in sides)
