"""What is removed, and what only looks so, in the source of each scheduler."""

from meta_pipeline.delivery.judgement import GateResult
from meta_pipeline.delivery.tree import MemoryTree
from meta_pipeline.gates.case import Case
from meta_pipeline.gates.change.chg004_destructive_change import DestructiveChange
from meta_pipeline.gates.gate import judge
from meta_pipeline.policy import Policy
from meta_pipeline.schedulers.survey import also_in, read_change


def judged(before: dict[str, str], after: dict[str, str]) -> GateResult:
    """What comes out of a plain comparison of two sets of files."""
    base, head = MemoryTree.of(before), MemoryTree.of(after)
    change = read_change(base, head, also_in(Policy(), head))
    return judge(DestructiveChange(), Case(Policy(), change=change))


def said(result: GateResult) -> tuple[str, list[str]]:
    return result.outcome, [finding.message for finding in result.findings]


AIRFLOW = """\
from airflow import DAG
from airflow.operators.bash import BashOperator
from airflow.operators.empty import EmptyOperator

with DAG("sales", schedule="@daily"):
    {}
"""


def dag(*lines: str) -> dict[str, str]:
    return {"dags/sales.py": AIRFLOW.format("\n    ".join(lines))}


def bash(name: str) -> str:
    return f'BashOperator(task_id="{name}", bash_command="x")'


def test_tasks_that_go_together_are_one_finding() -> None:
    many = [bash(f"load_{name}") for name in ("orders", "items", "returns", "refunds", "stock")]
    outcome, messages = said(judged(dag(*many, bash("tell")), dag(bash("tell"))))

    assert outcome == "needs_approval"
    assert messages == [
        (
            "tasks load_items, load_orders, load_refunds and 2 more of sales are removed; "
            "their runs stop and their data goes stale"
        )
    ]


def test_a_static_list_of_tasks_gives_way_to_a_mapped_one() -> None:
    many = [bash(f"load_{name}") for name in ("orders", "items", "returns")]
    mapped = 'BashOperator.partial(task_id="load").expand(bash_command=["a", "b", "c"])'
    outcome, messages = said(judged(dag(*many), dag(mapped)))

    assert outcome == "warned"
    assert messages == [
        "tasks load_items, load_orders and load_returns of sales are removed; their work seems to be done by load"
    ]
    one, other = (
        dag(bash("load_orders")),
        dag('BashOperator(task_id="load_orders_eu", bash_command="y", retries=2)'),
    )
    assert judged(one, other).outcome == "needs_approval"


def test_a_task_that_did_nothing_at_the_end_is_no_loss() -> None:
    before = dag(f"load = {bash('load')}", 'load >> EmptyOperator(task_id="done")')
    first = dag('EmptyOperator(task_id="start")', bash("load"))
    assert judged(first, dag(bash("load"))).outcome == "warned"
    assert judged(before, dag(bash("load"))).outcome == "needs_approval"


def test_a_task_that_moves_to_another_dag_is_for_a_person_who_is_told_where() -> None:
    stock = {"dags/stock.py": AIRFLOW.format(bash("count")).replace('DAG("sales"', 'DAG("stock"')}
    taken = {
        "dags/stock.py": AIRFLOW.format(f"{bash('count')}\n    {bash('load')}").replace(
            'DAG("sales"', 'DAG("stock"'
        )
    }
    outcome, messages = said(judged(dag(bash("load"), bash("tell")) | stock, dag(bash("tell")) | taken))
    assert outcome == "needs_approval"
    assert messages == [
        "task sales.load is removed; its runs stop and its data goes stale, and stock has one of that name now"
    ]


def test_a_sensor_with_another_name_leaves_nothing_behind() -> None:
    sensor = 'ExternalTaskSensor(task_id="{}", external_dag_id="stock", external_task_id="load")'
    imported = {
        path: f"from airflow.sensors.external_task import ExternalTaskSensor\n{text}"
        for path, text in dag(sensor.format("wait_for_stock"), bash("load")).items()
    }
    renamed = {path: text.replace("wait_for_stock", "wait_for_stock_all") for path, text in imported.items()}
    assert judged(imported, renamed).outcome == "warned"


