"""Real Airflows, each in an environment of its own that is kept between runs."""

from pathlib import Path

import pytest

from meta_pipeline.delivery.tree import MemoryTree
from meta_pipeline.policy import EnvironmentPolicy
from meta_pipeline.workspace.environment import Built, build_environment
from meta_pipeline.workspace.sandbox import detect_sandbox
from tests.conftest import ROOT

LOCK = ROOT / "target_repo_fixtures" / "airflow_sales" / "requirements.txt"
OLDER = {"2.9.3": "2024-09-01", "2.10.5": "2025-03-01", "2.11.0": "2025-06-15"}
"""Releases without a lock of ours, with the day after which none of their dependencies may be from."""

QUICK = "2.10.5"
"""The one of Airflow 2 that every run of the tests has, beside the one of Airflow 3."""


@pytest.fixture(
    scope="session",
    params=[
        "locked",
        *(pytest.param(release, marks=() if release == QUICK else pytest.mark.slow) for release in OLDER),
    ],
)
def airflow_python(request: pytest.FixtureRequest, shared_environments: Path) -> Path:
    """The interpreter of an environment with Airflow: the sales target's own, and older ones."""
    release: str = request.param
    text = LOCK.read_text() if release == "locked" else f"apache-airflow=={release}\n"
    policy = EnvironmentPolicy(
        python="3.11", requirements=("requirements.txt",), resolve_as_of=OLDER.get(release)
    )
    tree = MemoryTree.of({"requirements.txt": text})
    built = build_environment(shared_environments, tree, policy, detect_sandbox())
    assert isinstance(built, Built), built
    return built.python
