"""What a call does: makes a DAG, group, task or edge, runs a function of the repository, or computes a value."""

from itertools import pairwise

from meta_pipeline.schedulers.airflow.static import edges, objects, taskflow
from meta_pipeline.schedulers.airflow.static.constructs import (
    keywords,
    make_dag,
    make_group,
    named_only,
    new_task,
    place,
)
from meta_pipeline.schedulers.airflow.static.functions import call_known
from meta_pipeline.schedulers.airflow.static.machine import Arguments, Machine, Site
from meta_pipeline.schedulers.airflow.static.methods import call_method
from meta_pipeline.schedulers.airflow.static.roles import is_condition, role_of
from meta_pipeline.schedulers.airflow.static.values import (
    UNKNOWN,
    Asset,
    AssetExpression,
    Class,
    Decorator,
    External,
    Factory,
    Function,
    Instance,
    Label,
    Method,
    Partial,
    Super,
    Timetable,
)


def call(machine: Machine, callee: object, arguments: Arguments, site: Site) -> object:
    """The value of calling `callee`."""
    match callee:
        case Function():
            return machine.call_function(callee, arguments, site)
        case Factory():
            return taskflow.apply(machine, callee, arguments, site)
        case Decorator():
            return _decorated(machine, callee, arguments, site)
        case Class():
            return objects.instantiate(machine, callee, arguments, site)
        case Partial():
            positional = [*callee.positional, *arguments.positional]
            inner = Arguments(positional, {**callee.named, **arguments.named}, arguments.open)
            return machine.call(callee.callee, inner, site)
        case Method(receiver=Super() as above, name=name):
            return objects.call_super(machine, above, name, arguments, site)
        case Method(receiver=Instance() as instance, name=name):
            return objects.call_bound(machine, instance, name, arguments, site)
        case Method():
            return call_method(machine, callee, arguments, site)
        case External():
            return _call_external(machine, callee, arguments, site)
    return UNKNOWN


def _decorated(machine: Machine, decorator: Decorator, arguments: Arguments, site: Site) -> object:
    if len(arguments.positional) == 1:
        return taskflow.decorate(machine, decorator, arguments.positional[0], site)
    return UNKNOWN


def _call_external(machine: Machine, external: External, arguments: Arguments, site: Site) -> object:
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
            return place(machine, new_task(external.last, keywords(arguments), site))
        case "chain" | "chain_linear":
            return _chain(arguments, linear=role == "chain_linear")
        case "cross_downstream":
            ends = keywords(arguments, "from_tasks", "to_tasks")
            edges.link(ends.get("from_tasks"), ends.get("to_tasks"))
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
    if _takes_task_id(external, arguments):
        return place(machine, new_task(external.last, keywords(arguments), site))
    if is_condition(external):
        return External("builtins.unchanged")
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


def _chain(arguments: Arguments, *, linear: bool) -> object:
    if linear:
        for before, after in pairwise(arguments.positional):
            edges.link(before, after)
    else:
        edges.chain(*arguments.positional)
    return None
