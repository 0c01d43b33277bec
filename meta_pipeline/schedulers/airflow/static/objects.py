"""Objects of the repository's own operators, DAGs and timetables."""

from meta_pipeline.schedulers.airflow.static.constructs import (
    fill_dag,
    fill_group,
    inherited,
    keywords,
    make_dag,
    new_task,
    place,
    surroundings,
    unnamed_group,
)
from meta_pipeline.schedulers.airflow.static.machine import Machine
from meta_pipeline.schedulers.airflow.static.roles import role_of
from meta_pipeline.schedulers.airflow.static.values import Dag, Group, Notifier, Task, Timetable
from meta_pipeline.schedulers.airflow.static.values_in_force import lookup
from meta_pipeline.schedulers.source.machine import Arguments, Site
from meta_pipeline.schedulers.source.objects import find_method, run_method
from meta_pipeline.schedulers.source.values import UNKNOWN, Class, External, Function

_ABSENT = object()


def derived(
    machine: Machine, kind: Class, ancestor: External, arguments: Arguments, site: Site
) -> object | None:
    """An operator, DAG, group or timetable of a class of the repository; None for all others."""
    role = role_of(ancestor)
    if role == "operator":
        return _own_operator(machine, kind, arguments, site)
    if role in ("dag_class", "group_class"):
        initializer = find_method(kind, "__init__")
        if initializer is None or not ancestor.name.startswith("airflow."):
            return machine.call(ancestor, arguments, site)
        made = make_dag(machine, {}, site) if role == "dag_class" else unnamed_group(machine)
        if made is not None:
            run_method(machine, *initializer, made, arguments, site)
        return made or UNKNOWN
    if role == "notifier":
        return Notifier(kind.name)
    if role == "timetable" or ancestor.last == "Timetable":
        return Timetable(kind.name, tuple(arguments.positional), arguments.named, inherited(kind)[1:])
    return None


def initialized(machine: Machine, made: object, arguments: Arguments) -> bool:
    """`super().__init__(...)` of a class of the repository that inherits from one of Airflow; False for all others."""
    match made:
        case Task():
            made.arguments.update(keywords(arguments))
        case Dag():
            fill_dag(made, keywords(arguments, "dag_id", "description"))
        case Group():
            fill_group(machine, made, keywords(arguments, "group_id", "prefix_group_id"))
        case _:
            return False
    return True


def with_defaults(machine: Machine, function: Function, task: Task, arguments: Arguments) -> Arguments:
    """The arguments of an operator's `__init__`: Airflow gives it the default arguments that it has a parameter for."""
    group, dag = surroundings(machine, task)
    layers = (
        task.arguments.get("default_args"),
        group.defaults if group else None,
        dag.arguments.get("default_args") if dag else None,
    )
    parameters = function.node.args
    names = [one.arg for one in (*parameters.args[1:], *parameters.kwonlyargs)]
    added: dict[object, object] = {}
    for name in names[len(arguments.positional) :]:
        if name not in arguments.named and not arguments.open:
            value = lookup(name, layers, _ABSENT)
            if value is not _ABSENT:
                added[name] = value
    return Arguments(arguments.positional, {**arguments.named, **added}, arguments.open)


def _own_operator(machine: Machine, kind: Class, arguments: Arguments, site: Site) -> Task:
    task = new_task(kind.name, keywords(arguments), site)
    task.inherits = inherited(kind)
    initializer = find_method(kind, "__init__")
    if initializer:
        function, owner = initializer
        task.arguments = {key: value for key, value in task.arguments.items() if key in ("dag", "task_group")}
        run_method(machine, function, owner, task, arguments, site)
    return place(machine, task)
