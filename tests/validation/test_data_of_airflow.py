"""The data that DAGs write in a dry run, read from files of each kind."""

from pathlib import Path

import pytest
from git import Repo

from meta_pipeline.delivery.change_set import Author, ChangeSet
from meta_pipeline.delivery.evidence import CommandRecord
from meta_pipeline.delivery.reports import ReportKind, ValidationReport
from meta_pipeline.evidence.store import EvidenceStore, Folder
from meta_pipeline.gates.case import Case
from meta_pipeline.gates.catalogue import catalogue
from meta_pipeline.gates.gate import judge
from meta_pipeline.policy import EnvironmentPolicy, Policy, SchedulerPolicy
from meta_pipeline.schedulers.survey import read_change
from meta_pipeline.validation.bench import Benches, set_up_both
from meta_pipeline.validation.validate import validate
from meta_pipeline.workspace.repository import Mirror
from tests.conftest import ROOT, commit

REQUIREMENTS = (ROOT / "target_repo_fixtures" / "airflow_sales" / "requirements.txt").read_bytes()
POLICY = Policy(
    scheduler=SchedulerPolicy(kind="airflow", paths=("dags",)),
    environment=EnvironmentPolicy(requirements=("requirements.txt",)),
)
DAG = """\
import csv
import sqlite3
from pathlib import Path

import pendulum
from airflow.sdk import dag, task

OUT = Path(__file__).resolve().parents[1] / "out"


@dag(schedule="@daily", start_date=pendulum.datetime(2026, 1, 1))
def sales():
    @task
    def load():
        OUT.mkdir(exist_ok=True)
        connection = sqlite3.connect(OUT / "sales.db")
        connection.execute("CREATE TABLE IF NOT EXISTS orders (id INTEGER, amount REAL)")
{delete}        connection.executemany("INSERT INTO orders VALUES (?, ?)", [(n, n * 1.5) for n in range(4)])
        connection.commit()

    @task
    def export():
        with sqlite3.connect(OUT / "sales.db") as connection, (OUT / "orders.csv").open("w") as file:
            writer = csv.writer(file)
            writer.writerow(["id", "gross"])
            for number, amount in connection.execute("SELECT DISTINCT id, amount FROM orders"):
                writer.writerow([number, amount * {rate}])

    load() >> export()


sales()
"""
DELETE = '        connection.execute("DELETE FROM orders")\n'


@pytest.mark.slow
def test_a_load_that_begins_to_append_and_another_rate_are_told(
    tmp_path: Path, shared_environments: Path
) -> None:
    repo = Repo.init(tmp_path / "repo", initial_branch="main")
    base = commit(
        repo,
        {
            ".gitignore": "out/\n",
            "requirements.txt": REQUIREMENTS,
            "dags/sales.py": DAG.format(delete=DELETE, rate=1.19),
        },
        "Start",
    )

    def judged(delete: str, rate: str) -> dict[str, tuple[str, str]]:
        repo.git.reset("--hard", base)
        head = commit(repo, {"dags/sales.py": DAG.format(delete=delete, rate=rate)}, "Change it")
        mirror = Mirror.open(tmp_path / "home", "sales", str(tmp_path / "repo"))
        ran: list[CommandRecord] = []
        evidence = EvidenceStore.at(str(tmp_path / "evidence"))
        benches = set_up_both(shared_environments, mirror, evidence, POLICY, (base, head), ran.append)
        assert isinstance(benches, Benches), benches
        change_set = ChangeSet(
            plan="",
            base=base,
            patch=mirror.diff(base, head),
            author=Author(kind="patch", identity="author@example.com"),
            message="",
            head=head,
        )
        wanted: tuple[ReportKind, ...] = ("dry_run", "data_diff", "rerun")
        change = read_change(mirror.tree(base), mirror.tree(head), POLICY)
        remembered = Folder.at(str(tmp_path / "remembered"))
        reports: dict[ReportKind, ValidationReport] = validate(
            benches, change_set, change, remembered, wanted
        )
        assert reports["dry_run"].head.problems == ()
        found = (
            judge(catalogue().gates[gate], Case(POLICY, reports=reports)) for gate in ("VAL007", "VAL008")
        )
        return {result.id: (result.outcome, result.reason) for result in found}

    assert judged("", "1.19") == {
        "VAL007": ("passed", "1 output(s) of base and head hold the same data"),
        "VAL008": (
            "failed",
            "sales writes out/sales.db:orders with 8 rows after a second run, 4 after one",
        ),
    }
    assert judged(DELETE, "1.07") == {
        "VAL007": (
            "needs_approval",
            (
                "out/orders.csv of sales differs from base on the same input: "
                "3 of 4 rows, matched by id, have other values of gross"
            ),
        ),
        "VAL008": ("passed", "a second run leaves all data as the first one wrote it"),
    }
    assert judged(DELETE, "1.190") == {
        "VAL007": ("passed", "2 output(s) of base and head hold the same data"),
        "VAL008": ("passed", "a second run leaves all data as the first one wrote it"),
    }
