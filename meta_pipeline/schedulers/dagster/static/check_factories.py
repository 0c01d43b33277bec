"""The functions of Dagster and its integrations that make checks of assets."""

import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING

from meta_pipeline.schedulers.dagster.static.keys import keys_of
from meta_pipeline.schedulers.dagster.static.settings import given
from meta_pipeline.schedulers.dagster.static.values import Assets, Check, Freshness, Sensor
from meta_pipeline.schedulers.source.machine import Site
from meta_pipeline.schedulers.source.values import UNKNOWN

if TYPE_CHECKING:
    from meta_pipeline.schedulers.dagster.static.code import LocationCode

Named = Mapping[object, object]


def _made(named: Named, name: object, sla: object, site: Site) -> object:
    keys = keys_of(given(named, "assets"))
    checks = tuple(Check(key, name, site.path, site.line, sla=sla) for key in keys)
    return [Assets((), checks)]


def _last_update(_: "LocationCode", named: Named, site: Site) -> object:
    bound = given(named, "lower_bound_delta")
    seconds = bound.total_seconds() if isinstance(bound, timedelta) else UNKNOWN
    return _made(named, "freshness_check", Freshness(seconds), site)


def _named(name: str) -> Callable[["LocationCode", Named, Site], object]:
    return lambda _, named, site: _made(named, name, None, site)


def _bounds(_: "LocationCode", named: Named, site: Site) -> object:
    key = given(named, "metadata_key")
    name = f"{re.sub(r'[^A-Za-z0-9_]', '_', key)}_bounds_check" if isinstance(key, str) else UNKNOWN
    return _made(named, name, None, site)


def _sensor(_: "LocationCode", named: Named, site: Site) -> object:
    """A sensor that runs checks by itself, and launches no job that has a name."""
    return Sensor(given(named, "name", "freshness_checks_sensor"), (), False, site.path, site.line)


FACTORIES: Mapping[str, Callable[["LocationCode", Named, Site], object]] = {
    "build_last_update_freshness_checks": _last_update,
    "build_time_partition_freshness_checks": _named("freshness_check"),
    "build_column_schema_change_checks": _named("column_schema_change"),
    "build_anomaly_detection_freshness_checks": _named("anomaly_detection_freshness_check"),
    "build_metadata_bounds_checks": _bounds,
    "build_sensor_for_freshness_checks": _sensor,
}
