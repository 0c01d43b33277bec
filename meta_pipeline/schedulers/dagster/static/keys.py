"""Asset keys as code writes them: text, lists of parts, key objects, and things that have a key."""

from meta_pipeline.schedulers.dagster.static.values import Asset, AssetKey, Assets, Given, Key
from meta_pipeline.schedulers.source.values import UNKNOWN, OpenList, Unknown


def key_of(value: object) -> Key | Unknown:
    """The key that `value` means; text is one part, whatever slashes it holds."""
    match value:
        case AssetKey():
            return value.parts
        case str():
            return (value,)
        case list() | tuple() if not isinstance(value, OpenList):
            parts = [part for part in value if isinstance(part, str)]
            return tuple(parts) if parts and len(parts) == len(value) else UNKNOWN
        case Asset():
            return value.key
        case Assets(assets=(asset,)):
            return asset.key
        case Given(name="AssetDep" | "AssetSpec" | "SourceAsset"):
            return key_of(value.named.get("asset", value.named.get("key", UNKNOWN)))
    return UNKNOWN


def keys_of(value: object) -> tuple[Key | Unknown, ...]:
    """The keys of a list of dependencies; one that cannot be known is `UNKNOWN`."""
    if value is None:
        return ()
    if isinstance(value, Assets):
        return tuple(asset.key for asset in value.assets)
    if not isinstance(value, (list, tuple, set)):
        return (UNKNOWN,)
    found = [
        key for item in value for key in (keys_of(item) if isinstance(item, Assets) else (key_of(item),))
    ]
    return (*found, UNKNOWN) if isinstance(value, OpenList) else tuple(found)


def prefixed(prefix: object, key: Key | Unknown) -> Key | Unknown:
    """`key` below a prefix, which is text or a list of parts."""
    if prefix is None:
        return key
    parts = key_of(prefix)
    return UNKNOWN if isinstance(parts, Unknown) or isinstance(key, Unknown) else (*parts, *key)


def text_of(key: Key) -> str:
    """The key as Dagster shows it."""
    return "/".join(key)
