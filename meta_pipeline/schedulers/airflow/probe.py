"""What Airflow itself makes of a DAG folder. Runs inside the target's environment, alone:

    python probe.py topology --dags DIR --output FILE
    python probe.py dry-run --dags DIR --dag ID [--dag ID ...] --logical-date 2026-01-05 --output FILE

Needs nothing but Airflow 2.9 to 3.x and Python 3.9. Paths in the output are relative to the current
folder. The output goes to FILE only, as the target's code may print. Exit 0 means that FILE is complete.
"""

import argparse
import inspect
import json
import os
import re
import signal
import sys
import time
import traceback
from datetime import datetime, timedelta, timezone

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


class OutOfTime(BaseException):  # noqa: N818  Airflow's task loop survives an Exception
    """One DAG took longer than it may."""


def main(arguments):
    parser = argparse.ArgumentParser()
    commands = parser.add_subparsers(dest="command", required=True)
    topology_parser = commands.add_parser("topology")
    dry_run_parser = commands.add_parser("dry-run")
    for one in (topology_parser, dry_run_parser):
        one.add_argument("--dags", required=True)
        one.add_argument("--output", required=True)
    dry_run_parser.add_argument("--dag", action="append", required=True)
    dry_run_parser.add_argument("--logical-date", required=True)
    dry_run_parser.add_argument("--seconds", type=int, default=0, help="limit for each DAG; 0 is none")
    options = parser.parse_args(arguments)
    output = os.path.abspath(options.output)
    sys.path.insert(0, os.path.abspath(options.dags))
    if options.command == "topology":
        write(output, topology(options.dags))
    else:
        dry_run(options, output)


def write(path, document):
    """Put the document there in one move, so that a reader never meets half of it."""
    with open(path + ".part", "w", encoding="utf-8") as part:
        json.dump(document, part, sort_keys=True)
    os.replace(path + ".part", path)


def load(dags):
    """All DAGs of a folder; needs no metadata database."""
    try:
        from airflow.dag_processing.dagbag import DagBag
    except ImportError:
        from airflow.models.dagbag import DagBag
    accepted = inspect.signature(DagBag.__init__).parameters
    options = {"include_examples": False} if "include_examples" in accepted else {}
    return DagBag(dag_folder=os.path.abspath(dags), **options)


# --- topology ---------------------------------------------------------------------------------------------


def topology(dags):
    import airflow

    bag = load(dags)
    return {
        "scheduler": "airflow",
        "version": airflow.__version__,
        "method": "runtime",
        "root": dags,
        "pipelines": [pipeline(bag.dags[dag_id]) for dag_id in sorted(bag.dags)],
        "errors": [import_error(path, text) for path, text in sorted(bag.import_errors.items())],
    }


def relative(path):
    return os.path.relpath(os.path.realpath(path), os.path.realpath(os.getcwd())).replace(os.sep, "/")


def import_error(path, text):
    """The line is the last one that the traceback names in the file itself."""
    where = relative(path)
    lines = [int(found["line"]) for found in FRAME.finditer(text) if relative(found["path"]) == where]
    said = [line.strip() for line in text.strip().splitlines() if line.strip()]
    return {
        "path": where,
        "line": lines[-1] if lines else None,
        "message": said[-1] if said else "unknown error",
    }


def pipeline(dag):
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


def node(task):
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


def kind(task, operator):
    if getattr(task, "is_mapped", False):
        return "mapped_task"
    name = operator[len("@task") :].lstrip(".") if operator.startswith("@task") else operator
    if name == "sensor" or name.endswith(("Sensor", "SensorAsync")):
        return "sensor"
    if name.startswith("branch") or "Branch" in name or "ShortCircuit" in name or name == "short_circuit":
        return "branch"
    return "task"


def seconds(value):
    if isinstance(value, timedelta):
        return value.total_seconds()
    return float(value) if isinstance(value, (int, float)) else None


def asset_names(values):
    return sorted({name for value in values or () if (name := asset_name(value))})


def asset_name(value):
    return getattr(value, "name", None) or getattr(value, "uri", None)


def schedule(dag):
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
        return "every {}".format(value)
    return timetable_text(timetable)


