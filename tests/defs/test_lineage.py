"""The target's pipelines in Dagster: what is loaded, and what deliveries tell on their pages."""

import json
import logging
from collections.abc import Sequence
from pathlib import Path

import dagster as dg
import pytest

from meta_pipeline.defs.code_location import code_location
from meta_pipeline.defs.lineage.events import MOST_BEFORE_MERGE, _events
from meta_pipeline.defs.lineage.specs import specs_of
from meta_pipeline.defs.lineage.telling import Telling
from meta_pipeline.delivery.ledger import Traced
from meta_pipeline.delivery.lineage.cards import Lineage, key_part
from meta_pipeline.delivery.lineage.drawing import cards_of
from meta_pipeline.delivery.lineage.touched import Touched
from meta_pipeline.delivery.topology import Dataset, DatasetColumn, Link, Node, Pipeline, Topology
from meta_pipeline.evidence.lineage import LineageStore, NotKept
from meta_pipeline.policy import INBOX
from meta_pipeline.settings import Home, Target
from tests.defs.conftest import new_workshop
from tests.defs.test_deliveries import issue_text, keep_only, patch_of
from tests.defs.test_sensors import launched
from tests.defs.workshop import Workshop

pytestmark = pytest.mark.timeout(900)

DAILY = ("sales", "dags", "sales_daily")
NEW_DAG = """
with DAG(dag_id="returns", schedule=None, start_date=pendulum.datetime(2026, 1, 3, tz="UTC")):
    PythonOperator(task_id="count", python_callable=extract_orders)
"""


def told(workshop: Workshop, key: Sequence[str] = DAILY) -> list[dg.EventLogEntry]:
    """The events on a page, the oldest first."""
    with workshop.instance() as instance:
        asset = dg.AssetKey(key)
        records = [
            *instance.fetch_observations(asset, limit=100).records,
            *instance.fetch_materializations(asset, limit=100).records,
        ]
        return [record.event_log_entry for record in sorted(records, key=lambda each: each.storage_id)]


def outcomes(workshop: Workshop, key: Sequence[str] = DAILY) -> list[str]:
    return [str(shown(event)["outcome"].value) for event in told(workshop, key)]


def shown(event: dg.EventLogEntry) -> dict[str, dg.MetadataValue]:
    data = event.asset_materialization or event.asset_observation
    assert data is not None
    return dict(data.metadata)


def kept(workshop: Workshop) -> Lineage:
    found = LineageStore(workshop.home.path, workshop.target.name).read()
    assert isinstance(found, Lineage)
    return found


def loaded(home: Home) -> set[str]:
    graph = code_location(home).get_repository_def().asset_graph
    return {key.to_user_string() for key in graph.external_asset_keys}


def lineage(*topologies: Topology) -> Lineage:
    cards, left_out = cards_of("sales", topologies)
    return Lineage(target="sales", commit="a" * 40, at="", cards=cards, left_out=left_out)


def test_the_page_of_a_pipeline_tells_the_story_of_a_delivery(proved: Workshop) -> None:
    proved.sign("review")
    run = proved.run("roll_out_delivery")
    assert run.success, run.why
    assert outcomes(proved) == [
        "planned, not written yet",
        "validated, every gate passes",
        "merged into main",
    ]
    *observed, merged = told(proved)
    assert [event.asset_materialization is not None for event in (*observed, merged)] == [False, False, True]
    assert merged.run_id == run.result.run_id
    metadata = shown(merged)
    record = proved.delivery.record
    assert metadata["issue"].value == "Retry the revenue build when the warehouse file is busy"
    assert metadata["commit"].value == proved.target.main
    assert metadata["evidence"].value == record.folder.path("summary.md")
    assert Path(record.folder.path("summary.md")).is_file()
    assert "sales_daily.build_daily_revenue" in str(metadata["what changes"].value)
    assert metadata["signed by"].value == "approver@example.com (design), approver@example.com (review)"
    assert "partition=inbox-0001" in str(metadata["delivery"].value)
    assert "data:image/svg+xml;base64," in str(metadata["picture"].value)
    for chunk in str(metadata["chunk_ids"].value).partition(" and ")[0].split(", "):
        assert record.evidence.find(chunk)
    (row,) = (each.data for each in _records(metadata["deliveries"]))
    assert (row["delivery"], row["outcome"]) == ("sales/inbox-0001", "merged into main")
    assert row["commit"] == proved.target.main[:12]
    assert all(set(shown(event)) == set(metadata) for event in observed), (
        "a page mixes the newest of each key"
    )


