"""What a call of Airflow's names does: makes a DAG, group, task or edge, or computes a value."""

from itertools import pairwise

from meta_pipeline.schedulers.airflow.static import dag_factory, edges, gusty, taskflow
from meta_pipeline.schedulers.airflow.static.constructs import (
    keywords,
    make_dag,
    make_group,
    named_only,
    new_task,
    place,
)
from meta_pipeline.schedulers.airflow.static.machine import Machine
from meta_pipeline.schedulers.airflow.static.roles import is_condition, notifier_name, operator_name, role_of
from meta_pipeline.schedulers.airflow.static.stand_ins import connection, variable
from meta_pipeline.schedulers.airflow.static.values import (
    Asset,
    AssetExpression,
    Decorator,
    Factory,
    Label,
    Notifier,
    Output,
    Timetable,
)
from meta_pipeline.schedulers.source.functions import call_known
from meta_pipeline.schedulers.source.machine import Arguments, Site
from meta_pipeline.schedulers.source.values import UNKNOWN, External, Function, Thing


def call_thing(machine: Machine, thing: Thing, arguments: Arguments, site: Site) -> object:
    """A decorator used on a function, or a decorated function called."""
    if isinstance(thing, Factory):
        return taskflow.apply(machine, thing, arguments, site)
    if isinstance(thing, Decorator) and len(arguments.positional) == 1:
        return taskflow.decorate(machine, thing, arguments.positional[0], site)
    return UNKNOWN


def call_external(machine: Machine, external: External, arguments: Arguments, site: Site) -> object:
    """A DAG, group, task, edge or asset that a call of Airflow makes, or a value that Python computes."""
    if external.name.startswith("dagfactory."):
        return dag_factory.call(machine, external, arguments, site)
    if external.name.startswith("gusty."):
        return gusty.call(machine, external, arguments, site)
    role = role_of(external)
    match role:
        case "dag_class":
            foreign = None if external.name.startswith("airflow.") else external.last
            return make_dag(machine, keywords(arguments, "dag_id", "description"), site, foreign=foreign)
        case "group_class":
            foreign = None if external.name.startswith("airflow.") else external.last
            made = make_group(
                machine, keywords(arguments, "group_id", "prefix_group_id"), site, foreign=foreign
            )
            return made or UNKNOWN
        case "dag" | "task" | "task_group" | "setup" | "teardown" | "asset":
            return _use_decorator(machine, role, external, arguments, site)
        case "operator":
            return place(machine, new_task(operator_name(external), keywords(arguments), site))
        case "chain" | "chain_linear":
            return _chain(machine, arguments, linear=role == "chain_linear")
        case "cross_downstream":
            ends = keywords(arguments, "from_tasks", "to_tasks")
            edges.link(machine, ends.get("from_tasks"), ends.get("to_tasks"))
            return None
        case "label":
            return Label()
        case "asset_class":
            named = keywords(arguments, "name")
            return Asset(named.get("name") or named.get("uri") or UNKNOWN)
        case "asset_any" | "asset_all":
            return AssetExpression("or" if role == "asset_any" else "and", tuple(arguments.positional))
        case "timetable":
            return Timetable(external.last, tuple(arguments.positional), named_only(arguments))
        case "notifier":
            return Notifier(notifier_name(external))
    if external.last in ("XComArg", "PlainXComArg") and external.name.startswith("airflow."):
        return Output(tuple(edges.tasks_in(arguments.positional)))
    if _takes_task_id(external, arguments):
        return place(machine, new_task(operator_name(external), keywords(arguments), site))
    if is_condition(external):
        return External("builtins.unchanged")
    if external.name.startswith("airflow."):
        if external.name.endswith(".Variable.get"):
            return variable(machine.known, arguments)
        if external.name.endswith(".get_connection"):
            return connection(machine.known, arguments)
    return call_known(machine, external, arguments, site)


def _takes_task_id(external: External, arguments: Arguments) -> bool:
    """Whether it is an operator by its use; hooks have builders that take a task id and make no task."""
    is_class = external.last[:1].isupper() and ".hooks." not in external.name
    return is_class and isinstance(arguments.named.get("task_id"), str)


def _use_decorator(
    machine: Machine, role: str, external: External, arguments: Arguments, site: Site
) -> object:
    """`@task` on a function, or `@task(...)` before one."""
    if len(arguments.positional) == 1 and isinstance(arguments.positional[0], (Function, Factory)):
        decorator = taskflow.decorator_of(role, external, named_only(arguments))
        return taskflow.decorate(machine, decorator, arguments.positional[0], site)
    first = {"dag": "dag_id", "task_group": "group_id"}.get(role)
    names = (first,) if first else ()
    return taskflow.decorator_of(role, external, keywords(arguments, *names))


def _chain(machine: Machine, arguments: Arguments, *, linear: bool) -> object:
    if linear:
        for before, after in pairwise(arguments.positional):
            edges.link(machine, before, after)
    else:
        edges.chain(machine, *arguments.positional)
    return None
