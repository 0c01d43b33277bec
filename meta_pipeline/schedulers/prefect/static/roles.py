"""What a name imported from Prefect is for."""

from typing import Literal

from meta_pipeline.schedulers.source.values import External

Role = Literal[
    "flow",
    "task",
    "materialize",
    "flow_class",
    "task_class",
    "asset",
    "backoff",
    "tags",
    "passing",
    "cron",
    "interval",
    "rrule",
    "workers",
    "run_deployment",
    "serve",
    "deploy",
    "deployment",
]

_BY_LAST_NAME: dict[str, Role] = {
    "flow": "flow",
    "task": "task",
    "materialize": "materialize",
    "Flow": "flow_class",
    "Task": "task_class",
    "Asset": "asset",
    "exponential_backoff": "backoff",
    "tags": "tags",
    "unmapped": "passing",
    "allow_failure": "passing",
    "flatten": "passing",
    "as_completed": "passing",
    "resolve_futures_to_states": "passing",
    "Cron": "cron",
    "CronSchedule": "cron",
    "Interval": "interval",
    "IntervalSchedule": "interval",
    "RRule": "rrule",
    "RRuleSchedule": "rrule",
    "ThreadPoolTaskRunner": "workers",
    "ProcessPoolTaskRunner": "workers",
    "ConcurrentTaskRunner": "workers",
    "run_deployment": "run_deployment",
    "arun_deployment": "run_deployment",
    "serve": "serve",
    "aserve": "serve",
    "deploy": "deploy",
    "adeploy": "deploy",
    "RunnerDeployment": "deployment",
}


def role_of(external: External) -> Role | None:
    """The part that `external` plays in a file of flows, or None where it plays none that is known."""
    if external.name.partition(".")[0] != "prefect":
        return None
    return _BY_LAST_NAME.get(external.last)


def may_be_task(external: External) -> bool:
    """Whether it is a function of one of Prefect's integrations, many of which are tasks."""
    package = external.name.partition(".")[0]
    return package.startswith("prefect_") and external.last[:1].islower()
