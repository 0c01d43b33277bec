import pytest

from meta_pipeline.delivery.change import Change
from meta_pipeline.delivery.judgement import GateResult
from meta_pipeline.delivery.topology import TopologyError
from meta_pipeline.gates import specimens
from meta_pipeline.gates.case import Case
from meta_pipeline.gates.change.chg004_destructive_change import DestructiveChange
from meta_pipeline.gates.gate import judge
from meta_pipeline.policy import Policy

MANY = {f"sql/{number}.sql": f"SELECT {number}\n" for number in range(12)}


def looked_at(before: specimens.Files, after: specimens.Files, **parts: object) -> GateResult:
    return judge(DestructiveChange(), Case(Policy(), change=specimens.change(before, after), **parts))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "path,line",
    [
        ("deploy.sh", "git push --force origin main"),
        ("deploy.sh", "git push -f"),
        ("deploy.sh", "git push origin +main"),
        ("deploy.py", 'subprocess.run(["git", "push", "--force"])'),
        (".github/workflows/d.yml", "      - run: airflow dags delete sales_daily --yes"),
    ],
)
def test_a_command_that_cannot_be_undone(path: str, line: str) -> None:
    assert looked_at({}, {path: f"{line}\n"}).outcome == "failed"


@pytest.mark.parametrize(
    "path,line",
    [
        ("deploy.sh", "git push --force-with-lease"),
        ("site.sh", "git push --force origin gh-pages"),
        ("ci.sh", "dbt seed --full-refresh"),
        ("deploy.sh", "git push --follow-tags origin main"),
        ("deploy.sh", "# never git push --force"),
        ("README.md", "Do not `git push --force`."),
        ("dags/a.py", 'bash_command="dbt run --select orders"'),
        ("dags/a.py", 'bash_command="gsutil -m rm -r gs://lake/tmp/orders"'),
        ("dags/a.py", 'bash_command="aws s3 rm s3://lake/orders/a.csv"'),
        (".github/workflows/t.yml", "      - run: psql -c 'DROP TABLE orders'"),
        ("tests/clean.sh", "bq rm -f sales.orders"),
    ],
)
def test_a_command_that_can(path: str, line: str) -> None:
    assert looked_at({}, {path: f"{line}\n"}).outcome == "passed"


@pytest.mark.parametrize(
    "command",
    [
        "gsutil -m rm -r gs://lake/orders",
        "gcloud storage rm --recursive gs://lake/orders",
        "aws s3 rm s3://lake/orders --recursive",
        "hdfs dfs -rm -r /lake/orders",
        "bq rm -f sales.orders",
        "psql -c 'DROP TABLE orders'",
        "psql -c 'TRUNCATE TABLE orders'",
    ],
)
def test_a_command_that_deletes_stored_data_is_for_a_person(command: str) -> None:
    assert looked_at({}, {"dags/a.py": f'bash_command="{command}"\n'}).outcome == "needs_approval"
    assert looked_at({}, {"ops/clean.sh": f"{command}\n"}).outcome == "needs_approval"


def test_a_full_refresh_is_for_a_person_and_a_line_of_a_moved_file_is_not_new() -> None:
    refresh = 'bash_command="dbt run --full-refresh --select orders"\n'
    assert looked_at({}, {"dags/a.py": refresh}).outcome == "needs_approval"

    cleared = 'run(sql="DELETE FROM orders")\nrun("git push --force")\n'
    moved = looked_at({"old/load.py": f"import old\n{cleared}"}, {"new/load.py": f"import new\n{cleared}"})
    assert moved.outcome == "passed"


def test_a_mass_of_files_deleted_and_the_same_files_moved() -> None:
    moved = {f"models/{path}": text for path, text in MANY.items()}

    assert looked_at(MANY, {"sql/0.sql": "SELECT 0\n"}).outcome == "failed"
    assert looked_at(MANY, moved).outcome == "passed"
    others = {f"models/{number}.sql": f"SELECT {number}\n" for number in range(100)}
    assert looked_at({**MANY, **others}, others).outcome == "needs_approval"
    built = {f"build/lib/{number}.py": "x = 1\n" for number in range(12)}
    notes = {f"docs/{number}.md": "note\n" for number in range(12)}
    assert looked_at({**built, **notes, "a.py": ""}, {"a.py": ""}).outcome == "passed"
    assert looked_at(MANY, {path: MANY[path] for path in list(MANY)[1:]}).outcome == "passed"


def test_a_deletion_that_the_plan_names_needs_a_person() -> None:
    plan = specimens.plan(specimens.step(1, *MANY))

    assert looked_at(MANY, {}, plan=plan).outcome == "needs_approval"


