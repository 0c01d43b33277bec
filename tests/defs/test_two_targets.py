"""Two targets of different kinds in one operator's folder and one Dagster instance."""

from pathlib import Path

from meta_pipeline.defs.code_location import code_location
from meta_pipeline.defs.parts import partitions
from tests.defs.conftest import new_workshop


def test_two_targets_live_side_by_side(tmp_path: Path, shared_environments: Path) -> None:
    sales = new_workshop(tmp_path, shared_environments, "0001")
    shop = sales.beside("dagster_sales", "0001")

    for workshop in (sales, shop):
        run = workshop.materialize("issue", "repo_context")
        assert run.success, run.why
    with sales.instance() as instance:
        for name in ("sales", "storefront"):
            assert instance.get_dynamic_partitions(partitions(name).name or "") == ["inbox-0001"]
    titles = [workshop.command("status", str(workshop.delivery_id)).stdout for workshop in (sales, shop)]
    assert "Retry the revenue build" in titles[0]
    assert "Retry the orders ingest" in titles[1]

    repository = code_location(sales.home).get_repository_def()
    assert {key.path[0] for key in repository.asset_graph.get_all_asset_keys()} == {"sales", "storefront"}
    sensors = {sensor.name for sensor in repository.sensor_defs}
    assert {"issue_sensor_sales", "issue_sensor_storefront"} <= sensors
