import ast
from textwrap import dedent

import pytest

from meta_pipeline.authors.recipes.bounds import Bounds
from meta_pipeline.authors.recipes.recipe import RecipeError
from meta_pipeline.authors.recipes.set_retries import RetryParameters, SetRetries
from meta_pipeline.delivery.tree import MemoryTree

PATH = "dags/sales.py"


def asked(node: str | None = None, *, pipeline: str = "sales", **settings: object) -> RetryParameters:
    wanted = settings or {"retries": Bounds(at_least=3)}
    return RetryParameters.model_validate({"path": PATH, "pipeline": pipeline, "node": node, **wanted})


def applied(source: str | bytes, parameters: RetryParameters, **others: str) -> str:
    """The source after the recipe; a second application must change nothing, and the result must be Python."""
    files = {path.replace("__", "/") + ".py": text for path, text in others.items()}
    tree = MemoryTree.of({PATH: source, **files})
    written = SetRetries().apply(tree, parameters)
    assert set(written) <= {PATH}
    after = written.get(PATH, tree.files[PATH])
    ast.parse(after)
    assert SetRetries().apply(MemoryTree.of({PATH: after, **files}), parameters) == {}
    return after.decode()


FORMS = {
    "module-level default_args": (
        """\
        from airflow import DAG

        # who is called at night
        default_args = {
            "owner": "sales",
            "retries": 1,  # once is enough?
            # nothing below
        }

        with DAG("sales", default_args=default_args) as dag:
            pass
        """,
        """\
        from airflow import DAG

        # who is called at night
        default_args = {
            "owner": "sales",
            "retries": 3,  # once is enough?
            # nothing below
        }

        with DAG("sales", default_args=default_args) as dag:
            pass
        """,
    ),
    "a new key goes below the last entry and its comments": (
        """\
        default_args = {
            "owner": "sales",  # a team
            # the rest is inherited
        }
        dag = DAG("sales", default_args=default_args)
        """,
        """\
        default_args = {
            "owner": "sales",  # a team
            # the rest is inherited
            "retries": 3,
        }
        dag = DAG("sales", default_args=default_args)
        """,
    ),
    "no comma after the last entry": (
        """\
        default_args = {
            "owner": "sales"  # a team
        }
        dag = DAG("sales", default_args=default_args)
        """,
        """\
        default_args = {
            "owner": "sales",  # a team
            "retries": 3
        }
        dag = DAG("sales", default_args=default_args)
        """,
    ),
    "inline default_args": (
        'dag = DAG("sales", default_args={"owner": "sales"})\n',
        'dag = DAG("sales", default_args={"owner": "sales", "retries": 3})\n',
    ),
    "dict call": (
        'dag = DAG("sales", default_args=dict(owner="sales"))\n',
        'dag = DAG("sales", default_args=dict(owner="sales", retries=3))\n',
    ),
    "no default_args": (
        """\
        with DAG(
            dag_id="sales",
            catchup=False,
        ) as dag:
            pass
        """,
        """\
        with DAG(
            dag_id="sales",
            catchup=False,
            default_args={"retries": 3},
        ) as dag:
            pass
        """,
    ),
    "decorated DAG": (
        """\
        @dag(schedule=None, default_args={"owner": "sales"})
        def sales():
            pass
        """,
        """\
        @dag(schedule=None, default_args={"owner": "sales", "retries": 3})
        def sales():
            pass
        """,
    ),
    "bare decorator": (
        """\
        @dag
        def sales():
            pass
        """,
        """\
        @dag(default_args={"retries": 3})
        def sales():
            pass
        """,
    ),
    "single quotes": (
        "default_args = {'owner': 'sales'}\ndag = DAG('sales', default_args=default_args)\n",
        "default_args = {'owner': 'sales', 'retries': 3}\ndag = DAG('sales', default_args=default_args)\n",
    ),
    "a task that overrides the default": (
        """\
        with DAG("sales", default_args={"retries": 5}):
            a = BashOperator(task_id="a", retries=0, bash_command="true")
            b = BashOperator(task_id="b", retries=4, bash_command="true")

            @task(retries=1)
            def c():
                pass
        """,
        """\
        with DAG("sales", default_args={"retries": 5}):
            a = BashOperator(task_id="a", retries=3, bash_command="true")
            b = BashOperator(task_id="b", retries=4, bash_command="true")

            @task(retries=3)
            def c():
                pass
        """,
    ),
    "a group that overrides the default": (
        """\
        with DAG("sales", default_args={"retries": 5}):
            with TaskGroup("g", default_args={"retries": 1}):
                a = BashOperator(task_id="a")
        """,
        """\
        with DAG("sales", default_args={"retries": 5}):
            with TaskGroup("g", default_args={"retries": 3}):
                a = BashOperator(task_id="a")
        """,
    ),
    "a constant that is read once": (
        'RETRIES = 1\ndag = DAG("sales", default_args={"retries": RETRIES})\n',
        'RETRIES = 3\ndag = DAG("sales", default_args={"retries": RETRIES})\n',
    ),
    "a constant that is read twice": (
        'RETRIES = 1\nprint(RETRIES)\ndag = DAG("sales", default_args={"retries": RETRIES})\n',
        'RETRIES = 1\nprint(RETRIES)\ndag = DAG("sales", default_args={"retries": 3})\n',
    ),
    "default_args that several DAGs share": (
        """\
        default_args = {"owner": "sales", "retries": 1}
        with DAG("sales", default_args=default_args):
            pass
        with DAG("other", default_args=default_args):
            pass
        """,
        """\
        default_args = {"owner": "sales", "retries": 1}
        with DAG("sales", default_args={**default_args, "retries": 3}):
            pass
        with DAG("other", default_args=default_args):
            pass
        """,
    ),
    "default_args built on shared ones": (
        """\
        base = {"owner": "sales", "retries": 1}
        own = {**base, "email": None}
        with DAG("sales", default_args=own):
            pass
        with DAG("other", default_args=base):
            pass
        """,
        """\
        base = {"owner": "sales", "retries": 1}
        own = {**base, "email": None, "retries": 3}
        with DAG("sales", default_args=own):
            pass
        with DAG("other", default_args=base):
            pass
        """,
    ),
    "factory": (
        """\
        def build(name):
            with DAG(dag_id=name, default_args={"retries": 1}) as dag:
                pass
            return dag

        for name in ["sales", "stock"]:
            globals()[name] = build(name)
        """,
        """\
        def build(name):
            with DAG(dag_id=name, default_args={"retries": 3}) as dag:
                pass
            return dag

        for name in ["sales", "stock"]:
            globals()[name] = build(name)
        """,
    ),
    "factory with a value for each DAG": (
        """\
        DAGS = {"sales": {"retries": 1}, "stock": {"retries": 1}}

        def build(name, retries):
            return DAG(dag_id=name, default_args={"retries": retries})

        for name, options in DAGS.items():
            globals()[name] = build(name, **options)
        """,
        """\
        DAGS = {"sales": {"retries": 3}, "stock": {"retries": 1}}

        def build(name, retries):
            return DAG(dag_id=name, default_args={"retries": retries})

        for name, options in DAGS.items():
            globals()[name] = build(name, **options)
        """,
    ),
}


