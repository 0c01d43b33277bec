"""Repositories whose DAGs dag-factory and gusty build from files; from source and by Airflow they must be the same."""

FACTORY_FILES: dict[str, str] = {
    "lib/__init__.py": """""",
    "lib/hooks.py": """def page(context): ...
""",
    "lib/ops.py": """try:
    from airflow.sdk import BaseOperator
except ImportError:
    from airflow.models.baseoperator import BaseOperator
class SayOperator(BaseOperator):
    def __init__(self, word=None, **kwargs):
        super().__init__(**kwargs)
        self.word = word
    def execute(self, context):
        return self.word
""",
    "dags/load.py": """# airflow dag
from pathlib import Path
from dagfactory import load_yaml_dags
load_yaml_dags(globals_dict=globals(), config_filepath=str(Path(__file__).parent / "config" / "sales.yml"))
""",
    "dags/load_folder.py": """# airflow dag
import os
from dagfactory import load_yaml_dags
load_yaml_dags(globals_dict=globals(), dags_folder=os.path.join(os.path.dirname(__file__), "config", "nested"))
""",
    "dags/load_dict.py": """# airflow dag
from dagfactory import load_yaml_dags
SAY = "lib.ops.SayOperator"
CONFIG = {
    "inline": {
        "default_args": {"owner": "inline", "start_date": "2024-02-01"},
        "schedule": "@hourly",
        "catchup": False,
        "tasks": [
            {"task_id": "one", "operator": SAY, "word": "x"},
            {"task_id": "two", "operator": SAY, "word": "y", "dependencies": ["one"], "retries": 4},
        ],
    }
}
load_yaml_dags(globals_dict=globals(), config_dict=CONFIG)
""",
    "dags/config/sales.yml": """default:
  default_args:
    owner: sales
    start_date: 2024-01-01
    retries: 1
    retry_delay: {__type__: datetime.timedelta, minutes: 3}
  catchup: false
  schedule: "0 3 * * *"
  tags: [shared]

sales_daily:
  description: daily
  max_active_runs: 1
  concurrency: 4
  dagrun_timeout: {__type__: datetime.timedelta, hours: 2}
  default_args:
    owner: daily
    on_failure_callback: lib.hooks.page
  task_groups:
    prepare:
      tooltip: prepare
    inner:
      parent_group_name: prepare
  tasks:
    extract:
      operator: lib.ops.SayOperator
      word: a
    clean:
      operator: lib.ops.SayOperator
      word: b
      task_group_name: prepare
      dependencies: [extract]
    deep:
      operator: lib.ops.SayOperator
      word: b
      task_group_name: inner
      dependencies: [clean]
    load:
      operator: lib.ops.SayOperator
      word: c
      retries: 5
      pool: big
      trigger_rule: all_done
      outlets: ["s3://bucket/out"]
      dependencies: [prepare]
sales_weekly:
  schedule: none
  tags: [own]
  tasks:
    - task_id: only
      operator: lib.ops.SayOperator
      word: z
""",
    "dags/config/nested/assets.yaml": """on_assets:
  default_args: {owner: assets, start_date: "2024-03-01"}
  schedule: {datasets: "(s3://bucket/a & s3://bucket/b) | s3://bucket/c"}
  tasks:
    wait:
      operator: lib.ops.SayOperator
      word: a
    again:
      operator: lib.ops.SayOperator
      dependencies: [wait]
      expand: {word: [a, b]}
""",
    "dags/config/nested/defaults.yml": """default_args: {retries: 7}
catchup: false
max_active_tasks: 3
""",
}

GUSTY_FILES: dict[str, str] = {
    **{path: text for path, text in FACTORY_FILES.items() if path.startswith("lib/")},
    "dags/gusty_many.py": """# airflow dag
from pathlib import Path
from gusty import create_dags
create_dags(str(Path(__file__).parent / "many"), globals(), latest_only=False, schedule=None, catchup=False)
""",
    "dags/gusty_shop.py": """# airflow dag
import os
from datetime import datetime, timedelta
from gusty import create_dag
dag = create_dag(
    os.path.join(os.path.dirname(__file__), "shop"),
    schedule="0 4 * * *",
    tags=["gusty"],
    default_args={"owner": "shop", "retries": 2, "start_date": datetime(2024, 1, 1)},
    wait_for_defaults={"timeout": 60, "retries": 3},
    catchup=False,
)
""",
    "dags/many/a/t.yml": """operator: lib.ops.SayOperator
word: q
""",
    "dags/many/a/u.yml": """operator: lib.ops.SayOperator
word: q
dependencies: [t]
""",
    "dags/many/b/METADATA.yml": """schedule: '@weekly'
start_date: !datetime [2024, 2, 2]
owner: x
default_args: {owner: bee, email: bee@example.com}
""",
    "dags/many/b/t.yml": """operator: lib.ops.SayOperator
word: q
""",
    "dags/shop/Extract.yml": """operator: lib.ops.SayOperator
word: a
pool: small
""",
    "dags/shop/METADATA.yml": """description: the shop
default_args:
  retries: 4
  retry_delay: !timedelta "minutes: 7"
external_dependencies:
  - upstream_dag: all
root_tasks: [begin]
leaf_tasks: [finish]
""",
    "dags/shop/begin.yml": """operator: lib.ops.SayOperator
word: a
""",
    "dags/shop/clean.py": """# ---
# dependencies:
#   - extract
# python_callable: main
# ---
def main():
    return 1
""",
    "dags/shop/finish.yml": """operator: lib.ops.SayOperator
word: a
""",
    "dags/shop/report.sql": """---
operator: lib.ops.SayOperator
retries: 9
dependencies: [extract]
external_dependencies:
  - other_dag: one_task
---
SELECT 1
""",
    "dags/shop/load/METADATA.yml": """tooltip: load
dependencies: [clean]
""",
    "dags/shop/load/check.yaml": """operator: lib.ops.SayOperator
word: x
dependencies: [copy, inner]
external_dependencies:
  far_dag:
    tasks: [t1, t2]
    execution_delta: !timedelta 'hours: 1'
""",
    "dags/shop/load/copy.yml": """operator: lib.ops.SayOperator
word: x
""",
    "dags/shop/load/inner/METADATA.yml": """prefix_group_id: true
""",
    "dags/shop/load/inner/deep.yml": """operator: lib.ops.SayOperator
multi_task_spec:
  deep_one: {word: one}
  deep_two: {word: two, retries: 6}
""",
}
