"""Validate a change set: the target's own tools at base and head, beside each other."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial

from meta_pipeline.delivery.change import Change
from meta_pipeline.delivery.change_set import ChangeSet
from meta_pipeline.delivery.evidence import Side
from meta_pipeline.delivery.model import digest
from meta_pipeline.delivery.reports import ReportKind, SideReport, ValidationReport
from meta_pipeline.delivery.running import (
    is_run,
    pipelines_to_run,
    shares_work,
    touched_work,
    whole_pipelines,
    work_of,
)
from meta_pipeline.delivery.topology import Topology
from meta_pipeline.evidence.store import Folder
from meta_pipeline.policy import CheckpointPolicy, DataQualityPolicy, Policy
from meta_pipeline.schedulers.dbt.runtime import DbtRuntime
from meta_pipeline.schedulers.registry import ADAPTERS
from meta_pipeline.schedulers.runtime import DryRuns
from meta_pipeline.schedulers.shares import topologies_of
from meta_pipeline.validation.bench import Bench, Benches
from meta_pipeline.validation.data_diff import data_diff_report, rerun_report, with_writers
from meta_pipeline.validation.dbt import DbtLane
from meta_pipeline.validation.former_tests import with_former_tests
from meta_pipeline.validation.imported import importing
from meta_pipeline.validation.lane import Lane, Part, joined
from meta_pipeline.validation.lint import LintLane
from meta_pipeline.validation.neighbours.trial import Broken, broken_head, with_trials
from meta_pipeline.validation.pipelines import DryRunLane, ParseLane
from meta_pipeline.validation.tests import test_lanes
from meta_pipeline.validation.work import Work, both_sides, done, one_side, run_lane, run_or_remember
from meta_pipeline.workspace.environment import CannotBuild

ALL_KINDS: tuple[ReportKind, ...] = (
    "lint",
    "tests",
    "integration_tests",
    "parse",
    "dry_run",
    "data_quality",
    "data_diff",
    "rerun",
)


@dataclass(frozen=True)
class Lanes:
    """The lanes that a policy asks for, and why a kind has none.

    `scheduled` are those of each share of the policy, in their order.
    """

    lanes: tuple[Lane, ...]
    scheduled: tuple[tuple[Lane, ...], ...]
    absent: Mapping[ReportKind, str]


def lanes_for(policy: Policy, shares: Sequence[Policy], change: Change, side: Side) -> Lanes:
    """The lanes for one side of a change; `shares` are the policy as each of its schedulers has it."""
    lanes: list[Lane] = []
    absent: dict[ReportKind, str] = {}
    if policy.commands.lint:
        lanes.append(LintLane(policy.commands.lint))
    else:
        absent["lint"] = "the policy names no lint command (commands.lint)"
    lanes += test_lanes(policy.commands)
    absent["tests"] = "the policy names no test command (commands.unit_tests)"
    absent["integration_tests"] = "the policy names no test command (commands.integration_tests)"
    if not policy.all_schedulers:
        absent["parse"] = "the policy names no scheduler (scheduler.kind)"
    if not policy.data_quality.great_expectations:
        absent["data_quality"] = "the policy names no checkpoint (data_quality.great_expectations)"
    absent |= dict.fromkeys(("dry_run", "data_diff", "rerun"), "no pipeline is touched by the change")
    served: list[tuple[Lane, ...]] = []
    for own in shares:
        runtime = _one_sided(own)
        pipelines = to_run(own, change, side) if runtime else ()
        given: list[Lane] = []
        if runtime:
            given.append(ParseLane(own, runtime, change.base if side == "base" else change.head))
        if (runtime and pipelines) or own.data_quality.great_expectations:
            # Base is run twice only where head's second run differs; see `_base_again`.
            again = touched_pipelines(own, change, side) if side == "head" else ()
            given.append(DryRunLane(own, runtime, pipelines, again))
        served.append(tuple(given))
    return Lanes(tuple(lanes), tuple(served), absent)


def _one_sided(own: Policy) -> DryRuns | None:
    """What the policy's one scheduler runs of one side by itself; None for a project of dbt, and for no scheduler."""
    runtime = ADAPTERS[own.scheduler.kind].runtime if own.scheduler else None
    return runtime if isinstance(runtime, DryRuns) else None


def _project(own: Policy) -> DbtLane | None:
    """What builds both sides of the policy's one dbt project; None where its scheduler is another."""
    runtime = ADAPTERS[own.scheduler.kind].runtime if own.scheduler else None
    return DbtLane(own, runtime) if isinstance(runtime, DbtRuntime) else None


