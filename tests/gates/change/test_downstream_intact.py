import pytest

from meta_pipeline.delivery.tree import MemoryTree
from meta_pipeline.gates import specimens
from meta_pipeline.gates.case import Case
from meta_pipeline.gates.change.chg011_downstream_intact import DownstreamIntact
from meta_pipeline.gates.gate import Opinion
from meta_pipeline.policy import Policy
from meta_pipeline.schedulers.survey import also_in, read_change

SALES = """from airflow import DAG
from airflow.datasets import Dataset
from airflow.operators.bash import BashOperator

with DAG(dag_id="sales", schedule="@daily") as dag:
    load = BashOperator(task_id="load", bash_command="true", outlets=[Dataset("s3://lake/sales")])
    check = BashOperator(task_id="check", bash_command="true")
"""
REPORT = """from airflow import DAG
from airflow.sensors.external_task import ExternalTaskSensor

with DAG(dag_id="report", schedule="@daily") as dag:
    wait = ExternalTaskSensor(task_id="wait", external_dag_id="sales", external_task_id="check")
"""
STARTS = """from airflow import DAG
from airflow.operators.trigger_dagrun import TriggerDagRunOperator

with DAG(dag_id="start", schedule="@daily") as dag:
    go = TriggerDagRunOperator(task_id="go", trigger_dag_id="sales")
"""
MAIL = """from airflow import DAG
from airflow.datasets import Dataset
from airflow.operators.bash import BashOperator

with DAG(dag_id="mail", schedule=[Dataset("s3://lake/sales")]) as dag:
    send = BashOperator(task_id="send", bash_command="true")
"""
AIRFLOW = {"dags/sales.py": SALES, "dags/report.py": REPORT, "dags/start.py": STARTS, "dags/mail.py": MAIL}
ASSETS = """import dagster as dg


@dg.asset
def orders():
    return 1


@dg.asset(deps=["orders"])
def revenue():
    return 2


defs = dg.Definitions(assets=[orders, revenue])
"""
DBT = {
    "dbt_project.yml": "name: shop\nprofile: shop\n",
    "models/orders.sql": "select 1 as id, 2 as total\n",
    "models/revenue.sql": "select\n  id,\n  total * 2 as double\nfrom {{ ref('orders') }}\n",
    "models/schema.yml": "exposures:\n  - name: board\n    type: dashboard\n    owner: {name: crm}\n"
    "    depends_on:\n      - ref('orders')\n",
}


def judged(before: specimens.Files, edits: dict[str, str | None]) -> Opinion:
    """What the gate says of these edits; None deletes a file."""
    after = {path: text for path, text in {**before, **edits}.items() if text is not None}
    base, head = MemoryTree.of(before), MemoryTree.of(after)
    return DownstreamIntact().judge(Case(Policy(), change=read_change(base, head, also_in(Policy(), head))))


def places(opinion: Opinion) -> set[str]:
    return {f"{finding.path}:{finding.line}" for finding in opinion.findings}


@pytest.mark.parametrize(
    "sales,found",
    [
        (None, {"dags/report.py:5", "dags/start.py:5", "dags/mail.py:5"}),
        (SALES.replace('"sales"', '"sales_daily"'), {"dags/report.py:5", "dags/start.py:5"}),
        (SALES.replace('task_id="check"', 'task_id="verify"'), {"dags/report.py:5"}),
        (SALES.replace(', outlets=[Dataset("s3://lake/sales")]', ""), {"dags/mail.py:5"}),
        (SALES.replace("@daily", "@hourly"), set()),
    ],
)
def test_who_waits_for_a_dag_a_task_or_a_dataset_that_goes(sales: str | None, found: set[str]) -> None:
    opinion = judged(AIRFLOW, {"dags/sales.py": sales})

    assert opinion.outcome == ("failed" if found else "passed")
    assert places(opinion) == found


WAITS = {
    **AIRFLOW,
    "dags/two.py": REPORT.replace('"report"', '"two"'),
    "dags/three.py": REPORT.replace('"report"', '"three"'),
}


