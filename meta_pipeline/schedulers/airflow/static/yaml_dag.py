"""One DAG of a YAML file of dag-factory: its arguments, groups, tasks and dependencies."""

from collections.abc import Mapping
from dataclasses import dataclass

from meta_pipeline.schedulers.airflow.static import edges, taskflow
from meta_pipeline.schedulers.airflow.static.constructs import make_dag, make_group, new_task, place
from meta_pipeline.schedulers.airflow.static.machine import Machine
from meta_pipeline.schedulers.airflow.static.values import Dag, Group, Output, Task, Timetable
from meta_pipeline.schedulers.airflow.static.yaml_values import (
    Lines,
    callback,
    datasets,
    duration,
    moment,
    named,
)
from meta_pipeline.schedulers.source.machine import Arguments, Site
from meta_pipeline.schedulers.source.values import UNKNOWN, External, Method

_HOOKS = (
    "on_failure_callback",
    "on_retry_callback",
    "on_success_callback",
    "on_execute_callback",
    "sla_miss_callback",
)
_NO_ARGUMENTS = frozenset(
    ("operator", "decorator", "dependencies", "task_group_name", "parent_group_name", "expand", "partial")
)
_TAG = "dagfactory"


@dataclass(frozen=True)
class Origin:
    """The file that a DAG is written in, the call that loads it, and the lines of the file's keys."""

    path: str
    call: Site
    lines: Lines

    def site(self, *keys: str) -> Site:
        return Site(self.path, self.lines.get(keys, self.call.line if self.path == self.call.path else 1))


def build(machine: Machine, name: str, config: Mapping[object, object], origin: Origin) -> None:
    """Build the DAG; it belongs to the file that loads it."""
    site = origin.site(name)
    if isinstance(config.get("schedule"), dict) and machine.major is not None and machine.major >= 3:
        machine.error(
            site.path, site.line, f"dag-factory takes no mapping as the schedule of '{name}' on Airflow 3"
        )
        return
    held = _with_callbacks(machine, config, site)
    if isinstance(defaults := held.get("default_args"), dict):
        defaults = _with_callbacks(machine, defaults, site)
        if "start_date" in defaults:
            defaults["start_date"] = moment(defaults["start_date"], defaults.get("timezone", "UTC"))
        held["default_args"] = defaults
    if held.get("start_date") is not None:
        held["start_date"] = moment(held["start_date"], held.get("timezone", "UTC"))
    tags = held.get("tags") or []
    if isinstance(tags, list):
        held["tags"] = [*tags, _TAG]
    _set_schedule(held)
    dag = make_dag(machine, {**held, "dag_id": name}, origin.call)
    dag.registered = True
    groups = _groups(machine, dag, _by_name(config.get("task_groups"), "group_name"), origin)
    _tasks(machine, dag, _by_name(config.get("tasks"), "task_id"), groups, origin)


def _with_callbacks(machine: Machine, config: Mapping[object, object], site: Site) -> dict[object, object]:
    """The arguments with each callback resolved: a dotted name, a mapping, or a name and a file."""
    held = dict(config)
    for hook in _HOOKS:
        if held.get(hook) is not None:
            held[hook] = callback(machine, held[hook], site)
        if isinstance(function := held.pop(f"{hook}_name", None), str):
            held.pop(f"{hook}_file", None)
            held[hook] = External(f"file.{function}")
    return held


def _set_schedule(held: dict[object, object]) -> None:
    """The schedule as Airflow takes it: `none` is none, and a mapping tells datasets and a timetable."""
    given = held.pop("schedule_interval", None)
    given = held.get("schedule", given)
    if given is None and held.get("timetable") is not None:
        held.pop("schedule", None)
        return
    if isinstance(given, str) and given.strip().lower() == "none":
        given = None
    if isinstance(given, dict):
        found = UNKNOWN if "file" in given else datasets(given.get("datasets", UNKNOWN))
        if "timetable" in given:
            parts: dict[object, object] = {"timetable": given["timetable"], "assets": found}
            found = Timetable("AssetOrTimeSchedule", (), parts)
        given = found
    held["schedule"] = datasets(given) if isinstance(given, list) else given


def _by_name(value: object, key: str) -> dict[str, Mapping[object, object]]:
    """Tasks or groups by their names, from a mapping or a list of mappings."""
    if isinstance(value, dict):
        pairs = list(value.items())
    elif isinstance(value, list):
        pairs = [(item.get(key), item) for item in value if isinstance(item, dict)]
    else:
        pairs = []
    return {name: part for name, part in pairs if isinstance(name, str) and isinstance(part, dict)}


