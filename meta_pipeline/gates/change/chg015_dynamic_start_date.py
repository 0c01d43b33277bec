"""CHG015: a pipeline starts on a fixed date, and reading its file reaches nothing."""

import re
from collections.abc import Iterator
from typing import ClassVar

from meta_pipeline.delivery.change import Change
from meta_pipeline.delivery.stages import StageId
from meta_pipeline.delivery.topology import SchedulerKind
from meta_pipeline.delivery.tree import text_of
from meta_pipeline.gates import specimens
from meta_pipeline.gates.case import Case
from meta_pipeline.gates.change.pipeline_code import PipelineCode, is_apart, newly_found
from meta_pipeline.gates.gate import Example, Gate, Opinion, Strength
from meta_pipeline.gates.python.parse_time_calls import ParseTimeCall, parse_time_calls
from meta_pipeline.gates.python.start_dates import DynamicStart, dynamic_starts
from meta_pipeline.gates.weighing import Weighed, weigh, weighed
from meta_pipeline.policy import Policy

_HAS_START = re.compile(r"\b(?:start_date|anchor_date)\b|PartitionsDefinition\(")
_ASKS_METADATA = re.compile(rb"\b(?:Variable\.get|get_connection|\.load)\(")
_USUAL = 0.1
"""The share of files by which a habit of a repository is known."""
_REACHES = {
    "network": "calls the network",
    "database": "asks a database",
    "command": "starts another program",
    "sleep": "waits",
    "metadata": "asks the scheduler's own database",
    "client": "makes a client, which may look for credentials over the network",
}


class DynamicStartDate(Gate):
    """No start date is the time of reading, and importing a pipeline's file asks nothing of network or databases.

    The scheduler reads the files of its pipelines again and again. A start that moves with each reading has no first
    run, and partitions that begin now have no past; a call at import is repeated every few seconds, slows the
    scheduler down, and takes all pipelines of the file away when its far end is out. Files beside the module, and
    whatever stands inside a task, are free. What the repository already does everywhere only warns.
    """

    id: ClassVar[str] = "CHG015"
    name: ClassVar[str] = "dynamic-start-date"
    stage: ClassVar[StageId] = "implementation"
    subject: ClassVar[str] = "patched_code"
    needs: ClassVar[tuple[str, ...]] = ("change",)
    catches: ClassVar[tuple[str, ...]] = (
        "dynamic-start-date",
        "top-level-io",
    )

    def judge(self, case: Case) -> Opinion:
        assert case.change is not None
        found = [*_starts(case.change), *_calls(case.change)]
        return weigh(self, found, "no new start date moves, and nothing new is reached while a file is read")

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        fixed = _dag("datetime(2026, 1, 1)")
        return (
            Example("a fixed start", _case({}, fixed), "passed"),
            Example(
                "a task asks the network when it runs",
                _case(
                    {},
                    fixed + "@task\ndef pull():\n    return requests.get('https://api.example.com').json()\n",
                ),
                "passed",
            ),
            Example(
                "the DAG reads a file beside it",
                _case({}, fixed + "tables = yaml.safe_load(open('tables.yml'))\n"),
                "passed",
            ),
            Example(
                "a DAG that starts now",
                _case({specimens.DAG_FILE: fixed}, _dag("datetime.now()")),
                "failed",
                "datetime.now()",
            ),
            Example(
                "the start comes from a name that is set to a day ago",
                _case({}, "YESTERDAY = datetime.now() - timedelta(days=1)\n" + _dag("YESTERDAY")),
                "failed",
                "moves",
            ),
            Example(
                "a list of tables is asked for at import",
                _case({}, fixed + "tables = requests.get('https://api.example.com/tables').json()\n"),
                "failed",
                "calls the network",
            ),
            Example(
                "a Variable is read at import, in a repository where none is",
                _case(
                    {},
                    fixed.replace("DAG\n", "DAG\nfrom airflow.models import Variable\n")
                    + "BUCKET = Variable.get('bucket')\n",
                ),
                "needs_approval",
                "scheduler's own database",
            ),
            Example(
                "a Variable is read at import, as is done elsewhere",
                _case(
                    {"dags/other.py": "from airflow.models import Variable\nX = Variable.get('x')\n"},
                    fixed.replace("DAG\n", "DAG\nfrom airflow.models import Variable\n")
                    + "BUCKET = Variable.get('bucket')\n",
                ),
                "warned",
            ),
        )