@pytest.mark.parametrize(
    "old,new,outcome",
    [
        ('external_task_id="check"', 'external_task_id="load"', "passed"),
        ('external_task_id="check"', 'external_task_id="chek"', "needs_approval"),
        ('external_dag_id="sales"', 'external_dag_id="sale"', "needs_approval"),
        ('task_id="check")', 'task_id="check", execution_delta=timedelta(hours=6))', "needs_approval"),
        ('task_id="wait"', 'task_id="wait_for_sales"', "passed"),
    ],
)
def test_a_sensor_that_waits_for_what_never_comes(old: str, new: str, outcome: str) -> None:
    assert old in REPORT
    edit = "from datetime import timedelta\n" + REPORT.replace(old, new)

    assert judged(WAITS, {"dags/report.py": edit}).outcome == outcome


def test_a_repository_that_waits_for_others_may_wait_for_one_more() -> None:
    before = {
        **WAITS,
        "dags/far.py": REPORT.replace('"report"', '"far"').replace('"sales"', '"of_another_team"'),
    }
    edit = REPORT.replace('"report"', '"new"').replace('"sales"', '"of_a_third_team"')

    assert judged(before, {"dags/new.py": edit}).outcome == "passed"


def test_who_goes_along_is_not_told() -> None:
    assert judged(AIRFLOW, dict.fromkeys(AIRFLOW)).outcome == "passed"


def test_an_asset_that_depends_on_one_that_is_renamed() -> None:
    renamed = ASSETS.replace("def orders", "def all_orders").replace("[orders,", "[all_orders,")
    before = {"defs.py": ASSETS, "pyproject.toml": '[tool.dagster]\nmodule_name = "defs"\n'}

    opinion = judged(before, {"defs.py": renamed})

    assert opinion.outcome == "failed"
    assert "revenue depends on asset orders" in opinion.reason
    assert (
        judged(before, {"defs.py": renamed.replace('deps=["orders"]', 'deps=["all_orders"]')}).outcome
        == "passed"
    )


def test_models_and_exposures_that_refer_to_a_model_that_goes() -> None:
    opinion = judged(DBT, {"models/orders.sql": None})

    assert opinion.outcome == "failed"
    assert places(opinion) >= {"models/revenue.sql:4", "models/schema.yml:6"}


def test_a_query_that_selects_a_column_that_goes_is_named_with_its_line() -> None:
    opinion = judged(DBT, {"models/orders.sql": "select 1 as id\n"})

    assert opinion.outcome == "failed"
    assert "models/revenue.sql:3" in places(opinion)


def test_a_reader_that_is_changed_along_with_the_column_passes() -> None:
    edits: dict[str, str | None] = {
        "models/orders.sql": "select 1 as id, 2 as amount\n",
        "models/revenue.sql": "select id, amount * 2 as double from {{ ref('orders') }}\n",
    }

    assert judged(DBT, edits).outcome == "passed"


@pytest.mark.parametrize(
    "edits,outcome",
    [
        ({"dags/sql/a.sql": None}, "needs_approval"),
        ({"dags/sql/a.sql": None, "dags/queries/a.sql": "select 1"}, "needs_approval"),
        ({"dags/sql/a.sql": None, "dags/more/sql/a.sql": "select 1"}, "passed"),
        ({"dags/sql/a.sql": None, "dags/a.py": "# was sql/a.sql\nx = 1\n"}, "passed"),
        ({"dags/sql/b.sql": None}, "passed"),
    ],
)
def test_a_file_that_code_names(edits: dict[str, str | None], outcome: str) -> None:
    before = {
        "dags/sql/a.sql": "select 1",
        "dags/sql/b.sql": "select 2",
        "dags/a.py": "x = run('sql/a.sql')\n",
    }

    assert judged(before, edits).outcome == outcome


def test_a_model_and_an_asset_of_one_name_are_two_datasets() -> None:
    reads = (
        "import dagster as dg\n\n\n@dg.asset\ndef {name}(revenue):\n    return revenue\n\n\n"
        "defs = dg.Definitions(assets=[{name}])\n"
    )
    before = {**DBT, "shop/defs.py": reads.format(name="report")}
    before["pyproject.toml"] = '[tool.dagster]\nmodule_name = "shop.defs"\n'

    assert judged(before, {"shop/defs.py": reads.format(name="reports")}).outcome == "passed"