def _groups(
    machine: Machine, dag: Dag, wanted: Mapping[str, Mapping[object, object]], origin: Origin
) -> dict[str, Group]:
    made: dict[str, Group] = {}

    def make(name: str, around: tuple[str, ...]) -> None:
        config = wanted[name]
        above = config.get("parent_group_name")
        if name in made or name in around:
            return
        if isinstance(above, str) and above in wanted:
            make(above, (*around, name))
        site = origin.site(str(dag.id), "task_groups", name)
        own = {**config, "group_id": name, "dag": dag, "parent_group": made.get(str(above), dag.root)}
        if isinstance(own.get("default_args"), dict):
            own["default_args"] = _with_callbacks(machine, config["default_args"], site)  # type: ignore[arg-type]
        group = make_group(machine, own, site)
        if group is not None:
            made[name] = group

    for name in wanted:
        make(name, ())
    for name, group in made.items():
        for dependency in _dependencies(wanted[name]):
            edges.link(machine, made.get(dependency), group)
    return made


def _tasks(
    machine: Machine,
    dag: Dag,
    wanted: Mapping[str, Mapping[object, object]],
    groups: Mapping[str, Group],
    origin: Origin,
) -> None:
    made: dict[str, object] = dict(groups)
    left = dict(wanted)
    while left:
        # What a task is mapped over is made before it.
        ready = [name for name, one in left.items() if not any(other in left for other in _dependencies(one))]
        for name in ready or list(left):
            config = left.pop(name)
            group = groups.get(str(config.get("task_group_name")))
            site = origin.site(str(dag.id), "tasks", name)
            made[name] = _task(
                machine, name, config, {"dag": dag, "task_group": group or dag.root}, made, site
            )
    for name, config in wanted.items():
        for dependency in _dependencies(config):
            edges.link(machine, made.get(dependency), made[name])


def _dependencies(config: Mapping[object, object]) -> list[str]:
    found = config.get("dependencies")
    return [name for name in found if isinstance(name, str)] if isinstance(found, list) else []


def _task(
    machine: Machine,
    name: str,
    config: Mapping[object, object],
    where: Mapping[object, object],
    made: Mapping[str, object],
    site: Site,
) -> object:
    """One task, by its operator or its decorator."""
    held = _with_callbacks(machine, config, site)
    if "execution_delta" in held:
        held["execution_delta"] = duration(held["execution_delta"])
    for key in ("inlets", "outlets"):
        if key in held:
            held[key] = datasets(held[key])
    arguments = {key: value for key, value in held.items() if key not in _NO_ARGUMENTS}
    arguments |= {"task_id": name, **where}
    mapped = {key: _output(value, made) for key, value in _mapping(held.get("expand")).items()}
    if isinstance(decorator := config.get("decorator"), str):
        kind = taskflow.decorator_of("task", External(decorator), {})
        inputs = [_output(value, made) for value in arguments.values()]
        task = new_task(kind.name, arguments, site)
        if mapped:
            task.kind, task.mapped_over = "mapped_task", mapped
        return place(machine, task, inputs=[*inputs, *mapped.values()])
    operator = config.get("operator")
    if not isinstance(operator, str):
        machine.error(site.path, site.line, f"the task '{name}' has neither an operator nor a decorator")
        return None
    callee = named(machine, operator)
    if not mapped:
        return machine.call(callee, Arguments([], arguments), site)
    partial = machine.call(
        Method(callee, "partial"), Arguments([], arguments | _mapping(held.get("partial"))), site
    )
    return machine.call(machine.member(partial, "expand"), Arguments([], mapped), site)


def _mapping(value: object) -> dict[object, object]:
    return value if isinstance(value, dict) else {}


def _output(value: object, made: Mapping[str, object]) -> object:
    """The output of a task where a value names it: `task.output`, `XcomArg(task)` or `+task`."""
    if not isinstance(value, str):
        return value
    if value.endswith(".output"):
        name = value.removesuffix(".output")
    elif "XcomArg(" in value:
        name = value.partition("(")[2].partition(")")[0]
    else:
        name = value.removeprefix("+").partition("[")[0] if value.startswith("+") else ""
    task = made.get(name)
    return Output((task,)) if isinstance(task, Task) else value
