import pytest

from meta_pipeline.delivery.tree import MemoryTree
from meta_pipeline.gates import specimens
from meta_pipeline.gates.case import Case
from meta_pipeline.gates.change.chg017_source_sound import SourceSound
from meta_pipeline.gates.gate import Opinion
from meta_pipeline.policy import Policy
from meta_pipeline.schedulers.survey import also_in, read_change

PACKAGE = {
    "shop/__init__.py": "from shop.rates import rate\n",
    "shop/rates.py": "def rate(day, *, currency='EUR'):\n    return day\n\n\nLIMIT = 3\n",
    "shop/report.py": "from shop.rates import LIMIT, rate\n\n\ndef report():\n    return rate(LIMIT)\n",
}
DAG = """from airflow import DAG
from airflow.operators.bash import BashOperator

with DAG(dag_id="sales", schedule=None) as dag:
    a = BashOperator(task_id="a", bash_command="true")
    b = BashOperator(task_id="b", bash_command="true")
    a >> b
"""
DBT = {
    "dbt_project.yml": "name: shop\nprofile: shop\n",
    "macros/money.sql": "{% macro cents(x) %}{{ x }} / 100{% endmacro %}\n",
    "models/orders.sql": "select 1 as id\n",
    "models/revenue.sql": "select {{ cents('id') }} as euros from {{ ref('orders') }}\n",
}


def judged(before: specimens.Files, edits: dict[str, str | None]) -> Opinion:
    """What the gate says of these edits; None deletes a file."""
    after = {path: text for path, text in {**before, **edits}.items() if text is not None}
    base, head = MemoryTree.of(before), MemoryTree.of(after)
    return SourceSound().judge(Case(Policy(), change=read_change(base, head, also_in(Policy(), head))))


def places(opinion: Opinion) -> set[str]:
    return {f"{finding.path}:{finding.line}" for finding in opinion.findings}


@pytest.mark.parametrize(
    "edits,place,says",
    [
        ({"shop/rates.py": "def rate(day:\n    return day\n"}, "shop/rates.py:1", "no Python can read"),
        ({"shop/new.py": "x = prices\n"}, "shop/new.py:1", "'prices'"),
        (
            {"shop/new.py": "x = 1\n\n\ndef f():\n    print(x)\n    x = 2\n"},
            "shop/new.py:5",
            "UnboundLocalError",
        ),
        ({"shop/rates.py": "def rate(day):\n    return day\n"}, "shop/report.py:1", "no 'LIMIT' any more"),
        ({"shop/rates.py": None}, "shop/report.py:1", "no module 'shop.rates' any more"),
        ({"shop/new.py": "from shop.raets import rate\n"}, "shop/new.py:1", "no module 'shop.raets'"),
        ({"shop/new.py": "from .rates import rates\n"}, "shop/new.py:1", "shop/rates.py has no 'rates'"),
        (
            {"shop/new.py": "from shop.rates import rate\n\nrate(1, currncy='USD')\n"},
            "shop/new.py:3",
            "it takes no argument 'currncy'",
        ),
        (
            {"shop/rates.py": "LIMIT = 3\n\n\ndef rate(day, place):\n    return day\n"},
            "shop/report.py:5",
            "it needs the argument 'place'",
        ),
    ],
)
def test_python_that_cannot_load_or_run_is_refused_where_it_breaks(
    edits: dict[str, str | None], place: str, says: str
) -> None:
    opinion = judged(PACKAGE, edits)

    assert opinion.outcome == "failed"
    assert place in places(opinion)
    assert says in " ".join(finding.message for finding in opinion.findings)