def _shares(policy: Policy, change: Change) -> tuple[Policy, ...]:
    """The policy as each scheduler has it, with the checkpoints on what its pipelines write.

    Checkpoints on pipelines of none, and all of them where there is no scheduler, go with the first.
    """
    shares = policy.for_each_scheduler() or (policy,)
    owned: dict[int, list[CheckpointPolicy]] = {}
    for checkpoints in policy.data_quality.great_expectations:
        owner = next(
            (
                n
                for n, own in enumerate(shares)
                if set(checkpoints.pipelines)
                & {pipeline.id for topology in _own(own, change, "head") for pipeline in topology.pipelines}
            ),
            0,
        )
        owned.setdefault(owner, []).append(checkpoints)
    return tuple(
        own.model_copy(update={"data_quality": DataQualityPolicy(great_expectations=tuple(owned.get(n, ())))})
        for n, own in enumerate(shares)
    )


def _own(policy: Policy, change: Change, side: Side) -> tuple[Topology, ...]:
    """The topologies of the policy's one scheduler at one side."""
    return topologies_of(policy, change.base_topologies if side == "base" else change.head_topologies)


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
    shares = _shares(benches.head.policy, change)
    with ExitStack() as stack:
        served = [stack.enter_context(benches.serving(own)) for own in shares]
        return _validate(
            benches, tuple(zip(shares, served, strict=True)), change_set, change, remembered, wanted
        )


def _validate(
    benches: Benches,
    served: Sequence[tuple[Policy, Benches | CannotBuild]],
    change_set: ChangeSet,
    change: Change,
    remembered: Folder,
    wanted: Collection[ReportKind],
) -> dict[ReportKind, ValidationReport]:
    assert change_set.head is not None
    policy = benches.head.policy
    sides: dict[Side, Lanes] = {
        "base": lanes_for(policy, [own for own, _ in served], change, "base"),
        "head": lanes_for(policy, [own for own, _ in served], change, "head"),
    }
    commits: dict[Side, str] = {"base": change_set.base, "head": change_set.head}
    projects = {lane: own_benches for own, own_benches in served if (lane := _project(own))}
    touched = {
        project: own
        for project, own in projects.items()
        if isinstance(own, CannotBuild) or project.touched(own, change)
    }
    work = [
        *(
            Work(project.kinds, partial(both_sides, project, own, commits, remembered))
            for project, own in touched.items()
        ),
        *(
            Work(lane.kinds, partial(one_side, benches.of(side), lane, side, commits[side], remembered))
            for side, lanes in sides.items()
            for lane in lanes.lanes
        ),
        *_former_tests(benches.head, change_set.head, change),
        *(
            Work(
                lane.kinds,
                partial(
                    one_side,
                    own if isinstance(own, CannotBuild) else own.of(side),
                    lane,
                    side,
                    commits[side],
                    remembered,
                ),
            )
            for side, lanes in sides.items()
            for (_, own), given in zip(served, lanes.scheduled, strict=True)
            for lane in given
        ),
    ]
    # The slow lanes go first, so that the cores stay busy to the end.
    ordered = [
        item
        for kind in reversed(ALL_KINDS)
        for item in work
        if item.kinds[-1] == kind and any(kind in wanted for kind in item.kinds)
    ]
    parts: dict[tuple[Side, ReportKind], list[Part]] = {}
    found = done(ordered)
    found += _base_again(served, sides["base"], change, commits, remembered, found)
    for side, part in found:
        parts.setdefault((side, part.kind), []).append(part)
    absent = {**sides["head"].absent, **_untouched(projects, touched)}
    topologies = (*change.head_topologies, *change.base_topologies)
    found_out = {
        kind: with_writers(_report(kind, digest(change_set), parts, absent.get(kind)), topologies)
        for kind in ALL_KINDS
    }
    reports = {kind: report for kind, report in found_out.items() if kind in wanted}
    broken = broken_head(benches.head.mirror, change_set.head, change, reports)
    if broken is None:
        return reports
    trials = _trials(broken, benches.head, served, touched, commits, remembered)
    return with_trials(reports, broken, [part for side, part in done(trials) if side == "neighbour"])


def _trials(
    broken: Broken,
    bench: Bench,
    served: Sequence[tuple[Policy, Benches | CannotBuild]],
    projects: Mapping[DbtLane, Benches | CannotBuild],
    commits: Mapping[Side, str],
    remembered: Folder,
) -> list[Work]:
    """The lanes that must notice a broken file, on the commit that holds it; checkpoints would find no data."""
    shares = [own.model_copy(update={"data_quality": DataQualityPolicy()}) for own, _ in served]
    lanes = lanes_for(bench.policy, shares, broken.change, "head")
    asked: list[tuple[Bench | CannotBuild, Lane]] = [(bench, lane) for lane in lanes.lanes]
    for (_, own), given in zip(served, lanes.scheduled, strict=True):
        asked += [(own if isinstance(own, CannotBuild) else own.head, lane) for lane in given]
    work = [
        Work(lane.kinds, partial(one_side, own, lane, "neighbour", broken.commit, remembered))
        for own, lane in asked
    ]
    sides: Mapping[Side, str] = {"base": commits["base"], "neighbour": broken.commit}
    work += [
        Work(project.kinds, partial(both_sides, project, own, sides, remembered))
        for project, own in projects.items()
    ]
    return [item for item in work if any(kind in broken.kinds for kind in item.kinds)]