def test_the_same_moment_is_told_once(proved: Workshop) -> None:
    before = outcomes(proved)
    for job in ("plan_delivery", "implement_delivery"):
        run = proved.run(job)
        assert run.success, run.why
    assert outcomes(proved) == before
    proved.sign("review")
    for _ in range(2):
        assert proved.run("roll_out_delivery").success
    assert outcomes(proved) == [*before, "merged into main"]
    traced = [entry.event for entry in proved.entries if isinstance(entry.event, Traced)]
    assert [event.moment for event in traced] == ["planned", "validated", "merged"]
    assert {event.keys for event in traced} == {(DAILY,)}


def test_the_delivery_leads_to_the_pages_that_it_touches(proved: Workshop) -> None:
    with proved.instance() as instance:
        for name in ("patched_code", "review_packet"):
            latest = instance.get_latest_materialization_event(dg.AssetKey(["sales", name]))
            assert latest is not None
            link = shown(latest)["touches DAG sales_daily"]
            assert link == dg.MetadataValue.asset(dg.AssetKey(DAILY))
    said = json.loads(proved.command("status", str(proved.delivery_id), "--json").stdout)
    assert [(each["page"], each["change"]) for each in said["touches"]] == [
        ("sales/dags/sales_daily", "changed")
    ]
    assert "/assets/sales/dags/sales_daily" in proved.command("status", str(proved.delivery_id)).stdout


def test_what_is_loaded_is_what_was_surveyed_and_the_merge_surveys(proved: Workshop) -> None:
    assert loaded(proved.home) == {
        f"sales/dags/{dag}" for dag in ("sales_daily", "store_inventory", "rollup_north", "rollup_south")
    }
    proved.sign("review")
    assert proved.run("roll_out_delivery").success
    assert kept(proved).commit == proved.target.main
    assert launched(proved, "target_repo_sensor") == []


def test_an_older_commit_never_takes_the_place_of_a_later_one(proved: Workshop) -> None:
    file = next(Path(proved.target.checkout.working_dir).glob("dags/store_inventory.py"))
    later = proved.target.push(
        {"dags/later.py": file.read_bytes().replace(b"store_inventory", b"later")}, "+"
    )
    assert launched(proved, "target_repo_sensor", cursor=kept(proved).commit) == [
        ("survey_sales", None),
        ("implement_delivery_sales", "inbox-0001"),
    ]
    run = proved.survey()
    assert run.success, run.why
    assert kept(proved).commit == later
    assert "sales/dags/later" in loaded(proved.home)
    metadata = run.result.get_asset_materialization_events()[0].step_materialization_data.materialization
    assert metadata.metadata["new since the last survey"].value == "dags/later"
    assert "Reload definitions" in str(metadata.metadata["when it is shown"].value)


def test_a_person_who_says_no_is_told_of_without_a_run(planned: Workshop) -> None:
    planned.sign("design", "rejected", "Not in the quarter's last week")
    with planned.sensor_result("signoff_sensor") as tick:
        assert not tick.run_requests
        (event,) = tick.asset_events
    assert isinstance(event, dg.AssetObservation)
    assert event.asset_key == dg.AssetKey(DAILY)
    assert "Not in the quarter's last week" in str(event.metadata["outcome"].value)
    with planned.sensor_result("signoff_sensor") as tick:
        assert not tick.asset_events


def test_a_delivery_that_is_given_up_is_told_of(planned: Workshop) -> None:
    path = next(Path(planned.target.checkout.working_dir, INBOX).glob("0001-*.md"))
    text = path.read_text().replace("status: open", "status: closed")
    planned.target.push({f"{INBOX}/{path.name}": text}, "Close")
    assert launched(planned, "issue_sensor") == []
    with planned.sensor_result("signoff_sensor") as tick:
        (event,) = tick.asset_events
    assert "withdrawn" in str(event.metadata["outcome"].value)


def test_what_a_change_adds_and_removes_keeps_its_events(tmp_path: Path, shared_environments: Path) -> None:
    """The patch renames a DAG that the issue speaks of, which blocks it: the pages of both names tell so."""
    inbox = new_workshop(tmp_path, shared_environments, "0001")
    keep_only(inbox)
    workshop = inbox.of("file-1")
    text = Path(inbox.target.checkout.working_dir, "dags/sales_daily.py").read_text()
    patch = patch_of(inbox, "dags/sales_daily.py", text, text.replace('"sales_daily"', '"revenue"') + NEW_DAG)
    workshop.hand_in(issue_text(inbox, "0001"), patch)
    run = workshop.run("plan_delivery")
    assert run.success, run.why
    workshop.sign("design")
    assert not workshop.run("implement_delivery").success
    assert workshop.standing.state == "blocked"
    assert "sales/dags/returns" not in loaded(workshop.home)
    for name in ("sales_daily", "revenue", "returns"):
        *_, last = told(workshop, ("sales", "dags", name))
        assert "blocked at the implementation stage by" in str(shown(last)["outcome"].value)


