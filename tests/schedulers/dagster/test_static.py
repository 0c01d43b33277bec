"""Reading Dagster code from source: code locations, what stays unknown, and what counts as a change."""

from textwrap import dedent

import pytest

from meta_pipeline.delivery.differences.compare import differences
from meta_pipeline.delivery.topology import IMPLICIT_JOB, UNRESOLVED, Topology
from meta_pipeline.delivery.tree import MemoryTree
from meta_pipeline.schedulers.dagster.static.reader import read_topologies

CODE = """\
import dagster as dg


@dg.asset(retry_policy=dg.RetryPolicy(max_retries=2))
def orders(): ...


@dg.asset(deps=[orders])
def revenue(): ...


nightly = dg.define_asset_job("nightly", selection=[orders, revenue])
at_night = dg.ScheduleDefinition(job=nightly, cron_schedule="0 1 * * *")
defs = dg.Definitions(assets=[orders, revenue], jobs=[nightly], schedules=[at_night])
"""


def read(files: dict[str, str], root: str = "") -> tuple[Topology, ...]:
    return read_topologies(MemoryTree.of({path: dedent(text) for path, text in files.items()}), root)


def changed(before: str, after: str) -> list[tuple[str, str, int | None]]:
    found = differences(read({"defs.py": CODE}), read({"defs.py": CODE.replace(before, after)}))
    return [(difference.sentence, difference.path, difference.line) for difference in found]


@pytest.mark.parametrize(
    "before, after, said",
    [
        (
            "@dg.asset(deps=[orders])\ndef revenue(): ...\n",
            "revenue = orders\n",
            "asset nightly.revenue is removed",
        ),
        (
            "0 1 * * *",
            "0 2 * * *",
            "pipeline nightly now runs at 02:00 every day (0 2 * * *) instead of at 01:00 every day (0 1 * * *)",
        ),
        (
            'cron_schedule="0 1 * * *"',
            'cron_schedule="0 1 * * *", execution_timezone="Europe/Berlin"',
            "the time zone of pipeline nightly is Europe/Berlin instead of UTC",
        ),
        (
            'cron_schedule="0 1 * * *"',
            'cron_schedule="0 1 * * *", default_status=dg.DefaultScheduleStatus.RUNNING',
            "pipeline nightly no longer starts out paused",
        ),
        (
            "(retry_policy=dg.RetryPolicy(max_retries=2))",
            "",
            "asset nightly.orders is no longer retried (before: twice)",
        ),
        ("jobs=[nightly], schedules=[at_night]", "", "pipeline nightly is removed"),
    ],
)
def test_what_matters_is_seen(before: str, after: str, said: str) -> None:
    assert said in [sentence for sentence, _, _ in changed(before, after)]


@pytest.mark.parametrize(
    "before, after",
    [
        ("@dg.asset(deps", "\n\n# The revenue of a day.\n@dg.asset(  # so\n    deps"),
        ("(max_retries=2)", "(\n    2,\n)"),
        ("def orders(): ...", "def orders():\n    return 1"),
        ("selection=[orders, revenue]", 'selection=["orders", "revenue"]'),
    ],
)
def test_what_does_not_matter_is_no_difference(before: str, after: str) -> None:
    assert changed(before, after) == []


def test_a_function_that_moves_to_another_module_is_no_difference() -> None:
    head, tail = CODE.split("@dg.asset(deps")
    moved = {
        "defs.py": "import dagster as dg\nfrom raw import orders\n\n\n@dg.asset(deps" + tail,
        "raw.py": head,
    }
    assert differences(read({"defs.py": CODE}), read(moved)) == ()


def test_a_node_is_where_its_function_is() -> None:
    (topology,) = read({"defs.py": CODE})
    places = {node.id: (node.path, node.line) for node in topology.pipelines[0].nodes}
    assert places == {"orders": ("defs.py", 4), "revenue": ("defs.py", 8)}
    assert [pipeline.line for pipeline in topology.pipelines] == [14, 12]


def test_code_locations_of_every_kind() -> None:
    project = '[tool.dagster]\nmodule_name = "in_project"\n'
    files = {
        "workspace.yaml": """\
            load_from:
              - python_file: {relative_path: single.py, working_directory: .}
              - python_package: {package_name: packed, working_directory: code}
        """,
        "single.py": CODE,
        "code/packed/__init__.py": CODE,
        "project/pyproject.toml": project,
        "project/src/in_project.py": CODE,
        "dagster_cloud.yaml": """\
            locations:
              - location_name: again
                code_source: {module_name: in_project}
                build: {directory: project/src}
              - location_name: cloud
                code_source: {package_name: only_cloud}
                build: {directory: ./cloud}
        """,
        "cloud/only_cloud/__init__.py": CODE,
        "dg/dg.toml": '[project]\nroot_module = "auto"\n',
        "dg/src/auto/__init__.py": "",
        "dg/src/auto/defs/loose.py": CODE.replace("defs = ", "_ = "),
    }
    found = read(files)
    assert [topology.root for topology in found] == [".", "cloud", "code", "dg", "project"]
    assert {len(topology.pipelines) for topology in found} == {2}
    assert all(topology.errors == () for topology in found)


def test_without_a_project_file_the_outermost_definitions_count() -> None:
    found = read({"shop/definitions.py": CODE, "shop/parts/more.py": CODE, "tests/test_defs.py": CODE})
    assert [(topology.root, len(topology.pipelines)) for topology in found] == [(".", 2)]