def assets(condition, top=False):
    parts = getattr(condition, "objects", None)
    if parts is None:
        return asset_name(condition) or str(condition)
    every = type(condition).__name__.endswith("All")
    texts = [
        assets(part) if getattr(part, "objects", None) is None else "(" + assets(part) + ")" for part in parts
    ]
    # A plain list of assets is the same as all of them, and is written as a list.
    return (", " if every and top else " and " if every else " or ").join(texts)


def timetable_text(timetable):
    texts = []
    for field in ("expression", "_expression", "timezone", "_timezone", "delta", "_delta"):
        found = getattr(timetable, field, None)
        if found is not None:
            text = (
                "every {}".format(found)
                if isinstance(found, timedelta)
                else getattr(found, "name", None) or str(found)
            )
            if text not in texts:
                texts.append(text)
    name = type(timetable).__name__
    return name + ": " + ", ".join(texts) if texts else name


# --- dry run ----------------------------------------------------------------------------------------------


def dry_run(options, output):
    prepare_database()
    bag = load(options.dags)
    when = datetime.fromisoformat(options.logical_date)
    when = when if when.tzinfo else when.replace(tzinfo=timezone.utc)
    runs = []
    for dag_id in options.dag:
        dag = bag.dags.get(dag_id)
        runs.append(run(dag, when, options.seconds) if dag else absent(dag_id, bag))
        # Written after each DAG: what ran is known even where a later one ends the process.
        write(
            output,
            {"logical_date": when.isoformat(), "runs": runs, "complete": len(runs) == len(options.dag)},
        )


def prepare_database():
    """Make the metadata database where it has no tables yet."""
    from airflow import settings
    from airflow.utils import db
    from sqlalchemy import inspect as inspect_database

    engine = settings.engine
    if engine is None or not inspect_database(engine).has_table("dag_run"):
        db.initdb()


def absent(dag_id, bag):
    reasons = [
        "{}: {}".format(relative(path), text.strip().splitlines()[-1])
        for path, text in bag.import_errors.items()
    ]
    text = "no DAG has this id" + ("; not imported: " + "; ".join(reasons) if reasons else "")
    return {"dag_id": dag_id, "succeeded": False, "seconds": 0.0, "tasks": [], "error": text}


def run(dag, when, limit):
    failures = {}
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
        error = "the run took longer than {} s".format(limit)
    except (Exception, SystemExit) as fault:  # noqa: BLE001  the fault is the target's; it is the result
        error = "".join(traceback.format_exception_only(type(fault), fault)).strip()
    finally:
        signal.alarm(0)
    if error is None and failures:
        error = "; ".join("{}: {}".format(task_id, text) for task_id, text in sorted(failures.items()))
    if error is None and state != "success":
        error = "the run ended as {}".format(state)
    return {
        "dag_id": dag.dag_id,
        "succeeded": state == "success",
        "seconds": round(time.perf_counter() - started, 3),
        "tasks": sorted(tasks, key=lambda one: (one["task_id"], one["map_index"])),
        "error": error if state != "success" else None,
    }


def soften(task, failures):
    """No retry, no mail, and no call to anyone when a task fails; keep the error instead."""

    def failed(context, *_):
        failures[task.task_id] = one_line(context.get("exception"))

    changes = {
        "retries": 0,
        "email_on_failure": False,
        "email_on_retry": False,
        "on_failure_callback": failed,
    }
    held = getattr(task, "partial_kwargs", None)
    if held is not None:
        held.update(changes)
        return
    for name, value in changes.items():
        setattr(task, name, value)


def one_line(fault):
    return " ".join("{}: {}".format(type(fault).__name__, fault).split()) if fault is not None else "failed"


def out_of_time(*_):
    raise OutOfTime


def task_run(instance):
    state = instance.state
    spent = (
        (instance.end_date - instance.start_date).total_seconds()
        if instance.start_date and instance.end_date
        else None
    )
    return {
        "task_id": instance.task_id,
        "map_index": instance.map_index,
        "state": str(getattr(state, "value", state)) if state is not None else None,
        "seconds": spent,
    }


if __name__ == "__main__":
    main(sys.argv[1:])
