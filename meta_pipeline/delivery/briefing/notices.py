"""What follows from a change that no single difference says: for whoever is on call."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from meta_pipeline.delivery.briefing.noticing import Sides, node_name, notice
from meta_pipeline.delivery.briefing.statement import Statement
from meta_pipeline.delivery.briefing.waits import broken_links, waits
from meta_pipeline.delivery.differences.crons import in_words, runs_between
from meta_pipeline.delivery.differences.difference import Difference, thing_name
from meta_pipeline.delivery.differences.phrases import about, counted, listed
from meta_pipeline.delivery.impact.dataset_names import same_dataset
from meta_pipeline.delivery.topology import IMPLICIT_JOB, UNRESOLVED, Node, Pipeline, Topology

_FAILURE = ("on_failure_callback", "email_on_failure")


def notices(
    base: tuple[Topology, ...], head: tuple[Topology, ...], differences: tuple[Difference, ...], at: datetime
) -> tuple[Statement, ...]:
    """Missed runs that will be made up for, waits that find no run, datasets with two writers or none, and so on."""
    sides = Sides(base, head, differences, at)
    return (
        *broken_links(sides),
        *waits(sides),
        *_new_pipelines(sides),
        *_catchup(sides),
        *_silent(sides),
        *_writers(sides),
    )


def _new_pipelines(sides: Sides) -> Iterator[Statement]:
    for difference in sides.differences:
        pipeline = sides.new.get(difference.pipeline)
        is_new = (difference.level, difference.change) == ("pipeline", "added") and difference.doubt is None
        if not is_new or pipeline is None or pipeline.schedule is None:
            continue
        size = counted(len(pipeline.nodes), "node") if pipeline.nodes else "no node"
        catching = f", and {caught}" if (caught := _caught_up(pipeline, sides.at)) else ""
        yield notice(
            "new",
            f"{thing_name('', pipeline.id, None)} is new ({size}); {_when(pipeline)}{catching}",
            (pipeline, None, "added"),
        )


def _when(pipeline: Pipeline) -> str:
    if pipeline.schedule == UNRESOLVED:
        return "when it runs, source does not tell"
    paused = ", once it is no longer paused" if pipeline.paused is True else ""
    return f"it runs {in_words(pipeline.schedule or '')}{paused}"


def _catchup(sides: Sides) -> Iterator[Statement]:
    """Renamed pipelines, which begin anew, and those that make up for missed runs from now on."""
    for difference in sides.differences:
        pipeline = sides.new.get(difference.pipeline)
        if difference.level not in ("pipeline", "field") or difference.node is not None or pipeline is None:
            continue
        caught = _caught_up(pipeline, sides.at)
        if caught and difference.change == "renamed":
            former = thing_name("", difference.pipeline_before or "", None)
            yield notice(
                "stops",
                f"{former} is now called {pipeline.id}, which to the scheduler is a new pipeline: it {caught}",
                (pipeline, None, "renamed"),
            )
        elif caught and difference.field == "catchup" and difference.is_known:
            yield notice(
                "runs",
                f"{thing_name('', pipeline.id, None)} {caught}, less those that it has made",
                (pipeline, None, "catchup"),
            )


def _caught_up(pipeline: Pipeline, at: datetime) -> str | None:
    """`starts catching up from 2023-01-01: about 700 runs`; None where it does not, or where it cannot be known."""
    if pipeline.catchup is not True or pipeline.start_date in (None, UNRESOLVED) or not pipeline.schedule:
        return None
    try:
        start = datetime.fromisoformat(str(pipeline.start_date))
    except ValueError:
        return None
    start = start if start.tzinfo else start.replace(tzinfo=UTC)
    runs = runs_between(pipeline.schedule, pipeline.timezone, start, at)
    return f"starts catching up from {start.date()}: {about(runs, 'run')}" if runs else None


def _silent(sides: Sides) -> Iterator[Statement]:
    """Nodes of whose failure nobody is told any more."""
    old, new = sides.old, sides.new
    for pipeline_id in sorted(
        {d.pipeline for d in sides.differences if d.field == "alerts"} & old.keys() & new.keys()
    ):
        before, after = old[pipeline_id], new[pipeline_id]
        silent = [
            node
            for node in after.nodes
            if (former := before.node(node.id)) is not None
            and _tells(before, former) is True
            and _tells(after, node) is False
        ]
        if not silent:
            continue
        everyone = len(silent) == len(after.nodes) and len(silent) > 1
        names = (
            f"any task of {pipeline_id}" if everyone else listed([node_name(after, node) for node in silent])
        )
        fails = "fails" if everyone or len(silent) == 1 else "fail"
        about = [(after, node, "alerts") for node in silent]
        yield notice(
            "failing", f"nobody is told any more when {names} {fails}", *about, (after, None, "alerts")
        )


def _tells(pipeline: Pipeline, node: Node) -> bool | None:
    """Whether a failure of the node tells anybody; None where source does not say."""
    alerts = (*pipeline.alerts, *node.alerts)
    if any(alert.partition(":")[0] in _FAILURE for alert in alerts):
        return True
    return None if UNRESOLVED in alerts else False


def _writers(sides: Sides) -> Iterator[Statement]:
    """Datasets that several pipelines write now, and those that are read and that nobody writes any more."""
    before, after = _written(sides.base), _written(sides.head)
    for key, writers in sorted(after.items(), key=lambda item: item[1][0][0].id):
        homes = list(dict.fromkeys(pipeline.id for pipeline, _, _ in writers))
        former = {pipeline.id for pipeline, _, _ in before.get(key, ())}
        if len(homes) > 1 and len(former) < len(homes):
            count = "two" if len(homes) == 2 else str(len(homes))
            about = [(pipeline, node, "writes") for pipeline, node, _ in writers]
            yield notice(
                "data", f"{count} pipelines now write the dataset {writers[0][2]}: {listed(homes)}", *about
            )
    readers = _read(sides.head)
    for key in sorted(before.keys() - after.keys(), key=str):
        if key in readers:
            pipeline, node, name = readers[key][0]
            yield notice(
                "stops",
                f"nobody writes the dataset {name} any more, which {node_name(pipeline, node)} reads",
                (pipeline, node, "reads"),
            )


_Used = Mapping[object, list[tuple[Pipeline, Node, str]]]


def _written(topologies: tuple[Topology, ...]) -> _Used:
    return _used(topologies, "writes")


def _read(topologies: tuple[Topology, ...]) -> _Used:
    return _used(topologies, "reads")


def _used(topologies: tuple[Topology, ...], field: str) -> _Used:
    """What is equal for a dataset's names -> who uses it; the assets of a job are told by the job of all assets."""
    every = [
        (topology.scheduler, pipeline, node, name)
        for topology in topologies
        for pipeline in topology.pipelines
        for node in pipeline.nodes
        for name in getattr(node, field)
        if topology.scheduler != "dagster" or pipeline.id == IMPLICIT_JOB
    ]
    names = [
        (topology.scheduler, name)
        for topology in topologies
        for pipeline in topology.pipelines
        for node in pipeline.nodes
        for name in (*node.reads, *node.writes)
    ]
    keys = same_dataset(names)
    found: dict[object, list[tuple[Pipeline, Node, str]]] = {}
    for scheduler, pipeline, node, name in every:
        if (scheduler, name) in keys:
            found.setdefault(keys[scheduler, name], []).append((pipeline, node, name))
    return found
