"""`--level full`: the target's own tools, in a sandbox, without a delivery."""

from dataclasses import replace
from pathlib import Path

from meta_pipeline.cli.errors import UsageError
from meta_pipeline.delivery.change_set import Author, ChangeSet
from meta_pipeline.delivery.judgement import GateResult
from meta_pipeline.delivery.topology import Topology
from meta_pipeline.evidence.store import EvidenceStore, Folder
from meta_pipeline.gates.case import Case
from meta_pipeline.gates.catalogue import catalogue
from meta_pipeline.policy import Policy
from meta_pipeline.schedulers.registry import ADAPTERS
from meta_pipeline.schedulers.survey import survey
from meta_pipeline.settings import Home
from meta_pipeline.validation.bench import Bench, set_up, set_up_both
from meta_pipeline.validation.neighbours.completing import judge_with_neighbours
from meta_pipeline.validation.pipelines import ParseLane
from meta_pipeline.validation.validate import ALL_KINDS, unable, validate
from meta_pipeline.validation.work import run_lane
from meta_pipeline.workspace.environment import CannotBuild
from meta_pipeline.workspace.repository import Mirror
from meta_pipeline.workspace.scratch import scratch_folder


def judge_full(repo: Path, given: Case, base: str, head: str, read_by: Policy) -> tuple[GateResult, ...]:
    """All gates on the case of a change, with what the target's tools say at both commits.

    `read_by` is the policy by which the topologies of the change were read.
    """
    assert given.change is not None
    policy, change = given.policy, given.change
    with scratch_folder() as folder:
        mirror = Mirror.open(folder, "check", str(repo.resolve()), (base, head))
        change_set = ChangeSet(
            plan="",
            base=base,
            patch=mirror.diff(base, head),
            author=Author(kind="patch", identity="the author of the commits"),
            message="",
            head=head,
        )
        evidence = EvidenceStore.at(str(folder / "evidence"))
        home = Home.of_environment().path
        benches = set_up_both(home, mirror, evidence, policy, (base, head))
        reports = (
            unable(change_set, benches.reason, ALL_KINDS)
            if isinstance(benches, CannotBuild)
            else validate(benches, change_set, change, Folder.at(str(home / "base_evidence")))
        )
        case = replace(given, reports=reports)
        return judge_with_neighbours(catalogue().gates.values(), case, lambda tree: survey(tree, read_by))


def runtime_topologies(repo: Path, policy: Policy, commit: str) -> tuple[Topology, ...]:
    """What the real scheduler makes of a commit; raises `UsageError` where it cannot be asked."""
    shares = policy.for_each_scheduler()
    if not shares:
        raise UsageError(f"{repo}: no scheduler was found; name it as scheduler.kind in .meta-pipeline.yaml.")
    with scratch_folder() as folder:
        mirror = Mirror.open(folder, "topology", str(repo.resolve()), (commit,))
        evidence = EvidenceStore.at(str(folder / "evidence"))
        bench = _built(repo, set_up(Home.of_environment().path, mirror, evidence, policy, commit))
        source = mirror.tree(commit)
        parts = [
            part
            for own in shares
            if own.scheduler
            for part in run_lane(
                _built(repo, bench.within(own.environment)),
                ParseLane(own, ADAPTERS[own.scheduler.kind].runtime, source),
                "head",
                commit,
            )
        ]
        for part in parts:
            if part.side.could_not_run:
                raise UsageError(f"{repo}: {part.side.could_not_run}.")
        return tuple(topology for part in parts for topology in part.topologies)


def _built(repo: Path, bench: Bench | CannotBuild) -> Bench:
    if isinstance(bench, CannotBuild):
        raise UsageError(f"{repo}: {bench.reason}")
    return bench
