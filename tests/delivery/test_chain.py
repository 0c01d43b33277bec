"""One chain through two schedulers and dbt, read from source: lineage and impact follow it alike."""

from meta_pipeline.delivery.differences.compare import differences
from meta_pipeline.delivery.impact.impact import Sides, impact_of
from meta_pipeline.delivery.lineage.drawing import cards_of
from meta_pipeline.delivery.topology import Topology
from meta_pipeline.delivery.tree import MemoryTree
from meta_pipeline.policy import DbtPolicy, Policy, SchedulerPolicy
from meta_pipeline.schedulers.survey import survey

DAG = """
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, Asset

with DAG("load", schedule="@daily", default_args={{"retries": {retries}}}):
    EmptyOperator(task_id="orders", outlets=[Asset("postgres://db.example.com:5432/shop/raw/orders")])
"""
CODE = """
from pathlib import Path
import dagster as dg
from dagster_dbt import DbtProject, dbt_assets

PROJECT = DbtProject(project_dir=Path(__file__).joinpath("..", "..", "models").resolve())

@dbt_assets(manifest=PROJECT.manifest_path)
def warehouse(context, dbt):
    yield from dbt.cli(["build"], context=context).stream()

@dg.asset(deps=[dg.AssetKey("revenue")])
def published():
    return 1

defs = dg.Definitions(assets=[warehouse, published])
"""
FILES = {
    "code/definitions.py": CODE,
    "workspace.yaml": "load_from:\n  - python_file: code/definitions.py\n",
    "models/dbt_project.yml": "name: storefront\nprofile: storefront\nmodel-paths: [models]\n",
    "models/models/staged.sql": "select * from {{ source('raw', 'orders') }}\n",
    "models/models/revenue.sql": "select sum(amount) as amount from {{ ref('staged') }}\n",
    "models/models/schema.yml": """version: 2
sources:
  - name: raw
    tables: [{name: orders}]
exposures:
  - name: board
    type: dashboard
    owner: {email: finance@example.com}
    depends_on: [ref('revenue')]
""",
}
POLICY = Policy(
    schedulers=(
        SchedulerPolicy(kind="airflow", paths=("dags",)),
        SchedulerPolicy(kind="dagster", paths=("code",)),
    ),
    dbt=(DbtPolicy(project="models"),),
)


def seen(retries: int) -> tuple[Topology, ...]:
    return survey(MemoryTree.of({**FILES, "dags/load.py": DAG.format(retries=retries)}), POLICY)


def test_impact_follows_the_data_from_a_dag_to_an_exposure() -> None:
    base, head = seen(1), seen(2)
    reached = {step.name for step in impact_of(Sides(base, head, differences(base, head)), {}).downstream}
    assert {"model storefront.staged", "model storefront.revenue", "exposure storefront.board"} <= reached
    assert "asset published" in reached


def test_the_pages_of_the_lineage_follow_it_too() -> None:
    cards = {"/".join(card.key): card for card in cards_of("shop", seen(1))[0]}
    behind, found = ["shop/dags/load"], set()
    while behind:
        key = behind.pop()
        found.add(key)
        behind += [
            name for name, card in cards.items() if tuple(key.split("/")) in card.deps and name not in found
        ]
    assert {"shop/dbt/storefront/staged", "shop/dbt/storefront/revenue", "shop/assets/published"} <= found
    assert "shop/dbt/storefront/board" in found