@pytest.mark.parametrize(
    "edits",
    [
        pytest.param({"shop/new.py": "from shop import rate, report\n\nrate(1)\n"}, id="package"),
        pytest.param(
            {"shop/new.py": "try:\n    from shop.fast import f\nexcept ImportError:\n    f = None\n"},
            id="caught",
        ),
        pytest.param({"shop/new.py": "import shop.rates as r\n\nprint(r.LIMIT)\n"}, id="module"),
        pytest.param(
            {"shop/rates.py": "from shop.base import *\n", "shop/base.py": PACKAGE["shop/rates.py"]},
            id="star",
        ),
        pytest.param(
            {"shop/rates.py": "def __getattr__(name):\n    return name\n"},
            id="names made when they are asked for",
        ),
        pytest.param(
            {
                "shop/rates.py": None,
                "shop/rates/__init__.py": PACKAGE["shop/rates.py"],
            },
            id="a module becomes a package",
        ),
        pytest.param(
            {"cookiecutter-job/{{ name }}/job.py": "def {{ name }}():\n    pass\n"}, id="a template"
        ),
        pytest.param({"tests/fixtures/broken.py": "def (:\n"}, id="a sample of a test"),
        pytest.param(
            {"notebooks/look.py": "# Databricks notebook source\ndf = spark.table('a')\n"}, id="databricks"
        ),
        pytest.param(
            {"shop/new.py": "def f(*args, **kwargs):\n    pass\n\n\nf(1, 2, x=3)\n"}, id="any arguments"
        ),
        pytest.param(
            {"shop/new.py": "from airflow.models import DAG\nfrom sqlalchemy import text\n"}, id="of others"
        ),
    ],
)
def test_what_works_is_let_through(edits: dict[str, str | None]) -> None:
    opinion = judged(PACKAGE, edits)

    assert opinion.outcome == "passed", opinion.findings


def test_a_folder_called_as_an_installed_package_does_not_answer_for_it() -> None:
    before = {
        "airflow/__init__.py": "",
        "airflow/dags/a.py": "from airflow.models import DAG\n",
    }

    assert judged(before, {"airflow/dags/a.py": "from airflow.sdk import DAG\n"}).outcome == "passed"


def test_what_was_broken_before_is_not_told() -> None:
    before = {"old.py": "print 'x'\n", "new.py": "print(x)\n", "settings.yml": "a: [\n"}
    edits: dict[str, str | None] = {
        "old.py": "print 'y'\n",
        "new.py": "y = 1\nprint(x)\n",
        "settings.yml": "b: [\n",
    }

    assert judged(before, edits).outcome == "passed"


def test_a_bracket_left_open_is_named_where_the_change_left_it() -> None:
    text = "first = max(\n    1,\n    2,\n)\n\n# what comes next\nsecond = 3\n"
    broken = text.replace("    2,\n)", "    (2,\n)")
    assert places(judged({"lib/rates.py": text}, {"lib/rates.py": broken})) == {"lib/rates.py:3"}


def test_a_fault_that_moves_with_its_file_was_there_before() -> None:
    before = {"jobs/a.py": "print(x)\n"}

    assert judged(before, {"jobs/a.py": None, "flows/a.py": "print(x)\n"}).outcome == "passed"


@pytest.mark.parametrize(
    "demand,outcome",
    [('"==3.9.*"', "failed"), ('">=3.9,<3.10"', "failed"), ('">=3.9"', "warned"), ('">=3.10"', "passed")],
)
def test_syntax_newer_than_the_python_that_the_repository_asks_for(demand: str, outcome: str) -> None:
    before = {"pyproject.toml": f"[project]\nname = 'shop'\nrequires-python = {demand}\n"}
    text = "import sys\n\nmatch sys.argv:\n    case _:\n        pass\n"

    assert judged(before, {"job.py": text}).outcome == outcome


@pytest.mark.parametrize(
    "edit,says",
    [
        (DAG.replace("a >> b", "a >> b >> a"), "circle"),
        (DAG.replace('task_id="b"', 'task_id="a"'), "is taken"),
    ],
)
def test_a_dag_that_airflow_refuses(edit: str, says: str) -> None:
    opinion = judged({"dags/sales.py": DAG}, {"dags/sales.py": edit})

    assert opinion.outcome == "failed"
    assert says in opinion.reason


def test_two_dags_of_one_id() -> None:
    opinion = judged({"dags/sales.py": DAG}, {"dags/more.py": DAG})

    assert opinion.outcome == "failed"


def test_a_dag_whose_ids_only_a_run_can_tell_is_no_fault() -> None:
    made = DAG.replace('task_id="b"', "task_id=os.environ['NAME']").replace(
        "from airflow import", "import os\nfrom airflow import"
    )

    assert judged({"dags/sales.py": DAG}, {"dags/sales.py": made}).outcome == "passed"


