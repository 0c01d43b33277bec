"""What the Dagster UI tells an operator of a delivery."""

from pathlib import Path

import dagster as dg
import pytest

from tests.defs.conftest import new_workshop
from tests.defs.workshop import Run


@pytest.fixture(scope="module")
def planned_run(tmp_path_factory: pytest.TempPathFactory, shared_environments: Path) -> Run:
    return new_workshop(tmp_path_factory.mktemp("view"), shared_environments, "0001").run("plan_delivery")


def test_a_check_stands_beside_the_materialization_that_it_judges(planned_run: Run) -> None:
    """One that came before it would count for the former materialization, and show as missing."""
    judged = {gate: check.target_materialization_data for gate, check in planned_run.checks.items()}

    assert {gate for gate, target in judged.items() if target is None} == {"DSN006"}, "only that one waits"
    assert {target.run_id for target in judged.values() if target} == {planned_run.result.run_id}


def test_a_waiting_check_warns_and_names_the_command(planned_run: Run) -> None:
    check = planned_run.checks["DSN006"]

    assert (check.passed, check.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert (check.description or "").startswith("waiting: 0 of 1 sign-offs")
    assert "meta-pipeline approve sales/inbox-0001 design --key FILE" in str(
        check.metadata["next action"].value
    )
    findings = check.metadata["findings"]
    assert isinstance(findings, dg.TableMetadataValue)
    assert "approve sales/inbox-0001 design" in str(findings.records[0].data["how to mend it"])