def test_a_sensor_of_one_project_is_not_looked_for_in_another() -> None:
    sensor = (
        'job = dg.define_asset_job("predict", selection=dg.AssetSelection.keys("revenue"))\n\n\n'
        '@dg.asset_sensor(asset_key=dg.AssetKey("orders"), job=job)\ndef on_orders(context, event): ...\n\n\n'
    )
    watched = ASSETS.replace("\n\ndefs =", f"\n\n{sensor}defs =").replace(
        "[orders, revenue]", "[orders, revenue], jobs=[job], sensors=[on_orders]"
    )
    other = "import dagster as dg\n\n\n@dg.asset\ndef stock():\n    return 1\n\n\n"
    before = {
        "workspace.yaml": "load_from:\n"
        "- python_file: {relative_path: a/defs.py}\n- python_file: {relative_path: b/defs.py}\n",
        "a/defs.py": ASSETS,
        "b/defs.py": f"{other}defs = dg.Definitions(assets=[stock])\n",
    }

    assert judged(before, {"a/defs.py": watched}).outcome == "passed"


def test_a_file_that_git_passes_over_from_now_on_is_made_where_it_is_needed() -> None:
    before = {"apply.sh": "tool build -o made.yaml\ntool apply made.yaml\n", "made.yaml": "a: 1\n"}

    assert judged(before, {"made.yaml": None}).outcome == "needs_approval"
    assert judged(before, {"made.yaml": None, ".gitignore": "*.log\nmade.yaml\n"}).outcome == "passed"


AWAY = """from airflow import DAG
from airflow.sensors.external_task import ExternalTaskSensor

with DAG(dag_id="report", schedule="@daily") as dag:
    wait = ExternalTaskSensor(task_id="wait", external_dag_id="stock", external_task_id="load")
    more = ExternalTaskSensor(task_id="more", external_dag_id="prices", external_task_id="load")
"""


@pytest.mark.parametrize(
    "old, new, outcome",
    [
        ('"stock"', '"stocks"', "needs_approval"),
        (
            'external_dag_id="stock", external_task_id="load"',
            'external_dag_id="stock", external_task_id="x"',
            "needs_approval",
        ),
        ('"stock"', '"prices"', "passed"),
        ('schedule="@daily"', 'schedule="@hourly"', "passed"),
        ("more =", "again =", "passed"),
    ],
)
def test_a_wait_for_a_pipeline_of_another_repository_that_is_named_anew(
    old: str, new: str, outcome: str
) -> None:
    assert judged({"dags/report.py": AWAY}, {"dags/report.py": AWAY.replace(old, new)}).outcome == outcome


def test_who_is_started_by_a_dataset_is_named_at_the_line_that_says_so() -> None:
    mail = MAIL.replace("schedule=", "\n    max_active_runs=1,\n    schedule=")
    opinion = judged(
        {"dags/sales.py": SALES, "dags/mail.py": mail}, {"dags/sales.py": SALES.replace("lake", "sea")}
    )
    assert [(one.path, one.line) for one in opinion.findings] == [("dags/mail.py", 7)]


PULLS = """from airflow import DAG
from airflow.operators.bash import BashOperator
from airflow.operators.python import PythonOperator


def tell(ti):
    return ti.xcom_pull(task_ids="count")


with DAG(dag_id="sales", schedule="@daily") as dag:
    count = BashOperator(task_id="count", bash_command="wc")
    say = BashOperator(task_id="say", bash_command="echo {{ ti.xcom_pull(task_ids='count') }}")
    told = PythonOperator(task_id="told", python_callable=tell)
"""


@pytest.mark.parametrize(
    "old, new, lines",
    [
        ('task_ids="count"', 'task_ids="counts"', [7]),
        ("task_ids='count'", "task_ids='counts'", [12]),
        ('task_id="count"', 'task_id="rows"', [7]),
        ('task_ids="count"', 'task_ids=["count", "say"]', []),
        ('task_ids="count"', "task_ids=NAME", []),
        ('"wc"', '"wc -l"', []),
    ],
)
def test_a_result_that_is_pulled_from_no_task(old: str, new: str, lines: list[int]) -> None:
    opinion = judged({"dags/sales.py": PULLS}, {"dags/sales.py": PULLS.replace(old, new)})
    assert [one.line for one in opinion.findings] == lines
