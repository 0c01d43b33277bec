"""A waiver in a delivery: what the ledger keeps of it and what Dagster shows."""

from datetime import UTC, datetime
from pathlib import Path

import dagster as dg

from meta_pipeline.defs.gating import checks, judged
from meta_pipeline.delivery.change import Change
from meta_pipeline.delivery.ledger import Judged
from meta_pipeline.delivery.waiver import WAIVERS
from meta_pipeline.gates import specimens
from meta_pipeline.gates.case import Case
from meta_pipeline.gates.catalogue import catalogue
from tests.defs.conftest import new_workshop
from tests.defs.workshop import Workshop
from tests.shipped_target import SIGNER

TODAY = datetime.now(UTC).date().isoformat()
WHY = "the sales team wants it hourly"


def with_waiver(folder: Path, shared: Path) -> Workshop:
    """An opened delivery to a target whose default branch holds a signed waiver of its schedule."""
    workshop = new_workshop(folder, shared, "0001")
    checkout = Path(workshop.target.checkout.working_dir)
    said = workshop.command(
        *("waive", "CHG005", "--repo", str(checkout), "--pipeline", "sales_daily"),
        *("--until", TODAY, "--why", WHY, "--key", str(workshop.key)),
    )
    assert said.returncode == 0, said.stderr
    written = {
        str(path.relative_to(checkout)): path.read_bytes() for path in checkout.joinpath(WAIVERS).iterdir()
    }
    workshop.target.push({**written}, "Waive CHG005")
    assert workshop.materialize("issue").success
    return workshop


def rescheduled() -> Change:
    pipeline = specimens.pipeline()
    return specimens.change(base=(pipeline,), head=(pipeline.model_copy(update={"schedule": "0 * * * *"}),))


def test_a_waived_finding_is_in_the_ledger_and_in_the_table_of_its_check(
    tmp_path: Path, shared_environments: Path
) -> None:
    delivery = with_waiver(tmp_path, shared_environments).delivery
    gates = [catalogue().gates["CHG005"], catalogue().gates["CHG022"]]

    results = judged(
        delivery, "implementation", "sha256:1", gates, Case(delivery.policy, change=rescheduled())
    )
    shown = {check.check_name: check for check in checks(delivery, results)}

    assert [result.outcome for result in results] == ["passed", "passed"]
    event = delivery.record.entries()[-1].event
    assert isinstance(event, Judged)
    waived = event.results[0].findings[0].waived
    assert waived is not None
    assert (waived.by, waived.why, waived.until) == (SIGNER, WHY, TODAY)
    check = shown["CHG005_schedule_approved"]
    assert check.passed
    table = check.metadata["findings"]
    assert isinstance(table, dg.TableMetadataValue)
    (row,) = table.records
    assert row.data["pipeline"] == "sales_daily"
    assert row.data["waived"] == f"by {SIGNER} until {TODAY}: {WHY} ({waived.file})"
    assert [column.name for column in table.schema.columns] == [
        "where",
        "pipeline",
        "what",
        "how to mend it",
        "waived",
    ]


def test_a_delivery_whose_author_signed_the_waiver_is_not_let_through(
    tmp_path: Path, shared_environments: Path
) -> None:
    workshop = with_waiver(tmp_path, shared_environments)
    delivery = workshop.delivery
    case = Case(
        delivery.policy,
        change=rescheduled(),
        authors=(f"Somebody <{SIGNER}>",),
        waivers=delivery.waivers(delivery.tip, datetime.now(UTC).date()),
    )
    assert case.waivers.granted
    author = delivery.opened.author.model_copy(update={"identity": f"Somebody <{SIGNER}>"})
    delivery.record.append(delivery.opened.model_copy(update={"author": author}))

    (result,) = judged(workshop.delivery, "implementation", "sha256:2", [catalogue().gates["CHG005"]], case)

    assert result.outcome == "needs_approval"
    assert "wrote this change" in result.reason