@pytest.mark.parametrize(
    "edits,place",
    [
        ({"models/orders.sql": None}, "models/revenue.sql:1"),
        ({"models/revenue.sql": "select 1 as euros from {{ ref('order') }}\n"}, "models/revenue.sql:1"),
        ({"models/revenue.sql": "select 1 as euros from {{ source('raw', 'x') }}\n"}, "models/revenue.sql:1"),
        ({"models/revenue.sql": "select 1\n{% if true %}\n"}, "models/revenue.sql:2"),
        ({"models/orders.sql": "select * from {{ ref('revenue') }}\n"}, None),
        ({"macros/money.sql": "{% macro euros(x) %}{{ x }}{% endmacro %}\n"}, "models/revenue.sql:1"),
        ({"models/schema.yml": "models:\n  - name: orders\n   columns: []\n"}, "models/schema.yml:3"),
        ({"models/sub/orders.sql": "select 2 as id\n"}, "models/sub/orders.sql:1"),
        ({"models/a/orders.sql": "select 2 as id\n"}, "models/a/orders.sql:1"),
    ],
)
def test_a_dbt_project_that_cannot_be_built(edits: dict[str, str | None], place: str | None) -> None:
    opinion = judged(DBT, edits)

    assert opinion.outcome == "failed"
    assert place is None or place in places(opinion)


def test_a_dbt_project_with_packages_that_are_elsewhere_is_not_blamed_for_them() -> None:
    before = {**DBT, "packages.yml": "packages:\n  - package: dbt-labs/dbt_utils\n    version: 1.1.1\n"}
    text = "select {{ dbt_utils.star(ref('orders')) }} from {{ ref('%s') }}\n"
    used = {**before, "models/theirs.sql": text % "their_model"}

    assert judged(used, {"models/revenue.sql": text % "other_model"}).outcome == "passed"
    assert judged(before, {"models/revenue.sql": text % "oders"}).outcome == "needs_approval"


def test_an_entry_point_of_prefect_that_leads_nowhere() -> None:
    before = {
        "flows/sales.py": "from prefect import flow\n\n\n@flow\ndef sales():\n    pass\n",
        "prefect.yaml": "deployments:\n  - name: daily\n    entrypoint: flows/sales.py:sales\n",
    }
    edits: dict[str, str | None] = {
        "flows/sales.py": "from prefect import flow\n\n\n@flow\ndef daily_sales():\n    pass\n"
    }

    opinion = judged(before, edits)

    assert opinion.outcome == "failed"
    assert "prefect.yaml:2" in places(opinion)


def test_sql_that_could_be_read_and_cannot_any_more_asks_a_person() -> None:
    before = {"sql/orders.sql": "select id, total from orders where day = '2026-01-01'\n"}

    assert (
        judged(before, {"sql/orders.sql": "select id total, from where orders\n"}).outcome == "needs_approval"
    )
    assert judged(before, {"sql/orders.sql": "select id from orders\n"}).outcome == "passed"
    assert judged({}, {"sql/odd.sql": "some dialect of nobody (\n"}).outcome == "passed"


def test_a_template_of_sql_that_can_no_longer_be_filled_in() -> None:
    before = {"dags/sql/a.sql": "select * from a where day = '{{ ds }}'\n"}

    opinion = judged(before, {"dags/sql/a.sql": "select * from a where day = '{{ ds }'\n"})

    assert opinion.outcome == "failed"


def test_marks_of_a_conflict_are_told_and_a_heading_of_text_is_not() -> None:
    text = "a: 1\n<<<<<<< HEAD\nb: 1\n=======\nb: 2\n>>>>>>> other\n"

    assert judged({}, {"deploy.sh": text}).outcome == "failed"
    assert judged({}, {"notes.txt": "Heading\n=======\n"}).outcome == "passed"


def test_settings_with_tags_and_comments_of_their_own_are_let_through() -> None:
    edits: dict[str, str | None] = {
        "stack.yaml": "Bucket: !Ref Lake\n---\nname: two\n",
        "tsconfig.json": '{"a": 1, // why\n"b": 2}\n',
        "charts/templates/job.yaml": "name: {{ .Values.name }}\n{{- if .Values.x }}\nx: 1\n{{- end }}\n",
    }

    assert judged({}, edits).outcome == "passed"