def test_a_file_that_can_no_longer_be_read_is_refused() -> None:
    other = {"dags/stock.py": AIRFLOW.format(bash("b")).replace("sales", "stock")}
    broken = {"dags/sales.py": 'from airflow import DAG\nwith DAG("sales":\n'}
    outcome, messages = said(judged(dag(bash("load")) | other, broken | other))

    assert outcome == "failed"
    assert any("as its file can no longer be read" in message for message in messages)
    no_dag = {"dags/sales.py": "from airflow import DAG\n"}
    assert judged(dag(bash("load")) | other, no_dag | other).outcome == "needs_approval"


FLOW = """\
from prefect import flow, task


@task
def fetch(): ...


@task
def tell(): ...

{helper}

@flow
def nightly():
    {body}
    tell()
"""


def flow(body: str, helper: str = "") -> dict[str, str]:
    return {"flows/nightly.py": FLOW.format(body=body, helper=helper)}


def test_a_call_that_moves_into_a_task_or_subflow_goes_on() -> None:
    into_task = "\n@task\ndef prepare():\n    fetch.fn()\n"
    into_subflow = "\n@flow\ndef prepare():\n    fetch()\n"
    for helper in (into_task, into_subflow):
        outcome, messages = said(judged(flow("fetch()"), flow("prepare()", helper)))
        assert (outcome, messages) == (
            "warned",
            [
                "task nightly.fetch is removed; the flow still reaches fetch through what it calls",
            ],
        )


def test_a_call_that_goes_is_for_a_person() -> None:
    outcome, messages = said(judged(flow("fetch()"), flow("pass")))
    assert (outcome, messages) == (
        "needs_approval",
        ["task nightly.fetch is removed; its runs stop and its data goes stale"],
    )
    assert judged(flow("fetch()\n    fetch()"), flow("fetch()")).outcome == "warned"


def test_a_task_of_prefect_with_another_name_leaves_nothing_behind() -> None:
    before = flow("fetch()")
    after = {path: text.replace("fetch", "fetch_orders") for path, text in before.items()}

    assert judged(before, after).outcome == "warned"


def location(name: str, *assets: str) -> dict[str, str]:
    made = "\n".join(f"@dg.asset\ndef {one}(): ...\n" for one in assets)
    return {
        f"{name}/pyproject.toml": f'[tool.dagster]\nmodule_name = "{name}"\n',
        f"{name}/{name}/__init__.py": (
            f"import dagster as dg\n\n{made}\ndefs = dg.Definitions(assets=[{', '.join(assets)}])\n"
        ),
    }


def test_an_asset_that_moves_to_another_code_location_is_no_loss() -> None:
    before = location("shop", "orders", "stock") | location("web", "visits")
    after = location("shop", "stock") | location("web", "visits", "orders")

    outcome, messages = said(judged(before, after))
    assert (outcome, messages) == ("warned", ["asset orders is removed; web makes it now"])
    assert judged(before, location("shop", "stock") | location("web", "visits")).outcome == "needs_approval"


def test_a_dbt_model_that_moves_is_the_same_and_one_that_goes_is_for_a_person() -> None:
    project = {"dbt_project.yml": "name: shop\nversion: '1.0'\n"}
    model = {"models/orders.sql": "select 1 as id\n", "models/items.sql": "select 2 as id\n"}
    moved = {"models/core/orders.sql": "select 1 as id\n", "models/items.sql": "select 2 as id\n"}

    assert judged(project | model, project | moved).outcome == "passed"
    gone = judged(project | model, project | {"models/items.sql": "select 2 as id\n"})
    assert gone.outcome == "needs_approval"


def test_a_dbt_model_that_is_turned_off_went_at_the_line_that_does_so() -> None:
    model = "{{\n  config(\n    materialized='table',\n    enabled=true)\n}}\nselect 1 as id\n"
    files = {"dbt_project.yml": "name: shop\nmodels:\n  shop:\n    +enabled: true\n"}
    before = {**files, "models/orders.sql": model.replace(",\n    enabled=true", "")}
    by_itself = {**files, "models/orders.sql": model.replace("=true", "=false")}
    by_folder = {**before, "dbt_project.yml": files["dbt_project.yml"].replace("true", "false")}

    places = [[(f.path, f.line) for f in judged(before, head).findings] for head in (by_itself, by_folder)]

    assert ("models/orders.sql", 4) in places[0]
    assert ("dbt_project.yml", 4) in places[1]
