"""Making DAGs, task groups and tasks."""

from collections.abc import Mapping

from meta_pipeline.schedulers.airflow.static import edges
from meta_pipeline.schedulers.airflow.static.machine import Machine
from meta_pipeline.schedulers.airflow.static.roles import task_kind
from meta_pipeline.schedulers.airflow.static.values import Dag, Group, Task
from meta_pipeline.schedulers.source.library import copied, same
from meta_pipeline.schedulers.source.machine import Arguments, Site
from meta_pipeline.schedulers.source.values import UNKNOWN, Class, External, opened


def keywords(arguments: Arguments, *positional: str) -> dict[object, object]:
    """The arguments by name; `positional` names those that were given by place."""
    by_place: dict[object, object] = dict(zip(positional, arguments.positional, strict=False))
    found = {**by_place, **arguments.named}
    return opened(found) if arguments.open else found


def named_only(arguments: Arguments) -> dict[object, object]:
    """The arguments that were given by name."""
    return opened(arguments.named) if arguments.open else dict(arguments.named)


def make_dag(
    machine: Machine, arguments: Mapping[object, object], site: Site, *, foreign: str | None = None
) -> Dag:
    """A new DAG; `foreign` names the class from outside Airflow that fills it with tasks of its own."""
    own = machine.own_site(site)
    dag = Dag(
        id=UNKNOWN,
        arguments={},
        path=own.path,
        line=own.line,
        made_in=site.path,
        imported=machine.importing > 0,
    )
    fill_dag(dag, arguments)
    if foreign:
        dag.registered = True
        machine.error(own.path, own.line, f"the tasks of this DAG are made at run time by {foreign}")
    machine.dags.append(dag)
    machine.doubts.note(dag)
    return dag


def fill_dag(dag: Dag, arguments: Mapping[object, object]) -> None:
    """Give a DAG its id and its arguments."""
    dag.id = arguments.get("dag_id", UNKNOWN)
    dag.arguments.update(arguments)
    # Airflow copies the defaults when the DAG is made; later changes of the dict do not reach it.
    dag.arguments["default_args"] = copied(arguments.get("default_args"))


def unnamed_group(machine: Machine) -> Group | None:
    """A group whose class is of the repository, before that says what it is called; None where no DAG is open."""
    return Group(UNKNOWN, machine.dag, machine.group) if machine.dag else None


def fill_group(machine: Machine, group: Group, arguments: Mapping[object, object]) -> None:
    """Make it the group that these arguments say, in the place of one made by Airflow's own class."""
    made = make_group(machine, arguments, machine.sites[-1])
    if made is not None and made.parent is not None:
        vars(group).update(vars(made))
        made.parent.children[-1] = group


def make_group(
    machine: Machine,
    arguments: Mapping[object, object],
    site: Site,
    *,
    suffixed: bool = False,
    foreign: str | None = None,
) -> Group | None:
    """A new task group in the DAG that is open; None where there is none."""
    parent = arguments.get("parent_group") or machine.group
    dag = arguments.get("dag") or (parent.dag if isinstance(parent, Group) else machine.dag)
    if not isinstance(dag, Dag):
        return None
    if not isinstance(parent, Group) or parent.dag is not dag:
        parent = dag.root
    group_id = arguments.get("group_id", UNKNOWN)
    full_id = child_id(parent, group_id)
    if isinstance(full_id, str):
        if suffixed or arguments.get("add_suffix_on_collision") is True:
            full_id = free_id(full_id, dag.group_ids | dag.tasks.keys())
        dag.group_ids.add(full_id)
    prefixed = arguments.get("prefix_group_id", True)
    if not isinstance(full_id, str) or not isinstance(prefixed, bool):
        full_id = UNKNOWN
        machine.error(site.path, site.line, "the id of a task group is computed at run time")
    own = arguments.get("default_args") or {}
    defaults = {**parent.defaults, **own} if isinstance(own, dict) else opened({})
    group = Group(full_id, dag, parent, prefixed is not False, copied_mapping(defaults))
    parent.children.append(group)
    if foreign:
        machine.error(site.path, site.line, f"the tasks of this group are made at run time by {foreign}")
    return group


