from textwrap import dedent

import pytest

from tests.authors.recipes.retrying import applied, asked

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
