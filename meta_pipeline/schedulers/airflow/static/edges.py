"""Dependencies between tasks, groups, labels and lists of them."""

from collections.abc import Iterable, Iterator
from itertools import pairwise

from meta_pipeline.schedulers.airflow.static.machine import Machine
from meta_pipeline.schedulers.airflow.static.values import Dag, Group, Label, Output, Task
from meta_pipeline.schedulers.source.limits import MAX_LINKS, TooMuchToReadError


def is_linkable(value: object) -> bool:
    """Whether `value` can stand at one side of `>>`."""
    return next(flat(value), None) is not None


def flat(value: object, seen: set[int] | None = None) -> Iterator[Task | Group | Output | Label]:
    """The linkable things in `value`, in order; a list that stands in it twice counts once."""
    if isinstance(value, (Task, Group, Output, Label)):
        yield value
    elif isinstance(value, (list, tuple)):
        visited = set() if seen is None else seen
        if id(value) not in visited:
            visited.add(id(value))
            for item in value:
                yield from flat(item, visited)


def link(machine: Machine, upstream: object, downstream: object) -> None:
    """`upstream >> downstream`, each to each."""
    befores, afters = tuple(flat(upstream)), tuple(flat(downstream))
    _check(len(befores) * len(afters))
    for before in befores:
        for after in afters:
            _link_pair(machine, before, after)


def _check(links: int) -> None:
    if links > MAX_LINKS:
        raise TooMuchToReadError


def _link_pair(machine: Machine, before: object, after: object) -> None:
    if isinstance(after, Label):
        after.before.append(before)
        for target in after.after:
            _link_pair(machine, before, target)
    elif isinstance(before, Label):
        before.after.append(after)
        for source in before.before:
            _link_pair(machine, source, after)
    else:
        firsts, lasts = tuple(_first_tasks(after)), tuple(_last_tasks(before))
        _check(len(firsts) * len(lasts))
        for later in firsts:
            for earlier in lasts:
                connect(machine, earlier, later)


def connect(machine: Machine, earlier: Task, later: Task) -> None:
    """Make `later` wait for `earlier`; the one without a DAG joins the other's."""
    if earlier is later:
        return
    later.upstream[earlier] = None
    machine.doubts.note((earlier, later))
    if earlier.dag is None and later.dag is not None:
        adopt(later.dag, earlier)
    elif later.dag is None and earlier.dag is not None:
        adopt(earlier.dag, later)


def adopt(dag: Dag, task: Task) -> None:
    """Put a task without a DAG into `dag`."""
    task.dag = dag
    if isinstance(task.id, str) and dag.tasks.setdefault(task.id, task) is task:
        dag.root.children.append(task)
        task.group = dag.root


def _first_tasks(value: object) -> Iterable[Task]:
    return roots(value) if isinstance(value, Group) else _tasks(value)


def _last_tasks(value: object) -> Iterable[Task]:
    return leaves(value) if isinstance(value, Group) else _tasks(value)


def _tasks(value: object) -> tuple[Task, ...]:
    if isinstance(value, Task):
        return (value,)
    return value.tasks if isinstance(value, Output) else ()


def roots(group: Group) -> list[Task]:
    """The tasks of a group that wait for no other task of it."""
    members = dict.fromkeys(group.tasks())
    return [task for task in members if not any(other in members for other in task.upstream)]


def leaves(group: Group) -> list[Task]:
    """The tasks of a group that no other task of it waits for; a teardown is passed over for its work."""
    members = dict.fromkeys(group.tasks())
    waited_for = {other for task in members for other in task.upstream}
    found: dict[Task, None] = {}
    for task in members:
        if task not in waited_for:
            found |= dict.fromkeys(_work_before(task, members))
    return list(found)


def _work_before(task: Task, members: dict[Task, None]) -> Iterator[Task]:
    if task.role != "teardown":
        yield task
        return
    for earlier in task.upstream:
        if earlier in members and earlier.role == "work":
            yield earlier


def chain(machine: Machine, *parts: object) -> None:
    """Airflow's `chain`: neighbours are linked; two lists of one length pairwise."""
    for before, after in pairwise(parts):
        if isinstance(before, (list, tuple)) and isinstance(after, (list, tuple)):
            for one, other in zip(before, after, strict=False):
                link(machine, one, other)
        else:
            link(machine, before, after)


def outputs_in(value: object, seen: set[int] | None = None) -> Iterator[Task]:
    """The tasks whose output stands anywhere inside `value`."""
    if isinstance(value, Output):
        yield from value.tasks
    elif isinstance(value, (list, tuple, set, dict)):
        visited = seen if seen is not None else set()
        if id(value) in visited:
            return
        visited.add(id(value))
        for item in value.values() if isinstance(value, dict) else value:
            yield from outputs_in(item, visited)


def tasks_in(values: Iterable[object]) -> Iterator[Task]:
    """The tasks that stand for themselves in `values`, or whose output does."""
    for value in values:
        yield from (value,) if isinstance(value, Task) else outputs_in(value)
