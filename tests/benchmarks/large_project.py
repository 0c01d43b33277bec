"""A repository of the size that a data team has after some years: DAGs, Dagster assets, dbt models, SQL and YAML."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from git import Repo

from tests.conftest import commit

POLICY = """\
version: 1
target: large
scheduler:
  kind: airflow
  paths: [dags]
dbt:
  - project: transform
"""
RUFF = """\
[tool.ruff]
line-length = 100
src = ["dags"]

[tool.ruff.lint]
select = ["E", "F", "I", "B", "UP"]
"""

DAG = '''\
"""Loads {name}, each day, from the shop's database into the warehouse."""

from datetime import datetime, timedelta

from airflow import DAG
from airflow.operators.bash import BashOperator
from airflow.operators.python import PythonOperator

from lib.loading import load, table_of
from lib.owners import OWNERS

DEFAULTS = {{
    "owner": OWNERS["{domain}"],
    "retries": {retries},
    "retry_delay": timedelta(minutes=5),
}}

with DAG(
    dag_id="load_{name}",
    schedule="{minute} {hour} * * *",
    start_date=datetime(2024, 1, 1),
    catchup=False,
    default_args=DEFAULTS,
    tags=["{domain}"],
) as dag:
    wait = BashOperator(task_id="wait", bash_command="test -d /data/{domain}")
    extracts = [
        PythonOperator(
            task_id=f"extract_{{part}}",
            python_callable=load,
            op_kwargs={{"table": table_of("{name}", part)}},
        )
        for part in ("orders", "refunds", "stock")
    ]
    publish = BashOperator(task_id="publish", bash_command="publish {name}", retries=1)
    wait >> extracts >> publish
'''
ASSET = '''\
"""What the reports on {name} are made of."""

import dagster as dg


@dg.asset(group_name="{domain}", retry_policy=dg.RetryPolicy(max_retries=2))
def {name}_raw() -> None:
    """The rows of {name} as they come."""


@dg.asset(deps=[{name}_raw], group_name="{domain}")
def {name}_clean() -> None:
    """The rows of {name} without duplicates."""
