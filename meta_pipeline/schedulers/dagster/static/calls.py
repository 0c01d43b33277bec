"""What a call of Dagster's names makes."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from meta_pipeline.delivery.topology import UNRESOLVED
from meta_pipeline.schedulers.dagster.static import dbt_calls, loading, sling
from meta_pipeline.schedulers.dagster.static.attributes import attributes_of, op_settings, spec_of
from meta_pipeline.schedulers.dagster.static.check_factories import FACTORIES
from meta_pipeline.schedulers.dagster.static.conditions import CUSTOM, condition_of
from meta_pipeline.schedulers.dagster.static.decorators import ROLES, decorated
from meta_pipeline.schedulers.dagster.static.gathering import definitions_of, merged
from meta_pipeline.schedulers.dagster.static.inputs import declared_key
from meta_pipeline.schedulers.dagster.static.keys import key_of, keys_of, prefixed
from meta_pipeline.schedulers.dagster.static.launching import (
    ALERT_MAKER,
    alert_sensor,
    run_settings,
    schedule_of,
    sensor_of,
)
from meta_pipeline.schedulers.dagster.static.limits import configured
from meta_pipeline.schedulers.dagster.static.settings import (
    freshness_of,
    given,
    is_running,
    partitions_of,
    retry_of,
)
from meta_pipeline.schedulers.dagster.static.values import (
    Asset,
    AssetKey,
    Assets,
    Columns,
    Decorator,
    Given,
    Hook,
    Job,
    Key,
    Schedule,
    Selection,
)
from meta_pipeline.schedulers.source.machine import Arguments, Site
from meta_pipeline.schedulers.source.values import UNKNOWN, External, Function, Unknown, opened

if TYPE_CHECKING:
    from meta_pipeline.schedulers.dagster.static.code import LocationCode

Named = Mapping[object, object]
Handler = Callable[[Named, Site], object]

_PLACES: Mapping[str, tuple[str, ...]] = {
    "AssetKey": ("path",),
    "AssetIn": ("key",),
    "AssetOut": ("key_prefix", "key"),
    "AssetDep": ("asset",),
    "AssetCheckSpec": ("name",),
    "AssetSpec": ("key",),
    "TableColumn": ("name", "type"),
    "build_kind_tag": ("kind",),
    "define_dagstermill_asset": ("name", "notebook_path", "key_prefix", "ins", "deps"),
    "TableSchema": ("columns",),
    "DbtProject": ("project_dir",),
    "DagsterDbtTranslator": ("settings",),
    "build_dbt_asset_selection": ("dbt_assets", "dbt_select", "dbt_exclude"),
    "build_schedule_from_dbt_selection": ("dbt_assets", "job_name", "cron_schedule", "dbt_select"),
    "build_freshness_checks_from_dbt_assets": ("dbt_assets",),
    **dict.fromkeys(dbt_calls.RULES, ("props",)),
    "get_asset_key_for_model": ("dbt_assets", "model_name"),
    "get_asset_key_for_source": ("dbt_assets", "source_name"),
    "apply_freshness_policy": ("spec", "policy"),
    "RunStatusSensorDefinition": ("name", "run_status"),
    "SourceAsset": ("key",),
    "RetryPolicy": ("max_retries", "delay", "backoff"),
    "StaticPartitionsDefinition": ("partition_keys",),
    "DynamicPartitionsDefinition": ("partition_fn", "name"),
    "MultiPartitionsDefinition": ("partitions_defs",),
    "DailyPartitionsDefinition": ("start_date",),
    "HourlyPartitionsDefinition": ("start_date",),
    "WeeklyPartitionsDefinition": ("start_date",),
    "MonthlyPartitionsDefinition": ("start_date",),
    "define_asset_job": ("name", "selection"),
    "ScheduleDefinition": ("name",),
    "build_schedule_from_partitioned_job": ("job",),
    "SensorDefinition": ("name",),
    "AutomationConditionSensorDefinition": ("name",),
    "AssetSensorDefinition": ("name", "asset_key", "job_name"),
    "Definitions": ("assets", "schedules", "sensors", "jobs"),
    "load_assets_from_modules": ("modules", "group_name"),
    "load_assets_from_package_module": ("package_module", "group_name"),
    "load_assets_from_package_name": ("package_name", "group_name"),
    "load_assets_from_current_module": ("group_name",),
    "load_asset_checks_from_modules": ("modules", "asset_key_prefix"),
    "load_asset_checks_from_package_module": ("package_module", "asset_key_prefix"),
    "load_asset_checks_from_package_name": ("package_name", "asset_key_prefix"),
    "load_asset_checks_from_current_module": ("asset_key_prefix",),
    "load_definitions_from_modules": ("modules",),
    "load_definitions_from_module": ("module",),
    "load_definitions_from_package_module": ("package_module",),
    "load_definitions_from_package_name": ("package_name",),
    "load_defs": ("defs_root",),
    "map_asset_specs": ("func", "iterable"),
}
_PASSED_ON = (
    *("with_source_code_references", "with_resources"),
    *("link_code_references_to_git", "link_code_references_to_git_if_cloud"),
)
_BUILDER = re.compile(r"(?:load|build|create|make|assets|enrich|define)_\w+")


def is_of_dagster(external: External) -> bool:
    """Whether a name is Dagster's own or of one of its integrations."""
    root = external.name.partition(".")[0]
    return root in ("dagster", "dagstermill") or root.startswith("dagster_")


