"""How long a run may take, and how many of its steps run at once."""

from collections.abc import Mapping

from meta_pipeline.delivery.topology import UNRESOLVED, Unresolved
from meta_pipeline.schedulers.dagster.static.settings import given
from meta_pipeline.schedulers.dagster.static.values import Executor, Job
from meta_pipeline.schedulers.source.values import UNKNOWN, External, Unknown, is_open

_MAX_RUNTIME = "dagster/max_runtime"


def executor_of(value: object) -> object:
    """`in_process_executor`, `multiprocess_executor.configured(...)` and the like, as code names them."""
    if isinstance(value, External):
        return Executor(1 if value.last == "in_process_executor" else None)
    return value


def configured(name: str, config: object) -> Executor:
    """`name.configured(config)`."""
    return Executor(1 if name == "in_process_executor" else _limit(config, None), configured=True)


def max_runtime(tags: object) -> float | None | Unresolved:
    """The seconds after which Dagster ends a run with these tags."""
    if tags is None:
        return None
    if not isinstance(tags, dict):
        return UNRESOLVED
    value = given(tags, _MAX_RUNTIME)
    try:
        return float(value) if isinstance(value, (str, int, float)) else None if value is None else UNRESOLVED
    except ValueError:
        return None


def steps_at_once(job: Job | None, executor: object) -> int | None | Unresolved:
    """How many steps of a run start at once; None where the machine decides. `executor` is that of the location."""
    own = job.executor if job is not None and job.executor is not None else executor
    known = executor_of(own)
    config = job.config if job is not None else None
    if isinstance(known, Unknown) or isinstance(config, Unknown):
        return UNRESOLVED
    limit = known.limit if isinstance(known, Executor) else None
    fixed = isinstance(known, Executor) and (known.configured or limit == 1)
    if isinstance(config, dict) and not fixed:
        execution = config.get("execution")
        limit = _limit(execution.get("config") if isinstance(execution, dict) else None, limit)
    return UNRESOLVED if isinstance(limit, Unknown) else limit if type(limit) is int and limit > 0 else None


def _limit(config: object, default: object) -> object:
    """`max_concurrent` of an executor's configuration, which may stand under the executor's name."""
    if config is None:
        return default
    if not isinstance(config, dict):
        return UNKNOWN
    if "in_process" in config and "multiprocess" not in config:
        return 1
    inner = config.get("multiprocess", config)
    held: Mapping[object, object] = inner if isinstance(inner, dict) else {}
    found = held.get("max_concurrent", default)
    return UNKNOWN if found is default and is_open(held) else found
