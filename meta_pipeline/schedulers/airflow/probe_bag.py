"""Airflow's own DagBag over DAG files, in a child process that is replaced where a file ends it.

A part of `probe.py`.
"""

from __future__ import annotations

import inspect
import os
import time
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module, util
from pathlib import Path
from typing import Any

Document = dict[str, Any]
Describe = Callable[[Any, str], tuple[Document, list[Document]]]

GRACE_SECONDS = 5
"""How much longer than Airflow's own limit an import may take: one that ignores the limit is ended from outside."""
LAST_SECONDS = 10
"""What is kept of all the time to write the answer in."""


def part(name: str) -> Any:
    spec = util.spec_from_file_location(name, Path(__file__).absolute().with_name(f"{name}.py"))
    assert spec is not None
    assert spec.loader is not None
    module = util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


ERRORS = part("probe_errors")
CHILD = part("probe_child")
relative = ERRORS.relative


class Found:
    """What all files gave."""

    def __init__(self, errors: list[Document]) -> None:
        self.pipelines: list[Document] = []
        self.datasets: list[Document] = []
        self.errors = errors


class Kept(dict):  # type: ignore[type-arg]  # Python 3.9, as DagBag's own
    """DagBag's import errors, of which it would keep the last of each file only."""

    def __init__(self) -> None:
        super().__init__()
        self.all: list[tuple[str, str]] = []

    def __setitem__(self, path: str, text: str) -> None:
        self.all.append((path, text))
        super().__setitem__(path, text)


def make_bag(folder: Path) -> Any:
    """A bag that holds nothing yet; needs no metadata database."""
    try:
        kind = import_module("airflow.dag_processing.dagbag").DagBag
    except ImportError:
        kind = import_module("airflow.models.dagbag").DagBag
    accepted = inspect.signature(kind.__init__).parameters
    options = {"include_examples": False} if "include_examples" in accepted else {}
    bag = kind(dag_folder=str(folder), collect_dags=False, **options)
    bag.import_errors = Kept()
    return bag


# --- which files ------------------------------------------------------------------------------------------


def dag_files(folders: Iterable[Path]) -> tuple[list[str], list[Document]]:
    """The files that Airflow would load, by name, and why it would not look into a folder.

    Airflow takes them as the file system gives them: where two make one id, now this and now that one would win.
    """
    files: dict[str, None] = {}
    errors: list[Document] = []
    for folder in folders:
        try:
            listed = listing(folder)
        except RuntimeError:
            # Airflow gives up the whole folder; one link must not cost all that is beside it.
            loops = looping_links(folder)
            errors += [ERRORS.loop(link) for link in loops]
            with walking_past(loops):
                listed = listing(folder)
        files.update(dict.fromkeys(sorted(listed)))
    return list(files), errors


def listing(folder: Path) -> list[str]:
    safe = import_module("airflow.configuration").conf.getboolean("core", "DAG_DISCOVERY_SAFE_MODE")
    try:
        registry = import_module("airflow.dag_processing.importers").get_importer_registry()
    except ImportError:
        lister = import_module("airflow.utils.file").list_py_file_paths
        accepted = inspect.signature(lister).parameters
        options = {"include_examples": False} if "include_examples" in accepted else {}
        return list(lister(str(folder), safe_mode=safe, **options))
    return list(registry.list_dag_files(str(folder), safe_mode=safe))


def looping_links(folder: Path) -> list[Path]:
    """The links below a folder to a folder that is walked through on another way."""
    seen = {folder.resolve()}
    links = []
    for where, folders, _ in os.walk(folder):
        for name in sorted(folders):
            path = Path(where, name)
            if path.is_symlink():
                links.append(path)
            else:
                seen.add(path.resolve())
    root = folder.resolve()
    return [link for link in links if (there := link.resolve()) in seen or there in root.parents]


@contextmanager
def walking_past(links: Sequence[Path]) -> Iterator[None]:
    """Airflow's walk over a folder leaves these links out."""
    walk = os.walk
    left_out = {str(link) for link in links}

    def walk_past(top: Any, *arguments: Any, **options: Any) -> Iterator[Any]:
        for where, folders, names in walk(top, *arguments, **options):
            folders[:] = [name for name in folders if f"{where}/{name}" not in left_out]
            yield where, folders, names

    os.walk = walk_past
    try:
        yield
    finally:
        os.walk = walk


# --- what they hold ---------------------------------------------------------------------------------------


def survey(folders: Sequence[Path], describe: Describe, limit: float) -> Found:
    """Import all DAG files within `limit` seconds (0 for none) and describe the DAGs of each."""
    ends = time.monotonic() + limit - LAST_SECONDS if limit else None
    files, errors = dag_files(folders)
    found = Found(errors)
    first_bag = make_bag(folders[0])
    get_limit = import_module("airflow.settings").get_dagbag_import_timeout

    def each(path: str) -> Document:
        return load(first_bag, path, describe)

    def patience(path: str) -> float | None:
        own = float(get_limit(path) or 0)
        return own + GRACE_SECONDS if own > 0 else None

    taken: dict[str, Document] = {}
    for path, told in CHILD.answers(files, each, patience, ends):
        if isinstance(told, str):
            found.errors.append(ERRORS.ended(path, told))
            continue
        found.errors += told["errors"]
        found.datasets += told["datasets"]
        for pipeline in told["pipelines"]:
            first = taken.setdefault(pipeline["id"], pipeline)
            if first is pipeline:
                found.pipelines.append(pipeline)
            else:
                found.errors.append(ERRORS.duplicate(pipeline["id"], pipeline["path"], first["path"]))
    found.pipelines.sort(key=lambda one: one["id"])
    found.errors.sort(key=lambda one: (one["path"], one["line"] or 0, one["message"]))
    return found


def load(bag: Any, path: str, describe: Describe) -> Document:
    """What one file holds; the bag remembers the DAGs of the files before."""
    before = len(bag.import_errors.all)
    errors, found = [], []
    try:
        found = bag.process_file(path, only_if_updated=False)
    except BaseException as fault:  # noqa: BLE001  whatever a DAG file raises is what it says
        errors.append(ERRORS.raised(path, fault))
    for where, text in bag.import_errors.all[before:]:
        errors.append(ERRORS.import_error(where, text))
    pipelines, datasets = [], []
    by_id: dict[str, list[Any]] = {}
    for dag in found:
        # Airflow 2 makes a sub-DAG a DAG of its own.
        by_id.setdefault(dag.dag_id, []).append(dag)
    for dag_id, dags in by_id.items():
        described = []
        for dag in dags:
            try:
                described.append(describe(dag, relative(str(dag.fileloc))))
            except Exception as fault:  # noqa: BLE001  a DAG with values that are none of Airflow's
                errors.append(ERRORS.raised(path, fault))
        # Airflow keeps one of equal ids in a file, now this, now that: here it is always the same one.
        described.sort(key=repr)
        if described:
            pipelines.append(described[0][0])
            datasets += described[0][1]
        errors += [ERRORS.duplicate(dag_id, relative(path), relative(path)) for _ in described[1:]]
    return {"pipelines": pipelines, "datasets": datasets, "errors": errors}


def find(folders: Sequence[Path], dag_id: str) -> tuple[Any, list[Document]]:
    """The DAG of an id, from the first file that makes it; else None and why files were not imported.

    Files that name it are imported first.
    """
    files, errors = dag_files(folders)
    bag = make_bag(folders[0])
    for path in sorted(files, key=lambda path: not mentions(path, dag_id)):
        try:
            bag.process_file(path, only_if_updated=False)
        except BaseException as fault:  # noqa: BLE001  whatever a DAG file raises is what it says
            errors.append(ERRORS.raised(path, fault))
        if dag_id in bag.dags:
            return bag.dags[dag_id], []
    return None, [*errors, *(ERRORS.import_error(where, text) for where, text in bag.import_errors.all)]


def mentions(path: str, dag_id: str) -> bool:
    """Whether a file may be the one that makes the DAG."""
    try:
        return dag_id.encode() in Path(path).read_bytes() or zipfile.is_zipfile(path)
    except OSError:
        return False
