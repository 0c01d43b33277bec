"""What code says of an asset, whatever makes it: group, owners, tags, partitions, freshness ..."""

from collections.abc import Mapping
from typing import TypedDict, cast

from meta_pipeline.schedulers.dagster.static.keys import key_of, keys_of, prefixed
from meta_pipeline.schedulers.dagster.static.settings import given
from meta_pipeline.schedulers.dagster.static.values import Asset
from meta_pipeline.schedulers.source.values import Unknown

Named = Mapping[object, object]


class Attributes(TypedDict, total=False):
    group: object
    owners: object
    tags: object
    partitions: object
    automation: object
    kinds: object
    freshness: object
    metadata: object


class OpSettings(TypedDict):
    retry: object
    pool: object
    op_tags: object


FIELDS: Mapping[str, str] = {
    "group_name": "group",
    "owners": "owners",
    "tags": "tags",
    "partitions_def": "partitions",
    "automation_condition": "automation",
    "kinds": "kinds",
    "freshness_policy": "freshness",
    "metadata": "metadata",
}
"""The arguments of Dagster's names, and the attributes of an asset that they set."""


def attributes_of(named: Named) -> Attributes:
    """The attributes among the arguments of a decorator or a specification."""
    found = {field: given(named, argument) for argument, field in FIELDS.items()}
    if found["automation"] is None:
        found["automation"] = given(named, "auto_materialize_policy")
    for older in ("legacy_freshness_policy", "internal_freshness_policy"):
        if found["freshness"] is None:
            found["freshness"] = given(named, older)
    for several in ("owners", "kinds"):
        found[several] = () if found[several] is None else found[several]
    return cast(Attributes, found)


def told(attributes: Attributes) -> Attributes:
    """Those that are given at all."""
    kept = {name: value for name, value in attributes.items() if value not in (None, ())}
    return cast(Attributes, kept)


def own_of(spec: Asset) -> dict[str, object]:
    """The attributes that a specification gives."""
    return {name: held for name in FIELDS.values() if (held := getattr(spec, name)) not in (None, ())}


def op_settings(named: Named) -> OpSettings:
    """How the op behind an asset or a check runs."""
    tags = given(named, "op_tags")
    kind = given(named, "compute_kind")
    if kind is not None:
        held: Mapping[object, object] = tags if isinstance(tags, dict) else {}
        tags = tags if isinstance(tags, Unknown) else {**held, "dagster/compute_kind": kind}
    return {"retry": given(named, "retry_policy"), "pool": given(named, "pool"), "op_tags": tags}


def spec_of(named: Named, path: str, line: int, *, is_spec: bool = False) -> Asset:
    """An `AssetSpec` or `SourceAsset`, which by itself is an asset that Dagster does not make."""
    return Asset(
        key=prefixed(given(named, "key_prefix"), key_of(given(named, "key"))),
        kind="external_asset",
        path=path,
        line=line,
        deps=keys_of(given(named, "deps")),
        is_spec=is_spec,
        **attributes_of(named),
    )
