import pytest

from tests.schedulers.detecting import detected, doubts_about

ASSETS = "import dagster as dg\n\n@dg.asset\ndef orders(): ...\n"
PROJECT = '[project]\nname = "a"\n[tool.dg.project]\nroot_module = "{name}"\n'
TWO = {
    "one/pyproject.toml": PROJECT.format(name="one"),
    "one/src/one/defs.py": ASSETS,
    "two/pyproject.toml": PROJECT.format(name="two"),
    "two/src/two/defs.py": ASSETS,
}


@pytest.mark.parametrize(
    "files, paths",
    [
        ({"dg.toml": '[[workspace.projects]]\npath = "one"\n', **TWO}, ("one",)),
        (TWO, ("one", "two")),
        ({"pyproject.toml": '[tool.dagster]\nmodule_name = "shop"\n', "shop/a.py": ASSETS}, (".",)),
        ({"workspace.yaml": "load_from:\n  - python_file: shop/a.py\n", "shop/a.py": ASSETS}, ("shop",)),
        (
            {"workspace.yaml": "load_from:\n  - python_module: shop.a\n", "src/shop/a.py": ASSETS},
            ("src/shop",),
        ),
        (
            {
                "workspace.yaml": (
                    "load_from:\n  - python_module: {module_name: one, working_directory: one/src}\n"
                    "  - python_file: {relative_path: two/src/two/defs.py}\n"
                ),
                **TWO,
            },
            ("one", "two"),
        ),
        (
            {
                "dagster_cloud.yaml": (
                    "locations:\n  - location_name: shop\n    code_source: {package_name: shop}\n"
                    "    build: {directory: ./shop/src}\n"
                ),
                "shop/setup.py": "",
                "shop/src/shop/a.py": ASSETS,
            },
            ("shop",),
        ),
        ({"workspace.yaml": "load_from: [\n", "shop/a.py": ASSETS}, ("shop",)),
    ],
)
def test_code_locations_are_the_folders_that_settings_name(
    files: dict[str, str], paths: tuple[str, ...]
) -> None:
    scheduler = detected(files).policy.scheduler
    assert scheduler is not None
    assert (scheduler.kind, scheduler.paths) == ("dagster", paths)


def test_what_is_deployed_beside_the_workspace_is_asked_about() -> None:
    files = {
        "dg.toml": '[[workspace.projects]]\npath = "one"\n',
        "dagster_cloud.yaml": (
            "locations:\n  - code_source: {module_name: one.defs}\n    build: {directory: one}\n"
            "  - code_source: {module_name: two.defs}\n    build: {directory: two}\n"
        ),
        **TWO,
    }
    said = doubts_about(detected(files), "scheduler")
    assert (
        "dg.toml lists one code location, but dagster_cloud.yaml deploys 2 code locations, two among them"
        in said
    )


def test_projects_of_a_monorepo_share_one_environment_and_their_sources_are_found() -> None:
    named = '[project]\nrequires-python = ">=3.10,<3.13"\ndependencies = ["dagster", "pandas=={v}"]\n'
    files = {
        **TWO,
        "one/pyproject.toml": named.format(v="2.1") + '[tool.dg.project]\nroot_module = "one.defs"\n'
        '[project.optional-dependencies]\ndev = ["pytest", "ruff"]\n[tool.ruff]\n',
        "two/pyproject.toml": named.format(v="2.1") + '[tool.dg.project]\nroot_module = "two.defs"\n',
        "one/tests/test_a.py": "def test_it(): ...\n",
        ".github/workflows/ci.yml": (
            "jobs: {a: {steps: [{run: ruff check .}, {uses: x, with: {python-version: 3.13}}]}}\n"
        ),
    }
    detection = detected(files)
    environment = detection.policy.environment
    assert environment.requirements == ("one/pyproject.toml", "two/pyproject.toml")
    assert environment.variables == {"PYTHONPATH": "one/src:two/src"}
    assert environment.python == "3.11"
    said = doubts_about(detection, "environment.requirements")
    assert "2 projects have dependencies of their own" in said
    assert "uv pip compile one/pyproject.toml two/pyproject.toml --extra dev -o requirements.lock" in said


def test_a_module_called_as_an_installed_package_does_not_hide_it() -> None:
    flow = "from prefect import flow\nfrom shop.prefect import deploy\nimport yaml\n\n@flow\ndef a(): ...\n"
    files = {"shop/flows/a.py": flow, "shop/prefect.py": "", "shop/__init__.py": "", "shop/yaml.py": ""}
    detection = detected(files | {"requirements.txt": "yaml==1\nprefect==3\n"})
    assert detection.policy.environment.variables == {"PYTHONPATH": "."}
