"""What is taken up from disk is what a fresh reading gives, whatever was changed in between."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from meta_pipeline.delivery.topology import Topology
from meta_pipeline.delivery.tree import MemoryTree
from meta_pipeline.policy import EnvironmentPolicy, Policy
from meta_pipeline.schedulers import detect, survey
from meta_pipeline.schedulers.airflow.static import reader as airflow
from meta_pipeline.schedulers.dagster.static import reader as dagster
from meta_pipeline.schedulers.dbt.static import found
from meta_pipeline.schedulers.dbt.static import reader as dbt
from meta_pipeline.schedulers.dbt.static.sql_files import Asks, Macros, asks_of_sql
from meta_pipeline.schedulers.prefect.static import reader as prefect
from meta_pipeline.schedulers.source.store import keep_readings_in

DAG = """\
from airflow import DAG
from airflow.operators.bash import BashOperator
from lib.settings import RETRIES

with DAG("sales", schedule="0 0 * * *", default_args={"retries": RETRIES}) as dag:
    BashOperator(task_id="load", bash_command="true") >> BashOperator(task_id="publish", bash_command="true")
"""
FILES: Mapping[str, str] = {
    "dags/sales.py": DAG,
    "dags/returns.py": DAG.replace("sales", "returns"),
    "lib/settings.py": "RETRIES = 1\n",
    "requirements.txt": "apache-airflow==2.10.5\n",
    "jobs/definitions.py": (
        "import dagster as dg\nfrom jobs.policy import RETRY\n\n@dg.asset(retry_policy=RETRY)\ndef orders(): ...\n\n"
        "defs = dg.Definitions(assets=[orders])\n"
    ),
    "jobs/policy.py": "import dagster as dg\nRETRY = dg.RetryPolicy(max_retries=2)\n",
    "flows/load.py": (
        "from prefect import flow, task\n\n@task(retries=2)\ndef extract(): ...\n\n@flow\ndef load():\n    extract()\n"
    ),
    "shop/dbt_project.yml": "name: shop\nmodel-paths: [models]\n",
    "shop/models/orders.sql": "select 1 as id\n",
    "shop/models/daily.sql": "select id from {{ ref('orders') }}\n",
    "shop/models/late.sql": "{{ config(tags=[kind()]) }}select id from {{ ref(env_var('UP', 'daily')) }}\n",
    "shop/models/all.yml": "models: [{name: daily, columns: [{name: id, tests: [unique]}]}]\n",
    "shop/macros/kind.sql": "{% macro kind() %}{{ return('slow') }}{% endmacro %}\n",
}
EDITS: tuple[tuple[str, str | None], ...] = (
    ("dags/sales.py", DAG.replace('"load"', '"extract"')),
    ("dags/sales.py", DAG),
    ("dags/sales.py", None),
    ("dags/sales.py", "from airflow import DAG\nwith DAG("),
    ("dags/returns.py", DAG),
    ("lib/settings.py", "RETRIES = 7\n"),
    ("lib/settings.py", None),
    ("dags/lib/settings.py", "RETRIES = 9\n"),
    ("lib/__init__.py", ""),
    ("dags/.airflowignore", "returns\n"),
    ("dags/.airflowignore", None),
    ("requirements.txt", "apache-airflow==3.0.0\n"),
    ("requirements.txt", None),
    ("jobs/policy.py", "import dagster as dg\nRETRY = dg.RetryPolicy(max_retries=5, delay=60)\n"),
    ("jobs/policy.py", None),
    ("flows/load.py", "from prefect import flow\n\n@flow(retries=3)\ndef load(): ...\n"),
    (
        "prefect.yaml",
        "deployments:\n  - name: nightly\n    entrypoint: flows/load.py:load\n    schedule: {cron: '0 2 * * *'}\n",
    ),
    ("shop/models/daily.sql", "select 1 as day\n"),
    ("shop/models/orders.sql", None),
    ("shop/dbt_project.yml", "name: shop\nmodel-paths: [other]\n"),
    ("shop/models/all.yml", "models: [{name: daily, config: {enabled: false}}]\n"),
    ("shop/models/all.yml", "models: ["),
    ("shop/models/more.yml", "models: [{name: orders, tests: [{dbt_utils.recency: {since: 2026-01-01}}]}]\n"),
    ("shop/macros/kind.sql", "{% macro kind() %}{{ return('fast') }}{% endmacro %}\n"),
    ("shop/macros/kind.sql", None),
)
POLICIES = (Policy(), Policy(environment=EnvironmentPolicy(variables={"PYTHONPATH": "dags"})))


@pytest.fixture(autouse=True)
def _no_memory() -> Iterator[None]:
    forget()
    yield
    keep_readings_in(None)
    forget()


def forget() -> None:
    """As in a new process."""
    for memory in (
        airflow._readings,
        dagster._readings,
        prefect._readings,
        dbt._projects,
        survey._topologies,
        detect._detected,
    ):
        memory._held.clear()


def read(files: Mapping[str, str], folder: Path | None, policy: Policy = POLICIES[0]) -> tuple[Topology, ...]:
    """What a new process reads that keeps readings in `folder`."""
    forget()
    keep_readings_in(folder)
    return survey.survey(MemoryTree.of(files), policy)


def edited(files: Mapping[str, str], path: str, content: str | None) -> dict[str, str]:
    changed = {**files, path: content}
    return {name: text for name, text in changed.items() if text is not None}


def test_there_is_something_to_read(tmp_path: Path) -> None:
    found = read(FILES, tmp_path)
    assert {topology.scheduler for topology in found if topology.pipelines} >= {"airflow", "dagster", "dbt"}


def test_an_equal_tree_is_answered_without_a_look_into_a_file(tmp_path: Path) -> None:
    class Unread(MemoryTree):
        def read(self, path: str) -> bytes | None:
            raise AssertionError(path)

    first = read(FILES, tmp_path)
    forget()
    keep_readings_in(tmp_path)
    tree = MemoryTree.of(FILES)
    assert survey.survey(Unread(tree.files, tree.modes), Policy()) == first


def test_a_file_that_did_not_change_is_not_interpreted_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read(FILES, tmp_path)
    interpreted = []
    interpret = airflow._interpret

    def noted(path: str, *rest: object) -> object:
        interpreted.append(path)
        return interpret(path, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(airflow, "_interpret", noted)
    read(edited(FILES, "dags/sales.py", DAG + "\n"), tmp_path)
    assert interpreted == ["dags/sales.py"]


@pytest.mark.parametrize(
    "path, content",
    [
        ("dags/sales.py", DAG.replace("0 0", "0 1")),
        ("lib/settings.py", "RETRIES = 7\n"),
        ("lib/settings.py", None),
        ("dags/lib/settings.py", "RETRIES = 9\n"),
        ("dags/.airflowignore", "returns\n"),
        ("requirements.txt", "apache-airflow==3.0.0\n"),
        ("jobs/policy.py", "import dagster as dg\nRETRY = dg.RetryPolicy(max_retries=5)\n"),
        ("shop/models/daily.sql", "select 1 as day\n"),
    ],
)
def test_a_change_of_anything_that_was_looked_at_is_seen(
    tmp_path: Path, path: str, content: str | None
) -> None:
    before = read(FILES, tmp_path)
    files = edited(FILES, path, content)
    after = read(files, tmp_path)
    assert after == read(files, None)
    assert after != before
    assert read(FILES, tmp_path) == before


def test_the_policy_is_part_of_the_question(tmp_path: Path) -> None:
    files = {**FILES, "dags/lib/settings.py": "RETRIES = 9\n", "first/lib/settings.py": "RETRIES = 4\n"}
    read(files, tmp_path)
    policy = Policy(environment=EnvironmentPolicy(variables={"PYTHONPATH": "first"}))
    (sales,) = [
        pipeline
        for topology in read(files, tmp_path, policy)
        for pipeline in topology.pipelines
        if pipeline.id == "sales"
    ]
    assert {node.retries for node in sales.nodes} == {4}


def test_what_a_partial_clone_lacks_is_not_taken_for_the_whole(tmp_path: Path) -> None:
    class Partial(MemoryTree):
        def read(self, path: str) -> bytes | None:
            return None if path == "lib/settings.py" else super().read(path)

    tree = MemoryTree.of(FILES)
    forget()
    keep_readings_in(tmp_path)
    lacking = survey.survey(Partial(tree.files, tree.modes), Policy())
    assert read(FILES, tmp_path) == read(FILES, None) != lacking


def test_a_dbt_project_is_not_read_again_for_what_lies_outside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read(FILES, tmp_path)

    def refused(*_: object) -> object:
        raise AssertionError("the project is read again")

    monkeypatch.setattr(dbt, "_pipeline", refused)
    read(edited(FILES, "dags/sales.py", None), tmp_path)
    with pytest.raises(AssertionError, match="read again"):
        read(edited(FILES, "shop/models/orders.sql", None), tmp_path)


def test_a_file_of_a_dbt_project_that_did_not_change_is_not_parsed_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read(FILES, tmp_path)
    seen: list[bytes] = []

    def noted(data: bytes, macros: Macros) -> Asks:
        seen.append(data)
        return asks_of_sql(data, macros)

    monkeypatch.setattr(found, "asks_of_sql", noted)
    read(edited(FILES, "shop/models/orders.sql", "select 2 as id\n"), tmp_path)
    # What a run decides of late.sql is not kept.
    assert b"select 2 as id\n" in seen
    assert FILES["shop/models/daily.sql"].encode() not in seen


def test_a_model_is_read_again_where_a_macro_changed(tmp_path: Path) -> None:
    before = read(FILES, tmp_path)
    changed = edited(FILES, "shop/macros/kind.sql", "{% macro kind() %}{{ return('fast') }}{% endmacro %}\n")
    assert before != read(changed, tmp_path) == read(changed, None)


def test_a_package_elsewhere_in_the_repository_belongs_to_it(tmp_path: Path) -> None:
    files = {
        **FILES,
        "shop/packages.yml": "packages:\n  - local: ../shared\n",
        "shared/dbt_project.yml": "name: shared\n",
        "shared/macros/one.sql": "{% macro one() %}select * from {{ ref('orders') }}{% endmacro %}",
        "shop/models/daily.sql": "{{ shared.one() }}\n",
    }
    before = read(files, tmp_path)
    changed = {**files, "shared/macros/one.sql": "{% macro one() %}select 1{% endmacro %}"}
    assert before != read(changed, tmp_path) == read(changed, None)


def test_a_folder_of_models_outside_the_project_belongs_to_it(tmp_path: Path) -> None:
    files = {
        **FILES,
        "shop/dbt_project.yml": "name: shop\nmodel-paths: [../shared]\n",
        "shared/a.sql": "select 1",
    }
    before = read(files, tmp_path)
    after = read({**files, "shared/b.sql": "select 2"}, tmp_path)
    assert before != after == read({**files, "shared/b.sql": "select 2"}, None)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.sampled_from(EDITS), st.sampled_from(POLICIES)), min_size=1, max_size=6))
def test_after_any_edits_the_answer_is_that_of_a_fresh_reading(
    tmp_path: Path, steps: list[tuple[tuple[str, str | None], Policy]]
) -> None:
    files: Mapping[str, str] = FILES
    for (path, content), policy in steps:
        files = edited(files, path, content)
        assert read(files, tmp_path, policy) == read(files, None, policy)
