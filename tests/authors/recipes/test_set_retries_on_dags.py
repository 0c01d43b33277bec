from textwrap import dedent

import pytest

from tests.authors.recipes.retrying import applied, asked

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
