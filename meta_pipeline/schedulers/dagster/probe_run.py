"""One run of a job in this process, on an instance that is gone afterwards; a part of `probe.py`."""

from __future__ import annotations

import signal
import time
import traceback
from collections.abc import Iterator
from datetime import datetime, timezone
from importlib import import_module
from typing import Any

Document = dict[str, Any]

IMPLICIT_JOB = "__ASSET_JOB"


class OutOfTime(BaseException):
    """One job took longer than it may; Dagster would take a mere Exception for a failure of the op."""


def run(
    repository: Any, name: str, logical_date: str, limit: int, nodes: list[str] | None = None
) -> Document | None:
    """Run a job once for the partition of the logical date, or these nodes of it; None where there is no such job."""
    jobs = [job for job in repository.get_all_jobs() if matches(job.name, name)]
    if not jobs:
        return None
    unknown = absent(jobs, nodes or [])
    if unknown:
        names = ", ".join(map(repr, unknown))
        said = f"it has no node {names}, which dry_run.nodes of the policy names; mend the policy"
        return {"pipeline": name, "succeeded": False, "seconds": 0.0, "nodes": [], "error": said}
    without_retries()
    when = datetime.fromisoformat(logical_date)
    when = when if when.tzinfo else when.replace(tzinfo=timezone.utc)  # noqa: UP017  Python 3.9
    ids, checks = node_ids(repository)
    book = Book(ids, checks)
    started = time.perf_counter()
    signal.signal(signal.SIGALRM, out_of_time)
    signal.alarm(limit)
    try:
        with import_module("dagster").DagsterInstance.ephemeral() as instance:
            for job in jobs:
                for whole in shares(repository, job, when, instance):
                    part, arguments = (job, whole) if nodes is None else part_of(job, nodes, whole)
                    if part is not None:
                        book.take(
                            part.execute_in_process(instance=instance, raise_on_error=False, **arguments)
                        )
    except OutOfTime:
        book.errors.append(f"the run took longer than {limit} s")
    except (Exception, SystemExit) as fault:  # noqa: BLE001  the fault is the target's; it is the result
        book.errors.append(one_line("".join(traceback.format_exception_only(type(fault), fault))))
    finally:
        signal.alarm(0)
    return {
        "pipeline": name,
        "succeeded": not book.errors,
        "seconds": round(time.perf_counter() - started, 3),
        "nodes": book.nodes(),
        "error": "; ".join(book.errors) or None,
    }


def part_of(job: Any, nodes: list[str], arguments: Document) -> tuple[Any, Document]:
    """The job with these nodes only, and the arguments that are left to run it with."""
    keys, checks = runnable(job)
    wanted = set(nodes)
    if not keys and not checks:
        return job, {**arguments, "op_selection": sorted(wanted)}
    held = arguments.get("asset_selection")
    assets = {key for text, key in keys.items() if text in wanted and (held is None or key in held)}
    there = {key for text, key in checks.items() if text in wanted}
    if held is not None:
        there = {key for key in there if key.asset_key in held}
    if not assets and not there:
        return None, {}
    part = job.get_subset(asset_selection=assets, asset_check_selection=there)
    return part, {name: value for name, value in arguments.items() if name != "asset_selection"}


def text_of(check: Any) -> str:
    return str(check.asset_key.to_user_string())


