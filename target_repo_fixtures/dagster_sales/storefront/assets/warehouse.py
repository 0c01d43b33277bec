"""The dbt project: seeds, staging and marts, rebuilt whole, with its tests as asset checks."""

from collections.abc import Iterator

import dagster as dg
from dagster_dbt import DbtCliResource, DbtProject, dbt_assets

from storefront.lake import ROOT
from storefront.settings import PATIENT

PROJECT = DbtProject(project_dir=ROOT / "dbt", profiles_dir=ROOT / "dbt", target="prod")

# `dagster dev` writes the manifest afresh with each load; a clean checkout has none at all.
PROJECT.prepare_if_dev()
if not PROJECT.manifest_path.is_file():
    PROJECT.preparer.prepare(PROJECT)


@dbt_assets(manifest=PROJECT.manifest_path, project=PROJECT, name="warehouse", retry_policy=PATIENT)
def warehouse(context: dg.AssetExecutionContext, dbt: DbtCliResource) -> Iterator:
    yield from dbt.cli(["build"], context=context).stream()