def named_of(arguments: Arguments, *places: str) -> dict[object, object]:
    """The arguments by name; `places` names those given by place."""
    found: dict[object, object] = dict(zip(places, arguments.positional, strict=False))
    found |= arguments.named
    return opened(found) if arguments.open else found


def call_dagster(machine: "LocationCode", external: External, arguments: Arguments, site: Site) -> object:
    """The value of a call of a name of Dagster; `UNKNOWN` for what plays no part in the topology."""
    last = external.last
    owner = external.name.rpartition(".")[0].rpartition(".")[2]
    of_integration = external.name.startswith("dagster_")
    if last in ROLES or (of_integration and last.endswith("_assets") and not _BUILDER.fullmatch(last)):
        return _decorator(machine, external, arguments, site)
    if owner == "AssetSelection":
        return Selection(last, _selection_parts(last, arguments))
    if owner in ("AutomationCondition", "AutoMaterializePolicy"):
        if owner == "AutoMaterializePolicy":
            return CUSTOM
        return condition_of(last, arguments.positional, arguments.named)
    if "FreshnessPolicy" in (owner, last) or last == "LegacyFreshnessPolicy":
        return freshness_of(last, arguments.positional, arguments.named)
    if last in ("slack_on_failure", "slack_on_success", "teams_on_failure", "teams_on_success"):
        return Hook("success_hook" if last.endswith("success") else "failure_hook", last)
    if last == "from_user_string" and owner == "AssetKey" and arguments.positional:
        text = arguments.positional[0]
        return AssetKey(tuple(text.split("/")) if isinstance(text, str) else UNKNOWN)
    if owner == "Definitions" and last.startswith("merge"):
        return merged(arguments.positional, site)
    named = named_of(arguments, *_PLACES.get(last, ()))
    if last == "configured" and owner.endswith("_executor"):
        return configured(owner, next(iter([*arguments.positional, *arguments.named.values()]), None))
    if last in _PASSED_ON:
        return arguments.positional[0] if arguments.positional else given(named, "assets_defs", UNKNOWN)
    if last.endswith("PartitionsDefinition"):
        return partitions_of(last, named)
    if ALERT_MAKER.fullmatch(last):
        return alert_sensor(last, named, site.path, site.line)
    handler = _HANDLERS.get(last)
    if handler is not None:
        return handler(named, site)
    if last == "Definitions":
        return definitions_of(machine, named, site)
    if last == "map_asset_specs":
        return _mapped_specs(machine, named, site)
    if last in FACTORIES:
        return FACTORIES[last](machine, named, site)
    if last in dbt_calls.HANDLERS:
        return dbt_calls.HANDLERS[last](machine, named, site)
    if last in loading.LOADERS:
        return loading.load(machine, last, named, site)
    if (of_integration and _BUILDER.fullmatch(last)) or (
        owner == "AssetsDefinition" and last.startswith("from_")
    ):
        machine.opaque(site.path, site.line, f"what {external.name} makes is known only at run time")
    return UNKNOWN


