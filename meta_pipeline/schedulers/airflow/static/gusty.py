"""DAGs that gusty builds from folders: a folder is a DAG, a folder inside it a task group, a file a task."""

import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from meta_pipeline.schedulers.airflow.static import edges
from meta_pipeline.schedulers.airflow.static.constructs import keywords, make_dag, make_group
from meta_pipeline.schedulers.airflow.static.gusty_files import Spec, is_task_file, metadata_of, tasks_of
from meta_pipeline.schedulers.airflow.static.machine import Machine
from meta_pipeline.schedulers.airflow.static.values import Dag, Group, Output, Task
from meta_pipeline.schedulers.airflow.static.yaml_values import in_repository, named
from meta_pipeline.schedulers.source.machine import Arguments, Site
from meta_pipeline.schedulers.source.values import UNKNOWN, External

_SENSOR = External("airflow.sensors.external_task.ExternalTaskSensor")
_LATEST = External("airflow.operators.latest_only.LatestOnlyOperator")
_WAITING: Mapping[object, object] = {"poke_interval": 10, "timeout": 3600, "retries": 60}
_OWN = frozenset(("task_group_defaults", "wait_for_defaults", "dag_dir", "dags_dir", "caller_env"))
_NO_ARGUMENTS = frozenset(
    (
        *("operator", "dependencies", "external_dependencies", "multi_task_spec"),
        *("python_callable_partials", "extra_callables"),
    )
)


@dataclass(eq=False)
class _Level:
    """A folder: the DAG, or a group in it, with what the group as a whole waits for: tasks, and maybe groups."""

    folder: str
    above: "_Level | None"
    said: Spec
    structure: Dag | Group
    specs: list[tuple[str, Spec]] = field(default_factory=list)
    tasks: dict[str, object] = field(default_factory=dict)
    after: list[object] = field(default_factory=list)
    after_group: bool = False

    @property
    def name(self) -> str:
        return posixpath.basename(self.folder)


def call(machine: Machine, external: External, arguments: Arguments, site: Site) -> object:
    """`create_dag(folder, ...)` and `create_dags(folder of folders, globals(), ...)`."""
    if external.last == "create_dag":
        given = keywords(arguments, "dag_dir", "task_group_defaults", "wait_for_defaults", "latest_only")
        folder = in_repository(machine, given.get("dag_dir"))
        return _create(machine, folder, given, site)
    if external.last != "create_dags":
        return UNKNOWN
    given = keywords(arguments, "dags_dir", "caller_env")
    top = in_repository(machine, given.get("dags_dir"))
    for folder in _folders(machine, top) if top is not None else (None,):
        dag = _create(machine, folder, {"latest_only": True, **given}, site)
        if isinstance(dag, Dag):
            dag.registered = True
    return None


def _folders(machine: Machine, top: str) -> list[str]:
    start = len(top) + 1 if top else 0
    names = {
        path[start:].partition("/")[0] for path in machine.modules.files_below(top) if "/" in path[start:]
    }
    return [posixpath.join(top, name) for name in sorted(names) if not name.endswith("__")]


def _create(machine: Machine, folder: str | None, given: Mapping[object, object], site: Site) -> object:
    if folder is None:
        machine.opaque(site.path, site.line, "which folder gusty makes a DAG of is known only at run time")
        return UNKNOWN
    files = machine.modules.files_below(folder)
    if not files:
        machine.error(site.path, site.line, f"the folder {folder} that gusty should read is not there")
        return UNKNOWN
    machine.step(len(files))
    return _Builder(machine, given, site).build(folder, files)


