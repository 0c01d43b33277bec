"""`topology --diff`: how the pipelines of two commits differ, in sentences, and what lies downstream."""

import shlex
from datetime import datetime
from pathlib import Path
from typing import Literal

from meta_pipeline.cli.errors import UsageError
from meta_pipeline.cli.output import STDERR, STDOUT, print_document, shown
from meta_pipeline.cli.reading import opened, read_each
from meta_pipeline.cli.topology_documents import TopologyDiffDocument
from meta_pipeline.delivery.briefing.statement import HEADINGS, Statement
from meta_pipeline.delivery.change import Change
from meta_pipeline.delivery.differences.phrases import counted
from meta_pipeline.delivery.impact.again import Again
from meta_pipeline.delivery.impact.impact import Impact
from meta_pipeline.delivery.impact.meaning import Meaning
from meta_pipeline.delivery.tree import SUBMODULE
from meta_pipeline.messages.outlook import downstream, to_test_again
from meta_pipeline.workspace.repository import Repository

_ROWS_SHOWN = 20
_READ = (".py", ".sql", ".yml", ".yaml", ".toml", ".csv", ".json", ".cfg", ".txt", ".lock", ".zip")


def diff(
    repo: Path, between: str, *, level: Literal["static", "full"], as_json: bool, svg: Path | None
) -> None:
    """Print how the pipelines of BASE and HEAD differ; with `svg`, draw the changed part into that file.

    Raises `UsageError` where `between` does not name two commits, or a clone lacks what differs.
    """
    revs = two_revisions(between)
    repository = opened(repo)
    base, head = read_each(repository, revs, level)
    change = Change(base.tree, head.tree, base.topologies, head.topologies)
    _require_whole(repo, change)
    at = commit_time(repository, head.tree.commit)
    meaning = Meaning(change, at, head.policy.data_quality.looks_at)
    document = TopologyDiffDocument.of((base.tree.commit, head.tree.commit), level, meaning)
    if svg is not None:
        _draw(svg, meaning)
    if as_json:
        print_document(document)
        return
    _show(meaning, document)
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


def _require_whole(repo: Path, change: Change) -> None:
    """Refuse a clone that lacks contents of files that differ: what is not there would look removed."""
    lacking = [
        file.path
        for file in change.files
        for mode, data in ((file.old_mode, file.old), (file.new_mode, file.new))
        if mode not in (None, SUBMODULE) and data is None and _is_read(file.path)
    ]
    if lacking:
        raise UsageError(
            f"{repo} lacks the contents of {counted(len(lacking), 'changed file')}, such as {lacking[0]}: it is a "
            "partial clone; run 'git fetch --refetch' in it, or use a full clone."
        )


def _draw(file: Path, meaning: Meaning) -> None:
    from meta_pipeline.messages.picture import picture

    drawn = picture(meaning.excerpt)
    if drawn is None:
        STDERR.print(
            f"note: no node is touched, so there is nothing to draw into {shown(file)}", highlight=False
        )
        return
    file.write_text(drawn, encoding="utf-8")
    STDERR.print(f"note: the changed part is drawn in {shown(file)}", highlight=False)


def _is_read(path: str) -> bool:
    """Whether a reader of pipelines may look into the file."""
    return path.endswith(_READ) or "." not in path.rpartition("/")[2].lstrip(".")


def _show(meaning: Meaning, document: TopologyDiffDocument) -> None:
    told, impact = meaning.briefing, meaning.impact
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
    rows = downstream(impact)
    for row in rows[:_ROWS_SHOWN]:
        table.add_row(str(row.steps), shown(row.name), shown(row.reason))
    left = sum(row.nodes for row in rows[_ROWS_SHOWN:])
    if left:
        table.add_row("...", f"{left} more, see --json", "")
    STDOUT.print(table, highlight=False)


def _show_again(again: Again) -> None:
    lines = to_test_again(again)
    if lines:
        STDOUT.print("\n[bold]Test again[/bold]", highlight=False)
    for line in lines:
        STDOUT.print(f"- {shown(line)}", highlight=False)