def test_many_pipelines_at_once_are_no_removal_to_confirm_at_a_glance() -> None:
    dags = tuple(specimens.pipeline(id=f"sales_{name}") for name in ("a", "bb", "ccc", "dd", "eee", "kept"))
    result = judge(DestructiveChange(), Case(Policy(), change=specimens.change(base=dags, head=dags[-1:])))

    assert result.outcome == "failed"
    assert result.findings[0].message.startswith("5 of 6 pipelines are removed at once, such as sales_a")
    few = judge(DestructiveChange(), Case(Policy(), change=specimens.change(base=dags, head=dags[4:])))
    assert (few.outcome, len(few.findings)) == ("needs_approval", 1)


def test_a_contract_may_go_with_its_dataset_and_not_without_it() -> None:
    contract = {"contracts/daily_revenue.odcs.yaml": "kind: DataContract\nschema: [{name: daily_revenue}]\n"}
    dag = specimens.pipeline(specimens.node("daily_revenue"))
    together = specimens.change(contract, base=(dag,), head=())
    alone = specimens.change(contract, base=(dag,), head=(dag,))

    assert judge(DestructiveChange(), Case(Policy(), change=together)).outcome == "needs_approval"
    assert judge(DestructiveChange(), Case(Policy(), change=alone)).outcome == "failed"


@pytest.mark.parametrize(
    "after_text, outcome", [("y = 1\n", "needs_approval"), ("\nx = 1\ny = 1\n", "warned")]
)
def test_what_a_run_alone_can_tell_now_is_for_a_person_where_its_own_source_changed(
    after_text: str, outcome: str
) -> None:
    before = specimens.pipeline(specimens.node("clean"), specimens.node("load"))
    after = specimens.pipeline(specimens.node("load"))
    change = specimens.change(
        {specimens.DAG_FILE: "x = 1\n"}, {specimens.DAG_FILE: after_text}, base=(before,), head=(after,)
    )
    chosen = TopologyError(path=specimens.DAG_FILE, line=3, message="chosen by a tag", opaque=True)
    head = tuple(one.model_copy(update={"errors": (chosen,)}) for one in change.head_topologies)
    result = judge(
        DestructiveChange(),
        Case(Policy(), change=Change(change.base, change.head, change.base_topologies, head)),
    )
    assert result.outcome == outcome
    assert result.findings[0].message == (
        f"task sales_daily.clean is removed, unless {specimens.DAG_FILE}:3 makes it, which only a run can tell; "
        "its runs stop and its data goes stale"
    )


LISTED = """import dagster as dg
from shop import checks, orders, sales

arrivals = dg.sensor(job=sales)(orders.arrived)
nightly = dg.ScheduleDefinition(job=sales, cron_schedule="0 1 * * *")
JOBS = [sales, orders.backfill]
defs = dg.Definitions(
    assets=[*orders.all_orders, *dg.load_assets_from_modules([checks])],
    jobs=JOBS,
    schedules=[nightly],
    sensors=[arrivals] + orders.sensors,
)
"""


@pytest.mark.parametrize(
    "before,after,line",
    [
        ("sensors=[arrivals] + orders.sensors", "sensors=orders.sensors", 11),
        ("    schedules=[nightly],\n", "", 10),
        ("[*orders.all_orders, *dg.load_assets_from_modules([checks])]", "[*orders.all_orders]", 8),
        ("[sales, orders.backfill]", "[sales]", 6),
    ],
)
def test_what_dagster_no_longer_lists_is_for_a_person(before: str, after: str, line: int) -> None:
    result = looked_at({"defs.py": LISTED}, {"defs.py": LISTED.replace(before, after)})

    assert (result.outcome, [finding.line for finding in result.findings]) == ("needs_approval", [line])


@pytest.mark.parametrize(
    "before,after",
    [
        ("sensors=[arrivals]", "sensors=[guarded(arrivals)]"),
        ("sensors=[arrivals] + orders.sensors", "sensors=all_sensors()"),
        (
            "    sensors=[arrivals] + orders.sensors,\n)",
            ")\ndefs = dg.Definitions.merge(defs, more(arrivals, orders.sensors))",
        ),
        ("jobs=JOBS", "jobs=[orders.backfill]"),
        ("    schedules=[nightly],\n", "    **schedules(),\n"),
    ],
)
def test_what_is_listed_elsewhere_or_in_another_way_is_kept(before: str, after: str) -> None:
    assert looked_at({"defs.py": LISTED}, {"defs.py": LISTED.replace(before, after)}).outcome == "passed"


def test_a_list_that_moves_to_another_file_is_kept() -> None:
    after = {"defs.py": LISTED.replace("schedules=[nightly]", "schedules=[]")}
    there = {"night.py": "from defs import nightly\ndefs = Definitions(schedules=[nightly])\n"}

    assert looked_at({"defs.py": LISTED}, {**after, **there}).outcome == "passed"
    merged = "defs = dg.Definitions.merge(sales.defs, orders.defs)\n"
    lost = {"defs.py": merged.replace(", orders.defs", "")}
    assert looked_at({"defs.py": merged}, lost).outcome == "needs_approval"
