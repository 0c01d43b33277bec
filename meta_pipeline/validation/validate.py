"""Validate a change set: the target's own tools at base and head, beside each other."""

import os
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from meta_pipeline.delivery.change import Change
from meta_pipeline.delivery.change_set import ChangeSet
from meta_pipeline.delivery.evidence import Side
from meta_pipeline.delivery.model import Frozen, digest, digest_bytes
from meta_pipeline.delivery.reports import ReportKind, SideReport, ValidationReport
from meta_pipeline.delivery.running import (
    is_run,
    pipelines_to_run,
    scheduled,
    shares_work,
    touched_work,
    whole_pipelines,
    work_of,
)
from meta_pipeline.evidence.store import Folder, readable_json
from meta_pipeline.policy import Policy
from meta_pipeline.schedulers.registry import RUNTIMES
from meta_pipeline.validation.bench import PROBES, Bench, Benches
from meta_pipeline.validation.lane import Lane, Part, joined
from meta_pipeline.validation.lint import LintLane
from meta_pipeline.validation.pipelines import DryRunLane, ParseLane
from meta_pipeline.validation.tests import TestsLane
from meta_pipeline.workspace.scratch import scratch_folder

ALL_KINDS: tuple[ReportKind, ...] = ("lint", "tests", "parse", "dry_run", "data_quality")
_KEY_SCRATCH = Path("/scratch")


class _Remembered(Frozen):
    """The parts that a lane gave for one base."""

    parts: tuple[Part, ...]


@dataclass(frozen=True)
class Lanes:
    """The lanes that a policy asks for; why a kind has none; and which kinds this version cannot run."""

    lanes: tuple[Lane, ...]
    absent: Mapping[ReportKind, str]
    unable: Mapping[ReportKind, str]


def lanes_for(policy: Policy, pipelines: Sequence[str]) -> Lanes:
    """The lanes for one side of a change; `pipelines` are the ones to dry-run."""
    lanes: list[Lane] = []
    absent: dict[ReportKind, str] = {}
    unable: dict[ReportKind, str] = {}
    if policy.commands.lint:
        lanes.append(LintLane(policy.commands.lint))
    else:
        absent["lint"] = "the policy names no lint command (commands.lint)"
    tests = [text for text in (policy.commands.unit_tests, policy.commands.integration_tests) if text]
    if tests:
        lanes.append(TestsLane(tests))
    else:
        absent["tests"] = "the policy names no test command (commands.unit_tests)"
    runtime = RUNTIMES.get(policy.scheduler.kind) if policy.scheduler else None
    if policy.scheduler is None:
        absent["parse"] = "the policy names no scheduler (scheduler.kind)"
    elif runtime:
        lanes.append(ParseLane(policy, runtime))
    else:
        unable["parse"] = f"this version cannot ask {policy.scheduler.kind} to import its pipelines"
        unable["dry_run"] = f"this version cannot ask {policy.scheduler.kind} for a dry run"
    if not policy.data_quality.great_expectations:
        absent["data_quality"] = "the policy names no checkpoint (data_quality.great_expectations)"
    if pipelines or policy.data_quality.great_expectations:
        lanes.append(DryRunLane(policy, runtime, pipelines))
    if not pipelines:
        absent.setdefault("dry_run", "no pipeline is touched by the change")
    return Lanes(tuple(lanes), absent, unable)


def validate(
    benches: Benches,
    change_set: ChangeSet,
    change: Change,
    remembered: Folder,
    wanted: Collection[ReportKind] = ALL_KINDS,
) -> dict[ReportKind, ValidationReport]:
    """Run the lanes of the wanted reports at base and head, as many at once as there are cores.

    `remembered` keeps what lanes said of a base, by tree, environment and commands; head is always run.
    """
    assert change_set.head is not None
    policy = benches.head.policy
    sides: dict[Side, Lanes] = {
        "base": lanes_for(policy, to_run(policy, change, "base")),
        "head": lanes_for(policy, to_run(policy, change, "head")),
    }
    commits: dict[Side, str] = {"base": change_set.base, "head": change_set.head}
    # The slow lanes go first, so that the cores stay busy to the end.
    work = [
        (side, lane)
        for kind in reversed(ALL_KINDS)
        for side, lanes in sides.items()
        for lane in lanes.lanes
        if lane.kinds[-1] == kind and any(kind in wanted for kind in lane.kinds)
    ]
    with ThreadPoolExecutor(max_workers=os.cpu_count() or 2, thread_name_prefix="lane") as pool:
        found = list(
            pool.map(
                lambda item: _run(benches.of(item[0]), item[1], item[0], commits[item[0]], remembered), work
            )
        )
    parts: dict[tuple[Side, ReportKind], list[Part]] = {}
    for (side, _), given in zip(work, found, strict=True):
        for part in given:
            parts.setdefault((side, part.kind), []).append(part)
    given_up: dict[ReportKind, ValidationReport] = {}
    for kind, reason in sides["head"].unable.items():
        given_up |= unable(change_set, reason, [kind])
    absent = sides["head"].absent
    found_out = {kind: _report(kind, digest(change_set), parts, absent.get(kind)) for kind in ALL_KINDS}
    return {kind: report for kind, report in (found_out | given_up).items() if kind in wanted}


