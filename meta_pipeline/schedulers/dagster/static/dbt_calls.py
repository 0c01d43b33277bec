"""What calls of dagster-dbt's names make of the dbt projects in the repository."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from meta_pipeline.schedulers.dagster.static import dbt_assets
from meta_pipeline.schedulers.dagster.static.dbt_assets import Wanted
from meta_pipeline.schedulers.dagster.static.dbt_translator import Translator, default
from meta_pipeline.schedulers.dagster.static.launching import run_settings
from meta_pipeline.schedulers.dagster.static.settings import canonical, given, is_running
from meta_pipeline.schedulers.dagster.static.values import (
    Assets,
    Check,
    Freshness,
    Given,
    Job,
    Partitions,
    Schedule,
)
from meta_pipeline.schedulers.source.machine import Site
from meta_pipeline.schedulers.source.values import UNKNOWN, Instance, Unknown

if TYPE_CHECKING:
    from meta_pipeline.schedulers.dagster.static.code import LocationCode

Named = Mapping[object, object]
Handler = Callable[["LocationCode", Named, Site], object]


def decorated(machine: "LocationCode", named: Named, site: Site) -> Assets | None:
    """`@dbt_assets(manifest=..., select=...)`; None where only a run can tell what it makes."""
    translator = given(named, "dagster_dbt_translator")
    if isinstance(translator, Unknown):
        return None
    found = dbt_assets.translator_of(machine, named, site, _instance(translator))
    return dbt_assets.assets_of(found, Wanted.of(named), named) if found is not None else None


def _instance(translator: object) -> object:
    return translator if isinstance(translator, (Instance, Given)) else None


def _specs(machine: "LocationCode", named: Named, site: Site) -> object:
    found = dbt_assets.translator_of(machine, named, site, given(named, "dagster_dbt_translator"))
    specs = dbt_assets.specs_of(found, Wanted.of(named)) if found is not None else None
    if specs is None:
        machine.opaque(site.path, site.line, "which dbt models these are is known only at run time")
    return UNKNOWN if specs is None else specs


def _selection(machine: "LocationCode", named: Named, site: Site) -> object:
    origin = dbt_assets.origin_of(given(named, "dbt_assets"))
    return dbt_assets.selection_of(origin, Wanted.of(named, "dbt_")) if origin is not None else UNKNOWN


def _schedule(machine: "LocationCode", named: Named, site: Site) -> object:
    """`build_schedule_from_dbt_selection(...)` makes a job of the selection, and its schedule."""
    name = given(named, "job_name")
    schedule_name = given(named, "schedule_name")
    job = Job(
        name=name,
        path=site.path,
        line=site.line,
        selection=_selection(machine, named, site),
        **run_settings({"tags": given(named, "tags"), "config": given(named, "config")}),
    )
    return Schedule(
        name=f"{name}_schedule" if schedule_name is None else schedule_name,
        job=job,
        cron=canonical(given(named, "cron_schedule")),
        timezone=given(named, "execution_timezone"),
        running=is_running(given(named, "default_status")),
        path=site.path,
        line=site.line,
    )


def _freshness(machine: "LocationCode", named: Named, site: Site) -> object:
    """`build_freshness_checks_from_dbt_assets(...)`: checks of the models whose metadata ask for one."""
    assets = given(named, "dbt_assets")
    checks: list[Check] = []
    for one in assets if isinstance(assets, (list, tuple)) else ():
        origin = one.origin if isinstance(one, Assets) else None
        if not isinstance(origin, Translator):
            return UNKNOWN
        for unique_id in origin.known:
            key = origin.asset(unique_id).key
            asked = dbt_assets.freshness_of(origin, unique_id)
            if asked is None or not any(asset.key == key for asset in one.assets):
                continue
            sla = _bound(one, asked.get("lower_bound_delta_seconds"))
            checks.append(Check(key, "freshness_check", site.path, site.line, sla=sla))
    return [Assets((), tuple(checks))] if checks else []


def _bound(assets: Assets, seconds: object) -> Freshness | None:
    """How old the data may be; of assets with windows of time the windows tell it."""
    partitions = assets.assets[0].partitions
    if isinstance(partitions, Partitions) and partitions.cron is not None:
        return None
    return Freshness(int(seconds)) if isinstance(seconds, (int, str)) and str(seconds).isdigit() else None


def _rule(method: str) -> Handler:
    def handler(machine: "LocationCode", named: Named, site: Site) -> object:
        props = next(iter(named.values()), None)
        return default(method, props) if isinstance(props, dict) and "resource_type" in props else UNKNOWN

    return handler


RULES: Mapping[str, str] = {
    "default_asset_key_fn": "get_asset_key",
    "default_metadata_from_dbt_resource_props": "get_metadata",
    "default_group_from_dbt_resource_props": "get_group_name",
    "default_owners_from_dbt_resource_props": "get_owners",
}
"""dagster-dbt's own rules as functions, and the method of the translator that each is."""

HANDLERS: Mapping[str, Handler] = {
    "build_dbt_asset_specs": _specs,
    "build_freshness_checks_from_dbt_assets": _freshness,
    "build_dbt_asset_selection": _selection,
    "build_schedule_from_dbt_selection": _schedule,
    "get_asset_key_for_model": lambda _, named, _site: dbt_assets.key_of_model(
        given(named, "dbt_assets"), given(named, "model_name")
    ),
    "get_asset_key_for_source": lambda _, named, _site: dbt_assets.key_of_source(
        given(named, "dbt_assets"), given(named, "source_name")
    ),
    **{name: _rule(method) for name, method in RULES.items()},
}