def test_a_very_large_change_is_told_of_on_every_page_when_it_is_merged(planned: Workshop) -> None:
    things = [
        Touched(key=("sales", "dags", f"d{n}"), name=f"d{n}", kind="dag") for n in range(MOST_BEFORE_MERGE)
    ]
    things.insert(0, Touched(key=("sales", "datasets", "x"), name="x", kind="dataset"))
    delivery = planned.delivery
    plan = Telling("planned", "sha256:0", "planned", "plan", "plan.md")
    merge = Telling("merged", "sha256:0", "merged into main", "rollout_notes", "summary.md")
    pages = [event.asset_key for event in _events(delivery, things, plan)]
    assert len(pages) == MOST_BEFORE_MERGE
    assert dg.AssetKey(["sales", "datasets", "x"]) not in pages, "data after pipelines"
    assert len(LineageStore(planned.home.path, "sales").rows(("sales", "datasets", "x"))) == 1
    assert len(list(_events(delivery, things, merge))) == len(things)
    assert list(_events(delivery, things, merge)) == []


@pytest.mark.parametrize("content", ["", "{", '{"schema_version": 99}', "[1]"])
def test_a_survey_that_cannot_be_used_loads_no_pipeline_and_says_so(
    tmp_path: Path, content: str, caplog: pytest.LogCaptureFixture
) -> None:
    home = Home(tmp_path)
    home.watch(Target(name="sales", repository="/nowhere"))
    store = LineageStore(tmp_path, "sales")
    store.write(lineage(Topology(scheduler="airflow", version="2", method="static", root=".")))
    store.file.write_text(content)
    with caplog.at_level(logging.WARNING, logger="meta_pipeline"):
        assert loaded(home) == set()
    assert str(store.file) in caplog.text
    description = code_location(home).get_assets_def(dg.AssetKey(["sales", "topology"])).descriptions_by_key
    assert "No pipeline is shown" in next(iter(description.values()))


def test_nothing_is_said_before_the_first_survey(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    home = Home(tmp_path)
    home.watch(Target(name="sales", repository="/nowhere"))
    assert isinstance(LineageStore(tmp_path, "sales").read(), NotKept)
    assert loaded(home) == set()
    assert caplog.text == ""


def test_dagster_takes_every_id_and_every_graph(tmp_path: Path) -> None:
    ids = ("a b", "a/b", 'say "x"', "it's", "über", "a__b", "x" * 10_000, "..", "", "<b>`*", "\n", "a_b")
    loop = Link(kind="triggers", pipeline=ids[0])
    pipelines = tuple(
        Pipeline(
            id=name,
            path="dags/a b.py",
            line=3,
            schedule="*/5 * * * *",
            owner=f"airflow, {name}, somebody@example.com",
            tags=(name,),
            nodes=(Node(id="t", kind="task", reads=(name,), writes=(name,), links=(loop,)),),
        )
        for name in ids
    )
    datasets = tuple(Dataset(name=name, columns=(DatasetColumn(name=name),)) for name in ids)
    topology = Topology(
        scheduler="airflow", version="2", method="static", root=".", pipelines=pipelines, datasets=datasets
    )
    found = lineage(topology).model_copy(update={"web": "https://github.com/team/pipelines"})
    home = Home(tmp_path)
    home.watch(Target(name="sales", repository="/nowhere"))
    LineageStore(tmp_path, "sales").write(found)
    assert {f"sales/dags/{key_part(name)}" for name in ids} <= loaded(home)
    (spec,) = (spec for spec in specs_of(found) if spec.key.path[-1] == "a_b" and spec.key.path[1] == "dags")
    assert spec.owners == ["team:a_b", "somebody@example.com"]
    link = spec.metadata["dagster/code_references"].code_references[0]
    assert link.url == f"https://github.com/team/pipelines/blob/{'a' * 40}/dags/a%20b.py#L3"


def _records(value: dg.MetadataValue) -> Sequence[dg.TableRecord]:
    assert isinstance(value, dg.TableMetadataValue)
    return value.records
