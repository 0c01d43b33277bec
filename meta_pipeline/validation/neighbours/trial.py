"""One changed file, broken, for the target's own tools: what stays green does not look at it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from meta_pipeline.delivery.change import Change
from meta_pipeline.delivery.file_kinds import is_test
from meta_pipeline.delivery.neighbours import Seed
from meta_pipeline.delivery.reports import ReportKind, Trial, ValidationReport
from meta_pipeline.validation.laid_over import laid_over
from meta_pipeline.validation.lane import Part, joined
from meta_pipeline.validation.neighbours.seeding import Seeded, Seeds
from meta_pipeline.workspace.repository import Mirror

LONGEST_SECONDS = 120.0
"""A tool that took longer on the change is not run once more only to see it fail."""

_TRIED: Mapping[str, tuple[ReportKind, ...]] = {
    "syntax-error": ("lint", "tests", "integration_tests", "parse", "dry_run"),
    "jinja-broken": ("parse", "dry_run"),
}
"""By class of fault, the nearest to all tools first, the reports that it must show in.

Code that does not run gives no data that breaks an expectation, and no linter or test of Python reads a model.
"""
_OF_PIPELINES: frozenset[ReportKind] = frozenset({"parse", "dry_run"})


@dataclass(frozen=True)
class Broken:
    """The head of a change with one file broken, as a commit, and the kinds of report that must show it."""

    seed: Seed
    commit: str
    change: Change
    kinds: frozenset[ReportKind]


def broken_head(
    mirror: Mirror, head: str, change: Change, reports: Mapping[ReportKind, ValidationReport]
) -> Broken | None:
    """The trial of a change whose `reports` are these; None where no tool passed it, or nothing can be broken."""
    if not any(_is_worth_it(report) for report in reports.values()):
        return None
    seeded = _chosen(change)
    if seeded is None:
        return None
    path = seeded.seed.path
    kinds = frozenset(
        kind
        for kind in _TRIED[seeded.seed.fault]
        if kind in reports
        and _is_worth_it(reports[kind])
        and (kind not in _OF_PIPELINES or path in _paths_of_pipelines(change))
    )
    if not kinds:
        return None
    commit = laid_over(mirror, head, {path: seeded.tree.read(path) or b""}, "A file of it broken")
    return Broken(seeded.seed, commit, replace(change, head=seeded.tree), kinds)


def with_trials(
    reports: Mapping[ReportKind, ValidationReport], broken: Broken, parts: Sequence[Part]
) -> dict[ReportKind, ValidationReport]:
    """The reports with what the tools said of the broken file."""
    given = dict(reports)
    for kind in broken.kinds:
        own = [part for part in parts if part.kind == kind]
        if own:
            said = joined(kind, own)
            trial = Trial(seed=broken.seed, side=said.side, measures=said.measures)
            given[kind] = reports[kind].model_copy(update={"trial": trial})
    return given


def _is_worth_it(report: ValidationReport) -> bool:
    """Whether its tool ran on the change, found nothing new in it, and soon."""
    head = report.head
    return (
        report.not_applicable is None
        and head.could_not_run is None
        and bool(head.records)
        and not report.new_problems
        and sum(record.seconds for record in head.records) <= LONGEST_SECONDS
    )


def _chosen(change: Change) -> Seeded | None:
    """What is broken: a file of a pipeline before one of none, and code before a model."""
    seeds = Seeds(change)
    held = _paths_of_pipelines(change)
    found = (
        seeded
        for fault in _TRIED
        for seeded in _in_code(seeds.of(fault))
        if fault != "jinja-broken" or seeded.seed.path in held
    )
    return min(found, key=lambda seeded: seeded.seed.path not in held, default=None)


def _in_code(seeded: Sequence[Seeded]) -> Iterator[Seeded]:
    return (one for one in seeded if not is_test(one.seed.path))


def _paths_of_pipelines(change: Change) -> frozenset[str]:
    """The files that hold a pipeline of head or one of its nodes."""
    return frozenset(
        path
        for topology in change.head_topologies
        for pipeline in topology.pipelines
        for path in (pipeline.path, *(node.path for node in pipeline.nodes))
        if path is not None
    )
