from textwrap import dedent

import pytest

from meta_pipeline.authors.recipes.bounds import Bounds
from meta_pipeline.authors.recipes.recipe import RecipeError
from meta_pipeline.authors.recipes.set_retries import SetRetries
from meta_pipeline.delivery.tree import MemoryTree
from tests.authors.recipes.retrying import PATH, applied, asked


@pytest.mark.parametrize(
    "source",
    [
        'dag = DAG("sales", default_args={"retries": 5})\n',
        'dag = DAG("sales", default_args={"retries": 2 * 2})\n',
        'dag = DAG("sales", default_args={"retries": 3} | {"owner": "x"})\n',
    ],
)
def test_a_value_that_meets_the_demand_stays(source: str) -> None:
    assert applied(source, asked()) == source


def test_a_task_that_inherits_enough_is_left_alone() -> None:
    source = 'with DAG("sales", default_args={"retries": 5}):\n    BashOperator(task_id="load")\n'
    assert applied(source, asked("load")) == source


def test_upper_bound_lowers_only_what_is_above_it() -> None:
    source = 'with DAG("sales", default_args={"retries": 9}):\n    BashOperator(task_id="a", retries=1)\n'
    changed = applied(source, asked(retries=Bounds(at_most=4)))
    assert changed == source.replace("9", "4")


ALL: dict[str, object] = {"retries": Bounds(at_least=3), "delay": Bounds(at_least=300), "backoff": "True"}


def test_long_line_is_broken_up() -> None:
    before = """\
    from datetime import timedelta

    with DAG("sales"):
        load = PythonOperator(task_id="load", python_callable=load_rows, op_kwargs={"a": 1})
    """
    after = """\
    from datetime import timedelta

    with DAG("sales"):
        load = PythonOperator(
            task_id="load",
            python_callable=load_rows,
            op_kwargs={"a": 1},
            retries=3,
            retry_delay=timedelta(minutes=5),
            retry_exponential_backoff=True,
        )
    """
    assert applied(dedent(before), asked("load", **ALL)) == dedent(after)


def test_tabs_and_carriage_returns_stay() -> None:
    before = (
        b'default_args = {\r\n\t"owner": "sales",\r\n}\r\ndag = DAG("sales", default_args=default_args)\r\n'
    )
    after = applied(before, asked())
    assert after == before.decode().replace('"sales",\r\n', '"sales",\r\n\t"retries": 3,\r\n', 1)


def test_byte_order_mark_and_other_encodings_stay() -> None:
    source = '# -*- coding: latin-1 -*-\n# für später\ndag = DAG("sales", default_args={"a": 1})\n'.encode(
        "latin-1"
    )
    changed = SetRetries().apply(MemoryTree.of({PATH: source}), asked())[PATH]
    assert changed == source.replace(b'{"a": 1}', b'{"a": 1, "retries": 3}')
    marked = b'\xef\xbb\xbfdag = DAG("sales")\n'
    assert (
        SetRetries().apply(MemoryTree.of({PATH: marked}), asked())[PATH].startswith(b"\xef\xbb\xbfdag = DAG(")
    )


IMPORTS = {
    "from datetime import timedelta\n": ("from datetime import timedelta\n", "timedelta"),
    "from datetime import timedelta as td\n": ("from datetime import timedelta as td\n", "td"),
    "import datetime\n": ("import datetime\n", "datetime.timedelta"),
    "import datetime as dt\n": ("import datetime as dt\n", "dt.timedelta"),
    "import pendulum\nx = pendulum.duration(days=1)\n": (
        "import pendulum\nx = pendulum.duration(days=1)\n",
        "pendulum.duration",
    ),
    "from datetime import datetime\n": ("from datetime import datetime, timedelta\n", "timedelta"),
    "from datetime import timezone\n": ("from datetime import timedelta, timezone\n", "timedelta"),
    "from datetime import (\n    UTC,\n    datetime,\n)\n": (
        "from datetime import (\n    UTC,\n    datetime,\n    timedelta,\n)\n",
        "timedelta",
    ),
    '"""Doc."""\n\nimport os\nfrom pathlib import Path\n\nimport airflow\n': (
        '"""Doc."""\n\nimport os\nfrom datetime import timedelta\nfrom pathlib import Path\n\nimport airflow\n',
        "timedelta",
    ),
    "import os\n\nimport airflow\n": (
        "import os\nfrom datetime import timedelta\n\nimport airflow\n",
        "timedelta",
    ),
    '"""Doc."""\nfrom __future__ import annotations\n\nimport airflow\n': (
        '"""Doc."""\nfrom __future__ import annotations\n\nfrom datetime import timedelta\n\nimport airflow\n',
        "timedelta",
    ),
    '"""Doc."""\n': ('"""Doc."""\n\nfrom datetime import timedelta\n', "timedelta"),
}


