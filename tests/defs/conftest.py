"""One delivery is carried to its review once a session; each test takes it up from there."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from meta_pipeline.delivery.ids import DeliveryId
from tests.defs.workshop import Workshop
from tests.shipped_target import Fixture, target_name


@dataclass(frozen=True)
class Stops:
    """Where the delivery of issue 0001 was put aside: before its plan sign-off, and before its review sign-off."""

    workshop: Workshop
    planned: Path
    proved: Path


def new_workshop(folder: Path, shared: Path, *issues: str, fixture: Fixture = "airflow_sales") -> Workshop:
    """A workshop in `folder`, at work on the first of these issues of the fixture."""
    partition_key = f"inbox-{issues[0]}" if issues else "file-1"
    at_work_on = DeliveryId.of_partition(target_name(fixture), partition_key)
    return Workshop(folder / "work", shared, at_work_on, fixture).set_up(*issues)


@pytest.fixture(scope="session")
def stops(tmp_path_factory: pytest.TempPathFactory, shared_environments: Path) -> Stops:
    folder = tmp_path_factory.mktemp("delivery")
    workshop = new_workshop(folder, shared_environments, "0001")
    run = workshop.run("plan_delivery")
    assert run.success, run.why
    planned = workshop.put_aside(folder / "planned")
    workshop.sign("design")
    run = workshop.run("implement_delivery")
    assert run.success, run.why
    return Stops(workshop, planned, workshop.put_aside(folder / "proved"))


@pytest.fixture
def planned(stops: Stops) -> Workshop:
    """The delivery of issue 0001, waiting for its plan sign-off."""
    return stops.workshop.take_up(stops.planned)


@pytest.fixture
def proved(stops: Stops) -> Workshop:
    """The delivery of issue 0001, waiting for its review sign-off."""
    return stops.workshop.take_up(stops.proved)


@pytest.fixture
def workshop(tmp_path: Path, shared_environments: Path) -> Workshop:
    """A target with an empty inbox."""
    return new_workshop(tmp_path, shared_environments)
