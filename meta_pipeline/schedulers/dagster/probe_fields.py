"""Settings of one op, asset or job as the document shows them; a part of `probe.py`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

Document = dict[str, Any]

MAX_RUNTIME = "dagster/max_runtime"
OLD_POOL = "dagster/concurrency_key"
KIND = "dagster/kind/"
_OWN_TAGS = ("notebook_path", "dagster_dbt/", "dagster-dbt/", ".dagster/", "dagster/partition")


def tag_texts(*groups: Mapping[str, Any] | None) -> list[str]:
    """Tags as `key` or `key=value`; of a value that is a whole document only the key is shown."""
    texts = {
        key if value == "" or str(value)[:1] in ("{", "[") else f"{key}={value}"
        for tags in groups
        for key, value in (tags or {}).items()
        if not key.startswith(_OWN_TAGS)
    }
    return sorted(texts)


def op_tags(definition: Any) -> Mapping[str, Any]:
    """The tags of the op behind an asset; those of a graph are its ops' own matter."""
    return {} if hasattr(definition, "node_defs") else getattr(definition, "tags", None) or {}


def pool_of(definition: Any) -> str | None:
    """The pools of an op, or of all ops of a graph."""
    return ", ".join(sorted(pools_in(definition))) or None


def pools_in(definition: Any) -> set[str]:
    inner = getattr(definition, "node_defs", None)
    if inner is not None:
        return {pool for one in inner for pool in pools_in(one)}
    own = getattr(definition, "pool", None) or (getattr(definition, "tags", None) or {}).get(OLD_POOL)
    return {own} if own else set()


def sla_of(asset: Any) -> float | None:
    """How old the data of an asset may be, by a freshness policy of any generation."""
    metadata = getattr(asset, "metadata", None) or {}
    for policy in (
        getattr(asset, "freshness_policy_or_from_metadata", None),
        getattr(asset, "freshness_policy", None),
        getattr(asset, "legacy_freshness_policy", None),
        getattr(metadata.get("dagster/internal_freshness_policy"), "value", None),
    ):
        window = getattr(policy, "fail_window", None) or getattr(
            policy, "serializable_lower_bound_delta", None
        )
        if window is not None:
            return float(window.to_timedelta().total_seconds())
        lag = getattr(policy, "maximum_lag_minutes", None)
        if lag is not None:
            return float(lag) * 60
    return None


def check_sla(spec: Any) -> float | None:
    """The same of a freshness check."""
    held = (getattr(spec, "metadata", None) or {}).get("dagster/freshness_params")
    values = getattr(held, "value", held)
    seconds = values.get("lower_bound_delta_seconds") if isinstance(values, Mapping) else None
    return float(seconds) if seconds is not None else None


def hook_texts(hooks: Iterable[Any] | None) -> list[str]:
    """The hooks as `failure_hook: name`."""
    found = set()
    for hook in hooks or ():
        made_by = getattr(hook.hook_fn, "__qualname__", "").partition(".")[0]
        kind = made_by if made_by in ("failure_hook", "success_hook") else "hook"
        function = getattr(hook, "decorated_fn", None)
        of_dagster = getattr(function, "__module__", "").startswith("dagster")
        # The hooks that integrations make have a name that says nothing; their maker's says it all.
        name = getattr(function, "__qualname__", "").partition(".")[0] if of_dagster else hook.name
        found.add(f"{kind}: {name}")
    return sorted(found)


def columns_of(metadata: Mapping[str, Any] | None) -> list[Document]:
    """The columns that the metadata of an asset tells; a type that its maker does not know is None."""
    held = (metadata or {}).get("dagster/column_schema")
    schema = getattr(held, "schema", None) or getattr(held, "value", None) or held
    return [
        {"name": column.name, "type": None if column.type == "?" else column.type}
        for column in getattr(schema, "columns", None) or ()
    ]


def table_of_dbt(metadata: Mapping[str, Any] | None) -> str | None:
    """The name of the model, seed or snapshot that an asset stands for."""
    held = (metadata or {}).get("dagster_dbt/unique_id")
    text = getattr(held, "value", held)
    return ".".join(str(text).split(".")[2:]) if text else None


def max_runtime(job: Any) -> float | None:
    """The seconds after which Dagster ends a run of the job."""
    tags = {**job.tags, **(getattr(job, "run_tags", None) or {})}
    try:
        return float(tags[MAX_RUNTIME])
    except (KeyError, ValueError):
        return None


def steps_at_once(job: Any) -> int | None:
    """How many steps of a run its executor starts at once; None where the machine decides."""
    executor = getattr(job, "executor_def", None)
    name = getattr(executor, "name", "")
    if name == "in_process":
        return 1
    # A job with partitions has its configuration by partition; what is the same for all is kept as it was given.
    original = getattr(job, "_original_config_argument", None)
    config = getattr(job, "run_config", None) or (original if isinstance(original, Mapping) else {})
    given = (config.get("execution") or {}).get("config") or {}
    try:
        applied = executor.apply_config_mapping({"config": given}).value or {}  # type: ignore[union-attr]
    except Exception:  # noqa: BLE001  a configuration that is asked for at launch is not known now
        applied = {"config": given}
    of_executor = applied.get("config") or {}
    if "in_process" in of_executor and "multiprocess" not in of_executor:
        return 1
    limit = (of_executor.get("multiprocess") or of_executor).get("max_concurrent")
    return limit if isinstance(limit, int) and limit > 0 else None
