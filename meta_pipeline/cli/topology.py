"""`topology`: the pipelines of a repository at one commit, as tables for people or as a document."""

from difflib import get_close_matches
from pathlib import Path
from typing import Literal

from meta_pipeline.cli.errors import UsageError
from meta_pipeline.cli.output import STDERR, STDOUT, print_document, shown
from meta_pipeline.cli.reading import Read, opened, read_at
from meta_pipeline.delivery.crons import in_words
from meta_pipeline.delivery.phrases import counted, duration, link_name, which_run
from meta_pipeline.delivery.topology import UNRESOLVED, Node, Pipeline, Topology, TopologyDocument
from meta_pipeline.delivery.wording import in_clear
from meta_pipeline.policy import POLICY_FILE

_UNKNOWN = "unknown"


def topology(
    repo: Path, rev: str, *, level: Literal["static", "full"], as_json: bool, pipeline: str | None = None
) -> None:
    """Print the topologies of one commit, or the nodes of one of its pipelines; raises `UsageError`."""
    found = read_at(opened(repo), rev, level)
    for note in found.notes:
        STDERR.print(f"note: {shown(note)}", highlight=False)
    topologies = _with_only(repo, found, pipeline) if pipeline else found.topologies
    if as_json:
        print_document(TopologyDocument(topologies=topologies))
        return
    for one in topologies:
        if pipeline:
            for each in one.pipelines:
                _show_pipeline(one, each)
        else:
            _show_topology(one)
    STDOUT.print(_next(repo, found), highlight=False)


def _with_only(repo: Path, found: Read, pipeline: str) -> tuple[Topology, ...]:
    """The topologies with the pipelines of this id alone."""
    kept = tuple(
        one.model_copy(update={"pipelines": tuple(each for each in one.pipelines if each.id == pipeline)})
        for one in found.topologies
    )
    if any(one.pipelines for one in kept):
        return tuple(one for one in kept if one.pipelines)
    known = [each.id for one in found.topologies for each in one.pipelines]
    near = get_close_matches(pipeline, known, n=3)
    meant = f"did you mean {', '.join(near)}?" if near else "list them with: meta-pipeline topology"
    raise UsageError(f"{repo} has no pipeline '{pipeline}' at {found.tree.commit[:12]}; {meant}")


def _show_topology(found: Topology) -> None:
    from rich.table import Table

    how = "read from source" if found.method == "static" else "as the scheduler itself loads them"
    version = "" if found.version == UNRESOLVED else f" {found.version}"
    title = f"{found.scheduler}{version} in {found.root}, {how}"
    table = Table("pipeline", "runs", "nodes", "retries", "owner", "where", title=title, title_justify="left")
    for pipeline in found.pipelines:
        table.add_row(
            shown(pipeline.id),
            shown(_runs(pipeline)),
            str(len(pipeline.nodes)),
            _retries(pipeline.nodes),
            shown(_said(pipeline.owner)),
            shown(_where(pipeline.path, pipeline.line)),
        )
    STDOUT.print(table if found.pipelines else title, highlight=False)
    for error in found.errors:
        what = "only a run can tell what this makes" if error.opaque else "could not be read"
        STDOUT.print(
            f"{what}: {shown(_where(error.path, error.line or 1))}: {shown(error.message)}", highlight=False
        )
    opaque = sum(error.opaque for error in found.errors)
    counts = [counted(len(found.pipelines), "pipeline")]
    counts += [f"{counted(opaque, 'place')} that only a run can tell"] if opaque else []
    unread = len(found.errors) - opaque
    counts += [f"{counted(unread, 'place')} that could not be read" if unread else "all files read"]
    unknown = sum(_is_unknown(pipeline) for pipeline in found.pipelines)
    if unknown:
        counts.append(f"{counted(unknown, 'pipeline')} with values that source does not tell ({_UNKNOWN})")
    STDOUT.print(", ".join(counts), highlight=False)


