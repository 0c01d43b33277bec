"""The topology of a folder of DAG files."""

import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass

from meta_pipeline.delivery.topology import Pipeline, Topology, TopologyError
from meta_pipeline.delivery.tree import Tree, text_of
from meta_pipeline.schedulers.airflow.signs import IGNORE_FILE
from meta_pipeline.schedulers.airflow.static.circles import circle_in
from meta_pipeline.schedulers.airflow.static.effective import pipeline_of
from meta_pipeline.schedulers.airflow.static.folder import DagFolder, open_folder
from meta_pipeline.schedulers.airflow.static.ignore import Ignored, Syntax
from meta_pipeline.schedulers.airflow.static.interpreter import DagFile
from meta_pipeline.schedulers.airflow.static.machine import Settings
from meta_pipeline.schedulers.airflow.static.values import Dag
from meta_pipeline.schedulers.airflow.static.version import airflow_version, ignore_syntax
from meta_pipeline.schedulers.source.contents import ContentTest
from meta_pipeline.schedulers.source.known import NOTHING_KNOWN, Known
from meta_pipeline.schedulers.source.modules import Modules, Sources
from meta_pipeline.schedulers.source.packages import packages
from meta_pipeline.schedulers.source.readings import Readings

_CACHE_SIZE = 16_384
_DAG_WORD = re.compile(rb"dag|asset", re.IGNORECASE)
_AIRFLOW_WORD = re.compile(rb"airflow", re.IGNORECASE)


@dataclass(frozen=True)
class Reading:
    """What one DAG file gives; `consulted` is every path that was looked at, with its content then."""

    pipelines: tuple[Pipeline, ...]
    errors: tuple[TopologyError, ...]
    imported_from: tuple[tuple[str, str], ...]
    consulted: Mapping[str, str | None]


_readings = Readings("airflow", Reading, _CACHE_SIZE)
# Airflow's own test of whether to load a file.
_mentions_dags = ContentTest(
    "mentions DAGs", lambda data: bool(_AIRFLOW_WORD.search(data) and _DAG_WORD.search(data))
)


def read_topology(tree: Tree, root: str, known: Known = NOTHING_KNOWN) -> Topology:
    """The topology of the DAG files under `root`, a folder of the tree ("" for all of it).

    Imports start from the folders that are `known`, before `root` and the folders that Airflow and its users put on
    the path. Nothing of the tree is run.
    """
    root = _normal(root)
    tree = open_folder(tree, root)
    archives = tree.archives if isinstance(tree, DagFolder) else ()
    dag_files = _dag_files(tree, root)
    version = airflow_version(tree, (tree.read(path) or b"" for path in dag_files))
    ignored = _ignored(tree, root, ignore_syntax(tree, version.major))
    sources = Sources(tree, _import_roots(root, known.imports))
    kept = [path for path in dag_files if not ignored(path)]
    settings = Settings(root, ignored, version.major, packages(tree), known)
    readings = _read_files([(path, _sources_for(path, sources, archives)) for path in kept], settings)
    pipelines, errors = _collected(readings, frozenset(kept))
    found = [*errors, *ignored.errors, *(tree.errors if isinstance(tree, DagFolder) else ())]
    return Topology(
        scheduler="airflow",
        version=version.text,
        method="static",
        root=root or ".",
        pipelines=pipelines,
        errors=tuple(sorted(found, key=lambda error: (error.path, error.line or 0, error.message))),
    )


def ignored_paths(tree: Tree, root: str) -> Ignored:
    """Says which paths under `root`, a DAG folder, Airflow is told to leave alone."""
    root = _normal(root)
    if not any(posixpath.basename(path) == IGNORE_FILE for path in tree.entries()):
        return Ignored({}, root, "glob")
    version = airflow_version(tree, (tree.read(path) or b"" for path in _dag_files(tree, root)))
    return _ignored(tree, root, ignore_syntax(tree, version.major))


def _dag_files(tree: Tree, root: str) -> list[str]:
    """What Airflow would load, were nothing ignored."""
    archives = tree.archives if isinstance(tree, DagFolder) else ()
    candidates = [path for path in _python_files(tree, root) if _is_dag_place(path, archives)]
    return list(_mentions_dags.among(tree, candidates))


def _is_dag_place(path: str, archives: tuple[str, ...]) -> bool:
    """Whether Airflow looks for DAGs there: anywhere in the folder, but only at the top of an archive."""
    around = next((archive for archive in archives if path.startswith(f"{archive}/")), None)
    return around is None or "/" not in path[len(around) + 1 :]


def _sources_for(path: str, sources: Sources, archives: tuple[str, ...]) -> Sources:
    """The modules that a file sees: one in an archive sees those of the archive first."""
    around = next((archive for archive in archives if path.startswith(f"{archive}/")), None)
    return Sources.within(sources, (around, *sources.roots)) if around else sources


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


def _ignored(tree: Tree, root: str, syntax: Syntax) -> Ignored:
    prefix = f"{root}/" if root else ""
    paths = [path for path in tree.entries() if path.startswith(prefix) and path.endswith(IGNORE_FILE)]
    files = {path: text_of(tree, path) or "" for path in paths if posixpath.basename(path) == IGNORE_FILE}
    return Ignored(files, root, syntax)


def _import_roots(root: str, first: tuple[str, ...]) -> tuple[str, ...]:
    home = posixpath.dirname(root)
    usual = (root, posixpath.join(home, "plugins"), "plugins", "", home, "src")
    return tuple(dict.fromkeys([*map(_normal, first), *usual]))


def _read_files(files: list[tuple[str, Sources]], settings: Settings) -> list[Reading]:
    """The reading of each file, by the modules that it sees."""
    wanted = [
        ((path, sources.entries[path].content, sources.roots, settings.key), sources)
        for path, sources in files
    ]
    return _readings.of_all(wanted, lambda place: _interpret(*files[place], settings))


def _interpret(path: str, sources: Sources, settings: Settings) -> Reading:
    modules = Modules(sources, "airflow")
    interpreter = DagFile(path, modules, settings)
    dags = interpreter.run()
    for dag in dags:
        if not isinstance(dag.id, str):
            interpreter.error(dag.path, dag.line, "the DAG's id is computed at run time")
    named = [dag for dag in dags if isinstance(dag.id, str) and _is_certain(interpreter, dag)]
    pipelines = [pipeline_of(dag, str(dag.id), settings.major, interpreter.doubts) for dag in named]
    for pipeline in pipelines:
        if circle := circle_in(pipeline):
            message = (
                f"the tasks of the DAG '{pipeline.id}' wait for each other in a circle: {' >> '.join(circle)}"
            )
            interpreter.error(pipeline.path, pipeline.line, message)
    return Reading(
        pipelines=tuple(pipeline for pipeline in pipelines if not circle_in(pipeline)),
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
                there = f"{first.path}:{first.line}"
                message = f"the DAG id '{pipeline.id}' is taken by {there}; give one of them another id"
                errors[TopologyError(path=pipeline.path, line=pipeline.line, message=message)] = None
    ordered = sorted(errors, key=lambda error: (error.path, error.line or 0, error.message))
    return tuple(pipelines[dag_id] for dag_id in sorted(pipelines)), tuple(ordered)
