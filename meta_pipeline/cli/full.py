"""`--level full`: the target's own tools, in a sandbox, without a delivery."""

import tempfile
from pathlib import Path

from meta_pipeline.cli.errors import UsageError
from meta_pipeline.delivery.change import Change
from meta_pipeline.delivery.change_set import Author, ChangeSet
from meta_pipeline.delivery.judgement import GateResult
from meta_pipeline.delivery.topology import Topology
from meta_pipeline.evidence.store import EvidenceStore, Folder
from meta_pipeline.gates.case import Case
from meta_pipeline.gates.catalogue import catalogue
from meta_pipeline.gates.gate import judge
from meta_pipeline.policy import Policy
from meta_pipeline.settings import Home
from meta_pipeline.validation.bench import Bench
from meta_pipeline.validation.pipelines import ParseLane
from meta_pipeline.validation.validate import ALL_KINDS, run_lane, unable, validate
from meta_pipeline.workspace.environment import CannotBuild, build_environment
from meta_pipeline.workspace.repository import Mirror
from meta_pipeline.workspace.sandbox import detect_sandbox


def judge_full(repo: Path, policy: Policy, change: Change, base: str, head: str) -> tuple[GateResult, ...]:
    """All gates on a change, the target's tools run at both commits."""
    with tempfile.TemporaryDirectory(prefix="meta-pipeline-check-") as folder:
        mirror = Mirror.open(Path(folder), "check", str(repo.resolve()))
        change_set = ChangeSet(
            plan="",
            base=base,
            patch=mirror.diff(base, head),
            author=Author(kind="patch", identity="the author of the commits"),
            message="",
            head=head,
        )
        bench = _bench(mirror, policy, head, Path(folder))
        reports = (
            unable(change_set, bench.reason, ALL_KINDS)
            if isinstance(bench, CannotBuild)
            else validate(bench, change_set, change, Folder.at(str(Path(folder) / "base_evidence")))
        )
        case = Case(policy, change=change, reports=reports)
        return tuple(judge(gate, case) for gate in catalogue().gates.values())


def runtime_topologies(repo: Path, policy: Policy, commit: str) -> tuple[Topology, ...]:
    """What the real scheduler makes of a commit; raises `UsageError` where it cannot be asked."""
    if policy.scheduler is None:
        raise UsageError(f"{repo}: no scheduler was found; name it as scheduler.kind in .meta-pipeline.yaml.")
    with tempfile.TemporaryDirectory(prefix="meta-pipeline-topology-") as folder:
        mirror = Mirror.open(Path(folder), "topology", str(repo.resolve()))
        bench = _bench(mirror, policy, commit, Path(folder))
        if isinstance(bench, CannotBuild):
            raise UsageError(f"{repo}: {bench.reason}")
        part = run_lane(bench, ParseLane(policy), "head", commit)[0]
        if part.side.could_not_run:
            raise UsageError(f"{repo}: {part.side.could_not_run}.")
        return part.topologies


def _bench(mirror: Mirror, policy: Policy, commit: str, folder: Path) -> Bench | CannotBuild:
    sandbox = detect_sandbox()
    home = Home.of_environment()
    built = build_environment(home.path, mirror.tree(commit), policy.environment, sandbox)
    if isinstance(built, CannotBuild):
        return built
    return Bench(mirror, EvidenceStore.at(str(folder / "evidence")), policy, built, sandbox)