@pytest.mark.parametrize(
    "command,outcome",
    [
        ("echo {{ ds }}", "passed"),
        ("echo {{ ds }", "failed"),
        ("echo {{ ds | }}", "failed"),
        ("{% if params.x %}echo", "failed"),
        ("awk '{{print $1}' file", "passed"),
        ('{"a": {"b": 1}}', "passed"),
    ],
)
def test_a_template_in_a_dag_that_can_no_longer_be_filled_in(command: str, outcome: str) -> None:
    edit = DAG.replace('task_id="a", bash_command="true"', f'task_id="a", bash_command={command!r}')

    assert judged({"dags/sales.py": DAG}, {"dags/sales.py": edit}).outcome == outcome


def test_a_model_whose_sql_could_be_read_asks_a_person() -> None:
    edits: dict[str, str | None] = {"models/orders.sql": "select 1 as id, from where orders x y z\n"}

    assert judged(DBT, edits).outcome == "needs_approval"


@pytest.mark.parametrize(
    "before,after,outcome",
    [
        (
            'a = ["run",\n  "--day=1",\n  "--only"]\n',
            'a = ["run",\n  "--day=1"\n  "--only"]\n',
            "needs_approval",
        ),
        (
            'a = ["dagster",\n  "dbt",\n  "pandas"]\n',
            'a = ["dagster",\n  "dbt"\n  "pandas"]\n',
            "needs_approval",
        ),
        ("", 'a = ("run --day 1 --all"\n  + "then --day 2 --all")\n', "needs_approval"),
        ("", 'a = ("select a, b"\n  "from orders")\n', "needs_approval"),
        ("", 'a = ("select a, b "\n  "from orders")\n', "passed"),
        ("", 'a = ["run",\n  ("--day"\n   "light"),\n  "--all"]\n', "passed"),
        ("", 'a = ["run",\n  "https://example.com/"\n  "orders",\n  "b"]\n', "passed"),
        ("", 'a = ["run",\n  "--name="\n  "sales"]\n', "passed"),
        ("", 'print("the orders of the day are"\n  "not there")\n', "passed"),
        ('a = ["run",\n  "--day=1"\n  "--only"]\n', 'a = ["go",\n  "--day=1"\n  "--only"]\n', "passed"),
    ],
)
def test_texts_that_run_together(before: str, after: str, outcome: str) -> None:
    assert judged({"dags/a.py": before}, {"dags/a.py": after}).outcome == outcome


@pytest.mark.parametrize(
    "path,text,old,new,line",
    [
        ("sql/a.sql", "select\n  cast(a as date) as a,\n  b\nfrom t\n", "date)", "date", 2),
        ("sql/a.sql", "select a\nfrom t\nwhere ds = '{{ ds }}'\n", "from", "form", 2),
        ("a.yaml", "a: 1\nb: 2\nc:\n  d: 1\n", "b: 2", "b 2", 2),
        ("a.yaml", 'a: 1\nb: "2"\nc: 1\n', '"2"', '"2', 2),
        ("sql/a.sql", "{% if a %}\nselect 1 as a\n,\n2 as b\n{% endif %}\n", "{% endif %}\n", "", 5),
    ],
)
def test_the_changed_line_is_blamed(path: str, text: str, old: str, new: str, line: int) -> None:
    opinion = judged({path: text}, {path: text.replace(old, new)})

    assert [finding.line for finding in opinion.findings] == [line]


def test_a_misspelt_module_whose_names_stand_on_their_own_lines() -> None:
    load = "from lib.rates import (\n    rate,\n    code,\n)\n\nprint(rate, code)\n"
    before = {"lib/__init__.py": "", "lib/rates.py": "rate = 1\ncode = 2\n", "flows/load.py": load}

    opinion = judged(before, {"flows/load.py": load.replace("lib.rates", "lib.rate")})

    assert opinion.outcome == "failed"
    assert {(one.path, one.line) for one in opinion.findings} == {("flows/load.py", 1)}