def _decorator(machine: "LocationCode", external: External, arguments: Arguments, site: Site) -> object:
    role = external.last
    if len(arguments.positional) == 1 and isinstance(arguments.positional[0], Function):
        return used(machine, role, {}, arguments.positional[0])
    # The one argument that these take by place is their target.
    place = {
        "asset_sensor": "asset_key",
        "multi_asset_sensor": "monitored_assets",
        "schedule": "cron_schedule",
    }
    named = named_of(arguments, place.get(role, "asset" if role == "asset_check" else "name"))
    return Decorator(role, named)


def used(machine: "LocationCode", role: str, named: Named, function: Function) -> object:
    """A decorator of Dagster or of an integration, used on a function."""
    if role in ROLES:
        return decorated(machine, role, named, function)
    return _foreign_assets(machine, role, named, function)


def _foreign_assets(machine: "LocationCode", role: str, named: Named, function: Function) -> Assets:
    """`@dbt_assets`, `@sling_assets` ...; where what they list is not in the repository, one node stands for it."""
    path, line = function.scope.path, function.line
    made = None
    if role == "dbt_assets":
        made = dbt_calls.decorated(machine, named, Site(path, line))
    elif role == "sling_assets":
        config, own = given(named, "replication_config"), given(named, "dagster_sling_translator")
        made = sling.assets_of(machine, config, own, named, Site(path, line))
    if made is not None:
        return replace(made, function=function)
    machine.opaque(path, line, f"the assets of @{role} {function.name} are listed outside the source")
    node = Asset(
        (f"{UNRESOLVED} ({function.name})",),
        role,
        path,
        line,
        retry=given(named, "retry_policy"),
        partitions=given(named, "partitions_def"),
    )
    return Assets((node,), function=function)


def _selection_parts(operation: str, arguments: Arguments) -> tuple[object, ...]:
    values = [*arguments.positional, *arguments.named.values()]
    if arguments.open:
        return (UNKNOWN,)
    match operation:
        case "keys":
            return tuple(AssetKey(_user_key(value)) for value in values)
        case "assets":
            return tuple(AssetKey(key) for value in values for key in keys_of([value]))
    return tuple(values)


def _user_key(value: object) -> Key | Unknown:
    """In a selection a text is a key as Dagster shows it, with slashes."""
    return tuple(value.split("/")) if isinstance(value, str) else key_of(value)


def _key(named: Named, _site: Site) -> object:
    return AssetKey(key_of(given(named, "path")))


def _spec(named: Named, site: Site) -> object:
    return spec_of(named, site.path, site.line, is_spec=True)


def _source(named: Named, site: Site) -> object:
    return spec_of(named, site.path, site.line)


def _asset_job(named: Named, site: Site) -> object:
    selection = given(named, "selection")
    return Job(
        name=given(named, "name", UNKNOWN),
        path=site.path,
        line=site.line,
        selection=Selection("all") if selection is None else selection,
        retry=given(named, "op_retry_policy"),
        partitions=given(named, "partitions_def"),
        **run_settings(named),
    )


def _partitioned_schedule(named: Named, site: Site) -> object:
    """Its cron follows from the job's partitions, which are known when all definitions are."""
    job = given(named, "job")
    name = given(named, "name")
    if name is None and isinstance(job, Job) and isinstance(job.name, str):
        name = f"{job.name}_schedule"
    own: dict[object, object] = {
        key: value for key, value in named.items() if key not in ("job", "name", UNKNOWN)
    }
    return Schedule(
        name=name,
        job=job,
        cron=Given("of partitions", own),
        timezone=None,
        running=is_running(given(named, "default_status")),
        path=site.path,
        line=site.line,
    )


def _retry(named: Named, _site: Site) -> object:
    return retry_of(named)