@pytest.mark.parametrize("form", FORMS)
def test_whole_dag(form: str) -> None:
    before, after = map(dedent, FORMS[form])
    assert applied(before, asked()) == after


TASKS = {
    "operator in a with block": (
        """\
        with DAG("sales", default_args=default_args) as dag:
            load = PythonOperator(
                task_id="load",
                python_callable=load_rows,  # slow
                # the warehouse locks
            )
        """,
        """\
        with DAG("sales", default_args=default_args) as dag:
            load = PythonOperator(
                task_id="load",
                python_callable=load_rows,  # slow
                # the warehouse locks
                retries=3,
            )
        """,
    ),
    "operator with dag=": (
        """\
        dag = DAG("sales", default_args=default_args)
        load = BashOperator(task_id="load", dag=dag)
        """,
        """\
        dag = DAG("sales", default_args=default_args)
        load = BashOperator(task_id="load", dag=dag, retries=3)
        """,
    ),
    "bare task decorator": (
        """\
        with DAG("sales", default_args=default_args):
            @task
            def load():
                pass
        """,
        """\
        with DAG("sales", default_args=default_args):
            @task(retries=3)
            def load():
                pass
        """,
    ),
    "task decorator with arguments": (
        """\
        @dag(default_args=default_args)
        def sales():
            @task.bash(task_id="load", pool="few")
            def anything():
                pass
        """,
        """\
        @dag(default_args=default_args)
        def sales():
            @task.bash(task_id="load", pool="few", retries=3)
            def anything():
                pass
        """,
    ),
    "the same task_id in two DAGs": (
        """\
        with DAG("other") as other:
            BashOperator(task_id="load")
        with DAG("sales", default_args=default_args) as sales:
            BashOperator(task_id="load")
        """,
        """\
        with DAG("other") as other:
            BashOperator(task_id="load")
        with DAG("sales", default_args=default_args) as sales:
            BashOperator(task_id="load", retries=3)
        """,
    ),
    "mapped operator": (
        """\
        with DAG("sales", default_args=default_args):
            BashOperator.partial(task_id="load").expand(bash_command=["a", "b"])
        """,
        """\
        with DAG("sales", default_args=default_args):
            BashOperator.partial(task_id="load", retries=3).expand(bash_command=["a", "b"])
        """,
    ),
    "a loop with retries of its own for each task": (
        """\
        with DAG("sales", default_args=default_args):
            for name, retries in (("load", 1), ("drop", 1)):
                BashOperator(task_id=name, retries=retries)
        """,
        """\
        with DAG("sales", default_args=default_args):
            for name, retries in (("load", 3), ("drop", 1)):
                BashOperator(task_id=name, retries=retries)
        """,
    ),
    "keywords that a mapping holds": (
        """\
        common = {"pool": "few"}
        with DAG("sales", default_args=default_args):
            BashOperator(task_id="load", **common)
        """,
        """\
        common = {"pool": "few"}
        with DAG("sales", default_args=default_args):
            BashOperator(task_id="load", **common, retries=3)
        """,
    ),
}


