"""Which files count as literal: told by syntax alone."""

import pytest

from meta_pipeline.delivery.tree import MemoryTree
from meta_pipeline.schedulers.fidelity.literal import is_literal, literal_files

HEAD = (
    "from datetime import datetime, timedelta\n"
    "from airflow import DAG\n"
    "from airflow.operators.bash import BashOperator\n"
)
DAG = HEAD + "with DAG('sales', start_date=datetime(2024, 1, 1)) as dag:\n"

LITERAL = [
    "    BashOperator(task_id='load', bash_command='true', retry_delay=timedelta(minutes=5))",
    "    for name in ['orders', 'users']:\n        BashOperator(task_id=f'load_{name}', bash_command='true')",
    "    [BashOperator(task_id=n, bash_command='true') for n in ('a', 'b')] >> BashOperator(task_id='c')",
    "    a = BashOperator(task_id='a')\n    b = BashOperator(task_id='b')\n    a.set_downstream(b)",
    "    def run():\n        while True:\n            open('x')\n    BashOperator(task_id='a', python_callable=run)",
]
COMPUTED = [
    "    for name in open('names.txt'):\n        BashOperator(task_id=name)",
    "    for name in names():\n        BashOperator(task_id=name)",
    "    if today:\n        BashOperator(task_id='a')",
    "    BashOperator(task_id='a', retries=Variable.get('retries'))",
    "    BashOperator(task_id='a', start_date=datetime.now())",
    "    while True:\n        break",
    "    def make(n):\n        return BashOperator(task_id=n)\n    make('a')",
    "    BashOperator(task_id='a', env=os.environ)",
    "    [BashOperator(task_id=n) for n in ('a', 'b') if n > 'a']",
]


@pytest.mark.parametrize("body", LITERAL)
def test_literal(body: str) -> None:
    assert is_literal((DAG + body).encode())


@pytest.mark.parametrize("body", COMPUTED)
def test_not_literal(body: str) -> None:
    source = "import os\nfrom airflow.models import Variable\n" + DAG + body
    assert not is_literal(source.encode())


def test_the_function_of_a_dag_is_looked_into_and_that_of_a_task_is_not() -> None:
    dag = (
        "from airflow.sdk import dag, task\n@dag(schedule=None)\ndef sales():\n"
        "    @task\n    def load(rows):\n        return open(rows)\n    load('a')\nsales()\n"
    )
    assert is_literal(dag.encode())
    assert not is_literal(dag.replace("    load('a')", "    load(open('a'))").encode())


def test_an_import_from_the_repository_is_not_literal_and_a_broken_file_neither() -> None:
    tree = MemoryTree.of(
        {
            "dags/a.py": DAG + LITERAL[0],
            "dags/b.py": "from lib.names import NAMES\n" + DAG + LITERAL[0],
            "dags/c.py": "from .lib import NAMES\n",
            "dags/lib/names.py": "NAMES = ('a', 'b')\n",
            "dags/d.py": "def (",
        }
    )
    assert literal_files(tree) == {"dags/a.py", "dags/lib/names.py"}


def test_a_model_is_literal_with_plain_references_alone() -> None:
    models = {
        "models/a.sql": "{{ config(materialized='table', tags=['x']) }} select * from {{ ref('b') }} {# note #}",
        "models/b.sql": "select * from {{ source('shop', 'orders') }}",
        "models/c.sql": "{% if target.name == 'x' %} select 1 {% endif %}",
        "models/d.sql": "select {{ dbt_utils.star(ref('a')) }}",
        "models/e.sql": "select * from {{ ref(var('name')) }}",
        "models/a.yml": "models: []\n",
        "models/b.yml": "name: \"{{ env_var('x') }}\"\n",
    }
    assert literal_files(MemoryTree.of(models)) == {"models/a.sql", "models/b.sql", "models/a.yml"}
