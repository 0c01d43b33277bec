"""Retries of Prefect's tasks and crons of deployments, in the forms that real repositories use."""

import ast
from collections.abc import Mapping

import pytest

from meta_pipeline.authors.recipes.bounds import Bounds
from meta_pipeline.authors.recipes.prefect_retries import PrefectRetries, set_task_retries
from meta_pipeline.authors.recipes.prefect_schedule import PrefectSchedule, set_deployment_cron
from meta_pipeline.authors.recipes.recipe import RecipeError
from meta_pipeline.delivery.tree import MemoryTree

FLOW = "from prefect import flow, task\n\n\n{task}\ndef load():\n    return 1\n\n\n@flow\ndef nightly():\n    load()\n"
THREE = {"retries": Bounds(at_least=3)}


def retried(source: str, demand: Mapping[str, object]) -> str:
    """The file after the recipe; a second application must change nothing."""
    wanted = PrefectRetries.model_validate({"root": "flows", "flow": "nightly", "node": "load", **demand})
    written = set_task_retries(MemoryTree.of({"flows/a.py": source}), wanted)
    after = written.get("flows/a.py", source.encode()).decode()
    ast.parse(after)
    assert set_task_retries(MemoryTree.of({"flows/a.py": after}), wanted) == {}
    return after


@pytest.mark.parametrize(
    "before, demand, after",
    [
        ("@task", THREE, "@task(retries=3)"),
        ("@task()", THREE, "@task(retries=3)"),
        ('@task(name="load")', THREE, '@task(name="load", retries=3)'),
        ("@task(retries=1)", THREE, "@task(retries=3)"),
        ("@task(retries=5)", THREE, "@task(retries=5)"),
        (
            "@task(\n    retries=1,  # as it came\n    tags=['a'],\n)",
            {**THREE, "delay": Bounds(at_least=60)},
            "@task(\n    retries=3,  # as it came\n    tags=['a'],\n    retry_delay_seconds=60,\n)",
        ),
        (
            "@task(retries=2, retry_delay_seconds=[5, 10])",
            {"delay": Bounds(at_least=30)},
            "@task(retries=2, retry_delay_seconds=exponential_backoff(backoff_factor=30))",
        ),
    ],
)
def test_the_decorator_gets_what_falls_short(before: str, demand: Mapping[str, object], after: str) -> None:
    assert after in retried(FLOW.format(task=before), demand)


def test_a_constant_of_one_task_is_changed_where_it_is_written() -> None:
    source = "RETRIES = 1\n" + FLOW.format(task="@task(retries=RETRIES)")
    assert retried(source, THREE).startswith("RETRIES = 3\n")


def test_growing_delays_bring_their_import() -> None:
    after = retried(FLOW.format(task="@task(retries=3)"), {"backoff": True})
    assert after.startswith("from prefect import flow, task\nfrom prefect.tasks import exponential_backoff\n")
    assert "@task(retries=3, retry_delay_seconds=exponential_backoff(backoff_factor=1))" in after


@pytest.mark.parametrize(
    "task, says",
    [
        ("@task(**OPTIONS)", "cannot be told from source"),
        ("load_made_elsewhere = 1", "no load of nightly"),
    ],
)
def test_what_it_cannot_edit_it_refuses(task: str, says: str) -> None:
    source = f"from somewhere import OPTIONS\n{FLOW.format(task=task)}"
    with pytest.raises(RecipeError, match=says):
        retried(source, THREE)


YAML = """\
# what runs when
deployments:
  - name: daily
    entrypoint: flows/a.py:nightly
    schedules:
      - cron: '0 5 * * *'  # before the shop opens
        timezone: Europe/Berlin
"""


def scheduled(files: Mapping[str, str], path: str) -> str:
    wanted = PrefectSchedule(root="flows", flow="nightly", cron="30 6 * * 1", timezone="Europe/Berlin")
    tree = MemoryTree.of({"flows/a.py": FLOW.format(task="@task"), **files})
    after = set_deployment_cron(tree, wanted)[path].decode()
    again = MemoryTree.of({"flows/a.py": FLOW.format(task="@task"), **files, path: after})
    assert set_deployment_cron(again, wanted) == {}
    return after


def test_the_cron_of_prefect_yaml_changes_and_nothing_else() -> None:
    assert scheduled({"prefect.yaml": YAML}, "prefect.yaml") == YAML.replace("0 5 * * *", "30 6 * * 1")


def test_a_deployment_without_a_schedule_gets_one() -> None:
    bare = YAML.partition("    schedules:")[0]
    assert scheduled({"prefect.yaml": bare}, "prefect.yaml") == (
        bare + "    schedules:\n      - cron: 30 6 * * 1\n        timezone: Europe/Berlin\n"
    )


@pytest.mark.parametrize(
    "before, after",
    [
        ("nightly.serve(cron='0 5 * * *')", "nightly.serve(cron='30 6 * * 1')"),
        ('nightly.serve(name="a")', 'nightly.serve(name="a", cron="30 6 * * 1")'),
        (
            'nightly.deploy("a", schedule=Cron("0 5 * * *", timezone="UTC"))',
            'nightly.deploy("a", schedule=Cron("30 6 * * 1", timezone="UTC"))',
        ),
    ],
)
def test_the_cron_of_a_deployment_in_python_changes(before: str, after: str) -> None:
    source = f"from prefect.schedules import Cron\nfrom flows.a import nightly\n\n{before}\n"
    # The flow is in another file than what deploys it.
    assert after in scheduled({"deploy_prefect_flows.py": source}, "deploy_prefect_flows.py")


def test_several_deployments_are_refused() -> None:
    twice = YAML + YAML.partition("deployments:\n")[2].replace("daily", "hourly")
    with pytest.raises(RecipeError, match="several deployments"):
        scheduled({"prefect.yaml": twice}, "prefect.yaml")