@pytest.mark.parametrize("imports", IMPORTS)
def test_duration_is_spelt_as_the_file_does(imports: str) -> None:
    after, name = IMPORTS[imports]
    changed = applied(imports + 'DAG("sales")\n', asked(delay=Bounds(at_least=300)))
    assert changed == f'{after}DAG("sales", default_args={{"retry_delay": {name}(minutes=5)}})\n'


@pytest.mark.parametrize(
    "old, meets", [("True", False), ("1", False), ("2.0", True), ("3", True), ("False", False)]
)
def test_airflow_3_2_counts_true_as_no_growth(old: str, meets: bool) -> None:
    source = f'dag = DAG("sales", default_args={{"retry_exponential_backoff": {old}}})\n'
    assert applied(source, asked(backoff="2.0")) == (source if meets else source.replace(old, "2.0"))


def test_helper_that_hands_keywords_on() -> None:
    source = 'from jobs import job\nwith DAG("sales"):\n    job("x", task_id="load")\n'
    changed = applied(source, asked("load"), dags__jobs="def job(name, **kwargs):\n    ...\n")
    assert 'job("x", task_id="load", retries=3)' in changed


REFUSED = {
    "imported default_args": (
        'from common import defaults\ndag = DAG("sales", default_args=defaults)\n',
        "dags/sales.py:2: whether default_args hold retries cannot be told",
    ),
    "changed after it was written": (
        'defaults = {}\ndefaults["retries"] = 0\ndag = DAG("sales", default_args=defaults)\n',
        "dags/sales.py:3: whether default_args hold retries cannot be told",
    ),
    "a value from outside": (
        'dag = DAG("sales", default_args={"retries": Variable.get("n")})\n',
        'dags/sales.py:1: the value `Variable.get("n")` cannot be told from source',
    ),
    "no such DAG": ('dag = DAG("other")\n', "no DAG(...) or @dag here makes `sales`"),
    "two such DAGs": ('DAG("sales")\nDAG("sales")\n', "more than one definition makes `sales`"),
    "not Python": ("def (\n", "not valid Python"),
}


@pytest.mark.parametrize("form", REFUSED)
def test_unsupported_forms_say_where(form: str) -> None:
    source, says = REFUSED[form]
    with pytest.raises(RecipeError) as error:
        applied(source, asked())
    assert says in str(error.value)


@pytest.mark.parametrize(
    "tasks, says",
    [
        ("    make()\n", "no task with the plain task_id `load`"),
        ('    job(task_id="load")\n', "`job` makes this task and its source is not found"),
        ('    BashOperator(task_id="load", **options())\n', "`**` may hold retries"),
        ('    A(task_id="load")\n    B(task_id="load")\n', "could be this task or another one here"),
    ],
)
def test_unsupported_tasks_say_where(tasks: str, says: str) -> None:
    with pytest.raises(RecipeError) as error:
        applied(f'with DAG("sales"):\n{tasks}', asked("load"))
    assert says in str(error.value)


def test_missing_file() -> None:
    with pytest.raises(RecipeError, match="no such file"):
        SetRetries().apply(MemoryTree.of({}), asked())
