"""The topology document of one repository of Dagster; a part of `probe.py`."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

Document = dict[str, Any]

IMPLICIT_JOB = "__ASSET_JOB"
STUB = "dagster/auto_created_stub_asset"
PRESETS = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}


def describe(repository: Any, here: Path, file: str, part: Callable[[str], Any]) -> Document:
    """The pipelines of a repository; `file` is the path of a pipeline of which Dagster does not know the place.

    `part` loads the scripts that stand beside this one.
    """
    view = View(repository, here, file, part)
    jobs = [job for job in repository.get_all_jobs() if not job.name.startswith(IMPLICIT_JOB)]
    pipelines = [view.pipeline(job) for job in jobs]
    if view.assets or view.checks:
        pipelines.append(view.implicit())
    return {
        "pipelines": sorted(pipelines, key=lambda one: one["id"]),
        "datasets": view.datasets(),
        "errors": [],
    }


class View:
    """A repository with what its documents are made of."""

    def __init__(self, repository: Any, here: Path, file: str, part: Callable[[str], Any]) -> None:
        self.repository, self.here, self.file = repository, here.resolve(), file
        self.fields, self.watching = part("probe_fields"), part("probe_watching")
        self.automation_of = part("probe_conditions").automation_of
        graph = self.graph = repository.asset_graph
        keys = graph.get_all_asset_keys() if hasattr(graph, "get_all_asset_keys") else graph.all_asset_keys
        self.assets = {key: graph.get(key) for key in keys if not is_stub(graph.get(key))}
        self.checks = sorted(graph.asset_check_keys, key=str)
        self.makers = dict(repository.assets_defs_by_key)
        self.checkers = dict(getattr(repository, "asset_checks_defs_by_key", {}))

    def pipeline(self, job: Any) -> Document:
        layer = job.asset_layer
        keys = layer.executable_asset_keys if hasattr(layer, "executable_asset_keys") else layer.asset_keys
        chosen = [key for key in self.assets if key in keys]
        inside = getattr(layer.asset_graph, "asset_check_keys", ()) if chosen or is_asset_job(job) else ()
        checks = [key for key in self.checks if key in inside] if is_asset_job(job) else []
        nodes = [self.asset(key, job) for key in chosen] + [self.check(key, job) for key in checks]
        if not nodes and not is_asset_job(job):
            nodes = self.ops(job)
        owners = {owner for key in chosen for owner in owners_of(self.assets[key])}
        owners |= set(getattr(job, "owners", None) or ())
        sensors = self.repository.sensor_defs
        alerts = self.fields.hook_texts(job.hook_defs) + self.watching.alerts_of(job.name, sensors)
        return {
            "id": job.name,
            "path": self.file,
            **self.timing(job),
            "owner": ", ".join(sorted(owners)) or None,
            "tags": self.fields.tag_texts(job.tags, getattr(job, "run_tags", None)),
            "timeout_s": self.fields.max_runtime(job),
            "concurrency": self.fields.steps_at_once(job),
            "alerts": sorted(set(alerts)),
            "nodes": linked(nodes, self.watching.links_of(job.name, sensors, self.graph)),
        }

    def implicit(self) -> Document:
        nodes = [self.asset(key, None) for key in self.assets] + [
            self.check(key, None) for key in self.checks
        ]
        owners = {owner for asset in self.assets.values() for owner in owners_of(asset)}
        own = [job for job in self.repository.get_all_jobs() if job.name.startswith(IMPLICIT_JOB)]
        return {
            "id": IMPLICIT_JOB,
            "path": self.file,
            "owner": ", ".join(sorted(owners)) or None,
            "concurrency": self.fields.steps_at_once(own[0]) if own else None,
            "alerts": self.watching.alerts_of(IMPLICIT_JOB, self.repository.sensor_defs),
            "nodes": sorted(nodes, key=lambda node: node["id"]),
        }

    def datasets(self) -> list[Document]:
        """The assets whose columns are told."""
        found = [
            {"name": key.to_user_string(), "columns": columns}
            for key, asset in self.assets.items()
            if (columns := self.fields.columns_of(getattr(asset, "metadata", None)))
        ]
        return sorted(found, key=lambda one: one["name"])

    def asset(self, key: Any, job: Any) -> Document:
        asset, maker = self.assets[key], self.makers.get(key)
        kind = (
            "asset"
            if asset.is_materializable
            else "observable_asset"
            if asset.is_observable
            else "external_asset"
        )
        if kind == "asset" and maker is not None and is_of_dbt(maker, key):
            kind = "dbt_model"
        definition = getattr(maker, "node_def", None) if kind != "external_asset" else None
        hooks = getattr(maker, "hook_defs", None) if definition is not None else None
        return {
            "id": key.to_user_string(),
            "kind": kind,
            **retries(policy_of(definition, job)),
            "owner": ", ".join(sorted(owners_of(asset))) or None,
            "tags": self.fields.tag_texts(getattr(asset, "tags", None), self.fields.op_tags(definition)),
            "pool": self.fields.pool_of(definition),
            "sla_s": self.fields.sla_of(asset),
            "alerts": self.fields.hook_texts(hooks),
            "group": asset.group_name,
            "upstream": sorted(parent.to_user_string() for parent in asset.parent_keys),
            **self.data(key, asset, kind),
            "partitions": partition_text(asset.partitions_def),
            "automation": self.automation_of(asset),
            **self.place(definition),
        }

    def data(self, key: Any, asset: Any, kind: str) -> Document:
        """What an asset reads that nothing here makes, and the names of what it makes."""
        away = [parent.to_user_string() for parent in asset.parent_keys if parent not in self.assets]
        if kind == "external_asset":
            return {"reads": [key.to_user_string()], "writes": []}
        names = [key.to_user_string(), self.fields.table_of_dbt(getattr(asset, "metadata", None))]
        return {"reads": sorted(away), "writes": sorted({name for name in names if name})}

    def check(self, key: Any, job: Any) -> Document:
        checker = self.checkers.get(key) or self.makers.get(key.asset_key)
        own = key in self.checkers
        more: Iterable[Any] = ()
        sla = condition = None
        for spec in getattr(checker, "check_specs", ()):
            if spec.key == key:
                more = [dep.asset_key for dep in spec.additional_deps]
                sla, condition = self.fields.check_sla(spec), self.automation_of(spec)
        definition = getattr(checker, "node_def", None)
        return {
            "id": f"{key.asset_key.to_user_string()}:{key.name}",
            "kind": "asset_check",
            **retries(policy_of(definition, job) if own else None),
            "tags": self.fields.tag_texts(self.fields.op_tags(definition)) if own else [],
            "pool": self.fields.pool_of(definition) if own else None,
            "sla_s": sla,
            "upstream": sorted({one.to_user_string() for one in (key.asset_key, *more)}),
            "automation": condition,
            **self.place(definition),
        }

    def ops(self, job: Any) -> list[Document]:
        partitions = partition_text(job.partitions_def)
        found = []
        for node_id, node, upstream in ops_in(job.graph, "", {}):
            policy = node.retry_policy or node.definition.retry_policy or own_policy(job)
            found.append(
                {
                    "id": node_id,
                    "kind": "op",
                    **retries(policy),
                    "tags": self.fields.tag_texts(node.tags),
                    "pool": self.fields.pool_of(node.definition),
                    "alerts": self.fields.hook_texts(node.hook_defs),
                    "group": node_id.rpartition(".")[0] or None,
                    "upstream": sorted(upstream),
                    "partitions": partitions,
                    **self.place(node.definition),
                }
            )
        return found

    def place(self, definition: Any) -> Document:
        """Where the function of an op, or of a graph's first, is written; nothing outside of the checkout."""
        function = getattr(getattr(definition, "compute_fn", None), "decorated_fn", None)
        code = getattr(inspect.unwrap(function), "__code__", None) if function is not None else None
        if code is not None:
            path = Path(os.path.realpath(code.co_filename))
            if self.here in path.parents and "site-packages" not in path.parts:
                return {"path": path.relative_to(self.here).as_posix(), "line": code.co_firstlineno}
        return {"path": None, "line": None}

    def timing(self, job: Any) -> Document:
        schedules = [one for one in self.repository.schedule_defs if one.job_name == job.name]
        if schedules:
            return {
                "schedule": " and ".join(sorted({cron_of(one.cron_schedule) for one in schedules})),
                "timezone": " and ".join(sorted({one.execution_timezone or "UTC" for one in schedules})),
                "paused": all(one.default_status.value != "RUNNING" for one in schedules),
            }
        sensors = [one for one in self.repository.sensor_defs if job.name in self.watching.launched_by(one)]
        if sensors:
            return {
                "schedule": " and ".join(sorted(f"sensor {one.name}" for one in sensors)),
                "timezone": None,
                "paused": all(one.default_status.value != "RUNNING" for one in sensors),
            }
        return {"schedule": None, "timezone": None, "paused": None}


