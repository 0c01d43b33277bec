# ruff: noqa: E501  the code that is read keeps the long lines that people write
"""Dagster code over a dbt project, and a dg project of component files; all load once `dbt parse` has run in DBT.

As `code_forms`, read from source and by Dagster itself it must give the same in every field.
"""

DBT = "studio/dbt"
"""The dbt project; its profile lies beside it."""

_EMPTY = ""

COMPONENT_FORMS: dict[str, str] = {
    "workspace.yaml": """
load_from:
  - python_module: {module_name: classic.definitions, working_directory: classic_code}
""",
    # --- the dbt project --------------------------------------------------------------------------------------
    "studio/dbt/dbt_project.yml": """
name: shopdbt
version: "1.0"
profile: shopdbt
models:
  shopdbt:
    staging: {+materialized: view, +tags: [staging]}
    helpers: {+materialized: ephemeral}
    marts: {+materialized: table, +schema: mart, +group: finance, +tags: [nightly]}
seeds:
  shopdbt: {+schema: seeds}
""",
    "studio/dbt/profiles.yml": """
shopdbt:
  target: dev
  outputs:
    dev: {type: duckdb, path: ":memory:"}
    prod: {type: duckdb, path: prod.duckdb}
""",
    "studio/dbt/models/sources.yml": """
version: 2
sources:
  - name: raw
    tables:
      - name: orders
        columns: [{name: id, data_tests: [not_null]}]
      - {name: clients, meta: {dagster: {asset_key: [crm, clients]}}}
groups:
  - {name: finance, owner: {name: Finance, email: finance@example.com}}
""",
    "studio/dbt/models/staging/stg_orders.sql": "select * from {{ source('raw', 'orders') }}",
    "studio/dbt/models/staging/stg_clients.sql": "select * from {{ source('raw', 'clients') }}",
    "studio/dbt/models/helpers/joined.sql": "select * from {{ ref('stg_orders') }} join {{ ref('stg_clients') }} using (id)",
    "studio/dbt/models/marts/revenue.sql": "select * from {{ ref('joined') }} join {{ ref('rates') }} using (id)",
    "studio/dbt/models/marts/churn.sql": (
        "{{ config(tags=['weekly'], meta={'dagster': {'group': 'people', 'owners': ['team:people']}}) }}\\n"
        "select * from {{ ref('stg_clients') }}"
    ).replace("\\n", "\n"),
    "studio/dbt/models/marts/marts.yml": """
version: 2
models:
  - name: revenue
    columns:
      - {name: id, data_type: integer, data_tests: [unique, not_null]}
      - name: client
        data_tests:
          - relationships: {to: ref('stg_clients'), field: id, config: {severity: warn}}
""",
    "studio/dbt/seeds/rates.csv": "id,rate\n1,2\n",
    "studio/dbt/tests/adds_up.sql": "select * from {{ ref('revenue') }} where 1 = 0",
    # --- a location of Python code ----------------------------------------------------------------------------
    "classic_code/classic/__init__.py": _EMPTY,
    "classic_code/classic/paths.py": """
import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DBT_DIR = os.path.join(os.path.dirname(__file__), "..", "..", "studio", "dbt")
MANIFEST = f"{ROOT}/studio/dbt/target/manifest.json"
""",
    "classic_code/classic/translate.py": """
from typing import Any, Mapping, Optional

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, DagsterDbtTranslatorSettings


class Translator(DagsterDbtTranslator):
    def __init__(self, prefix):
        self.prefix = prefix
        super().__init__(settings=DagsterDbtTranslatorSettings(enable_source_tests_as_checks=True))

    def get_asset_key(self, dbt_resource_props: Mapping[str, Any]) -> dg.AssetKey:
        key = super().get_asset_key(dbt_resource_props)
        if dbt_resource_props["resource_type"] == "source":
            return key
        return key.with_prefix(self.prefix)

    def get_group_name(self, dbt_resource_props) -> Optional[str]:
        folder = dbt_resource_props["fqn"][1]
        return {"staging": "bronze", "marts": "gold"}.get(folder, "other")

    def get_tags(self, dbt_resource_props):
        return {**super().get_tags(dbt_resource_props), "layer": dbt_resource_props["config"].get("materialized", "source")}

    def get_automation_condition(self, dbt_resource_props):
        if "weekly" in dbt_resource_props.get("tags", []):
            return dg.AutomationCondition.on_cron("@weekly")
        return None


class SpecTranslator(DagsterDbtTranslator):
    def get_asset_spec(self, manifest, unique_id, project):
        spec = super().get_asset_spec(manifest, unique_id, project)
        props = self.get_resource_props(manifest, unique_id)
        if props["resource_type"] == "source":
            return spec
        return spec.replace_attributes(key=spec.key.with_prefix(["again", props["resource_type"]]), owners=["team:again"])
""",
    "classic_code/classic/definitions.py": """
from pathlib import Path

import dagster as dg
from dagster_dbt import (
    DbtCliResource, DbtProject, build_dbt_asset_selection, build_schedule_from_dbt_selection, dbt_assets,
    get_asset_key_for_model, get_asset_key_for_source,
)

from classic.paths import DBT_DIR, MANIFEST
from classic.translate import SpecTranslator, Translator

project = DbtProject(project_dir=Path(DBT_DIR).resolve())


@dbt_assets(
    manifest=MANIFEST, dagster_dbt_translator=Translator("shop"), exclude="tag:staging,stg_clients", name="first",
    partitions_def=dg.DailyPartitionsDefinition("2026-01-01"), retry_policy=dg.RetryPolicy(max_retries=2), pool="dbt",
)
def first(context: dg.AssetExecutionContext, dbt: DbtCliResource):
    yield from dbt.cli(["build"], context=context).stream()


@dbt_assets(manifest=project.manifest_path, project=project, select="+revenue path:seeds", dagster_dbt_translator=SpecTranslator())
def second(context, dbt: DbtCliResource):
    yield from dbt.cli(["build"], context=context).stream()


@dg.asset(deps=[get_asset_key_for_model([first], "revenue"), get_asset_key_for_source([first], "raw")] if False else [get_asset_key_for_model([first], "revenue")])
def report(): ...


nightly = dg.define_asset_job("nightly", selection=build_dbt_asset_selection([first], dbt_select="tag:nightly") | dg.AssetSelection.assets("report"))
weekly = build_schedule_from_dbt_selection([second], job_name="all_again", cron_schedule="0 3 * * 0", dbt_select="resource_type:model")

defs = dg.Definitions(assets=[first, second, report], jobs=[nightly], schedules=[weekly], resources={"dbt": DbtCliResource(project_dir=project)})
""",
    # --- a dg project of components -----------------------------------------------------------------------------
    "studio/pyproject.toml": """
[project]
name = "studio"

[tool.dg]
directory_type = "project"

[tool.dg.project]
root_module = "studio"
""",
    "studio/src/studio/__init__.py": _EMPTY,
    "studio/src/studio/definitions.py": """
from pathlib import Path

from dagster import definitions, load_from_defs_folder


@definitions
def defs():
    return load_from_defs_folder(path_within_project=Path(__file__).parent)
""",
    "studio/src/studio/lib.py": """
from dataclasses import dataclass
from typing import Optional

import dagster as dg


class Source(dg.Model, dg.Resolvable):
    name: str
    cron: Optional[str] = None
    retries: int = 0


class Sources(dg.Component, dg.Model, dg.Resolvable):
    sources: list[Source]
    owner: str = "team:none"

    def build_defs(self, context: dg.ComponentLoadContext) -> dg.Definitions:
        assets, schedules = [], []
        for source in self.sources:
            assets.append(self._asset(source))
            if source.cron:
                job = dg.define_asset_job(f"{source.name}_job", selection=[assets[-1]])
                schedules.append(dg.ScheduleDefinition(job=job, cron_schedule=source.cron))
        return dg.Definitions(assets=assets, schedules=schedules)

    def _asset(self, source):
        @dg.asset(name=source.name, owners=[self.owner], retry_policy=dg.RetryPolicy(max_retries=source.retries) if source.retries else None)
        def _source():
            yield dg.MaterializeResult()

        return _source


@dataclass
class Nightly(dg.Component, dg.Resolvable):
    job_name: str
    selection: str
    cron: str = "0 2 * * *"

    def build_defs(self, context):
        job = dg.define_asset_job(self.job_name, selection=self.selection)
        return dg.Definitions(jobs=[job], schedules=[dg.ScheduleDefinition(job=job, cron_schedule=self.cron)])
""",
    "studio/src/studio/defs/__init__.py": _EMPTY,
    "studio/src/studio/defs/sources/defs.yaml": """
type: studio.lib.Sources
attributes:
  owner: team:feeds
  sources:
    - name: prices
      cron: "@hourly"
      retries: 3
    - name: stock

---
type: studio.lib.Nightly
attributes:
  job_name: all_sources
  selection: 'key:"prices" or key:"stock"'
""",
    "studio/src/studio/defs/script/defs.yaml": """
type: dagster.PythonScriptComponent
attributes:
  execution:
    path: run.py
    tags: {size: small}
  assets:
    - key: scripts/table
      deps: [prices, away/there]
      owners: [team:scripts]
      kinds: [python]
      tags: {made_by: script}
      automation_condition: "{{ automation_condition.eager() }}"
      partitions_def: {type: daily, start_date: "2026-01-01"}
    - key: scripts/other
  checks:
    - {name: not_empty, asset: scripts/table}
""",
    "studio/src/studio/defs/script/run.py": "print('run')\n",
    "studio/src/studio/defs/dbt/defs.yaml": """
type: dagster_dbt.DbtProjectComponent
attributes:
  project: "{{ project_root }}/dbt"
  select: "path:models/marts rates"
  translation:
    group_name: "from_{{ node.resource_type }}"
    key: "dbt/{{ node.name }}"
    tags: {by: component}
post_processing:
  assets:
    - target: "tag:nightly"
      attributes: {owners: [team:night]}
""",
    "studio/src/studio/defs/tables/defs.yaml": """
type: dagster.DefsFolderComponent
post_processing:
  assets:
    - target: "*"
      attributes: {group_name: tables, tags: {folder: tables}}
    - target: "key:late"
      operation: replace
      attributes: {tags: {only: this}}
""",
    "studio/src/studio/defs/tables/some.py": """
import dagster as dg


@dg.asset(tags={"own": "1"})
def early(): ...


@dg.asset(deps=[early])
def late(): ...
""",
    "studio/src/studio/defs/python/defs.yaml": "type: dagster.DefinitionsComponent\nattributes: {path: inner/code.py}\n",
    "studio/src/studio/defs/python/inner/code.py": "import dagster as dg\n\ndefs = dg.Definitions(assets=[dg.AssetSpec('from_code')])\n",
}
