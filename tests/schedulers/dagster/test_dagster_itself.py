"""What Dagster says of a checkout: what it cannot load, and what became of a dry run."""

from pathlib import Path

from meta_pipeline.delivery.topology import IMPLICIT_JOB
from meta_pipeline.policy import DryRunPolicy, Policy, SchedulerPolicy
from meta_pipeline.schedulers.dagster.commands import DagsterRuntime
from tests.schedulers.dagster.conftest import Runner

DAGSTER = DagsterRuntime()
POLICY = Policy(
    scheduler=SchedulerPolicy(kind="dagster", paths=(".",)),
    dry_run=DryRunPolicy(logical_date="2026-01-05", variables={"WHO": "stand-in"}),
)

WORKSPACE = "load_from:\n  - python_file: runs.py\n  - python_file: broken.py\n  - python_module: away\n"
BROKEN = "import dagster as dg\n\nimport not_there_at_all\n\ndefs = dg.Definitions()\n"
RUNS = """
import os

import dagster as dg

PATIENT = dg.RetryPolicy(max_retries=3, delay=600)


@dg.asset(retry_policy=PATIENT, partitions_def=dg.DailyPartitionsDefinition("2025-12-01"))
def daily(context):
    assert context.partition_key == "2026-01-05", context.partition_key
    assert os.environ["WHO"] == "stand-in"
    print("printed by the target")


@dg.asset(deps=[daily])
def total():
    return 1


@dg.asset_check(asset=total)
def plausible(total):
    return dg.AssetCheckResult(passed=False, description="the total is 1")


@dg.asset_check(asset=total)
def large(total):
    return dg.AssetCheckResult(passed=False, severity=dg.AssetCheckSeverity.WARN)


@dg.op(retry_policy=PATIENT)
def empty():
    raise ValueError("the table is empty")


@dg.op
def asks():
    raise dg.RetryRequested(max_retries=5, seconds_to_wait=600)


@dg.op
def fine():
    return 1


@dg.op
def after(value):
    return value


@dg.job
def fails():
    after(empty())
    fine()


@dg.job
def asks_again():
    asks()


defs = dg.Definitions(
    assets=[daily, total, dg.AssetSpec("others")],
    asset_checks=[plausible, large],
    jobs=[fails, asks_again, dg.define_asset_job("daily_job", selection=[daily])],
)
"""
FILES = {"workspace.yaml": WORKSPACE, "runs.py": RUNS, "broken.py": BROKEN}


def test_what_cannot_be_loaded_is_an_error_with_its_line(run_in: Runner, tmp_path: Path) -> None:
    root, scratch = tmp_path / "checkout", tmp_path / "scratch"
    scratch.mkdir()
    run_in(DAGSTER.parse(POLICY, scratch), root, FILES)
    topologies = DAGSTER.topologies(scratch)
    said = {(error.path, error.line, error.message) for one in topologies for error in one.errors}
    assert said == {
        ("broken.py", 3, "ModuleNotFoundError: No module named 'not_there_at_all'"),
        (
            "workspace.yaml",
            4,
            "the code location 'away' is not in the repository; name a module that is there",
        ),
    }
    (there,) = [one for one in topologies if one.pipelines]
    assert (there.root, there.method) == ("runs.py", "runtime")
    assert [pipeline.id for pipeline in there.pipelines] == [IMPLICIT_JOB, "asks_again", "daily_job", "fails"]


def test_dry_run_reports_each_job(run_in: Runner, tmp_path: Path) -> None:
    root, scratch = tmp_path / "checkout", tmp_path / "scratch"
    scratch.mkdir()
    jobs = ("fails", "absent", "daily_job", "asks_again", IMPLICIT_JOB)
    run_in(DAGSTER.dry_run(POLICY, scratch, jobs), root, FILES)
    fails, absent, daily_job, asks_again, everything = DAGSTER.runs(scratch)
    assert (fails.succeeded, fails.error) == (False, "empty: ValueError: the table is empty")
    states = {node.id: node.state for node in fails.nodes}
    assert states == {"empty": "failed", "fine": "success"}
    assert not absent.succeeded
    assert absent.error is not None
    assert absent.error.startswith("no job has this name; not loaded: broken.py: ModuleNotFoundError")
    assert (daily_job.succeeded, daily_job.error) == (True, None)
    assert [(node.id, node.state) for node in daily_job.nodes] == [("daily", "success")]
    assert not asks_again.succeeded
    assert everything.error == "total:plausible: the asset check does not pass: the total is 1"
    assert {node.id: node.state for node in everything.nodes} == {
        "daily": "success",
        "total": "success",
        "total:plausible": "failed",
        "total:large": "success",
    }
    assert all(0 <= run.seconds < 60 for run in (fails, daily_job, asks_again, everything))


def test_dry_run_runs_only_the_nodes_that_the_policy_names(run_in: Runner, tmp_path: Path) -> None:
    nodes = {
        "fails": ("fine",),
        IMPLICIT_JOB: ("daily", "total:large", "total"),
        "daily_job": ("daily", "weekly"),
    }
    policy = POLICY.model_copy(update={"dry_run": POLICY.dry_run.model_copy(update={"nodes": nodes})})
    root, scratch = tmp_path / "checkout", tmp_path / "scratch"
    scratch.mkdir()
    command = DAGSTER.dry_run(policy, scratch, tuple(nodes))
    assert command.shown_as == (
        "dagster job execute -j fails -o 'fine' && dagster asset materialize --select 'daily,total' && "
        "dagster job execute -j daily_job -o 'daily,weekly'"
    )
    run_in(command, root, FILES)
    fails, everything, daily_job = DAGSTER.runs(scratch)
    assert (fails.succeeded, [(node.id, node.state) for node in fails.nodes]) == (True, [("fine", "success")])
    # The check that does not pass is not among the nodes.
    assert (everything.succeeded, everything.error) == (True, None)
    assert {node.id for node in everything.nodes} == {"daily", "total", "total:large"}
    assert daily_job.error == (
        "it has no node 'weekly', which dry_run.nodes of the policy names; mend the policy"
    )


def test_commands_are_what_a_person_would_type(tmp_path: Path) -> None:
    assert DAGSTER.parse(POLICY, tmp_path).shown_as == "dagster definitions validate"
    shown = DAGSTER.dry_run(POLICY, tmp_path, ("fails", IMPLICIT_JOB)).shown_as
    assert shown == "dagster job execute -j fails && dagster asset materialize --select '*'"