def _base_again(
    served: Sequence[tuple[Policy, Benches | CannotBuild]],
    lanes: Lanes,
    change: Change,
    commits: Mapping[Side, str],
    remembered: Folder,
    found: Sequence[tuple[Side, Part]],
) -> Iterator[tuple[Side, Part]]:
    """A second run at base, where one at head does something: what base does too is not of this change."""
    head = [part for side, part in found if (side, part.kind) == ("head", "rerun")]
    if not any(part.again or part.side.problems for part in head):
        return
    for (own, benches), given in zip(served, lanes.scheduled, strict=True):
        for lane in given:
            if isinstance(lane, DryRunLane) and lane.pipelines and not isinstance(benches, CannotBuild):
                twice = DryRunLane(own, lane.runtime, lane.pipelines, touched_pipelines(own, change, "base"))
                for part in run_or_remember(benches.base, twice, "base", commits["base"], remembered):
                    if part.kind == "rerun":
                        yield "base", part


def _former_tests(bench: Bench, head: str, change: Change) -> Iterator[Work]:
    """The tests of base on the code of head, where the change touches tests that were there."""
    commit = with_former_tests(bench.mirror, head, change)
    if commit is not None:
        for lane in test_lanes(bench.policy.commands):
            yield Work(lane.kinds, partial(_run_former, bench, lane, commit))


def _run_former(bench: Bench, lane: Lane, commit: str) -> Iterator[tuple[Side, Part]]:
    for part in run_lane(bench, lane, "former_tests", commit):
        yield "former_tests", part


def _untouched(projects: Collection[DbtLane], touched: Collection[DbtLane]) -> dict[ReportKind, str]:
    """Why dbt says nothing, where the policy names projects of it."""
    if not projects or touched:
        return {}
    names = ", ".join(project.folder for project in projects)
    reason = f"the change touches no file that dbt reads (dbt project in {names})"
    return dict.fromkeys(DbtLane.kinds, reason)


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
    """The pipelines of the policy's one scheduler to dry-run: what the change touches, and what checkpoints look at.

    An asset of Dagster is run by the job that runs most of what is touched; see `pipelines_to_run`.
    """
    looked_at = {name for project in policy.data_quality.great_expectations for name in project.pipelines}
    return touched_pipelines(policy, change, side, looked_at)


def touched_pipelines(
    policy: Policy, change: Change, side: Side, looked_at: Collection[str] = ()
) -> tuple[str, ...]:
    """The pipelines that run what the change touches, and those of `looked_at`.

    Where it touches none, a few of those that import what it edits run it.
    """
    there = _own(policy, change, side)
    paths = {file.path for file in change.files}
    whole = set(whole_pipelines(there, change.differences))
    work = set(touched_work(there, change.differences))
    for topology in there:
        for pipeline in topology.pipelines:
            if shares_work(topology):
                touched = [node for node in pipeline.nodes if (node.path or pipeline.path) in paths]
                work |= {work_of(topology, pipeline, node) for node in touched if is_run(node)}
            elif pipeline.path in paths:
                whole.add(pipeline.id)
    if not whole and not work:
        tree = change.head if side == "head" else change.base
        own = [pipeline for topology in there if not shares_work(topology) for pipeline in topology.pipelines]
        whole |= set(importing(tree, own, paths))
    return pipelines_to_run(there, work, {*looked_at, *whole})


def _report(
    kind: ReportKind, change_set: str, parts: Mapping[tuple[Side, ReportKind], list[Part]], absent: str | None
) -> ValidationReport:
    if kind in ("data_diff", "rerun"):
        one = {key: joined(key[1], given) for key, given in parts.items() if key[1] in ("data_diff", "rerun")}
        base, head = one.get(("base", kind)), one.get(("head", kind))
        if kind == "data_diff":
            return data_diff_report(change_set, base, head, one.get(("head", "rerun")), absent)
        return rerun_report(change_set, base, head, one.get(("head", "data_diff")), absent)
    base, head = joined(kind, parts.get(("base", kind), ())), joined(kind, parts.get(("head", kind), ()))
    former = parts.get(("former_tests", kind))
    return ValidationReport(
        kind=kind,
        change_set=change_set,
        base=base.side,
        head=head.side,
        former_tests=joined(kind, former).side if former else None,
        measures=(*base.measures, *head.measures),
        topologies=head.topologies,
        not_applicable=head.idle if ("head", kind) in parts else absent,
    )