class _Builder:
    """Builds one DAG: first all folders, then all tasks, then what waits for what."""

    def __init__(self, machine: Machine, given: Mapping[object, object], site: Site) -> None:
        self.machine = machine
        self.given = given
        self.site = site
        self.levels: dict[str, _Level] = {}
        self.sensors: dict[str, object] = {}
        self.waiting: dict[object, object] = {**_WAITING, **_mapping(given.get("wait_for_defaults"))}

    def build(self, folder: str, files: tuple[str, ...]) -> Dag:
        root = self._root(folder)
        assert isinstance(root.structure, Dag)
        if root.said.get("ignore_subfolders") is not True:
            for inner in _inner_folders(folder, files):
                self._group(inner, root.structure)
        for level in self.levels.values():
            self._make_tasks(level, files, root.structure)
        everything = {name: task for level in self.levels.values() for name, task in level.tasks.items()}
        for level in self.levels.values():
            self._link_level(level)
        for level in self.levels.values():
            self._link_tasks(level, everything, root.structure)
        self._link_externals(root.structure)
        self._link_ends(root)
        return root.structure

    def _root(self, folder: str) -> _Level:
        defaults = {key: value for key, value in self.given.items() if key not in _OWN}
        own = metadata_of(self.machine, folder)
        if isinstance(defaults.get("default_args"), dict) and isinstance(own.get("default_args"), dict):
            own["default_args"] = {**_mapping(defaults["default_args"]), **_mapping(own["default_args"])}
        self.waiting |= _mapping(own.get("wait_for_defaults"))
        said = {**defaults, **own}
        tags, extra = said.get("tags") or [], self.given.get("extra_tags")
        if isinstance(tags, list) and isinstance(extra, list):
            said["tags"] = [*tags, *extra]
        dag = make_dag(self.machine, {**said, "dag_id": posixpath.basename(folder)}, self.site)
        level = self.levels[folder] = _Level(folder, None, said, dag)
        return level

    def _group(self, folder: str, dag: Dag) -> None:
        above = self.levels.get(posixpath.dirname(folder))
        if above is None or posixpath.basename(folder).startswith(("_", ".")):
            return
        said = {**_mapping(self.given.get("task_group_defaults")), **metadata_of(self.machine, folder)}
        parent = above.structure if isinstance(above.structure, Group) else dag.root
        own = {"group_id": posixpath.basename(folder), "prefix_group_id": False, **said}
        group = make_group(self.machine, {**own, "dag": dag, "parent_group": parent}, self.site)
        if group is not None:
            self.levels[folder] = _Level(folder, above, said, group)

    def _make_tasks(self, level: _Level, files: tuple[str, ...], dag: Dag) -> None:
        start = len(level.folder) + 1
        names = [path for path in files if path.startswith(f"{level.folder}/") and "/" not in path[start:]]
        for path in names:
            if is_task_file(posixpath.basename(path)):
                for spec in tasks_of(self.machine, path):
                    name = _task_name(level, str(spec["task_id"]))
                    level.specs.append((name, spec))
                    level.tasks[name] = self._task(level, {**spec, "task_id": name}, dag, path)

    def _task(self, level: _Level, spec: Spec, dag: Dag, path: str) -> object:
        arguments = {key: value for key, value in spec.items() if key not in _NO_ARGUMENTS}
        group = level.structure if isinstance(level.structure, Group) else dag.root
        callee = _operator(self.machine, str(spec["operator"]))
        return self.machine.call(
            callee, Arguments([], {**arguments, "dag": dag, "task_group": group}), Site(path, 1)
        )

    def _link_level(self, level: _Level) -> None:
        """A folder waits for tasks of the folder around it, and for folders beside it."""
        if level.above is None:
            return
        beside = {
            one.name: one for one in self.levels.values() if one.above is level.above and one is not level
        }
        for name in _texts(level.said.get("dependencies")):
            upstream = beside[name].structure if name in beside else level.above.tasks.get(name)
            if upstream is not None:
                level.after_group |= isinstance(upstream, Group)
                level.after.append(upstream)
                edges.link(self.machine, upstream, level.structure)

    def _link_tasks(self, level: _Level, everything: Mapping[str, object], dag: Dag) -> None:
        inner = {one.name: one.structure for one in self.levels.values() if one.above is level}
        for name, spec in level.specs:
            wanted = _texts(spec.get("dependencies"))
            for other in {*wanted, *(_task_name(level, one) for one in wanted)}:
                edges.link(self.machine, inner.get(other) or everything.get(other), level.tasks[name])
            edges.link(
                self.machine, list(self._sensors(spec.get("external_dependencies"), dag)), level.tasks[name]
            )

    def _link_externals(self, dag: Dag) -> None:
        for level in self.levels.values():
            if level.above is not None:
                sensors = list(self._sensors(level.said.get("external_dependencies"), dag))
                level.after += sensors
                edges.link(self.machine, sensors, level.structure)

    def _sensors(self, wanted: object, dag: Dag) -> Iterator[object]:
        """The sensors for tasks of other DAGs; each is made once."""
        for dag_id, task_id, own in _awaited(wanted):
            name = f"wait_for_DAG_{dag_id}" if task_id == "all" else f"wait_for_{dag_id}_{task_id}"
            if name not in self.sensors:
                held = {
                    key: value
                    for key, value in self.waiting.items()
                    if key != "execution_date_fn" or "execution_delta" not in own
                }
                held |= {
                    **own,
                    "external_dag_id": dag_id,
                    "external_task_id": None if task_id == "all" else task_id,
                }
                sensor = self.given.get("wait_for_class") or _SENSOR
                arguments = {**held, "task_id": name, "dag": dag, "task_group": dag.root}
                self.sensors[name] = self.machine.call(sensor, Arguments([], arguments), self.site)
            yield self.sensors[name]

    def _link_ends(self, root: _Level) -> None:
        """Leaf tasks, root tasks, what the whole DAG waits for, and `latest_only`, one after the other."""
        dag = root.structure
        assert isinstance(dag, Dag)
        groups = [level for level in self.levels.values() if level.above is root]
        firsts, lasts = _texts(root.said.get("root_tasks")), _texts(root.said.get("leaf_tasks"))
        self._link_leaves(dag, root, groups, (firsts, lasts))
        free: list[object] = [level for level in groups if not level.after_group]
        free = [*root.tasks.values(), *free, *self.sensors.values()]
        sensors = tuple(self.sensors.values())
        begins = [root.tasks[name] for name in firsts if name in root.tasks]
        later = [
            one for one in free if one not in begins and all(earlier in sensors for earlier in _before(one))
        ]
        for first in begins:
            self._link_all(first, later)
        early = list(self._sensors(root.said.get("external_dependencies"), dag))
        for sensor in early:
            self._link_all(
                sensor, [one for one in free if one is not sensor and set(_before(one)) <= set(early)]
            )
        if root.said.get("latest_only", True) is not False:
            where: dict[object, object] = {"task_id": "latest_only", "dag": dag, "task_group": dag.root}
            latest = self.machine.call(_LATEST, Arguments([], where), self.site)
            self._link_all(latest, [one for one in (*free, *early) if not _before(one)])

    def _link_leaves(
        self, dag: Dag, root: _Level, groups: list[_Level], ends: tuple[list[str], list[str]]
    ) -> None:
        named_ends = {name for names in ends for name in names}
        candidates = [*root.tasks.items(), *((level.name, level.structure) for level in groups)]
        last = [one for name, one in candidates if name not in named_ends and not _is_awaited(dag, one)]
        for leaf in [root.tasks[name] for name in ends[1] if name in root.tasks]:
            edges.link(self.machine, last, leaf)

    def _link_all(self, first: object, others: list[object]) -> None:
        for one in others:
            if isinstance(one, _Level):
                one.after.append(first)
            edges.link(self.machine, first, one.structure if isinstance(one, _Level) else one)


