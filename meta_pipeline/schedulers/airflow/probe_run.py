"""One run of each DAG by Airflow's own `dag.test()`, each in a process of its own; a part of `probe.py`."""

from __future__ import annotations

import argparse
import inspect
import signal
import time
import traceback
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import datetime, timezone
from importlib import import_module, util
from pathlib import Path
from typing import Any

Document = dict[str, Any]

LOAD_SECONDS = 120
"""How much longer than its run a DAG may take, to be found and imported."""


class OutOfTime(BaseException):
    """One DAG took longer than it may; Airflow's loop over tasks goes on after a mere Exception."""


def part(name: str) -> Any:
    spec = util.spec_from_file_location(name, Path(__file__).absolute().with_name(f"{name}.py"))
    assert spec is not None
    assert spec.loader is not None
    module = util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


BAG = part("probe_bag")


def dry_run(options: argparse.Namespace, folders: Sequence[Path]) -> Iterator[Document]:
    """The document as it is after each DAG."""
    when = datetime.fromisoformat(options.logical_date)
    when = when if when.tzinfo else when.replace(tzinfo=timezone.utc)  # noqa: UP017  Python 3.9
    chosen: dict[str, list[str]] = {}
    for dag_id, task_id in options.node:
        chosen.setdefault(dag_id, []).append(task_id)
    limit = int(options.seconds)

    def each(dag_id: str) -> Document:
        prepare_database()
        dag, errors = BAG.find(folders, dag_id)
        if dag is None:
            return failed(dag_id, absent(dag_id, errors))
        return run(dag, chosen.get(dag_id), when, limit)

    def patience(dag_id: str) -> float | None:
        return limit + LOAD_SECONDS if limit else None

    runs = []
    for dag_id in options.dag:
        # Airflow is imported once, and what one run leaves in the process is gone with it.
        import_module("airflow.settings")
        for _, told in BAG.CHILD.answers([dag_id], each, patience, None):
            runs.append(failed(dag_id, how_it_ended(told)) if isinstance(told, str) else told)
        yield {"logical_date": when.isoformat(), "runs": runs, "complete": len(runs) == len(options.dag)}


def failed(dag_id: str, error: str) -> Document:
    return {"pipeline": dag_id, "succeeded": False, "seconds": 0.0, "nodes": [], "error": error}


def how_it_ended(told: str) -> str:
    how = told.partition("\n")[0]
    if how == "late":
        return "the run went on past its limit and had to be ended"
    return f"the run ended the whole process ({how.replace('exit ', 'exit status ')})"


def prepare_database() -> None:
    """Make the metadata database where it has no tables yet; else name the users' tables, to which Airflow 2 refers.

    A DAG that ran before for the same date has its run deleted, which follows every reference.
    """
    engine = import_module("airflow.settings").engine
    if engine is None or not import_module("sqlalchemy").inspect(engine).has_table("dag_run"):
        import_module("airflow.utils.db").initdb()
        return
    for users in ("airflow.providers.fab.auth_manager.models", "airflow.www.fab_security.sqla.models"):
        with suppress(ImportError):
            import_module(users)
            return


def absent(dag_id: str, errors: Sequence[Document]) -> str:
    reasons = [f"{one['path']}: {one['message']}" for one in errors if BAG.mentions(one["path"], dag_id)]
    text = "no DAG has this id"
    if reasons:
        text += "; not imported: " + "; ".join(reasons)
    elif errors:
        text += f"; {len(errors)} files were not imported"
    return text


def run(dag: Any, chosen: Sequence[str] | None, when: datetime, limit: int) -> Document:
    """Run the DAG once, of its tasks only the chosen ones where some are."""
    if chosen is not None:
        unknown = sorted(set(chosen) - set(dag.task_ids))
        if unknown:
            names = ", ".join(unknown)
            return failed(
                dag.dag_id,
                f"it has no task {names}, which dry_run.nodes of the policy names; mend the policy",
            )
        dag = dag.partial_subset(list(chosen), include_upstream=False)
    failures: dict[str, str] = {}
    started = time.perf_counter()
    state, error, tasks = None, None, []
    dag.on_failure_callback = None
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

    def note(context: Any, *_: object) -> None:
        failures[task.task_id] = one_line(context.get("exception"))

    changes = {
        "retries": 0,
        "email_on_failure": False,
        "email_on_retry": False,
        "on_failure_callback": [note],
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