def linked(nodes: list[Document], links: list[Document]) -> list[Document]:
    """The nodes in order; those that begin the job wait for what its sensors watch."""
    ids = {node["id"] for node in nodes}
    return [
        {**node, "links": links} if links and not ids & set(node["upstream"]) else node
        for node in sorted(nodes, key=lambda node: node["id"])
    ]


def is_asset_job(job: Any) -> bool:
    """Whether a job materializes assets or runs checks; only such a job has an asset layer of its own."""
    layer = job.asset_layer
    data = getattr(layer, "data", None)
    if data is not None:
        return bool(data)
    return bool(getattr(layer, "assets_defs_by_node_handle", None))


def is_stub(asset: Any) -> bool:
    """Whether Dagster made the asset up, as something depends on it that nobody defines."""
    metadata = getattr(asset, "metadata", None) or {}
    return STUB in metadata or "dagster/auto_created_stub" in metadata


def is_of_dbt(maker: Any, key: Any) -> bool:
    metadata = (getattr(maker, "metadata_by_key", None) or {}).get(key) or {}
    return any(str(name).startswith("dagster_dbt/") for name in metadata)


def owners_of(asset: Any) -> list[str]:
    return list(getattr(asset, "owners", None) or ())


def cron_of(cron: Any) -> str:
    if isinstance(cron, str):
        return PRESETS.get(cron, " ".join(cron.split()))
    return " or ".join(cron_of(one) for one in cron)


