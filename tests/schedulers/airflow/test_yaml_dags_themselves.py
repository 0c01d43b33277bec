"""DAGs of dag-factory and gusty, as their own packages make them: read from source they are the same."""

from pathlib import Path

import pytest

from meta_pipeline.delivery.differences.compare import differences
from meta_pipeline.delivery.tree import MemoryTree
from meta_pipeline.policy import EnvironmentPolicy
from meta_pipeline.schedulers.survey import survey
from meta_pipeline.workspace.environment import Built, build_environment
from meta_pipeline.workspace.sandbox import detect_sandbox
from tests.schedulers.airflow.probing import POLICY, topology
from tests.schedulers.airflow.yaml_forms import FACTORY_FILES, GUSTY_FILES

pytestmark = [pytest.mark.airflow, pytest.mark.slow]
REQUIREMENTS = {"requirements.txt": "apache-airflow==2.10.5\ndag-factory>=1\ngusty\n"}


@pytest.fixture(scope="module")
def python(shared_environments: Path) -> Path:
    policy = EnvironmentPolicy(python="3.11", requirements=("requirements.txt",), resolve_as_of="2025-11-15")
    built = build_environment(shared_environments, MemoryTree.of(REQUIREMENTS), policy, detect_sandbox())
    assert isinstance(built, Built), built
    return built.python


@pytest.mark.parametrize(
    "files, dag_ids",
    [
        pytest.param(FACTORY_FILES, ["inline", "on_assets", "sales_daily", "sales_weekly"], id="dag-factory"),
        pytest.param(GUSTY_FILES, ["a", "b", "shop"], id="gusty"),
    ],
)
def test_static_and_runtime_agree(
    files: dict[str, str], dag_ids: list[str], python: Path, tmp_path: Path
) -> None:
    runtime = topology(python, tmp_path, files)
    assert [pipeline.id for pipeline in runtime.pipelines] == dag_ids
    (static,) = survey(MemoryTree.of({**files, **REQUIREMENTS}), POLICY)
    assert runtime.errors == static.errors == ()
    assert [one.sentence for one in differences((runtime,), (static,))] == []
