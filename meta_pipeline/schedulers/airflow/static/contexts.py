"""`with` over DAGs, task groups, and setup or teardown tasks."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from meta_pipeline.schedulers.airflow.static import edges
from meta_pipeline.schedulers.airflow.static.machine import Machine
from meta_pipeline.schedulers.airflow.static.values import Dag, Group, Output, Task


def opened(machine: Machine, value: object) -> AbstractContextManager[None] | None:
    """What `with value:` opens; None where it is no DAG, group or task."""
    if isinstance(value, Dag):
        value.registered = value.arguments.get("auto_register", True) is not False
        return machine.in_dag(value)
    if isinstance(value, Group):
        return machine.in_group(value)
    return _between(machine, value) if isinstance(value, (Task, Output)) else None


@contextmanager
def _between(machine: Machine, value: Task | Output) -> Iterator[None]:
    """Tasks made inside run after the setups and before the teardowns of the opened tasks."""
    opened_tasks = value.tasks if isinstance(value, Output) else (value,)
    dag = next((task.dag for task in opened_tasks if task.dag), machine.dag)
    before = set(dag.tasks) if dag else set()
    yield
    if dag is None:
        return
    # What an inner `with` holds belongs to that one alone.
    made = [
        task
        for task_id, task in dag.tasks.items()
        if task_id not in before and task.role == "work" and task not in machine.between
    ]
    machine.between.update(made)
    if not made:
        return
    setups, teardowns = _ends(dag, opened_tasks)
    waited_for = {other for task in dag.tasks.values() for other in task.upstream}
    edges.link(machine, setups, [task for task in made if not task.upstream] or made[:1])
    edges.link(machine, [task for task in made if task not in waited_for] or made[-1:], teardowns)


def _ends(dag: Dag, opened_tasks: tuple[Task, ...]) -> tuple[list[Task], list[Task]]:
    setups = [task for task in opened_tasks if task.role != "teardown"]
    teardowns = [task for task in opened_tasks if task.role == "teardown"]
    setups += [task for teardown in teardowns for task in teardown.upstream if task.role == "setup"]
    teardowns += [
        task
        for task in dag.tasks.values()
        if task.role == "teardown" and any(s in task.upstream for s in setups)
    ]
    return list(dict.fromkeys(setups)), list(dict.fromkeys(teardowns))
