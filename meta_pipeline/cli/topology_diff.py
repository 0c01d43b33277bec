"""`topology --diff`: how the pipelines of two commits differ, in sentences, and what lies downstream."""

import shlex
from datetime import datetime
from pathlib import Path
from typing import Literal

from meta_pipeline.cli.errors import UsageError
from meta_pipeline.cli.output import STDOUT, print_document, shown
from meta_pipeline.cli.reading import opened, read_at
from meta_pipeline.cli.topology_documents import TopologyDiffDocument
from meta_pipeline.delivery.briefing import Briefing, briefing
from meta_pipeline.delivery.change import Change
from meta_pipeline.delivery.edited import edited_nodes
from meta_pipeline.delivery.impact import Again, Impact, Sides, Step, impact_of
from meta_pipeline.delivery.phrases import counted
from meta_pipeline.delivery.statement import HEADINGS, Statement
from meta_pipeline.delivery.tree import SUBMODULE
from meta_pipeline.policy import Policy
from meta_pipeline.workspace.repository import Repository

_ROWS_SHOWN = 20


def diff(
    repo: Path, between: str, *, level: Literal["static", "full"], as_json: bool, svg: Path | None
) -> None:
    """Print how the pipelines of BASE and HEAD differ; with `svg`, draw the changed part into that file.

    Raises `UsageError` where `between` does not name two commits, or a clone lacks what differs.
    """
    revs = two_revisions(between)
    repository = opened(repo)
    base, head = (read_at(repository, rev, level) for rev in revs)
    change = Change(base.tree, head.tree, base.topologies, head.topologies)
    _require_whole(repo, change)
    at = commit_time(repository, head.tree.commit)
    told = briefing(change.base_topologies, change.head_topologies, change.differences, at)
    sides = Sides(change.base_topologies, change.head_topologies, change.differences, edited_nodes(change))
    impact = impact_of(sides, checkpoints_of(head.policy))
    document = TopologyDiffDocument.between(
        (base.tree.commit, head.tree.commit), level, change.differences, told, impact
    )
    if as_json:
        print_document(document)
        return
    _show(told, impact, document)
    command = ("meta-pipeline", "check", "--repo", str(repo), "--base", revs[0], "--head", revs[1])
    STDOUT.print(f"next: judge it by the gates: {shown(shlex.join(command))}", highlight=False)


def two_revisions(between: str) -> tuple[str, str]:
    """Both sides of `BASE..HEAD`; raises `UsageError`."""
    base, dots, head = between.partition("..")
    if not dots or not base or not head or head.startswith(".") or ".." in head:
        raise UsageError(f"--diff {between} names no two commits; write BASE..HEAD, such as main..my-branch.")
    return base, head


def commit_time(repository: Repository, commit: str) -> datetime:
    """When a commit was made: until then the runs that a pipeline makes up for are counted."""
    return repository.commits(commit, 1)[0].when


def checkpoints_of(policy: Policy) -> dict[str, tuple[str, ...]]:
    """The checkpoints of the policy, and the pipelines whose data each looks at."""
    projects = policy.data_quality.great_expectations
    return {name: tuple(project.pipelines) for project in projects for name in project.checkpoints}


def _require_whole(repo: Path, change: Change) -> None:
    """Refuse a clone that lacks contents of files that differ: what is not there would look removed."""
    lacking = [
        file.path
        for file in change.files
        for mode, data in ((file.old_mode, file.old), (file.new_mode, file.new))
        if mode not in (None, SUBMODULE) and data is None
    ]
    if lacking:
        raise UsageError(
            f"{repo} lacks the contents of {counted(len(lacking), 'changed file')}, such as {lacking[0]}: it is a "
            "partial clone; run 'git fetch --refetch' in it, or use a full clone."
        )


def _show(told: Briefing, impact: Impact, document: TopologyDiffDocument) -> None:
    commits = f"{document.base[:12]}..{document.head[:12]}"
    if not document.differences:
        STDOUT.print(f"{commits}: the pipelines are the same to their schedulers", highlight=False)
    else:
        pipelines = {one.pipeline for one in document.differences if one.pipeline}
        places = f" in {counted(len(pipelines), 'pipeline')}" if pipelines else ""
        changes = counted(len(document.differences), "change")
        STDOUT.print(f"{commits}: {changes}{places}", highlight=False)
    _show_statements("What on-call must know", told.must_know)
    for weight, heading in HEADINGS.items():
        _show_statements(heading, [one for one in told.others if one.weight == weight])
    _show_downstream(impact)
    _show_again(impact.again)


def _show_statements(heading: str, statements: tuple[Statement, ...] | list[Statement]) -> None:
    if not statements:
        return
    STDOUT.print(f"\n[bold]{heading}[/bold]", highlight=False)
    for one in statements:
        where = f"  [dim]{shown(one.path)}{f':{one.line}' if one.line else ''}[/dim]" if one.path else ""
        STDOUT.print(f"- {shown(one.sentence)}{where}", highlight=False)


def _show_downstream(impact: Impact) -> None:
    from rich.table import Table

    if not impact.touched:
        return
    touched = counted(len(impact.touched), "touched node")
    if not impact.downstream:
        STDOUT.print(f"\nNothing lies downstream of the {touched}.", highlight=False)
        return
    title = f"\n{counted(len(impact.downstream), 'node')} downstream of {touched}"
    table = Table("steps", "downstream", "because it", title=title, title_justify="left")
    groups: dict[tuple[str, ...], list[Step]] = {}
    for step in impact.downstream:
        one_by_one = len(impact.downstream) <= _ROWS_SHOWN
        home = (step.scheduler, step.root, step.pipeline, *((step.node,) if one_by_one else ()))
        groups.setdefault(home, []).append(step)
    for steps in list(groups.values())[:_ROWS_SHOWN]:
        nearest, others = steps[0], len(steps) - 1
        name = f"{nearest.name}, then {others} more of its pipeline" if others else nearest.name
        table.add_row(str(nearest.distance), shown(name), shown(nearest.reason))
    left = sum(map(len, list(groups.values())[_ROWS_SHOWN:]))
    if left:
        table.add_row("...", f"{left} more, see --json", "")
    STDOUT.print(table, highlight=False)


def _show_again(again: Again) -> None:
    lines = [f"dry run of {run.scheduler}: {', '.join(run.pipelines)}" for run in again.dry_runs]
    for build in again.dbt:
        tests = f", with {counted(build.tests, 'test')}" if build.tests else ""
        select = shlex.join(build.select)
        lines.append(f"dbt build --project-dir {build.project} --select {select}{tests}")
    lines += [f"checkpoint {name}" for name in again.checkpoints]
    lines += [f"{check}" for check in again.checks]
    lines += [f"tell {one.owner or 'whoever owns it'} of exposure {one.exposure}" for one in again.tell]
    if lines:
        STDOUT.print("\n[bold]Test again[/bold]", highlight=False)
    for line in lines:
        STDOUT.print(f"- {shown(line)}", highlight=False)
