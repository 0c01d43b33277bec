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
from meta_pipeline.schedulers.registry import RUNTIMES
from meta_pipeline.settings import Home
from meta_pipeline.validation.bench import set_up, set_up_both
from meta_pipeline.validation.dbt import DbtLane
from meta_pipeline.validation.pipelines import ParseLane
from meta_pipeline.validation.validate import ALL_KINDS, run_lane, unable, validate
from meta_pipeline.workspace.environment import CannotBuild
from meta_pipeline.workspace.repository import Mirror


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
        evidence = EvidenceStore.at(str(Path(folder) / "evidence"))
        benches = set_up_both(Home.of_environment().path, mirror, evidence, policy, (base, head))
        reports = (
            unable(change_set, benches.reason, ALL_KINDS)
            if isinstance(benches, CannotBuild)
            else validate(benches, change_set, change, Folder.at(str(Path(folder) / "base_evidence")))
        )
        case = Case(policy, change=change, reports=reports)
        return tuple(judge(gate, case) for gate in catalogue().gates.values())


def runtime_topologies(repo: Path, policy: Policy, commit: str) -> tuple[Topology, ...]:
    """What the real scheduler makes of a commit; raises `UsageError` where it cannot be asked."""
    runtime = RUNTIMES.get(policy.scheduler.kind) if policy.scheduler else None
    projects = [DbtLane(project) for project in policy.dbt_projects]
    if policy.scheduler is None and not projects:
        raise UsageError(f"{repo}: no scheduler was found; name it as scheduler.kind in .meta-pipeline.yaml.")
    if runtime is None and policy.scheduler is not None and policy.scheduler.kind != "dbt":
        raise UsageError(
            f"{repo}: this version cannot ask {policy.scheduler.kind} for its pipelines at run time."
        )
    with tempfile.TemporaryDirectory(prefix="meta-pipeline-topology-") as folder:
        mirror = Mirror.open(Path(folder), "topology", str(repo.resolve()))
        evidence = EvidenceStore.at(str(Path(folder) / "evidence"))
        bench = set_up(Home.of_environment().path, mirror, evidence, policy, commit)
        if isinstance(bench, CannotBuild):
            raise UsageError(f"{repo}: {bench.reason}")
        parts = [*run_lane(bench, ParseLane(policy, runtime), "head", commit)] if runtime else []
        parts += [project.parse(bench, commit) for project in projects]
        for part in parts:
            if part.side.could_not_run:
                raise UsageError(f"{repo}: {part.side.could_not_run}.")
        return tuple(topology for part in parts for topology in part.topologies)
