"""A schedule on a Dagster job, in the forms that real repositories use."""

import ast
from collections.abc import Mapping
from textwrap import dedent

import pytest

from meta_pipeline.authors.recipes.dagster_schedule import DagsterSchedule, set_cron
from meta_pipeline.authors.recipes.recipe import RecipeError
from meta_pipeline.delivery.tree import MemoryTree

PROJECT = '[tool.dagster]\nmodule_name = "shop.definitions"\n'
JOBS = """\
import dagster as dg

nightly = dg.define_asset_job("nightly")
other = dg.define_asset_job("other")
"""


def applied(definitions: str, cron: str = "0 5 * * *", **others: str) -> Mapping[str, str]:
    """The files that the recipe changes; a second application must change nothing."""
    files = {
        "pyproject.toml": PROJECT,
        "shop/__init__.py": "",
        "shop/jobs.py": JOBS,
        "shop/definitions.py": dedent(definitions),
        **{f"shop/{name}.py": dedent(text) for name, text in others.items()},
    }
    wanted = DagsterSchedule(root=".", job="nightly", cron=cron, timezone="Europe/Berlin")
    written = set_cron(MemoryTree.of(files), wanted)
    after = files | {path: data.decode() for path, data in written.items()}
    for path in written:
        ast.parse(after[path])
    assert set_cron(MemoryTree.of(after), wanted) == {}
    return {path: after[path] for path in written}


@pytest.mark.parametrize(
    "schedule",
    [
        'dg.ScheduleDefinition(job=nightly, cron_schedule="0 1 * * *")  # at night',
        "dg.ScheduleDefinition(name='n', job_name='nightly', cron_schedule='0 1 * * *')",
        'dg.ScheduleDefinition(\n    job=nightly,\n    cron_schedule="0 1 * * *",\n)',
    ],
)
def test_the_cron_of_a_schedule_definition(schedule: str) -> None:
    source = f"""\
import dagster as dg
from shop.jobs import nightly, other

daily = {schedule}
defs = dg.Definitions(jobs=[nightly, other], schedules=[daily])
"""
    assert applied(source) == {"shop/definitions.py": source.replace("0 1 * * *", "0 5 * * *")}


def test_the_cron_of_a_decorated_function_in_another_module() -> None:
    schedules = """\
    from dagster import RunRequest, schedule
    from shop.jobs import nightly

    @schedule(cron_schedule="@daily", job=nightly, execution_timezone="UTC")
    def daily(context):
        return RunRequest()
    """
    definitions = """\
    from dagster import Definitions
    from shop import jobs
    from shop.schedules import daily

    defs = Definitions(jobs=[jobs.nightly], schedules=[daily])
    """
    changed = applied(definitions, schedules=schedules)
    assert changed == {"shop/schedules.py": dedent(schedules).replace("@daily", "0 5 * * *")}


def test_a_constant_that_only_this_schedule_reads() -> None:
    source = """\
    import dagster as dg
    from shop.jobs import nightly, other

    NIGHT = "0 1 * * *"
    daily = dg.ScheduleDefinition(job=nightly, cron_schedule=NIGHT)
    defs = dg.Definitions(jobs=[nightly, other], schedules=[daily])
    """
    assert applied(source)["shop/definitions.py"] == dedent(source).replace("0 1 * * *", "0 5 * * *")
    shared = dedent(source) + "again = dg.ScheduleDefinition(job=other, cron_schedule=NIGHT)\n"
    after = applied(shared)["shop/definitions.py"]
    assert 'daily = dg.ScheduleDefinition(job=nightly, cron_schedule="0 5 * * *")' in after
    assert 'NIGHT = "0 1 * * *"' in after


def test_a_job_without_a_schedule_gets_one() -> None:
    source = """\
    import dagster as dg

    from shop.jobs import nightly, other

    noon = dg.ScheduleDefinition(job=other, cron_schedule="0 12 * * *")

    defs = dg.Definitions(
        jobs=[nightly, other],
        schedules=[noon],  # when they run
    )
    """
    expected = """\
    import dagster as dg

    from shop.jobs import nightly, other

    noon = dg.ScheduleDefinition(job=other, cron_schedule="0 12 * * *")

    nightly_schedule = dg.ScheduleDefinition(
        job=nightly,
        cron_schedule="0 5 * * *",
        execution_timezone="Europe/Berlin",
        default_status=dg.DefaultScheduleStatus.RUNNING,
    )

    defs = dg.Definitions(
        jobs=[nightly, other],
        schedules=[noon, nightly_schedule],  # when they run
    )
    """
    assert applied(source) == {"shop/definitions.py": dedent(expected)}


