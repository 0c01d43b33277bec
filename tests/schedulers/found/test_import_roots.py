import pytest

from tests.schedulers.detecting import DAG, detected


@pytest.mark.parametrize(
    "files, path",
    [
        ({"dags/a.py": f"import shop.load\n{DAG}", "shop/__init__.py": "", "shop/load.py": ""}, "."),
        ({"dags/a.py": f"from include import helpers\n{DAG}", "include/helpers.py": ""}, "."),
        ({"dags/a.py": f"from shop import load\n{DAG}", "src/shop/__init__.py": ""}, "src"),
        ({"dags/a.py": f"from timetable import Weekly\n{DAG}", "plugins/timetable.py": ""}, "plugins"),
        ({"etl/dags/a.py": f"from shop import load\n{DAG}", "etl/shop/__init__.py": ""}, "etl"),
        ({"dags/a.py": f"from helpers import load\n{DAG}", "dags/helpers.py": "", "helpers.py": ""}, None),
        ({"dags/a.py": DAG, "airflow/Dockerfile": "", "airflow/scripts/a.py": ""}, None),
    ],
)
def test_modules_of_the_repository_are_put_on_the_path(files: dict[str, str], path: str | None) -> None:
    assert detected(files).policy.environment.variables.get("PYTHONPATH") == path


@pytest.mark.parametrize(
    "files, path",
    [
        ({"pyproject.toml": '[tool.dagster]\nmodule_name = "shop.definitions"\n'}, "."),
        (
            {"pyproject.toml": '[tool.dg.project]\nroot_module = "goods"\n', "src/goods/__init__.py": ""},
            "src",
        ),
        ({"shop_tests/test_a.py": "from shop import definitions\n"}, "."),
    ],
)
def test_what_dagster_and_the_tests_load_is_put_on_the_path(files: dict[str, str], path: str) -> None:
    source = "import dagster as dg\n\n@dg.asset\ndef orders(): ...\n"
    detection = detected({"shop/__init__.py": "", "shop/definitions.py": source} | files)
    assert detection.policy.environment.variables == {"PYTHONPATH": path}
