"""From the definitions of a code location to its pipelines, with all defaults merged."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from meta_pipeline.delivery.topology import (
    IMPLICIT_JOB,
    Dataset,
    DatasetColumn,
    Node,
    Pipeline,
    TopologyError,
)
from meta_pipeline.schedulers.dagster.static.keys import text_of
from meta_pipeline.schedulers.dagster.static.limits import max_runtime, steps_at_once
from meta_pipeline.schedulers.dagster.static.nodes import (
    asset_node,
    check_node,
    hook_texts,
    named_node,
    op_node,
    owner_text,
    tag_texts,
)
from meta_pipeline.schedulers.dagster.static.selections import (
    DEFAULT_GROUP,
    Catalogue,
    Selected,
    UnknownSelectionError,
    select,
)
from meta_pipeline.schedulers.dagster.static.timing import timing_of
from meta_pipeline.schedulers.dagster.static.values import (
    Asset,
    Check,
    Columns,
    Definitions,
    Job,
    Key,
    Schedule,
    Sensor,
)
from meta_pipeline.schedulers.dagster.static.watching import alerts_of, linked, links_of
from meta_pipeline.schedulers.source.values import Unknown

_COLUMNS = "dagster/column_schema"


@dataclass
class Location:
    """One code location on its way to pipelines; what cannot be known is noted in `errors`."""

    definitions: Definitions
    errors: dict[TopologyError, None]

    def error(self, path: str, line: int | None, message: str) -> None:
        self.errors[TopologyError(path=path, line=line, message=message)] = None

    def opaque(self, path: str, line: int | None, message: str) -> None:
        """Note what only a run can tell."""
        self.errors[TopologyError(path=path, line=line, message=message, opaque=True)] = None


@dataclass(frozen=True)
class Seen:
    """What a code location holds: its jobs in the order of their ids, and the datasets whose columns are told."""

    pipelines: tuple[Pipeline, ...] = ()
    datasets: tuple[Dataset, ...] = ()


def seen_in(location: Location) -> Seen:
    """The jobs of a location, and the one that Dagster makes of all its assets."""
    definitions = location.definitions
    catalogue = Catalogue(_linked(_by_key(location)), _known_checks(location))
    _note_circles(location, catalogue)
    _note_shared_names(location)
    jobs = _jobs(location)
    pipelines = [_pipeline(location, name, job, catalogue) for name, job in jobs.items()]
    if catalogue.assets or catalogue.checks:
        pipelines.append(_implicit(definitions, catalogue))
    ordered = tuple(sorted(pipelines, key=lambda pipeline: pipeline.id))
    return Seen(ordered, tuple(_datasets(catalogue)))


def _datasets(catalogue: Catalogue) -> Iterator[Dataset]:
    for key, asset in sorted(catalogue.assets.items()):
        told = asset.metadata.get(_COLUMNS) if isinstance(asset.metadata, dict) else None
        if isinstance(told, Columns) and told.columns:
            columns = tuple(DatasetColumn(name=name, type=kind) for name, kind in told.columns)
            yield Dataset(name=text_of(key), columns=columns)


def _by_key(location: Location) -> dict[Key, Asset]:
    found: dict[Key, Asset] = {}
    for asset in location.definitions.assets:
        if isinstance(asset.key, Unknown):
            location.opaque(asset.path, asset.line, "the key of an asset is computed at run time")
            continue
        first = found.setdefault(asset.key, asset)
        # A specification may stand beside what makes the asset; two that make it are a mistake.
        if first.kind == "external_asset" and asset.kind != "external_asset":
            found[asset.key] = asset
        elif (first.path, first.line) != (asset.path, asset.line) and asset.kind != "external_asset":
            message = f"the asset '{text_of(asset.key)}' is defined at {first.path}:{first.line} too"
            location.error(asset.path, asset.line, message)
    return found


def _linked(assets: dict[Key, Asset]) -> dict[Key, Asset]:
    """A dependency of one part that no asset has means the asset of that name in the same group."""
    in_group: dict[tuple[object, str], list[Key]] = {}
    for key, asset in assets.items():
        in_group.setdefault((asset.group or DEFAULT_GROUP, key[-1]), []).append(key)

    def meant(asset: Asset, dep: Key | Unknown) -> Key | Unknown:
        if isinstance(dep, Unknown) or dep in assets or len(dep) > 1:
            return dep
        there = in_group.get((asset.group or DEFAULT_GROUP, dep[0]), [])
        return there[0] if len(there) == 1 and there[0] != asset.key else dep

    return {
        key: replace(asset, deps=tuple(meant(asset, dep) for dep in asset.deps))
        for key, asset in assets.items()
    }


def _note_circles(location: Location, catalogue: Catalogue) -> None:
    """Note assets that wait for each other; Dagster loads none of such a location."""
    done: set[Key] = set()
    for start in catalogue.assets:
        # Each entry is an asset that is being looked at, with the dependencies that are left of it.
        trail: list[tuple[Key, list[Key]]] = (
            [(start, list(catalogue.parents(start)))] if start not in done else []
        )
        on_trail = {start}
        while trail:
            key, left = trail[-1]
            if not left:
                trail.pop()
                on_trail.discard(key)
                done.add(key)
                continue
            parent = left.pop()
            if parent in on_trail and parent != key:
                circle = [one for one, _ in trail[[one for one, _ in trail].index(parent) :]]
                asset = catalogue.assets[key]
                names = " waits for ".join(map(text_of, [*reversed(circle), circle[-1]]))
                location.error(asset.path, asset.line, f"assets wait for each other: {names}; leave one out")
            elif parent not in done and parent in catalogue.assets:
                on_trail.add(parent)
                trail.append((parent, list(catalogue.parents(parent))))


def _known_checks(location: Location) -> tuple[Check, ...]:
    found: dict[tuple[Key, str], Check] = {}
    for check in location.definitions.checks:
        if isinstance(check.asset, Unknown) or not isinstance(check.name, str):
            location.opaque(check.path, check.line, "the asset or name of a check is computed at run time")
        else:
            found.setdefault((check.asset, check.name), check)
    return tuple(found.values())


def _note_shared_names(location: Location) -> None:
    """Note schedules and sensors of one name, which they share: Dagster loads none of such a location."""
    found: dict[str, Schedule | Sensor] = {}
    listed: list[Schedule | Sensor] = [*location.definitions.schedules, *location.definitions.sensors]
    for one in listed:
        first = found.setdefault(one.name, one) if isinstance(one.name, str) else one
        if (first.path, first.line) != (one.path, one.line):
            kind = "schedule" if isinstance(one, Schedule) else "sensor"
            message = f"the {kind} '{one.name}' has the name of what is defined at {first.path}:{first.line}"
            location.error(one.path, one.line, message)


def _jobs(location: Location) -> dict[str, Job]:
    definitions = location.definitions
    launched: list[object] = [schedule.job for schedule in definitions.schedules]
    launched += [job for sensor in definitions.sensors for job in sensor.jobs]
    found: dict[str, Job] = {}
    for job in [*definitions.jobs, *(job for job in launched if isinstance(job, Job))]:
        if not isinstance(job.name, str):
            location.opaque(job.path, job.line, "the name of a job is computed at run time")
            continue
        first = found.setdefault(job.name, job)
        if first is not job and (first.path, first.line) != (job.path, job.line):
            message = f"the job '{job.name}' is defined at {first.path}:{first.line} too"
            location.error(job.path, job.line, message)
    return found


def _pipeline(
    location: Location,
    name: str,
    job: Job,
    catalogue: Catalogue,
) -> Pipeline:
    definitions = location.definitions
    owners: list[object] = [job.owners]
    if job.selection is None:
        nodes = tuple(sorted((op_node(node, job) for node in job.nodes), key=lambda node: node.id))
    else:
        chosen = _selected(location, job, catalogue)
        nodes = _asset_nodes(chosen, catalogue, job)
        owners += [catalogue.assets[key].owners for key in chosen.assets if key in catalogue.assets]
    partitions = _job_partitions(job, nodes, catalogue)
    timing = timing_of(name, partitions, definitions.schedules, definitions.sensors)
    return Pipeline(
        id=name,
        path=job.path,
        line=job.line,
        schedule=timing.schedule,
        timezone=timing.timezone,
        paused=timing.paused,
        owner=owner_text(owners),
        tags=tag_texts(job.tags),
        timeout_s=max_runtime(job.tags),
        concurrency=steps_at_once(job, definitions.executor),
        alerts=tuple(sorted({*hook_texts(job.hooks), *alerts_of(name, definitions.sensors)})),
        nodes=linked(nodes, links_of(name, definitions.sensors, catalogue)),
    )


def _selected(location: Location, job: Job, catalogue: Catalogue) -> Selected:
    try:
        chosen = select(job.selection, catalogue)
    except UnknownSelectionError:
        location.opaque(
            job.path, job.line, f"which assets the job '{job.name}' selects is known only at run time"
        )
        return Selected()
    away = sorted(text_of(key) for key in chosen.assets if key not in catalogue.assets)
    if away and not any(error.opaque for error in location.errors):
        message = f"the job '{job.name}' selects '{away[0]}', which no asset is called; name one that is"
        location.error(job.path, job.line, message)
        return Selected(chosen.assets & catalogue.assets.keys(), chosen.checks)
    return chosen


def _asset_nodes(chosen: Selected, catalogue: Catalogue, job: Job) -> tuple[Node, ...]:
    nodes = [
        asset_node(catalogue.assets[key], key, job.retry, catalogue.assets)
        if key in catalogue.assets
        else named_node(key, job)
        for key in chosen.assets
    ]
    nodes += [check_node(check, job.retry) for check in chosen.checks]
    return tuple(sorted(nodes, key=lambda node: node.id))


def _implicit(definitions: Definitions, catalogue: Catalogue) -> Pipeline:
    nodes = [asset_node(asset, key, None, catalogue.assets) for key, asset in catalogue.assets.items()]
    nodes += [check_node(check, None) for check in catalogue.checks]
    return Pipeline(
        id=IMPLICIT_JOB,
        path=definitions.path,
        line=definitions.line,
        owner=owner_text([asset.owners for asset in catalogue.assets.values()]),
        concurrency=steps_at_once(None, definitions.executor),
        alerts=alerts_of(IMPLICIT_JOB, definitions.sensors),
        nodes=tuple(sorted(nodes, key=lambda node: node.id)),
    )


def _job_partitions(job: Job, nodes: Iterable[Node], catalogue: Catalogue) -> object:
    """The partitions of a job: its own, or those of its assets where they have one in common."""
    if job.partitions is not None:
        return job.partitions
    by_id: Mapping[str, Asset] = {text_of(key): asset for key, asset in catalogue.assets.items()}
    found = {by_id[node.id].partitions for node in nodes if node.id in by_id} - {None}
    return found.pop() if len(found) == 1 else None