def unable(
    change_set: ChangeSet, reason: str, wanted: Collection[ReportKind]
) -> dict[ReportKind, ValidationReport]:
    """The reports of a change that no command could be run for: each says why."""
    side = SideReport(could_not_run=reason)
    return {
        kind: ValidationReport(kind=kind, change_set=digest(change_set), base=side, head=side)
        for kind in ALL_KINDS
        if kind in wanted
    }


def to_run(policy: Policy, change: Change, side: Side) -> tuple[str, ...]:
    """The pipelines to dry-run: those that the change touches, and those whose data a checkpoint looks at.

    An asset of Dagster is run by the job that runs most of what is touched; see `pipelines_to_run`.
    """
    kind = policy.scheduler.kind if policy.scheduler else None
    there = scheduled(change.base_topologies if side == "base" else change.head_topologies, kind)
    paths = {file.path for file in change.files}
    whole = {name for project in policy.data_quality.great_expectations for name in project.pipelines}
    whole |= whole_pipelines(there, change.differences)
    work = set(touched_work(there, change.differences))
    for topology in there:
        for pipeline in topology.pipelines:
            if shares_work(topology):
                touched = [node for node in pipeline.nodes if (node.path or pipeline.path) in paths]
                work |= {work_of(topology, pipeline, node) for node in touched if is_run(node)}
            elif pipeline.path in paths:
                whole.add(pipeline.id)
    return pipelines_to_run(there, work, whole)


def _run(bench: Bench, lane: Lane, side: Side, commit: str, remembered: Folder) -> tuple[Part, ...]:
    name = _memory_name(bench, lane, commit)
    if side == "base":
        with suppress(ValidationError):
            data = remembered.read(name)
            if data is not None:
                return tuple(_reused(bench, part) for part in _Remembered.model_validate_json(data).parts)
    parts = run_lane(bench, lane, side, commit)
    if side == "base" and all(part.side.could_not_run is None for part in parts):
        remembered.write(name, readable_json(_Remembered(parts=parts)))
    return parts


def run_lane(bench: Bench, lane: Lane, side: Side, commit: str) -> tuple[Part, ...]:
    """Run one lane in a fresh checkout of `commit` and read what its commands said."""
    with (
        bench.mirror.worktree(commit) as worktree,
        scratch_folder() as scratch,
    ):
        records = [bench.run(command, side, worktree, scratch) for command in lane.commands(scratch)]
        return lane.read(records, [bench.output(record) for record in records], scratch)


def _memory_name(bench: Bench, lane: Lane, commit: str) -> str:
    key = {
        "tree": bench.mirror.tree_id(commit),
        "environment": bench.environment.digest,
        "sandbox": bench.sandbox.kind,
        "commands": [command.model_dump(mode="json") for command in lane.commands(_KEY_SCRATCH)],
        "variables": dict(bench.policy.environment.variables),
        "probes": [digest_bytes(path.read_bytes()) for path in PROBES],
        "pipelines": digest(bench.policy.dry_run),
    }
    return f"{digest(key).removeprefix('sha256:')}.json"


def _reused(bench: Bench, part: Part) -> Part:
    records = tuple(record.model_copy(update={"reused": True}) for record in part.side.records)
    for record in records:
        bench.keep(record)
    return part.model_copy(update={"side": part.side.model_copy(update={"records": records})})


def _report(
    kind: ReportKind, change_set: str, parts: Mapping[tuple[Side, ReportKind], list[Part]], absent: str | None
) -> ValidationReport:
    base, head = joined(kind, parts.get(("base", kind), ())), joined(kind, parts.get(("head", kind), ()))
    return ValidationReport(
        kind=kind,
        change_set=change_set,
        base=base.side,
        head=head.side,
        measures=(*base.measures, *head.measures),
        topologies=head.topologies,
        not_applicable=None if ("head", kind) in parts else absent,
    )