def _show_pipeline(found: Topology, pipeline: Pipeline) -> None:
    from rich.table import Table

    facts = [f"runs {_runs(pipeline)}", f"owner {_said(pipeline.owner)}"]
    facts += [f"from {in_clear('start_date', pipeline.start_date)}"] if pipeline.start_date else []
    facts += ["makes up for missed runs"] if pipeline.catchup is True else []
    facts += ["starts out paused"] if pipeline.paused is True else []
    facts += [f"tags {', '.join(pipeline.tags)}"] if pipeline.tags else []
    title = f"{found.scheduler} pipeline {pipeline.id} in {_where(pipeline.path, pipeline.line)}: {'; '.join(facts)}"
    table = Table(
        "node", "kind", "after", "retries", "data and links", "where", title=title, title_justify="left"
    )
    for node in pipeline.nodes:
        table.add_row(
            shown(node.id),
            shown(node.operator if node.operator and node.kind == "task" else node.kind.replace("_", " ")),
            shown(", ".join(node.upstream) or "-"),
            _retried(node),
            shown("; ".join(_flows(node)) or "-"),
            shown(_where(node.path or pipeline.path, node.line)),
        )
    STDOUT.print(table, highlight=False)


def _runs(pipeline: Pipeline) -> str:
    if pipeline.schedule == UNRESOLVED:
        return _UNKNOWN
    return in_words(pipeline.schedule) if pipeline.schedule else "-"


def _retries(nodes: tuple[Node, ...]) -> str:
    """How often the nodes are retried, from the least to the most; what is unknown comes last."""
    known = sorted({node.retries for node in nodes if isinstance(node.retries, int)})
    shown_ones = [str(count) for count in known]
    if any(node.retries == UNRESOLVED for node in nodes):
        shown_ones.append(_UNKNOWN)
    return ", ".join(shown_ones) or "-"


def _retried(node: Node) -> str:
    if node.retries == UNRESOLVED:
        return _UNKNOWN
    if not node.retries or not isinstance(node.retry_delay_s, float) or not node.retry_delay_s:
        return str(node.retries)
    return f"{node.retries} after {duration(node.retry_delay_s)}{' or more' if node.retry_backoff is True else ''}"


def _flows(node: Node) -> list[str]:
    said = [f"reads {', '.join(node.reads)}"] if node.reads else []
    said += [f"writes {', '.join(node.writes)}"] if node.writes else []
    for link in node.links:
        is_wait = link.kind == "waits_for"
        said.append(
            f"waits for {link_name(link)}, {which_run(link.offset_s)}"
            if is_wait
            else f"starts {link_name(link)}"
        )
    return said


def _said(value: str | None) -> str:
    return _UNKNOWN if value == UNRESOLVED else value or "-"


def _is_unknown(pipeline: Pipeline) -> bool:
    values = [*pipeline.model_dump(exclude={"nodes"}).values()]
    values += [value for node in pipeline.nodes for value in node.model_dump().values()]
    return any(value == UNRESOLVED or (isinstance(value, tuple) and UNRESOLVED in value) for value in values)


def _where(path: str, line: int | None) -> str:
    return f"{path}:{line}" if line else path


def _next(repo: Path, found: Read) -> str:
    judge = f"meta-pipeline check --repo {shown(repo)} --base {shown(found.policy.default_branch)} --head my-branch"
    has_policy = found.tree.read(POLICY_FILE) is not None
    if not any(one.pipelines or one.errors for one in found.topologies):
        if found.notes:
            return f"next: judge a change by its files: {judge}"
        if has_policy:
            keys = f"scheduler.kind and scheduler.paths in {POLICY_FILE}"
            return f"No pipelines were found. next: see that {keys} say where they are"
        return (
            f"No pipelines were found. next: write {POLICY_FILE} with 'meta-pipeline init --repo {shown(repo)}', "
            "and name scheduler.kind and scheduler.paths there"
        )
    if not has_policy:
        return f"next: meta-pipeline init --repo {shown(repo)}"
    return f"next: {judge}"
