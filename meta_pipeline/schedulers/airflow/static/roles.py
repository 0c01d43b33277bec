"""What a name imported from Airflow is for."""

import re
from typing import Literal

from meta_pipeline.schedulers.source.values import External

Role = Literal[
    "dag_class",
    "dag",
    "task",
    "group_class",
    "task_group",
    "setup",
    "teardown",
    "asset",
    "chain",
    "chain_linear",
    "cross_downstream",
    "label",
    "asset_class",
    "asset_any",
    "asset_all",
    "timetable",
    "notifier",
    "operator",
]

_TASK = re.compile(r"airflow\.(?:[a-z_.]+\.)?task(?:\.(\w+))?")
_OPERATOR = re.compile(r"[A-Z]\w*(?:Operator|OperatorAsync|Sensor|SensorAsync)")
_SENDER = re.compile(r"send_(\w+)_notification")
_TASK_CONDITIONS = ("run_if", "skip_if")
_BY_LAST_NAME: dict[str, Role] = {
    "DAG": "dag_class",
    "dag": "dag",
    "TaskGroup": "group_class",
    "task_group": "task_group",
    "setup": "setup",
    "teardown": "teardown",
    "asset": "asset",
    "chain": "chain",
    "chain_linear": "chain_linear",
    "cross_downstream": "cross_downstream",
    "Label": "label",
    "Dataset": "asset_class",
    "Asset": "asset_class",
    "AssetAlias": "asset_class",
    "DatasetAlias": "asset_class",
    "AssetRef": "asset_class",
    "Model": "asset_class",
    "AssetAny": "asset_any",
    "DatasetAny": "asset_any",
    "AssetAll": "asset_all",
    "DatasetAll": "asset_all",
}


def role_of(external: External) -> Role | None:
    """The part that `external` plays in a DAG file, or None where it plays none that is known."""
    last = external.last
    if external.name.startswith("airflow."):
        if external.name.endswith(".asset.multi"):
            return "asset"
        if external.name.endswith((".Asset.ref", ".Dataset.ref")):
            return "asset_class"
        if last in _BY_LAST_NAME:
            return _BY_LAST_NAME[last]
        if last not in _TASK_CONDITIONS and _TASK.fullmatch(external.name):
            return "task"
    if _OPERATOR.fullmatch(last):
        return "operator"
    if last.endswith(("Timetable", "TimeSchedule", "PartitionedAtRuntime")):
        return "timetable"
    if last.endswith("Notifier") or _SENDER.fullmatch(last):
        return "notifier"
    # Providers such as Cosmos bring their own classes, whose tasks exist only at run time.
    if last.endswith(("Dag", "DAG")) and last[0].isupper():
        return "dag_class"
    if last.endswith("TaskGroup"):
        return "group_class"
    return None


def is_condition(external: External) -> bool:
    """Whether it is `@task.run_if` or `@task.skip_if`, which leave the task as it is."""
    return external.last in _TASK_CONDITIONS and ".task." in external.name


def notifier_name(external: External) -> str:
    """The class of a notifier; providers call it by a function's name too, `send_slack_notification`."""
    found = _SENDER.fullmatch(external.last)
    if not found:
        return external.last
    return "".join(part.capitalize() for part in found[1].split("_")) + "Notifier"


def operator_name(external: External) -> str:
    """The class that a name of Airflow or of a provider means: an old name is another one for the class of today."""
    old = external.name.startswith("airflow.operators.dummy") and external.last == "DummyOperator"
    return "EmptyOperator" if old else external.last


def task_kind(operator: str) -> str:
    """The kind of node that an operator class, or the part after `@task.`, makes."""
    name = operator.removeprefix("@task").removeprefix(".")
    if name == "sensor" or name.endswith(("Sensor", "SensorAsync")):
        return "sensor"
    if name.startswith("branch") or "Branch" in name or "ShortCircuit" in name or name == "short_circuit":
        return "branch"
    return "task"