@pytest.mark.parametrize("tables", ["dagster.modules = ['shop']", "dg = 3", "dg.project = 3", "dagster = 3"])
def test_a_project_file_that_is_written_otherwise_names_no_location(tables: str) -> None:
    (topology,) = read({"pyproject.toml": f"[tool]\n{tables}\n", "etl/definitions.py": CODE})
    assert (len(topology.pipelines), topology.errors) == (2, ())


def test_a_location_that_is_not_there_is_an_error() -> None:
    (topology,) = read({"workspace.yaml": "load_from:\n  - python_module: away.definitions\n"})
    (error,) = topology.errors
    assert (error.path, error.line) == ("workspace.yaml", 2)
    assert error.message.startswith("the code location 'away.definitions' is not in the repository")


def test_what_only_a_run_can_tell_is_said_with_its_line() -> None:
    code = """\
    import os
    import dagster as dg
    from dagster_dbt import DbtProject, dbt_assets
    from dagster_fivetran import load_fivetran_asset_specs

    @dbt_assets(manifest=DbtProject("dbt").manifest_path, retry_policy=dg.RetryPolicy(1))
    def models(context): ...

    @dg.asset(name=os.environ["NAME"])
    def unnamed(): ...

    @dg.asset(retry_policy=dg.RetryPolicy(int(os.environ["RETRIES"])))
    def patient(): ...

    job = dg.define_asset_job("picked", selection=os.environ["WHICH"])
    schedule = dg.ScheduleDefinition(job=job, cron_schedule=os.environ["CRON"])
    defs = dg.Definitions(
        assets=[models, unnamed, patient, *load_fivetran_asset_specs(None)], jobs=[job], schedules=[schedule]
    )
    """
    (topology,) = read({"defs.py": code})
    assert [(error.line, error.opaque) for error in topology.errors] == [
        (6, True),
        (9, True),
        (15, True),
        (17, True),
        (18, True),
    ]
    everything, picked = topology.pipelines
    assert {node.id: (node.kind, node.retries) for node in everything.nodes} == {
        "unresolved (models)": ("dbt_assets", 1),
        "patient": ("asset", UNRESOLVED),
    }
    assert (picked.schedule, picked.nodes) == (UNRESOLVED, ())


def test_packages_of_dbt_that_are_not_there_are_named() -> None:
    code = """\
    from pathlib import Path
    from dagster import Definitions
    from dagster_dbt import DbtProject, dbt_assets

    @dbt_assets(manifest=DbtProject(Path(__file__).parent / "shop").manifest_path)
    def models(context): ...

    defs = Definitions(assets=[models])
    """
    files = {
        "defs.py": code,
        "shop/dbt_project.yml": "name: shop\nversion: '1'\nprofile: shop\n",
        "shop/models/orders.sql": "select 1 as id",
        "shop/packages.yml": "packages:\n  - package: acme/more_models\n    version: 1.0.0\n",
    }
    (topology,) = read(files)
    assert [node.id for node in topology.pipelines[0].nodes] == ["orders"]
    assert [(error.path, error.opaque) for error in topology.errors] == [("defs.py", True)]
    assert "acme/more_models" in topology.errors[0].message


def test_component_files_are_reported_and_never_guessed() -> None:
    files = {
        "pyproject.toml": '[tool.dg.project]\nroot_module = "shop"\n',
        "src/shop/__init__.py": "",
        "src/shop/definitions.py": (
            "from pathlib import Path\nimport dagster as dg\n\n@dg.definitions\ndef defs():\n"
            "    return dg.load_from_defs_folder(path_within_project=Path(__file__).parent)\n"
        ),
        "src/shop/defs/__init__.py": "",
        "src/shop/defs/dbt/defs.yaml": "type: dagster_dbt.DbtProjectComponent\n\n---\n\ntype: shop.Jobs\n",
        "src/shop/defs/dbt/not_loaded.py": CODE,
        "src/shop/defs/raw/loads.py": "import dagster as dg\n\n@dg.asset\ndef loaded(): ...\n",
    }
    (topology,) = read(files)
    assert [(error.path, error.line) for error in topology.errors] == [
        ("src/shop/defs/dbt/defs.yaml", 1),
        ("src/shop/defs/dbt/defs.yaml", 5),
    ]
    (pipeline,) = topology.pipelines
    assert (pipeline.id, [node.id for node in pipeline.nodes]) == (IMPLICIT_JOB, ["loaded"])


def test_broken_code_is_an_error_and_the_rest_is_read() -> None:
    files = {
        "workspace.yaml": "load_from:\n  - python_file: defs.py\n  - python_file: broken.py\n",
        "defs.py": CODE,
        "broken.py": "import dagster as dg\ndefs = dg.Definitions(\n",
    }
    broken, whole = read(files)
    assert [(error.path, error.line, error.opaque) for error in broken.errors] == [("broken.py", 2, False)]
    assert len(whole.pipelines) == 2


def test_a_new_module_in_a_loaded_package_is_seen() -> None:
    files = {
        "defs.py": (
            "import dagster as dg\nimport parts\n\ndefs = dg.Definitions("
            "assets=dg.load_assets_from_package_module(parts))\n"
        ),
        "parts/__init__.py": "",
        "parts/one.py": "from dagster import asset\n\n@asset\ndef one(): ...\n",
    }
    before = read(files)
    assert read(files)[0].pipelines is before[0].pipelines  # what did not change is not read again
    after = read({**files, "parts/two.py": "from dagster import asset\n\n@asset\ndef two(): ...\n"})
    assert [difference.sentence for difference in differences(before, after)] == ["asset two is added"]
