"""Objects of the repository's own operators, DAGs and timetables."""

from meta_pipeline.schedulers.airflow.static.constructs import inherited, keywords, new_task, place
from meta_pipeline.schedulers.airflow.static.machine import Machine
from meta_pipeline.schedulers.airflow.static.roles import role_of
from meta_pipeline.schedulers.airflow.static.values import Notifier, Task, Timetable
from meta_pipeline.schedulers.source.machine import Arguments, Site
from meta_pipeline.schedulers.source.objects import find_method, run_method
from meta_pipeline.schedulers.source.values import Class, External


def derived(
    machine: Machine, kind: Class, ancestor: External, arguments: Arguments, site: Site
) -> object | None:
    """An operator, DAG, group or timetable of a class of the repository; None for all others."""
    role = role_of(ancestor)
    if role == "operator":
        return _own_operator(machine, kind, arguments, site)
    if role in ("dag_class", "group_class"):
        return machine.call(ancestor, arguments, site)
    if role == "notifier":
        return Notifier(kind.name)
    if role == "timetable" or ancestor.last == "Timetable":
        return Timetable(kind.name, tuple(arguments.positional), arguments.named, inherited(kind)[1:])
    return None


def _own_operator(machine: Machine, kind: Class, arguments: Arguments, site: Site) -> Task:
    task = new_task(kind.name, keywords(arguments), site)
    task.inherits = inherited(kind)
    initializer = find_method(kind, "__init__")
    if initializer:
        function, owner = initializer
        task.arguments = {key: value for key, value in task.arguments.items() if key in ("dag", "task_group")}
        run_method(machine, function, owner, task, arguments, site)
    return place(machine, task)
