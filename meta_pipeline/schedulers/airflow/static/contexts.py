"""`with` over DAGs, task groups, and setup or teardown tasks."""

import ast
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TypeVar

from meta_pipeline.schedulers.airflow.static import edges
from meta_pipeline.schedulers.airflow.static.assign import bind
from meta_pipeline.schedulers.airflow.static.machine import Machine
from meta_pipeline.schedulers.airflow.static.values import UNKNOWN, Dag, Group, Output, Scope, Task

Ending = TypeVar("Ending")


def run_with(machine: Machine, items: list[ast.withitem], scope: Scope, body: Callable[[], Ending]) -> Ending:
    """Run `body` inside what the items open."""
    with ExitStack() as stack:
        for item in items:
            value = machine.evaluate(item.context_expr, scope)
            if isinstance(value, Dag):
                value.registered = value.arguments.get("auto_register", True) is not False
                stack.enter_context(machine.in_dag(value))
            elif isinstance(value, Group):
                stack.enter_context(machine.in_group(value))
            elif isinstance(value, (Task, Output)):
                stack.enter_context(_between(machine, value))
            else:
                value = UNKNOWN
            if item.optional_vars:
                bind(machine, item.optional_vars, value, scope)
        return body()


@contextmanager
def _between(machine: Machine, opened: Task | Output) -> Iterator[None]:
    """Tasks made inside run after the setups and before the teardowns of the opened tasks."""
    opened_tasks = opened.tasks if isinstance(opened, Output) else (opened,)
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
    setups, teardowns = _ends(dag, opened_tasks)
    first = [task for task in made if not any(other in made for other in task.upstream)]
    waited_for = {other for task in made for other in task.upstream}
    last = [task for task in made if task not in waited_for]
    edges.link(setups, first)
    edges.link(last, teardowns)


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