'''
MODEL = """\
with source as (
    select * from {{{{ ref('stg_{name}') }}}}
),

renamed as (
    select
        id as {name}_id,
        amount / 100.0 as amount,
        cast(created_at as date) as created_on,
        status
    from source
    where status <> 'void'
)

select * from renamed
"""
STAGING = "select id, amount, created_at, status from {{{{ source('{domain}', '{name}') }}}}\n"
SCHEMA = """\
version: 2

models:
  - name: {name}
    description: One row for each {name}.
    columns:
      - name: {name}_id
        tests: [not_null, unique]
      - name: amount
        description: In the currency of the shop.
  - name: stg_{name}
    columns:
      - name: id
        tests: [not_null]
"""
LIBRARY = {
    "dags/lib/__init__.py": "",
    "dags/lib/loading.py": (
        '"""How a table comes into the warehouse."""\n\n\ndef table_of(name: str, part: str) -> str:\n'
        '    """The table of one part of a source."""\n    return f"{name}_{part}"\n\n\n'
        'def load(table: str) -> None:\n    """Load one table."""\n'
    ),
    "dags/lib/owners.py": (
        '"""Who is asked about which domain."""\n\nOWNERS = {\n'
        + "".join(f'    "domain_{number}": "team-{number}@example.com",\n' for number in range(12))
        + "}\n"
    ),
}


def large_project(folder: Path, *, size: int = 240) -> Repo:
    """A repository on `main` with `size` DAGs and six times as many files in all."""
    repository = Repo.init(folder, initial_branch="main")
    files: dict[str, str | bytes | None] = {
        ".meta-pipeline.yaml": POLICY,
        "pyproject.toml": RUFF,
        "requirements.txt": "apache-airflow==2.10.5\n",
        "transform/dbt_project.yml": 'name: transform\nversion: "1.0"\nprofile: warehouse\nmodel-paths: [models]\n',
        **LIBRARY,
    }
    for number in range(size):
        files |= dict(_domain_files(number))
    commit(repository, files, "The pipelines")
    return repository


def dag_project(folder: Path, *, size: int) -> Repo:
    """A repository on `main` with `size` DAG files and what they import."""
    repository = Repo.init(folder, initial_branch="main")
    files: dict[str, str | bytes | None] = {
        ".meta-pipeline.yaml": POLICY.partition("dbt:")[0],
        "pyproject.toml": RUFF,
        "requirements.txt": "apache-airflow==2.10.5\n",
        **LIBRARY,
    }
    files |= {dag_path(number): dag_source(number) for number in range(size)}
    commit(repository, files, "The pipelines")
    return repository


def dag_path(number: int) -> str:
    return f"dags/domain_{number % 12}/load_source_{number:03}.py"


def dag_source(number: int, *, retries: int = 2) -> str:
    words = {
        "name": f"source_{number:03}",
        "domain": f"domain_{number % 12}",
        "hour": str(number % 24),
        "minute": str(number % 60),
        "retries": str(retries),
    }
    return DAG.format(**words)


def _domain_files(number: int) -> Iterator[tuple[str, str]]:
    words = {"name": f"source_{number:03}", "domain": f"domain_{number % 12}"}
    domain, name = words["domain"], words["name"]
    yield dag_path(number), dag_source(number)
    yield f"assets/{domain}/{name}.py", ASSET.format(**words)
    yield f"transform/models/{domain}/{name}.sql", MODEL.format(**words)
    yield f"transform/models/{domain}/stg_{name}.sql", STAGING.format(**words)
    yield f"transform/models/{domain}/{name}.yml", SCHEMA.format(**words)
    yield f"docs/{domain}/{name}.md", f"# {name}\n\nLoaded by `load_{name}`; ask the owner of {domain}.\n"


def ten_file_change(repository: Repo) -> Mapping[str, str]:
    """What an ordinary change of ten files makes of them: three DAGs, two assets, three models, two schemas."""
    root = Path(repository.working_dir)
    edits = (
        ("dags/domain_1/load_source_001.py", '"retries": 2', '"retries": 3'),
        ("dags/domain_2/load_source_002.py", "minutes=5", "minutes=10"),
        ("dags/domain_3/load_source_003.py", 'tags=["domain_3"]', 'tags=["domain_3", "daily"]'),
        ("assets/domain_1/source_001.py", "max_retries=2", "max_retries=4"),
        ("assets/domain_2/source_002.py", "without duplicates", "without duplicates, the newest kept"),
        ("transform/models/domain_1/source_001.sql", "<> 'void'", "not in ('void', 'test')"),
        (
            "transform/models/domain_2/source_002.sql",
            "        status\n",
            "        status,\n        id % 10 as part\n",
        ),
        ("transform/models/domain_3/stg_source_003.sql", "status from", "status, currency from"),
        ("transform/models/domain_1/source_001.yml", "One row for each", "Exactly one row for each"),
        ("transform/models/domain_2/source_002.yml", "shop.\n", "shop, net of tax.\n"),
    )
    found: dict[str, str] = {}
    for path, old, new in edits:
        text = (root / path).read_text()
        assert old in text
        found[path] = text.replace(old, new)
    return found


def change_branches(repository: Repo, edits: Mapping[str, str], count: int) -> list[str]:
    """So many commits on what is checked out, each with these files and a remark of its own, so that all differ."""
    base = repository.head.commit
    heads = []
    for number in range(count):
        repository.git.checkout("--quiet", "--detach", base.hexsha)
        files: dict[str, str | bytes | None] = {
            path: f"{text}{'--' if path.endswith('.sql') else '#'} remark {number}\n"
            for path, text in edits.items()
        }
        heads.append(commit(repository, files, f"Change {number}"))
    repository.git.checkout("--quiet", "main")
    return heads
