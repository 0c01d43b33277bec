"""What the demo sets up and takes away; the delivery itself is tested under tests/defs."""

from pathlib import Path

import dagster as dg
import pytest
from git import Repo

from meta_pipeline.policy import INBOX, SIGNERS_FILE
from scripts.demo import Demo, main


@pytest.fixture
def demos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Demo]:
    """One demo for each shipped target, in one folder and one Dagster instance."""
    (tmp_path / "dagster").mkdir()
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "dagster"))
    made = {name: Demo(name, tmp_path / "home") for name in ("airflow_sales", "dagster_sales")}
    for demo in made.values():
        demo.make_key()
        demo.make_origin()
        folder = demo.home / "deliveries" / demo.delivery
        folder.mkdir(parents=True)
        with dg.DagsterInstance.get() as instance:
            instance.add_dynamic_partitions(f"deliveries_{demo.target}", ["inbox-0001"])
            instance.report_runless_asset_event(dg.AssetMaterialization([demo.target, "plan"]))
    return made


def test_each_target_has_its_own_delivery(demos: dict[str, Demo]) -> None:
    assert {demo.delivery for demo in demos.values()} == {"sales/inbox-0001", "storefront/inbox-0001"}
    for demo in demos.values():
        tree = Repo(demo.origin).commit("main").tree
        assert tree[f"{INBOX}/{demo.issue.name}"].data_stream.read() == demo.issue.read_bytes()
        assert "approver@example.com" in tree[SIGNERS_FILE].data_stream.read().decode()


def test_a_demo_forgets_its_own_past_and_no_other(demos: dict[str, Demo]) -> None:
    shop, sales = demos["dagster_sales"], demos["airflow_sales"]
    before = Repo(sales.origin).commit("main").hexsha
    shop.forget()
    assert not shop.origin.exists()
    assert not (shop.home / "deliveries" / "storefront").exists()
    assert (sales.home / "deliveries" / sales.delivery).is_dir()
    assert Repo(sales.origin).commit("main").hexsha == before
    with dg.DagsterInstance.get() as instance:
        assert [key.path for key in instance.all_asset_keys()] == [["sales", "plan"]]
        assert instance.get_dynamic_partitions("deliveries_sales") == ["inbox-0001"]
        assert instance.get_dynamic_partitions("deliveries_storefront") == []


def test_a_target_that_is_not_shipped_is_answered_with_those_that_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TARGET", "airflow")
    monkeypatch.setenv("META_PIPELINE_HOME", str(tmp_path))
    assert main() == 2
    shipped = "airflow2_legacy, airflow_sales, dagster_sales, dbt_only, prefect_orders"
    assert f"TARGET=airflow is not shipped; write one of {shipped}" in capsys.readouterr().err