def own_policy(job: Any) -> Any:
    return getattr(job, "op_retry_policy", None) or getattr(job, "_op_retry_policy", None)


def policy_of(definition: Any, job: Any) -> Any:
    """The retry policy of the op behind an asset; of a graph, that of its op that retries least."""
    inner = getattr(definition, "node_defs", None)
    if inner is not None:
        policies = [policy_of(one, None) for one in inner]
        policy = None if None in policies or not policies else min(policies, key=lambda one: one.max_retries)
    else:
        policy = getattr(definition, "retry_policy", None)
    return policy or (own_policy(job) if job is not None else None)


def retries(policy: Any) -> Document:
    if policy is None:
        return {"retries": 0, "retry_delay_s": None, "retry_backoff": False}
    delay = None if policy.delay is None else float(policy.delay)
    return {
        "retries": policy.max_retries,
        "retry_delay_s": delay,
        "retry_backoff": policy.backoff is not None,
    }


def ops_in(graph: Any, prefix: str, given: dict[str, set[str]]) -> list[tuple[str, Any, set[str]]]:
    """The ops of a graph and of those inside it: id, node, ids of what they wait for.

    `given` are the ops behind each input of the graph.
    """
    found: list[tuple[str, Any, set[str]]] = []
    structure = graph.dependency_structure
    for node in graph.nodes:
        inputs: dict[str, set[str]] = {}
        for node_input in node.inputs():
            name = node_input.input_name if hasattr(node_input, "input_name") else node_input.input_def.name
            behind: set[str] = set()
            if structure.has_deps(node_input):
                for output in structure.get_deps_list(node_input):
                    behind |= made_by(graph, output.node_name, output.output_def.name, prefix)
            for mapping in graph.input_mappings:
                if (mapping.maps_to.node_name, mapping.maps_to.input_name) == (node.name, name):
                    behind |= given.get(mapping.graph_input_name, set())
            inputs[name] = behind
        if hasattr(node.definition, "nodes"):
            found += ops_in(node.definition, f"{prefix}{node.name}.", inputs)
        else:
            found.append((f"{prefix}{node.name}", node, set().union(*inputs.values())))
    return found


def made_by(graph: Any, node_name: str, output_name: str, prefix: str) -> set[str]:
    """The op behind an output of a node, which may be a graph itself."""
    node = graph.node_named(node_name)
    if not hasattr(node.definition, "nodes"):
        return {f"{prefix}{node_name}"}
    for mapping in node.definition.output_mappings:
        if mapping.graph_output_name == output_name:
            source = mapping.maps_from
            return made_by(node.definition, source.node_name, source.output_name, f"{prefix}{node_name}.")
    return set()


def partition_text(partitions: Any) -> str | None:
    """A partitions definition as a text: cron, start and time zone of its windows, or its keys."""
    if partitions is None:
        return None
    dimensions = getattr(partitions, "partitions_defs", None)
    if dimensions:
        texts = sorted(f"{one.name} {partition_text(one.partitions_def)}" for one in dimensions)
        return "multi: " + "; ".join(texts)
    if getattr(partitions, "cron_schedule", None) is not None:
        start = partitions.start
        form = "%Y-%m-%d" if (start.hour, start.minute) == (0, 0) else "%Y-%m-%dT%H:%M"
        ends = f", {partitions.end_offset} past the last" if partitions.end_offset else ""
        return f"{cron_of(partitions.cron_schedule)} from {start.strftime(form)} {partitions.timezone}{ends}"
    if type(partitions).__name__ == "StaticPartitionsDefinition":
        return "static: " + ", ".join(partitions.get_partition_keys())
    name = getattr(partitions, "name", None)
    return f"dynamic: {name}" if name else "unresolved"
