"""The topology of a folder of DAG files."""

import posixpath
import re
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from threading import Lock

from meta_pipeline.delivery.topology import Pipeline, Topology, TopologyError
from meta_pipeline.delivery.tree import Tree, text_of
from meta_pipeline.schedulers.airflow.signs import IGNORE_FILE
from meta_pipeline.schedulers.airflow.static.effective import pipeline_of
from meta_pipeline.schedulers.airflow.static.ignore import Ignored
from meta_pipeline.schedulers.airflow.static.interpreter import DagFile
from meta_pipeline.schedulers.airflow.static.values import Dag
from meta_pipeline.schedulers.airflow.static.version import airflow_version, packages
from meta_pipeline.schedulers.source.modules import Modules, Sources, still_holds

_CACHE_SIZE = 4096
_DAG_WORD = re.compile(rb"dag|asset", re.IGNORECASE)
_AIRFLOW_WORD = re.compile(rb"airflow", re.IGNORECASE)


@dataclass(frozen=True)
class Settings:
    """What readings depend on beside the files: Airflow's major version, and the words of what is installed."""

    major: int | None
    installed: frozenset[str]


@dataclass(frozen=True)
class Reading:
    """What one DAG file gives; `consulted` is every path that was looked at, with its content then."""

    pipelines: tuple[Pipeline, ...]
    errors: tuple[TopologyError, ...]
    imported_from: tuple[tuple[str, str], ...]
    consulted: Mapping[str, str | None]


class _Readings:
    """Readings of this process, the least recently used dropped; a file may have several, with other imports."""

    def __init__(self) -> None:
        self._held: OrderedDict[tuple[object, ...], list[Reading]] = OrderedDict()
        self._lock = Lock()

    def find(self, key: tuple[object, ...], sources: Sources) -> Reading | None:
        with self._lock:
            readings = tuple(self._held.get(key, ()))
            if readings:
                self._held.move_to_end(key)
        return next((reading for reading in readings if still_holds(reading.consulted, sources)), None)

    def keep(self, key: tuple[object, ...], reading: Reading) -> None:
        with self._lock:
            self._held[key] = [reading, *self._held.get(key, ())][:4]
            while len(self._held) > _CACHE_SIZE:
                self._held.popitem(last=False)


_readings = _Readings()


def read_topology(tree: Tree, root: str, import_roots: tuple[str, ...] = ()) -> Topology:
    """The topology of the DAG files under `root`, a folder of the tree ("" for all of it).

    `import_roots` are folders that imports start from, before `root` and the folders that Airflow
    and its users put on the path. Nothing of the tree is run.
    """
    root = _normal(root)
    candidates = _python_files(tree, root)
    dag_files = {path: data for path in candidates if _mentions_dags(data := tree.read(path) or b"")}
    version = airflow_version(tree, dag_files.values())
    ignored = _ignored(tree, root, regexp=version.major == 2)
    sources = Sources(tree, _import_roots(root, import_roots))
    kept = [path for path in dag_files if not ignored(path)]
    settings = Settings(version.major, packages(tree))
    readings = [_read_file(path, sources, settings) for path in kept]
    pipelines, errors = _collected(readings, frozenset(kept))
    return Topology(
        scheduler="airflow",
        version=version.text,
        method="static",
        root=root or ".",
        pipelines=pipelines,
        errors=errors,
    )


def _normal(path: str) -> str:
    cleaned = posixpath.normpath(path.strip("/") or ".")
    return "" if cleaned == "." else cleaned


def _python_files(tree: Tree, root: str) -> list[str]:
    prefix = f"{root}/" if root else ""
    return sorted(
        path
        for path, entry in tree.entries().items()
        if path.endswith(".py") and path.startswith(prefix) and entry.mode.startswith("100")
    )


@lru_cache(maxsize=8192)
def _mentions_dags(data: bytes) -> bool:
    """Airflow's own test of whether to load a file."""
    return bool(_AIRFLOW_WORD.search(data) and _DAG_WORD.search(data))


def _ignored(tree: Tree, root: str, *, regexp: bool) -> Ignored:
    prefix = f"{root}/" if root else ""
    paths = [path for path in tree.entries() if path.startswith(prefix) and path.endswith(IGNORE_FILE)]
    files = {path: text_of(tree, path) or "" for path in paths if posixpath.basename(path) == IGNORE_FILE}
    return Ignored(files, root, "regexp" if regexp else "glob")


def _import_roots(root: str, first: tuple[str, ...]) -> tuple[str, ...]:
    home = posixpath.dirname(root)
    usual = (root, posixpath.join(home, "plugins"), "plugins", "", home, "src")
    return tuple(dict.fromkeys([*map(_normal, first), *usual]))


def _read_file(path: str, sources: Sources, settings: Settings) -> Reading:
    key = (path, sources.entries[path].content, sources.roots, settings)
    found = _readings.find(key, sources)
    if found is None:
        found = _interpret(path, sources, settings)
        _readings.keep(key, found)
    return found


def _interpret(path: str, sources: Sources, settings: Settings) -> Reading:
    modules = Modules(sources, "airflow")
    interpreter = DagFile(path, modules, settings.installed)
    dags = interpreter.run()
    for dag in dags:
        if not isinstance(dag.id, str):
            interpreter.error(dag.path, dag.line, "the DAG's id is computed at run time")
    named = [dag for dag in dags if isinstance(dag.id, str) and _is_certain(interpreter, dag)]
    return Reading(
        pipelines=tuple(pipeline_of(dag, str(dag.id), settings.major, interpreter.doubts) for dag in named),
        errors=tuple(interpreter.errors),
        imported_from=tuple((str(dag.id), dag.made_in) for dag in named if _is_imported(dag)),
        consulted=modules.consulted,
    )


def _is_certain(interpreter: DagFile, dag: Dag) -> bool:
    """Whether the DAG is there in every run; what is not, of it or in it, is noted."""
    doubts = interpreter.doubts
    if doubts.about(dag):
        message = f"whether there is a DAG '{dag.id}' depends on a value of the run"
        interpreter.opaque(dag.path, dag.line, message)
        return False
    for task in filter(doubts.about, dag.tasks.values()):
        message = f"whether the DAG '{dag.id}' has a task '{task.id}' depends on a value of the run"
        interpreter.opaque(task.path, task.line, message)
    return True


def _is_imported(dag: Dag) -> bool:
    return dag.imported and dag.made_in != dag.path


def _collected(
    readings: list[Reading], dag_files: frozenset[str]
) -> tuple[tuple[Pipeline, ...], tuple[TopologyError, ...]]:
    """All pipelines by id, and all errors by place; the second pipeline of one id is an error."""
    pipelines: dict[str, Pipeline] = {}
    errors: dict[TopologyError, None] = {}
    for reading in readings:
        errors |= dict.fromkeys(reading.errors)
        elsewhere = {dag_id for dag_id, made_in in reading.imported_from if made_in in dag_files}
        for pipeline in reading.pipelines:
            if pipeline.id in elsewhere:
                continue
            first = pipelines.setdefault(pipeline.id, pipeline)
            if first is not pipeline:
                message = f"the DAG id '{pipeline.id}' is taken by {first.path}:{first.line}"
                errors[TopologyError(path=pipeline.path, line=pipeline.line, message=message)] = None
    ordered = sorted(errors, key=lambda error: (error.path, error.line or 0, error.message))
    return tuple(pipelines[dag_id] for dag_id in sorted(pipelines)), tuple(ordered)