def _dag(start: str) -> str:
    return (
        "import requests, yaml\nfrom datetime import datetime, timedelta\nfrom airflow import DAG\n"
        f"dag = DAG('sales_daily', start_date={start}, schedule='@daily')\n"
    )


def _case(before: specimens.Files, dag: str) -> Case:
    after = {**before, specimens.DAG_FILE: dag}
    return Case(Policy(), change=specimens.change(before, after))


def _starts(change: Change) -> Iterator[Weighed]:
    for path, start in newly_found(change, (".py",), dynamic_starts):
        if is_apart(path):
            continue
        yield weighed(
            _strength_of_start(change, path, start),
            f"the start of the {_OF[start.kind]} is {start.written}, which moves each time the file is read: "
            f"{_WHY[start.kind]}",
            "write a fixed date with its timezone, such as pendulum.datetime(2026, 1, 1, tz='UTC')",
            path=path,
            line=start.line,
        )


_OF = {
    "DAG": "DAG",
    "default_args": "DAG's tasks",
    "task": "task",
    "partitions": "partitions",
    "schedule": "schedule",
}
_WHY = {
    "DAG": "its runs are never due, or not those that were meant",
    "default_args": "its runs are never due, or not those that were meant",
    "task": "its runs are never due, or not those that were meant",
    "partitions": "the partitions of the past go away",
    "schedule": "the times of its runs shift with each deployment",
}


def _strength_of_start(change: Change, path: str, start: DynamicStart) -> Strength:
    if start.is_by_hand:
        return "warned"
    if start.kind == "schedule":
        return "needs_approval"
    before = text_of(change.base, path)
    if before is not None and _HAS_START.search(before):
        return "failed"
    return "warned" if _is_usual(change) else "failed"


def _is_usual(change: Change) -> bool:
    """Whether most files that set a start date at base set it to the time of reading."""
    texts = [
        (path, text)
        for path in change.base.entries()
        if path.endswith(".py") and not is_apart(path)
        if (text := text_of(change.base, path)) and "start_date" in text
    ]
    moving = sum(bool(dynamic_starts(path, text)) for path, text in texts)
    return moving > 0 and moving * 2 >= len(texts)


def _calls(change: Change) -> Iterator[Weighed]:
    code = PipelineCode(change)
    for path, call in newly_found(change, (".py",), parse_time_calls):
        scheduler = code.scheduler(path, text_of(change.head, path) or "")
        if scheduler is None:
            continue
        yield weighed(
            _strength_of_call(change, scheduler, call),
            f"reading the file {_REACHES[call.reach]} ({call.name.replace('()', '')}), each time the "
            "scheduler looks at it",
            "move the call into the task that needs its answer",
            path=path,
            line=call.line,
        )


def _strength_of_call(change: Change, scheduler: SchedulerKind, call: ParseTimeCall) -> Strength:
    if call.reach == "client":
        return "warned"
    if call.reach == "metadata":
        is_usual = scheduler != "airflow" or _usually_asks_metadata(change)
        return "warned" if is_usual else "needs_approval"
    if scheduler != "airflow":
        # Their processes import once and keep running.
        return "warned" if call.reach == "command" else "needs_approval"
    return "needs_approval" if call.reach == "command" else "failed"


def _usually_asks_metadata(change: Change) -> bool:
    """Whether one in some files of Airflow at base asks its database while it is read."""
    texts = [
        (path, data)
        for path in change.base.entries()
        if path.endswith(".py") and not is_apart(path)
        if (data := change.base.read(path)) and b"airflow" in data
    ]
    asking = sum(
        any(
            call.reach == "metadata"
            for call in parse_time_calls(path, data.decode("utf-8", errors="replace"))
        )
        for path, data in texts
        if _ASKS_METADATA.search(data)
    )
    return asking > 0 and asking >= _USUAL * len(texts)