def copied_mapping(mapping: Mapping[object, object]) -> Mapping[object, object]:
    found = copied(dict(mapping))
    return found if isinstance(found, dict) else {}


def child_id(group: Group, own_id: object) -> object:
    """The full id of a task or group with `own_id` inside `group`."""
    if group.parent is None or not group.prefixed:
        return own_id
    if isinstance(group.id, str) and isinstance(own_id, str):
        return f"{group.id}.{own_id}"
    return UNKNOWN


def free_id(wanted: str, taken: set[str]) -> str:
    """`wanted`, or `wanted__1` and so on where that is taken, as Airflow names repeated calls."""
    if wanted not in taken:
        return wanted
    number = 1
    while f"{wanted}__{number}" in taken:
        number += 1
    return f"{wanted}__{number}"


def new_task(operator: str, arguments: dict[object, object], site: Site) -> Task:
    """A task that is in no DAG yet."""
    own_id = arguments.get("task_id", UNKNOWN)
    return Task(own_id, operator, task_kind(operator), arguments, site.path, site.line)


def inherited(kind: object) -> tuple[str, ...]:
    """The names of a class of the repository and of all that it inherits from."""
    if not isinstance(kind, Class):
        return ()
    return tuple(above.last if isinstance(above, External) else above.name for above in kind.ancestry())


def surroundings(machine: Machine, task: Task) -> tuple[Group | None, Dag | None]:
    """The group and DAG that a task goes into: those of its arguments, or those that are open."""
    group = task.arguments.get("task_group")
    dag = task.arguments.get("dag")
    if not isinstance(group, Group):
        group = machine.group
    if not isinstance(dag, Dag):
        dag = group.dag if group else None
    if dag is None:
        return None, None
    return (dag.root if group is None or group.dag is not dag else group), dag


def place(machine: Machine, task: Task, *, suffixed: bool = False, inputs: object = None) -> Task:
    """Put a task where its arguments or the open DAG and group say, and link what it takes its input from.

    In an undecided branch a task whose id is there already is merged into that one.
    """
    own_id = task.arguments.get("task_id", task.id)
    if isinstance(subdag := task.arguments.get("subdag"), Dag):
        subdag.registered = True
    elif task.operator == "SubDagOperator":
        machine.opaque(task.path, task.line, "the DAG inside this task is made at run time")
    group, dag = surroundings(machine, task)
    if dag is None or group is None:
        task.id = own_id
        return task
    full_id = child_id(group, own_id)
    if not isinstance(full_id, str):
        machine.error(task.path, task.line, "the id of a task is computed at run time")
    elif suffixed:
        full_id = free_id(full_id, set(dag.tasks))
    elif full_id in dag.tasks:
        known = dag.tasks[full_id]
        if machine.uncertain:
            _merge(known, task)
            machine.doubts.note(known)
            return known
        machine.error(
            task.path, task.line, f"the task id '{full_id}' is taken in this DAG; give one of them another id"
        )
        return known
    task.id, task.dag, task.group = full_id, dag, group
    if isinstance(full_id, str):
        dag.tasks[full_id] = task
        group.children.append(task)
        machine.doubts.note(task)
    for source in (*edges.outputs_in(task.arguments), *edges.outputs_in(inputs)):
        edges.connect(machine, source, task)
    return task


def _merge(known: Task, other: Task) -> None:
    for name in known.arguments.keys() | other.arguments.keys():
        one, two = known.arguments.get(name, UNKNOWN), other.arguments.get(name, UNKNOWN)
        known.arguments[name] = one if same(one, two) else UNKNOWN
    if known.operator != other.operator:
        known.operator = "unresolved"
    known.upstream.update(other.upstream)