def runnable(job: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """The assets and checks that a job makes, by the ids of their nodes; none for a job of ops."""
    layer = job.asset_layer
    keys = layer.executable_asset_keys if hasattr(layer, "executable_asset_keys") else layer.asset_keys
    checks = getattr(layer.asset_graph, "asset_check_keys", ()) if keys else ()
    return (
        {key.to_user_string(): key for key in keys},
        {f"{text_of(key)}:{key.name}": key for key in checks},
    )


def absent(jobs: list[Any], nodes: list[str]) -> list[str]:
    """Those of the nodes that no such job has."""
    there: set[str] = set()
    for job in jobs:
        keys, checks = runnable(job)
        there |= {*keys, *checks} or set(op_ids(job.graph, ""))
    return [node for node in nodes if node not in there]


def op_ids(graph: Any, prefix: str) -> Iterator[str]:
    for node in graph.nodes:
        if hasattr(node.definition, "nodes"):
            yield from op_ids(node.definition, f"{prefix}{node.name}.")
        else:
            yield f"{prefix}{node.name}"


def matches(job_name: str, name: str) -> bool:
    """Releases before 1.8 make several jobs of all assets, one for each partitions definition."""
    return job_name == name or (name == IMPLICIT_JOB and job_name.startswith(f"{IMPLICIT_JOB}_"))


def without_retries() -> None:
    """No op is run again, and no hook calls anyone."""
    definition = import_module("dagster").JobDefinition
    definition.get_retry_policy_for_handle = lambda *_: None
    definition.get_all_hooks_for_handle = lambda *_: frozenset()
    mode = import_module("dagster._core.execution.retries").RetryMode
    mode.enabled, mode.disabled = property(lambda _: False), property(lambda _: True)


def out_of_time(*_: object) -> None:
    raise OutOfTime


def one_line(text: str) -> str:
    return " ".join(text.split())[:600]


# --- what to run ------------------------------------------------------------------------------------------


def shares(repository: Any, job: Any, when: datetime, instance: Any) -> Iterator[Document]:
    """The arguments of each run that makes up the job: assets of other partitions need another run."""
    if not job.name.startswith(IMPLICIT_JOB):
        yield partition_of(job.partitions_def, when, instance)
        return
    graph = repository.asset_graph
    groups: list[tuple[Any, list[Any]]] = []
    for key in in_order(graph):
        if not graph.get(key).is_materializable:
            continue
        partitions = graph.get(key).partitions_def
        if groups and groups[-1][0] == partitions:
            groups[-1][1].append(key)
        else:
            groups.append((partitions, [key]))
    whole = len(groups) == 1 and len(groups[0][1]) == len(graph_keys(graph))
    for partitions, keys in groups:
        chosen = {} if whole else {"asset_selection": keys}
        yield {**chosen, **partition_of(partitions, when, instance)}


def graph_keys(graph: Any) -> list[Any]:
    return list(graph.get_all_asset_keys() if hasattr(graph, "get_all_asset_keys") else graph.all_asset_keys)


def in_order(graph: Any) -> list[Any]:
    """The keys of all assets, each after those that it depends on, and equal partitions beside each other."""
    levels = getattr(graph, "toposorted_asset_keys_by_level", None) or [sorted(graph_keys(graph), key=str)]
    return [
        key
        for level in levels
        for key in sorted(level, key=lambda key: (str(graph.get(key).partitions_def is None), str(key)))
    ]


def partition_of(partitions: Any, when: datetime, instance: Any) -> Document:
    return {} if partitions is None else {"partition_key": key_of(partitions, when, instance)}


def key_of(partitions: Any, when: datetime, instance: Any) -> Any:
    """The partition of the logical date, the one nearest to it, or the first."""
    dimensions = getattr(partitions, "partitions_defs", None)
    if dimensions:
        kind = import_module("dagster").MultiPartitionKey
        return kind({one.name: key_of(one.partitions_def, when, instance) for one in dimensions})
    if getattr(partitions, "cron_schedule", None) is not None:
        zone = import_module("zoneinfo").ZoneInfo(partitions.timezone)
        local = when.replace(tzinfo=zone)
        start = partitions.start if partitions.start.tzinfo else partitions.start.replace(tzinfo=zone)
        if local < start:
            return partitions.get_first_partition_key()
        return partitions.get_partition_key_for_timestamp(local.timestamp())
    name = getattr(partitions, "name", None)
    if type(partitions).__name__ == "DynamicPartitionsDefinition" and name:
        key = when.date().isoformat()
        instance.add_dynamic_partitions(name, [key])
        return key
    return partitions.get_partition_keys()[0]


# --- what came out ----------------------------------------------------------------------------------------


def node_ids(repository: Any) -> tuple[dict[str, list[str]], set[str]]:
    """The assets and checks that each op makes, by the op's name."""
    found: dict[str, list[str]] = {}
    for key, maker in repository.assets_defs_by_key.items():
        name = getattr(getattr(maker, "node_def", None), "name", None) if maker.is_executable else None
        if name:
            found.setdefault(name, []).append(key.to_user_string())
    checks = set()
    for key, checker in getattr(repository, "asset_checks_defs_by_key", {}).items():
        text = f"{key.asset_key.to_user_string()}:{key.name}"
        name = getattr(getattr(checker, "node_def", None), "name", None)
        if name and text not in found.get(name, ()):
            found.setdefault(name, []).append(text)
        checks.add(text)
    return found, checks


class Book:
    """The states of the nodes of one or more runs, and what went wrong."""

    def __init__(self, ids: dict[str, list[str]], checks: set[str]) -> None:
        self.ids, self.checks = ids, checks
        self.steps: dict[str, Document] = {}
        self.errors: list[str] = []

    def take(self, result: Any) -> None:
        for event in result.all_events:
            kind, step = event.event_type_value, event.step_key
            if kind == "STEP_START" and step:
                self.mark(step, None)
            elif kind == "STEP_SUCCESS":
                self.mark(step, "success", getattr(event.event_specific_data, "duration_ms", None))
            elif kind == "STEP_SKIPPED":
                self.mark(step, "skipped")
            elif kind == "STEP_FAILURE":
                self.mark(step, "failed")
                self.errors.append(f"{step}: {why(event.event_specific_data.error)}")
            elif kind == "ASSET_CHECK_EVALUATION":
                self.judge(event.event_specific_data)
        if not result.success and not self.errors:
            self.errors.append(
                f"the run ended as {result.dagster_run.status.value}"
                if hasattr(result, "dagster_run")
                else "the run failed"
            )

    def judge(self, found: Any) -> None:
        """A check that does not pass fails the dry run, unless it only warns."""
        if found.passed or getattr(found.severity, "value", "ERROR") == "WARN":
            return
        key = found.asset_check_key
        said = f": {one_line(found.description)}" if getattr(found, "description", None) else ""
        self.errors.append(
            f"{key.asset_key.to_user_string()}:{key.name}: the asset check does not pass{said}"
        )

    def mark(self, step: str, state: str | None, milliseconds: float | None = None) -> None:
        held = self.steps.get(step, {"state": None, "seconds": None})
        seconds = round(milliseconds / 1000, 3) if milliseconds is not None else held["seconds"]
        self.steps[step] = {"state": state or held["state"], "seconds": seconds}

    def nodes(self) -> list[Document]:
        failed = {error.partition(": ")[0] for error in self.errors}
        found: dict[str, Document] = {}
        for step, held in self.steps.items():
            name = step.partition(".")[0]
            for node in self.ids.get(name, [step]):
                state = "failed" if node in failed else held["state"] or "not run"
                worse = found.get(node, {}).get("state") == "failed"
                found[node] = {"id": node, "state": "failed" if worse else state, "seconds": held["seconds"]}
        return [found[node] for node in sorted(found)]


def why(error: Any) -> str:
    """The target's own exception, behind those that Dagster wraps around it."""
    while getattr(error, "cause", None) is not None:
        error = error.cause
    return one_line(error.message) if error is not None else "failed"
