"""The members of what DAG code builds, and of what it imports from Airflow."""

import re

from meta_pipeline.schedulers.airflow.static.roles import role_of
from meta_pipeline.schedulers.airflow.static.stand_ins import Connection
from meta_pipeline.schedulers.airflow.static.values import (
    Asset,
    AssetExpression,
    Dag,
    Decorator,
    Factory,
    Group,
    Output,
    Task,
    Timetable,
)
from meta_pipeline.schedulers.source.values import UNKNOWN, External, Method, Thing

_TRIGGER_RULE = re.compile(r"airflow\..*\.TriggerRule\.[A-Z_]+")


def external_member(external: External, name: str) -> object:
    """A name of a module or class from outside."""
    found = External(f"{external.name}.{name}")
    if _TRIGGER_RULE.fullmatch(found.name):
        return name.lower()
    return Method(external, name) if name == "partial" and role_of(external) == "operator" else found


def thing_member(node: Thing, name: str) -> object:
    """A member of a DAG, task, group or factory; a method where it is one to call."""
    match node, name:
        case Connection(), _:
            return node.fields.get(name, UNKNOWN)
        case Task(), "task_id":
            return node.id
        case Task(), "output":
            return Output((node,))
        case Task(), "dag":
            return node.dag or UNKNOWN
        case Task(), "task_group":
            return node.group or UNKNOWN
        case Output(tasks=(task,)), "operator":
            return task
        case Dag(), "dag_id":
            return node.id
        case Dag(), "task_ids":
            return list(node.tasks)
        case Dag(), "tasks":
            return list(node.tasks.values())
        case Dag(), "task_dict":
            return dict(node.tasks)
        case Dag(), "task_group":
            return node.root
        case Dag(), "default_args":
            return node.arguments.get("default_args", UNKNOWN)
        case Group(), "group_id":
            return node.id
        case Factory(), "function":
            return node.made_from
        case ((Asset() | AssetExpression() | Timetable() | Decorator()), _):
            return UNKNOWN
        case ((Dag() | Task()), _) if name in node.arguments:
            return node.arguments[name]
    return Method(node, name)