def _schema(named: Named, _site: Site) -> object:
    """`TableSchema(columns=[TableColumn(...), ...])`; what is not wholly known tells nothing."""
    columns = given(named, "columns")
    found: list[tuple[str, str | None]] = []
    for column in columns if isinstance(columns, (list, tuple)) else ():
        name = given(column.named, "name") if isinstance(column, Given) else UNKNOWN
        kind = given(column.named, "type", "string") if isinstance(column, Given) else UNKNOWN
        if not isinstance(name, str) or not isinstance(kind, str):
            return UNKNOWN
        found.append((name, None if kind == "?" else kind))
    return Columns(tuple(found))


def _apply_freshness(named: Named, _site: Site) -> object:
    spec, policy = given(named, "spec"), given(named, "policy")
    if not isinstance(spec, Asset):
        return UNKNOWN
    kept = given(named, "overwrite_existing", True) is False and spec.freshness is not None
    return spec if kept else replace(spec, freshness=policy)


def _notebook(named: Named, site: Site) -> object:
    """`define_dagstermill_asset(name, notebook_path, ...)`: an asset that a notebook makes."""
    declared = given(named, "ins")
    ins = declared if isinstance(declared, dict) else {}
    inputs = [declared_key(str(name), one) for name, one in ins.items() if name is not UNKNOWN]
    inputs += [UNKNOWN] if isinstance(declared, Unknown) or UNKNOWN in ins else []
    asset = Asset(
        key=prefixed(given(named, "key_prefix"), key_of(given(named, "name"))),
        kind="asset",
        path=site.path,
        line=site.line,
        deps=(*keys_of(given(named, "deps")), *inputs),
        **{**op_settings({"compute_kind": "ipynb", **named}), **attributes_of(named)},  # type: ignore[arg-type]  # fields by name
    )
    return Assets((replace(asset, tags=given(named, "asset_tags")),))


def _schedule(named: Named, site: Site) -> object:
    return schedule_of(named, site.path, site.line)


def _sensor(named: Named, site: Site) -> object:
    return sensor_of(named, site.path, site.line)


def _automation_sensor(named: Named, site: Site) -> object:
    """It runs what conditions ask for, and launches no job that has a name."""
    return sensor_of({key: value for key, value in named.items() if key != "target"}, site.path, site.line)


def _mapped_specs(machine: "LocationCode", named: Named, site: Site) -> object:
    """`map_asset_specs(func, iterable)`."""
    function, items = given(named, "func"), given(named, "iterable")
    found: list[object] = []
    for item in items if isinstance(items, (list, tuple)) else [UNKNOWN]:
        if isinstance(item, Asset):
            found.append(machine.call(function, Arguments([item]), site))
        elif isinstance(item, Assets):
            changed = [machine.call(function, Arguments([asset]), site) for asset in item.assets]
            known = tuple(asset for asset in changed if isinstance(asset, Asset))
            found.append(replace(item, assets=known) if len(known) == len(changed) else UNKNOWN)
        else:
            found.append(UNKNOWN)
    return found


def _plain(name: str) -> Handler:
    return lambda named, _site: Given(name, named)


_PLAIN = (
    *("AssetIn", "AssetOut", "AssetDep", "AssetCheckSpec", "TableColumn"),
    *("DbtProject", "DagsterDbtTranslator", "DagsterDbtTranslatorSettings"),
)
_HANDLERS: dict[str, Handler] = {
    "AssetKey": _key,
    "AssetSpec": _spec,
    "SourceAsset": _source,
    "RetryPolicy": _retry,
    "define_dagstermill_asset": _notebook,
    "build_kind_tag": lambda named, _site: {f"dagster/kind/{given(named, 'kind')}": ""},
    "TableSchema": _schema,
    "apply_freshness_policy": _apply_freshness,
    "define_asset_job": _asset_job,
    "ScheduleDefinition": _schedule,
    "build_schedule_from_partitioned_job": _partitioned_schedule,
    "SensorDefinition": _sensor,
    "AssetSensorDefinition": _sensor,
    "RunStatusSensorDefinition": _sensor,
    "AutomationConditionSensorDefinition": _automation_sensor,
    **{name: _plain(name) for name in _PLAIN},
}
