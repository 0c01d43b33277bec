"""What prefect.yaml deploys is there, and a run of it publishes what is promised."""

from pathlib import Path

import duckdb
import yaml
from prefect.flows import load_flow_from_entrypoint
from prefect.testing.utilities import prefect_test_harness

from flows.nightly_orders import nightly_orders

ROOT = Path(__file__).resolve().parents[2]


def test_every_entrypoint_is_a_flow() -> None:
    deployments = yaml.safe_load((ROOT / "prefect.yaml").read_text())["deployments"]
    names = {
        each["name"]: load_flow_from_entrypoint(each["entrypoint"]).name for each in deployments
    }
    assert names == {"nightly": "nightly-orders", "twice-a-day": "stock-levels"}


def test_a_run_publishes_the_day(day: str, tmp_path: Path) -> None:
    with prefect_test_harness(server_startup_timeout=120):
        assert nightly_orders(day) == 2
    published = tmp_path / "published" / "daily_revenue" / f"{day}.parquet"
    (total,) = duckdb.execute(
        "SELECT sum(revenue) FROM read_parquet(?)", [str(published)]
    ).fetchone()
    assert total == 92.0