def _inner_folders(folder: str, files: tuple[str, ...]) -> list[str]:
    """All folders below `folder` that gusty does not pass over, the outer ones first."""
    ignored = tuple(posixpath.dirname(path) for path in files if posixpath.basename(path) == ".gustyignore")
    found: dict[str, None] = {}
    for path in files:
        inner = posixpath.dirname(path)
        while len(inner) > len(folder):
            found[inner] = None
            inner = posixpath.dirname(inner)
    return sorted(one for one in found if one not in ignored)


def _task_name(level: _Level, name: str) -> str:
    if not isinstance(level.structure, Group):
        return name
    if level.said.get("suffix_group_id") is True:
        return f"{name}_{level.name}"
    return f"{level.name}_{name}" if level.said.get("prefix_group_id") is True else name


def _operator(machine: Machine, name: str) -> object:
    """The class behind an operator's name; `local.` stands for the folder of the repository's own operators."""
    if not name.startswith("local."):
        return named(machine, name)
    last = name.rpartition(".")[2]
    module = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", last).lower()
    found = next((one for one in (f"operators.{module}", module) if machine.modules.find(one)), None)
    return named(machine, f"{found}.{last}") if found else External(name)


def _awaited(wanted: object) -> Iterator[tuple[str, str, Mapping[object, object]]]:
    """The pairs of DAG and task in `external_dependencies`, with the arguments of their sensors."""
    if isinstance(wanted, dict):
        for dag_id, details in wanted.items():
            own = {key: value for key, value in _mapping(details).items() if key != "tasks"}
            for task_id in _texts(_mapping(details).get("tasks")):
                yield str(dag_id), task_id, own
    elif isinstance(wanted, list):
        for part in wanted:
            for dag_id, task in _mapping(part).items():
                yield str(dag_id), str(task), {}


def _before(one: object) -> list[object]:
    """What a task waits for, or a folder as a whole."""
    if isinstance(one, _Level):
        return one.after
    return [
        other
        for task in (one.tasks if isinstance(one, Output) else (one,))
        if isinstance(task, Task)
        for other in task.upstream
    ]


def _is_awaited(dag: Dag, one: object) -> bool:
    inside = set(one.tasks()) if isinstance(one, Group) else {one} if isinstance(one, Task) else set()
    return any(inside & task.upstream.keys() for task in dag.tasks.values() if task not in inside)


def _mapping(value: object) -> Mapping[object, object]:
    return value if isinstance(value, dict) else {}


def _texts(value: object) -> list[str]:
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []
