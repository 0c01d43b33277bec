"""What Airflow itself makes of a DAG folder. Runs inside the target's environment, alone:

    python probe.py topology --dags DIR --output FILE
    python probe.py dry-run --dags DIR --dag ID [--dag ID ...] --logical-date 2026-01-05 --output FILE

Needs nothing but Airflow 2.9 to 3.x and Python 3.9. Paths in the output are relative to the current
folder. The output goes to FILE only, as the target's code may print. Exit 0 means that FILE is complete.
"""

from __future__ import annotations

import argparse
import inspect
import json
import os
import re
import signal
import sys
import time
import traceback
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta, timezone
from importlib import import_module
from pathlib import Path
from typing import Any

Document = dict[str, Any]

PRESETS = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@quarterly": "0 0 1 */3 *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
FRAME = re.compile(r'File "(?P<path>[^"]+)", line (?P<line>\d+)')


EXCEPTION = re.compile(r"[A-Za-z_][\w.]*(?:Error|Exception|Exit|Found|Warning)\b")


class OutOfTime(BaseException):
    """One DAG took longer than it may; Airflow's loop over tasks goes on after a mere Exception."""


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser()
    commands = parser.add_subparsers(dest="command", required=True)
    topology_parser = commands.add_parser("topology")
    dry_run_parser = commands.add_parser("dry-run")
    for one in (topology_parser, dry_run_parser):
        one.add_argument("--dags", action="append", required=True)
        one.add_argument("--output", required=True)
    dry_run_parser.add_argument("--dag", action="append", required=True)
    dry_run_parser.add_argument("--logical-date", required=True)
    dry_run_parser.add_argument("--seconds", type=int, default=0, help="limit for each DAG; 0 is none")
    options = parser.parse_args(arguments)
    output = Path(options.output).absolute()
    folders = [Path(folder).absolute() for folder in options.dags]
    common = os.path.commonpath([str(folder) for folder in folders])
    # Read by Airflow when it is imported, so set before: a relative folder would follow a task's chdir.
    os.environ["AIRFLOW__CORE__DAGS_FOLDER"] = common
    # Airflow keeps the last frames of an import error only; the DAG file's own is further up.
    os.environ["AIRFLOW__CORE__DAGBAG_IMPORT_ERROR_TRACEBACK_DEPTH"] = "100"
    sys.path[:0] = [str(folder) for folder in folders]
    if options.command == "topology":
        write(output, topology(folders, relative(common)))
    else:
        dry_run(options, folders, output)


def write(path: Path, document: Document) -> None:
    """Put the document there in one move, so that a reader never meets half of it."""
    part = path.with_name(path.name + ".part")
    part.write_text(json.dumps(document, sort_keys=True), encoding="utf-8")
    part.replace(path)


def load(folders: Iterable[Path]) -> list[Any]:
    """A bag of DAGs for each folder; needs no metadata database."""
    try:
        kind = import_module("airflow.dag_processing.dagbag").DagBag
    except ImportError:
        kind = import_module("airflow.models.dagbag").DagBag
    accepted = inspect.signature(kind.__init__).parameters
    options = {"include_examples": False} if "include_examples" in accepted else {}
    return [kind(dag_folder=str(folder), **options) for folder in folders]


# --- topology ---------------------------------------------------------------------------------------------


def topology(folders: Iterable[Path], root: str) -> Document:
    bags = load(folders)
    dags = {dag_id: dag for bag in bags for dag_id, dag in bag.dags.items()}
    errors = {path: text for bag in bags for path, text in bag.import_errors.items()}
    return {
        "scheduler": "airflow",
        "version": import_module("airflow").__version__,
        "method": "runtime",
        "root": root,
        "pipelines": [pipeline(dags[dag_id]) for dag_id in sorted(dags)],
        "errors": [import_error(path, text) for path, text in sorted(errors.items())],
    }


def relative(path: str) -> str:
    return Path(os.path.relpath(Path(path).resolve(), Path.cwd().resolve())).as_posix()


def import_error(path: str, text: str) -> Document:
    """The line is the last one that the traceback names in the file itself."""
    where = relative(path)
    lines = [int(found["line"]) for found in FRAME.finditer(text) if relative(found["path"]) == where]
    return {"path": where, "line": lines[-1] if lines else None, "message": last_words(text)}


def last_words(text: str) -> str:
    """The line of a traceback that names the exception; what is below it is its longer explanation."""
    said = [line.rstrip() for line in text.splitlines() if line.strip()]
    named = [line for line in said if EXCEPTION.match(line)]
    return (named or said or ["unknown error"])[-1].strip()


def pipeline(dag: Any) -> Document:
    zone = getattr(dag.timezone, "name", None) or str(dag.timezone)
    owners = sorted({task.owner for task in dag.tasks})
    default_owner = (dag.default_args or {}).get("owner", "airflow")
    return {
        "id": dag.dag_id,
        "path": relative(dag.fileloc),
        "line": None,
        "schedule": schedule(dag),
        "timezone": zone,
        "start_date": dag.start_date.isoformat() if dag.start_date else None,
        "catchup": bool(dag.catchup),
        "paused": dag.is_paused_upon_creation,
        "owner": ", ".join(owners) if owners else default_owner,
        "tags": sorted(dag.tags or ()),
        "nodes": [node(task) for task in sorted(dag.tasks, key=lambda task: task.task_id)],
    }


def node(task: Any) -> Document:
    operator = getattr(task, "operator_name", None) or task.task_type
    operator = {"_AssetMainOperator": "@asset"}.get(operator, operator)
    return {
        "id": task.task_id,
        "kind": kind(task, operator),
        "retries": int(task.retries or 0),
        "retry_delay_s": seconds(task.retry_delay),
        "retry_backoff": bool(task.retry_exponential_backoff),
        "timeout_s": seconds(task.execution_timeout),
        "upstream": sorted(task.upstream_task_ids),
        "reads": asset_names(getattr(task, "inlets", None)),
        "writes": asset_names(getattr(task, "outlets", None)),
        "path": None,
        "line": None,
        "operator": operator,
    }


def kind(task: Any, operator: str) -> str:
    # Only mapped operators have these; Airflow 2 has no flag that says so.
    if hasattr(task, "partial_kwargs"):
        return "mapped_task"
    name = operator[len("@task") :].lstrip(".") if operator.startswith("@task") else operator
    if name == "sensor" or name.endswith(("Sensor", "SensorAsync")):
        return "sensor"
    if name.startswith("branch") or "Branch" in name or "ShortCircuit" in name or name == "short_circuit":
        return "branch"
    return "task"


def seconds(value: object) -> float | None:
    if isinstance(value, timedelta):
        return value.total_seconds()
    return float(value) if isinstance(value, (int, float)) else None


def asset_names(values: Any) -> list[str]:
    return sorted({name for value in values or () if (name := asset_name(value))})


def asset_name(value: Any) -> Any:
    return getattr(value, "name", None) or getattr(value, "uri", None)


def schedule(dag: Any) -> str | None:
    """A five-field cron, `@once`, None, or a readable text."""
    value = getattr(dag, "schedule", None)
    timetable = dag.timetable
    condition = getattr(timetable, "asset_condition", None) or getattr(timetable, "dataset_condition", None)
    name = type(timetable).__name__
    if name in ("AssetTriggeredTimetable", "DatasetTriggeredTimetable") and condition is not None:
        return "assets: " + assets(condition, top=True)
    if value is None and not hasattr(dag, "schedule"):
        value = getattr(dag, "schedule_interval", None)
    if isinstance(value, str) and value.startswith(("Timetable", "Dataset")):
        value = timetable
    if value is None:
        return None if name == "NullTimetable" else timetable_text(timetable)
    if isinstance(value, str):
        return PRESETS.get(value, " ".join(value.split()))
    if isinstance(value, timedelta):
        return f"every {value}"
    return timetable_text(timetable)


def assets(condition: Any, *, top: bool = False) -> str:
    parts = getattr(condition, "objects", None)
    if parts is None:
        return asset_name(condition) or str(condition)
    every = type(condition).__name__.endswith("All")
    texts = [
        assets(part) if getattr(part, "objects", None) is None else "(" + assets(part) + ")" for part in parts
    ]
    # A plain list of assets is the same as all of them, and is written as a list.
    return (", " if every and top else " and " if every else " or ").join(texts)


def timetable_text(timetable: Any) -> str:
    texts = []
    for field in ("expression", "_expression", "timezone", "_timezone", "delta", "_delta"):
        found = getattr(timetable, field, None)
        if found is not None:
            text = (
                f"every {found}"
                if isinstance(found, timedelta)
                else getattr(found, "name", None) or str(found)
            )
            if text not in texts:
                texts.append(text)
    name = type(timetable).__name__
    return name + ": " + ", ".join(texts) if texts else name


# --- dry run ----------------------------------------------------------------------------------------------


def dry_run(options: argparse.Namespace, folders: Sequence[Path], output: Path) -> None:
    prepare_database()
    bags = load(folders)
    when = datetime.fromisoformat(options.logical_date)
    when = when if when.tzinfo else when.replace(tzinfo=timezone.utc)  # noqa: UP017  Python 3.9
    runs = []
    for dag_id in options.dag:
        dag = next((bag.dags[dag_id] for bag in bags if dag_id in bag.dags), None)
        runs.append(run(dag, when, options.seconds) if dag else absent(dag_id, bags))
        # Written after each DAG: what ran is known even where a later one ends the process.
        write(
            output,
            {"logical_date": when.isoformat(), "runs": runs, "complete": len(runs) == len(options.dag)},
        )


def prepare_database() -> None:
    """Make the metadata database where it has no tables yet."""
    engine = import_module("airflow.settings").engine
    if engine is None or not import_module("sqlalchemy").inspect(engine).has_table("dag_run"):
        import_module("airflow.utils.db").initdb()


def absent(dag_id: str, bags: Iterable[Any]) -> Document:
    errors = {path: text for bag in bags for path, text in bag.import_errors.items()}
    reasons = [
        f"{relative(path)}: {last_words(text)}" for path, text in errors.items() if mentions(path, dag_id)
    ]
    text = "no DAG has this id"
    if reasons:
        text += "; not imported: " + "; ".join(reasons)
    elif errors:
        text += f"; {len(errors)} files were not imported"
    return {"pipeline": dag_id, "succeeded": False, "seconds": 0.0, "nodes": [], "error": text}


def mentions(path: str, dag_id: str) -> bool:
    """Whether a file may be the one that makes the DAG."""
    try:
        return dag_id.encode() in Path(path).read_bytes()
    except OSError:
        return False


def run(dag: Any, when: datetime, limit: int) -> Document:
    failures: dict[str, str] = {}
    started = time.perf_counter()
    state, error, tasks = None, None, []
    for task in dag.tasks:
        soften(task, failures)
    signal.signal(signal.SIGALRM, out_of_time)
    signal.alarm(limit)
    try:
        accepted = inspect.signature(dag.test).parameters
        name = "logical_date" if "logical_date" in accepted else "execution_date"
        dag_run = dag.test(**{name: when})
        state = str(getattr(dag_run.state, "value", dag_run.state))
        tasks = [task_run(instance) for instance in dag_run.get_task_instances()]
    except OutOfTime:
        error = f"the run took longer than {limit} s"
    except (Exception, SystemExit) as fault:  # noqa: BLE001  the fault is the target's; it is the result
        error = "".join(traceback.format_exception_only(type(fault), fault)).strip()
    finally:
        signal.alarm(0)
    if error is None and failures:
        error = "; ".join(f"{task_id}: {text}" for task_id, text in sorted(failures.items()))
    if error is None and state != "success":
        error = f"the run ended as {state}"
    return {
        "pipeline": dag.dag_id,
        "succeeded": state == "success",
        "seconds": round(time.perf_counter() - started, 3),
        "nodes": sorted(tasks, key=lambda one: (one["id"], one["map_index"])),
        "error": error if state != "success" else None,
    }


def soften(task: Any, failures: dict[str, str]) -> None:
    """No retry, no mail, and no call to anyone when a task fails; keep the error instead."""

    def failed(context: Any, *_: object) -> None:
        failures[task.task_id] = one_line(context.get("exception"))

    changes = {
        "retries": 0,
        "email_on_failure": False,
        "email_on_retry": False,
        "on_failure_callback": [failed],
    }
    held = getattr(task, "partial_kwargs", None)
    if held is not None:
        held.update(changes)
        return
    for name, value in changes.items():
        setattr(task, name, value)


def one_line(fault: BaseException | None) -> str:
    return " ".join(f"{type(fault).__name__}: {fault}".split()) if fault is not None else "failed"


def out_of_time(*_: object) -> None:
    raise OutOfTime


def task_run(instance: Any) -> Document:
    state = instance.state
    spent = (
        (instance.end_date - instance.start_date).total_seconds()
        if instance.start_date and instance.end_date
        else None
    )
    return {
        "id": instance.task_id,
        "map_index": instance.map_index,
        "state": str(getattr(state, "value", state)) if state is not None else None,
        "seconds": spent,
    }


if __name__ == "__main__":
    main(sys.argv[1:])
