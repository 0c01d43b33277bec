"""The pipelines of a topology as a table, and one pipeline with all that is known of its nodes."""

from collections.abc import Iterator
from itertools import groupby

from rich import box
from rich.table import Table

from meta_pipeline.cli.output import STDOUT, shown
from meta_pipeline.delivery.differences.crons import in_words
from meta_pipeline.delivery.differences.phrases import duration, link_name, which_run
from meta_pipeline.delivery.differences.wording import Value, in_clear
from meta_pipeline.delivery.topology import UNRESOLVED, Node, Pipeline, Topology

UNKNOWN = "unknown"
# What every node of Airflow has that says nothing else.
_UNSAID = {"trigger_rule": "all_success", "pool": "default_pool"}
_OF_A_PIPELINE = {
    "owner": "owner",
    "timezone": "time zone",
    "start_date": "from",
    "active_runs": "runs at once",
    "concurrency": "nodes at once",
    "timeout_s": "ended after",
    "pool": "pool",
    "tags": "tags",
    "alerts": "alerts",
}
_OF_A_NODE = {
    "trigger_rule": "starts by",
    "partitions": "partitions",
    "automation": "runs by itself",
    "timeout_s": "ended after",
    "sla_s": "due within",
    "pool": "pool",
    "concurrency": "runs at once",
    "group": "group",
}


def list_of(found: Topology, title: str) -> Table:
    """A row a pipeline. A cron is told in words where that fits into the terminal, and as it is written elsewhere."""
    rows = [
        (one.id, _runs(one), str(len(one.nodes)), _retries(one.nodes), _where(one.path, one.line))
        for one in found.pipelines
    ]
    heads = ("pipeline", "runs", "nodes", "retries", "where")
    widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
    if sum(widths) + 3 * len(widths) > STDOUT.console.width:
        written = [_runs(one, in_full=False) for one in found.pipelines]
        rows = [(row[0], runs, *row[2:]) for row, runs in zip(rows, written, strict=True)]
    table = _table(title, "pipeline")
    for head in heads[1:]:
        table.add_column(head, overflow="fold")
    for row in rows:
        table.add_row(*map(shown, row))
    return table


def page_of(scheduler: str, pipeline: Pipeline) -> Iterator[str | Table]:
    """What is known of a pipeline as a whole, and a row for each of its nodes."""
    yield shown(f"{scheduler} pipeline {pipeline.id} in {_where(pipeline.path, pipeline.line)}")
    yield shown("; ".join(_facts(pipeline)))
    table = _table(None, "node")
    for head in ("kind", "after", "retries", "more", "where"):
        table.add_column(head, overflow="fold")
    for node in pipeline.nodes:
        kind = node.operator if node.operator and node.kind == "task" else node.kind.replace("_", " ")
        after = _listed(node.upstream) or "-"
        path = node.path or pipeline.path
        where = f"line {node.line}" if path == pipeline.path and node.line else _where(path, node.line)
        row = (node.id, kind, after, _retried(node), "; ".join(_more(node, pipeline)) or "-", where)
        table.add_row(*map(shown, row))
    yield table
    yield from map(shown, _shared(pipeline.nodes))


def has_unknown(pipeline: Pipeline) -> bool:
    """Whether a value of a pipeline, or of one of its nodes, is not known."""
    values = [*pipeline.model_dump(exclude={"nodes"}).values()]
    values += [value for node in pipeline.nodes for value in node.model_dump().values()]
    return any(value == UNRESOLVED or (isinstance(value, tuple) and UNRESOLVED in value) for value in values)


def _table(title: str | None, first: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, title=title and shown(title), title_justify="left", pad_edge=False)
    table.add_column(first, overflow="fold")
    return table


def _facts(pipeline: Pipeline) -> Iterator[str]:
    yield f"runs {_runs(pipeline)}" if pipeline.schedule else "has no schedule"
    if pipeline.catchup == UNRESOLVED:
        yield "whether it makes up for missed runs is unknown"
    elif pipeline.catchup:
        yield "makes up for missed runs"
    if pipeline.paused is True:
        yield "starts out paused"
    yield from _told(pipeline, _OF_A_PIPELINE)


def _more(node: Node, pipeline: Pipeline) -> Iterator[str]:
    """What a node has beyond the columns; its owner and its alerts are told once for all."""
    if node.reads:
        yield f"reads {_listed(node.reads)}"
    if node.writes:
        yield f"writes {_listed(node.writes)}"
    for link in node.links:
        if link.kind == "waits_for":
            yield f"waits for {link_name(link)}, {which_run(link.offset_s)}"
        else:
            yield f"starts {link_name(link)}"
    yield from _told(node, _OF_A_NODE)
    if node.owner and node.owner != pipeline.owner:
        yield f"owner {in_clear('owner', node.owner)}"


def _told(of: Pipeline | Node, labels: dict[str, str]) -> Iterator[str]:
    for field, label in labels.items():
        value: Value = getattr(of, field)
        if value in (None, (), _UNSAID.get(field)):
            continue
        yield f"{label} {_listed(value) if isinstance(value, tuple) else in_clear(field, value)}"


def _shared(nodes: tuple[Node, ...]) -> Iterator[str]:
    """Who is told of what happens to which nodes; most of them share what default arguments say."""
    told = sorted((node for node in nodes if node.alerts), key=lambda node: (node.alerts, node.id))
    for alerts, same in groupby(told, key=lambda node: node.alerts):
        names = [node.id for node in same]
        of = "all nodes" if len(names) == len(nodes) else ", ".join(names)
        yield f"alerts of {of}: {_listed(alerts)}"


def _listed(values: tuple[object, ...]) -> str:
    return ", ".join(UNKNOWN if one == UNRESOLVED else str(one) for one in values)


def _runs(pipeline: Pipeline, *, in_full: bool = True) -> str:
    if pipeline.schedule == UNRESOLVED:
        return UNKNOWN
    if not pipeline.schedule:
        return "-"
    return in_words(pipeline.schedule) if in_full else pipeline.schedule


def _retries(nodes: tuple[Node, ...]) -> str:
    """How often the nodes are retried, from the least to the most; what is unknown comes last."""
    known = sorted({node.retries for node in nodes if isinstance(node.retries, int)})
    shown_ones = [str(count) for count in known]
    if any(node.retries == UNRESOLVED for node in nodes):
        shown_ones.append(UNKNOWN)
    return ", ".join(shown_ones) or "-"


def _retried(node: Node) -> str:
    if node.retries == UNRESOLVED:
        return UNKNOWN
    if not node.retries or not isinstance(node.retry_delay_s, float) or not node.retry_delay_s:
        return str(node.retries)
    return f"{node.retries} after {duration(node.retry_delay_s)}{' or more' if node.retry_backoff is True else ''}"


def _where(path: str, line: int | None) -> str:
    return f"{path}:{line}" if line else path