@pytest.mark.parametrize("form", TASKS)
def test_one_task(form: str) -> None:
    before, after = (f'default_args = {{"owner": "sales"}}\n{dedent(text)}' for text in TASKS[form])
    assert applied(before, asked("load")) == after


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


ALL = {"retries": Bounds(at_least=3), "delay": Bounds(at_least=300), "backoff": "True"}


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
    before = b'default_args = {\r\n\t"owner": "sales",\r\n}\r\ndag = DAG("sales", default_args=default_args)\r\n'
    after = applied(before, asked())
    assert after == before.decode().replace('"sales",\r\n', '"sales",\r\n\t"retries": 3,\r\n', 1)


def test_byte_order_mark_and_other_encodings_stay() -> None:
    source = '# -*- coding: latin-1 -*-\n# für später\ndag = DAG("sales", default_args={"a": 1})\n'.encode("latin-1")
    changed = SetRetries().apply(MemoryTree.of({PATH: source}), asked())[PATH]
    assert changed == source.replace(b'{"a": 1}', b'{"a": 1, "retries": 3}')
    marked = b'\xef\xbb\xbfdag = DAG("sales")\n'
    assert SetRetries().apply(MemoryTree.of({PATH: marked}), asked())[PATH].startswith(b"\xef\xbb\xbfdag = DAG(")


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
    "import os\n\nimport airflow\n": ("import os\nfrom datetime import timedelta\n\nimport airflow\n", "timedelta"),
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
