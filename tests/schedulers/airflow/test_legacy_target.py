"""The shipped repository in the style of Airflow 2: what is read of it, and its dry run, by Airflow itself."""

import shutil
from pathlib import Path

import pytest

from meta_pipeline.delivery.topology import Link
from meta_pipeline.delivery.tree import MemoryTree
from meta_pipeline.policy import POLICY_FILE, Policy, read_policy
from meta_pipeline.workspace.environment import Built, build_environment
from meta_pipeline.workspace.sandbox import detect_sandbox
from tests.schedulers.airflow.probing import AIRFLOW, run
from tests.shipped_target import FIXTURES

pytestmark = [pytest.mark.airflow, pytest.mark.slow]
LEGACY = FIXTURES / "airflow2_legacy"
DAG_IDS = [
    *("dunning_weekly", "invoices_daily"),
    *("statements_public", "statements_retail", "statements_trade"),
]


@pytest.fixture
def policy() -> Policy:
    return read_policy((LEGACY / POLICY_FILE).read_text())


@pytest.fixture
def python(policy: Policy, shared_environments: Path) -> Path:
    tree = MemoryTree.of({"requirements.txt": (LEGACY / "requirements.txt").read_text()})
    built = build_environment(shared_environments, tree, policy.environment, detect_sandbox())
    assert isinstance(built, Built), built
    return built.python


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "scratch").mkdir()
    return Path(shutil.copytree(LEGACY, tmp_path / "checkout"))


def on_the_path(root: Path) -> dict[str, str]:
    return {"PYTHONPATH": f"{root}:{root / 'plugins'}"}


def test_what_airflow_makes_of_it(policy: Policy, python: Path, root: Path, tmp_path: Path) -> None:
    run(python, AIRFLOW.parse(policy, tmp_path / "scratch"), root, on_the_path(root))
    (found,) = AIRFLOW.topologies(tmp_path / "scratch")
    assert found.errors == ()
    assert [pipeline.id for pipeline in found.pipelines] == DAG_IDS
    dunning, invoices = found.pipelines[:2]
    assert dunning.alerts == ("on_failure_callback: page_finance",)
    wait = dunning.node("wait_for_ledger")
    assert wait is not None
    assert wait.links == (
        Link(kind="waits_for", pipeline="invoices_daily", node="load_ledger", offset_s=5400),
    )
    load = invoices.node("load_ledger")
    assert load is not None
    assert (load.pool, load.sla_s, load.retries) == ("ledger", 1800, 1)
    assert load.alerts == (
        "email_on_failure: finance-data@example.com",
        "on_failure_callback: page_finance",
    )
    assert (invoices.timeout_s, invoices.active_runs) == (7200, 1)


def test_every_dag_runs_to_success(policy: Policy, python: Path, root: Path, tmp_path: Path) -> None:
    run(python, AIRFLOW.dry_run(policy, tmp_path / "scratch", DAG_IDS), root, on_the_path(root))
    runs = AIRFLOW.runs(tmp_path / "scratch")
    assert [(one.pipeline, one.succeeded, one.error) for one in runs] == [
        (dag_id, True, None) for dag_id in DAG_IDS
    ]
    assert [node.id for node in runs[0].nodes] == ["find_overdue", "write_letters"]
    assert len(runs[1].nodes) == 5