@pytest.mark.parametrize(
    "before, after",
    [
        ("jobs=[nightly]", "jobs=[nightly], schedules=[nightly_schedule]"),
        ("jobs=[nightly], schedules=[]", "jobs=[nightly], schedules=[nightly_schedule]"),
        ("jobs=[nightly], schedules=more", "jobs=[nightly], schedules=[*more, nightly_schedule]"),
    ],
)
def test_wherever_the_schedules_come_from(before: str, after: str) -> None:
    source = f"""\
from dagster import Definitions
from shop.jobs import nightly
from shop.schedules import more

defs = Definitions({before})
"""
    changed = applied(source, schedules="more = []\n")["shop/definitions.py"]
    assert f"defs = Definitions({after})\n" in changed
    assert "from dagster import DefaultScheduleStatus, Definitions, ScheduleDefinition\n" in changed


def test_a_list_of_the_module_grows() -> None:
    source = """\
    import dagster as dg
    from shop import jobs

    SCHEDULES = [
        dg.ScheduleDefinition(job=jobs.other, cron_schedule="@daily"),
    ]

    @dg.definitions
    def defs():
        return dg.Definitions(jobs=[jobs.nightly], schedules=[*SCHEDULES])
    """
    after = applied(source)["shop/definitions.py"]
    assert "job=jobs.nightly," in after


def test_in_a_defs_folder_it_stands_beside_the_job() -> None:
    files = {
        "pyproject.toml": '[tool.dg.project]\nroot_module = "shop"\n',
        "src/shop/__init__.py": "",
        "src/shop/definitions.py": (
            "from pathlib import Path\nimport dagster as dg\n\n@dg.definitions\ndef defs():\n"
            "    return dg.load_from_defs_folder(path_within_project=Path(__file__).parent)\n"
        ),
        "src/shop/defs/__init__.py": "",
        "src/shop/defs/jobs.py": 'import dagster as dg\n\nnightly = dg.define_asset_job("nightly")\n',
    }
    wanted = DagsterSchedule(root=".", job="nightly", cron="0 5 * * *", running=False)
    written = set_cron(MemoryTree.of(files), wanted)
    after = {path: data.decode() for path, data in written.items()}
    assert after == {
        "src/shop/defs/jobs.py": files["src/shop/defs/jobs.py"]
        + '\nnightly_schedule = dg.ScheduleDefinition(\n    job=nightly,\n    cron_schedule="0 5 * * *",\n)\n'
    }
    assert set_cron(MemoryTree.of(files | after), wanted) == {}


@pytest.mark.parametrize(
    "definitions, refusal",
    [
        (
            (
                "import dagster as dg\nfrom shop.jobs import nightly\n"
                'a = dg.ScheduleDefinition(job=nightly, name="a", cron_schedule="0 1 * * *")\n'
                'b = dg.ScheduleDefinition(job=nightly, name="b", cron_schedule="0 2 * * *")\n'
                "defs = dg.Definitions(jobs=[nightly], schedules=[a, b])\n"
            ),
            r"shop/definitions.py:4: the job nightly has several schedules",
        ),
        (
            (
                "import os\nimport dagster as dg\nfrom shop.jobs import nightly\n"
                'a = dg.ScheduleDefinition(job=nightly, cron_schedule=os.environ["CRON"])\n'
                "defs = dg.Definitions(jobs=[nightly], schedules=[a])\n"
            ),
            r"shop/definitions.py:4: the cron `os.environ\[\"CRON\"\]` cannot be told",
        ),
        (
            (
                "import dagster as dg\nfrom shop.jobs import nightly\n"
                'days = dg.DailyPartitionsDefinition("2026-01-01")\n'
                'own = dg.define_asset_job("nightly", partitions_def=days)\n'
                "a = dg.build_schedule_from_partitioned_job(own)\n"
                "defs = dg.Definitions(jobs=[own], schedules=[a])\n"
            ),
            r"shop/definitions.py:5: the schedule of nightly is given no cron here",
        ),
    ],
)
def test_a_form_that_is_not_understood_is_refused(definitions: str, refusal: str) -> None:
    with pytest.raises(RecipeError, match=refusal):
        applied(definitions)
