"""From the definitions of a code location to its pipelines, with all defaults merged."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from meta_pipeline.delivery.topology import (
    IMPLICIT_JOB,
    UNRESOLVED,
    Node,
    Pipeline,
    TopologyError,
    Unresolved,
)
from meta_pipeline.schedulers.dagster.static.keys import text_of
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
    Condition,
    Definitions,
    Job,
    Key,
    OpNode,
    Partitions,
    Retry,
    Schedule,
    Sensor,
)
from meta_pipeline.schedulers.source.values import OpenList, Unknown, is_open


@dataclass
class Location:
    """One code location on its way to pipelines; what cannot be known is noted in `errors`."""

    definitions: Definitions
    errors: dict[TopologyError, None]

    def error(self, path: str, line: int | None, message: str) -> None:
        self.errors[TopologyError(path=path, line=line, message=message)] = None


def pipelines_of(location: Location) -> tuple[Pipeline, ...]:
    """The jobs of a location in the order of their ids, and the one that Dagster makes of all its assets."""
    definitions = location.definitions
    catalogue = Catalogue(_linked(_by_key(location)), _known_checks(location))
    jobs = _jobs(location)
    pipelines = [
        _pipeline(location, name, job, catalogue, definitions.schedules, definitions.sensors)
        for name, job in jobs.items()
    ]
    if catalogue.assets or catalogue.checks:
        pipelines.append(_implicit(definitions, catalogue))
    return tuple(sorted(pipelines, key=lambda pipeline: pipeline.id))


def _by_key(location: Location) -> dict[Key, Asset]:
    found: dict[Key, Asset] = {}
    for asset in location.definitions.assets:
        if isinstance(asset.key, Unknown):
            location.error(asset.path, asset.line, "the key of an asset is computed at run time")
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


def _known_checks(location: Location) -> tuple[Check, ...]:
    found: dict[tuple[Key, str], Check] = {}
    for check in location.definitions.checks:
        if isinstance(check.asset, Unknown) or not isinstance(check.name, str):
            location.error(check.path, check.line, "the asset or name of a check is computed at run time")
        else:
            found.setdefault((check.asset, check.name), check)
    return tuple(found.values())


def _jobs(location: Location) -> dict[str, Job]:
    definitions = location.definitions
    launched: list[object] = [schedule.job for schedule in definitions.schedules]
    launched += [job for sensor in definitions.sensors for job in sensor.jobs]
    found: dict[str, Job] = {}
    for job in [*definitions.jobs, *(job for job in launched if isinstance(job, Job))]:
        if not isinstance(job.name, str):
            location.error(job.path, job.line, "the name of a job is computed at run time")
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
    schedules: Iterable[Schedule],
    sensors: Iterable[Sensor],
) -> Pipeline:
    owners: list[object] = [job.owners]
    if job.selection is None:
        nodes = tuple(sorted((_op_node(node, job) for node in job.nodes), key=lambda node: node.id))
    else:
        chosen = _selected(location, job, catalogue)
        nodes = _asset_nodes(chosen, catalogue, job)
        owners += [catalogue.assets[key].owners for key in chosen.assets if key in catalogue.assets]
    partitions = _job_partitions(job, nodes, catalogue)
    timing = timing_of(name, partitions, schedules, sensors)
    return Pipeline(
        id=name,
        path=job.path,
        line=job.line,
        schedule=timing.schedule,
        timezone=timing.timezone,
        paused=timing.paused,
        owner=_owner(owners),
        tags=_tags(job.tags),
        nodes=nodes,
    )


def _selected(location: Location, job: Job, catalogue: Catalogue) -> Selected:
    try:
        return select(job.selection, catalogue)
    except UnknownSelectionError:
        location.error(
            job.path, job.line, f"which assets the job '{job.name}' selects is known only at run time"
        )
        return Selected()


def _asset_nodes(chosen: Selected, catalogue: Catalogue, job: Job) -> tuple[Node, ...]:
    nodes = [
        _asset_node(catalogue.assets[key], key, job.retry)
        if key in catalogue.assets
        else _named_node(key, job)
        for key in chosen.assets
    ]
    nodes += [_check_node(check, job.retry) for check in chosen.checks]
    return tuple(sorted(nodes, key=lambda node: node.id))


def _named_node(key: Key, job: Job) -> Node:
    """An asset that the job names and the source does not define: a manifest or a connection lists it."""
    return Node(
        id=text_of(key),
        kind="asset",
        retries=UNRESOLVED,
        retry_delay_s=UNRESOLVED,
        retry_backoff=UNRESOLVED,
        upstream=(UNRESOLVED,),
        partitions=UNRESOLVED,
        automation=UNRESOLVED,
        path=job.path,
        line=job.line,
    )


def _implicit(definitions: Definitions, catalogue: Catalogue) -> Pipeline:
    nodes = [_asset_node(asset, key, None) for key, asset in catalogue.assets.items()]
    nodes += [_check_node(check, None) for check in catalogue.checks]
    return Pipeline(
        id=IMPLICIT_JOB,
        path=definitions.path,
        line=definitions.line,
        owner=_owner([asset.owners for asset in catalogue.assets.values()]),
        nodes=tuple(sorted(nodes, key=lambda node: node.id)),
    )


def _asset_node(asset: Asset, key: Key, job_retry: object) -> Node:
    retry = asset.retry if asset.retry is not None else job_retry
    return Node(
        id=text_of(key),
        kind=asset.kind,
        **_retries(None if asset.kind == "external_asset" else retry),
        upstream=_texts(asset.deps),
        partitions=_partition_text(asset.partitions),
        automation=_automation_text(asset.automation),
        path=asset.path,
        line=asset.line,
    )


def _check_node(check: Check, job_retry: object) -> Node:
    asset = text_of(check.asset) if not isinstance(check.asset, Unknown) else UNRESOLVED
    return Node(
        id=f"{asset}:{check.name}",
        kind="asset_check",
        **_retries(check.retry if check.retry is not None else job_retry),
        upstream=_texts((check.asset, *check.deps)),
        path=check.path,
        line=check.line,
    )


def _op_node(node: OpNode, job: Job) -> Node:
    retry = node.op.retry if node.op.retry is not None else job.retry
    return Node(
        id=node.id,
        kind="op",
        **_retries(retry),
        upstream=tuple(sorted(node.upstream)),
        partitions=_partition_text(job.partitions),
        path=node.op.path,
        line=node.op.line,
    )


def _retries(policy: object) -> dict[str, int | float | bool | None | Unresolved]:
    """The retries of a node, the delay between them in seconds, and whether it grows."""
    if policy is None:
        return {"retries": 0, "retry_delay_s": None, "retry_backoff": False}
    if not isinstance(policy, Retry):
        return {"retries": UNRESOLVED, "retry_delay_s": UNRESOLVED, "retry_backoff": UNRESOLVED}
    delay = policy.delay
    return {
        "retries": policy.retries if type(policy.retries) is int else UNRESOLVED,
        "retry_delay_s": float(delay)
        if isinstance(delay, (int, float))
        else None
        if delay is None
        else UNRESOLVED,
        "retry_backoff": policy.backoff if isinstance(policy.backoff, bool) else UNRESOLVED,
    }


def _texts(keys: Iterable[Key | Unknown]) -> tuple[str, ...]:
    return tuple(sorted({UNRESOLVED if isinstance(key, Unknown) else text_of(key) for key in keys}))


def _partition_text(partitions: object) -> str | None | Unresolved:
    if partitions is None:
        return None
    text = partitions.text if isinstance(partitions, Partitions) else None
    return text if isinstance(text, str) else UNRESOLVED


def _automation_text(condition: object) -> str | None | Unresolved:
    if condition is None:
        return None
    return condition.label if isinstance(condition, Condition) else UNRESOLVED


def _job_partitions(job: Job, nodes: Iterable[Node], catalogue: Catalogue) -> object:
    """The partitions of a job: its own, or those of its assets where they have one in common."""
    if job.partitions is not None:
        return job.partitions
    by_id: Mapping[str, Asset] = {text_of(key): asset for key, asset in catalogue.assets.items()}
    found = {by_id[node.id].partitions for node in nodes if node.id in by_id} - {None}
    return found.pop() if len(found) == 1 else None


def _owner(groups: Iterable[object]) -> str | None | Unresolved:
    names: set[str] = set()
    for owners in groups:
        if owners is None:
            continue
        if not isinstance(owners, (list, tuple)) or isinstance(owners, OpenList):
            return UNRESOLVED
        if not all(isinstance(owner, str) for owner in owners):
            return UNRESOLVED
        names |= {str(owner) for owner in owners}
    return ", ".join(sorted(names)) or None


def _tags(tags: object) -> tuple[str, ...]:
    if tags is None:
        return ()
    if not isinstance(tags, dict):
        return (UNRESOLVED,)
    texts = {
        (key if value == "" else f"{key}={value}") if isinstance(value, str) else f"{key}={UNRESOLVED}"
        for key, value in tags.items()
        if isinstance(key, str)
    }
    return tuple(sorted(texts | {UNRESOLVED} if is_open(tags) else texts))
