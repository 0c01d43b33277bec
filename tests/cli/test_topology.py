"""`topology` and `topology --diff`, as people and scripts read them."""

import subprocess
from pathlib import Path

import pytest

from tests.cli.command import SHOP, Shell
from tests.conftest import MakeRepository, commit

TWO = """\
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG("daily", schedule="0 * * * *", default_args={"retries": 1}):
    load = BashOperator(task_id="load_orders", bash_command="true")
    load >> BashOperator(task_id="report", bash_command="true")
"""


def test_pipelines_as_a_table_and_one_with_its_nodes(shell: Shell, git_repo: MakeRepository) -> None:
    broken = "from airflow import DAG\nwith DAG(\n"
    git_repo({**SHOP, "dags/daily.py": TWO, "dags/broken.py": broken})
    everything = shell.run("topology", "--repo", "repo").stdout
    assert "every hour (0 * * * *)" in everything
    assert "\nerror: dags/broken.py:2: " in everything
    assert "\n1 pipeline, 1 error\n" in everything
    one = shell.run("topology", "--repo", "repo", "--pipeline", "daily")
    assert one.exit == 0
    assert "airflow pipeline daily in dags/daily.py:4\n" in one.stdout
    assert "runs every hour (0 * * * *); owner airflow" in one.stdout
    assert "load_orders" in one.stdout
    assert "line 6" in one.stdout
    document = shell.run("topology", "--repo", "repo", "--pipeline", "daily", "--json").document("topology")
    assert [p["id"] for t in document["topologies"] for p in t["pipelines"]] == ["daily"]
    assert "has no pipeline 'dayly'" in (
        said := shell.refused(2, "topology", "--repo", "repo", "--pipeline", "dayly")
    )
    assert said.endswith("did you mean daily?")


def test_a_difference_in_words_by_importance(shell: Shell, git_repo: MakeRepository) -> None:
    commit(git_repo(SHOP), {"dags/daily.py": TWO})
    said = shell.run("topology", "--repo", "repo", "--diff", "main~1..main")
    assert said.exit == 0, said.text
    lines = said.stdout.splitlines()
    assert "3 changes in 1 pipeline" in lines[0]
    assert lines[2:5] == [
        "What on-call must know",
        "- task daily.load is now called load_orders  dags/daily.py:5",
        "- pipeline daily now runs every hour (0 * * * *) instead of at 05:00 every day (0 5 * * *)  dags/daily.py:4",
    ]
    assert "- task daily.report is added  dags/daily.py:6" in lines
    assert "- dry run of airflow: daily" in lines
    assert lines[-1] == (
        "next: judge it by the gates: meta-pipeline check --repo repo --base 'main~1' --head main"
    )


def test_a_difference_as_a_document(shell: Shell, git_repo: MakeRepository) -> None:
    commit(git_repo(SHOP), {"dags/daily.py": TWO})
    document = shell.run("topology", "--repo", "repo", "--diff", "main~1..main", "--json").document(
        "topology-diff"
    )
    assert [
        (one["change"], one["field"], one["before"], one["after"]) for one in document["differences"]
    ] == [
        ("changed", "schedule", "0 5 * * *", "0 * * * *"),
        ("renamed", "renamed", "load", "load_orders"),
        ("added", "added", None, None),
    ]
    assert document["must_know"][0]["weight"] == "stops"
    assert document["impact"]["again"]["dry_runs"] == [{"scheduler": "airflow", "pipelines": ["daily"]}]
    same = shell.run("topology", "--repo", "repo", "--diff", "main..main", "--json").document("topology-diff")
    assert (same["differences"], same["must_know"], same["impact"]["touched"]) == ([], [], [])
    assert (
        "the pipelines are the same to their schedulers"
        in shell.run("topology", "--repo", "repo", "--diff", "main..main").stdout
    )


def test_an_edit_that_no_scheduler_sees_still_names_what_it_touches(
    shell: Shell, git_repo: MakeRepository
) -> None:
    commit(
        git_repo({**SHOP, "dags/daily.py": TWO}),
        {
            "dags/daily.py": TWO.replace(
                '"load_orders", bash_command="true', '"load_orders", bash_command="false'
            )
        },
    )
    said = shell.run("topology", "--repo", "repo", "--diff", "main~1..main").stdout
    assert "the pipelines are the same to their schedulers" in said
    assert "1 node downstream of 1 touched node" in said
    assert "waits for task daily.load_orders" in said


@pytest.mark.parametrize("between", ["main", "main..", "..main", "main...main", "a..b..c", ""])
def test_what_names_no_two_commits(shell: Shell, git_repo: MakeRepository, between: str) -> None:
    git_repo(SHOP)
    error = shell.refused(2, "topology", "--repo", "repo", "--diff", between)
    assert error == f"--diff {between} names no two commits; write BASE..HEAD, such as main..my-branch."


def test_unknown_commits_and_shallow_clones(shell: Shell, git_repo: MakeRepository) -> None:
    repo = git_repo(SHOP)
    commit(repo, {"dags/daily.py": TWO})
    assert "has no commit 'nowhere'; name a branch" in shell.refused(
        2, "topology", "--repo", "repo", "--diff", "nowhere..main"
    )
    source = Path(repo.working_dir).as_uri()
    subprocess.run(["git", "clone", "-q", "--depth=1", source, shell.folder / "shallow"], check=True)
    assert "it is a shallow clone, which lacks old commits; run 'git fetch --unshallow'" in shell.refused(
        2, "topology", "--repo", "shallow", "--diff", "main~1..main"
    )


def test_a_partial_clone_is_not_taken_for_a_removal(shell: Shell, git_repo: MakeRepository) -> None:
    repo = git_repo(SHOP)
    repo.git.config("uploadpack.allowFilter", "true")
    commit(repo, {"dags/daily.py": TWO})
    source = Path(repo.working_dir).as_uri()
    partial = str(shell.folder / "partial")
    subprocess.run(["git", "clone", "-q", "--filter=blob:none", source, partial], check=True)
    error = shell.refused(2, "topology", "--repo", "partial", "--diff", "main~1..main")
    assert error == (
        "partial lacks the contents of 1 changed file, such as dags/daily.py: it is a partial clone; "
        "run 'git fetch --refetch' in it, or use a full clone."
    )


def test_options_that_say_nothing_together_are_refused(shell: Shell, git_repo: MakeRepository) -> None:
    git_repo(SHOP)
    topology = ("topology", "--repo", "repo")
    assert "give --diff BASE..HEAD too" in shell.refused(2, *topology, "--svg", "a.svg")
    assert "leave --pipeline out" in shell.refused(
        2, *topology, "--diff", "main..main", "--pipeline", "daily"
    )
    assert not (shell.folder / "a.svg").exists()


def test_a_table_that_does_not_fit_tells_crons_as_they_are_written(
    shell: Shell, git_repo: MakeRepository
) -> None:
    long = "a_pipeline_whose_name_is_" + "very_" * 30 + "long"
    git_repo({**SHOP, "dags/long.py": TWO.replace("daily", long)})
    said = shell.run("topology", "--repo", "repo").stdout
    assert " 0 * * * * " in said
    assert "every hour" not in said
