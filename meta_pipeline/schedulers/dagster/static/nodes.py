"""From assets, checks and ops to the nodes of the document, with all defaults merged."""

from collections.abc import Iterable, Mapping
from typing import TypedDict

from meta_pipeline.delivery.topology import UNRESOLVED, Node, Unresolved
from meta_pipeline.schedulers.dagster.static.keys import text_of
from meta_pipeline.schedulers.dagster.static.selections import DEFAULT_GROUP
from meta_pipeline.schedulers.dagster.static.values import (
    Asset,
    Check,
    Condition,
    Freshness,
    Hook,
    Job,
    Key,
    OpNode,
    Partitions,
    Retry,
)
from meta_pipeline.schedulers.source.values import OpenList, Unknown, is_open

_OLD_POOL = "dagster/concurrency_key"
_OWN_TAGS = ("dagster_dbt/", "dagster-dbt/", ".dagster/", "dagster/partition")


class Retries(TypedDict):
    retries: int | Unresolved
    retry_delay_s: float | None | Unresolved
    retry_backoff: bool | Unresolved


def asset_node(asset: Asset, key: Key, job_retry: object, here: Mapping[Key, Asset]) -> Node:
    """An asset of a job; `here` are all assets of the code location.

    It writes its key, and the dbt model that it stands for by that model's name. It reads those keys of its
    dependencies that nothing in the location defines; an external asset reads its own, as somebody else writes it.
    """
    external = asset.kind == "external_asset"
    upstream = _texts(asset.deps)
    away = (dep for dep in asset.deps if isinstance(dep, Unknown) or dep not in here)
    written = {text_of(key), asset.table or text_of(key)}
    return Node(
        id=text_of(key),
        kind=asset.kind,
        **_retries(None if external else asset.retry if asset.retry is not None else job_retry),
        owner=owner_text([asset.owners]),
        tags=_asset_tags(asset),
        pool=None if external else _pool(asset.pool, asset.op_tags),
        sla_s=_seconds(asset.freshness),
        alerts=() if external else hook_texts(asset.hooks),
        group=asset.group if isinstance(asset.group, str) else UNRESOLVED if asset.group else DEFAULT_GROUP,
        upstream=upstream,
        reads=(text_of(key),) if external else _texts(away),
        writes=() if external else tuple(sorted(written)),
        partitions=partition_text(asset.partitions),
        automation=_automation_text(asset.automation),
        path=asset.path,
        line=asset.line,
    )


def check_node(check: Check, job_retry: object) -> Node:
    """An asset check; its id is `asset:check`."""
    asset = text_of(check.asset) if not isinstance(check.asset, Unknown) else UNRESOLVED
    return Node(
        id=f"{asset}:{check.name}",
        kind="asset_check",
        **_retries(check.retry if check.retry is not None else job_retry),
        tags=tag_texts(check.op_tags),
        pool=_pool(check.pool, check.op_tags),
        sla_s=_seconds(check.sla),
        upstream=_texts((check.asset, *check.deps)),
        automation=_automation_text(check.automation),
        path=check.path,
        line=check.line,
    )


def op_node(node: OpNode, job: Job) -> Node:
    """An op of a job; its group is the graph around it."""
    op = node.op
    return Node(
        id=node.id,
        kind="op",
        **_retries(op.retry if op.retry is not None else job.retry),
        tags=tag_texts(op.tags),
        pool=_pool(op.pool, op.tags),
        alerts=hook_texts(op.hooks),
        group=node.id.rpartition(".")[0] or None,
        upstream=tuple(sorted(node.upstream)),
        partitions=partition_text(job.partitions),
        path=op.path,
        line=op.line,
    )


def named_node(key: Key, job: Job) -> Node:
    """An asset that the job names and the source does not define: a manifest or a connection lists it."""
    return Node(
        id=text_of(key),
        kind="asset",
        retries=UNRESOLVED,
        retry_delay_s=UNRESOLVED,
        retry_backoff=UNRESOLVED,
        sla_s=UNRESOLVED,
        owner=UNRESOLVED,
        tags=(UNRESOLVED,),
        pool=UNRESOLVED,
        group=UNRESOLVED,
        reads=(UNRESOLVED,),
        writes=(text_of(key),),
        upstream=(UNRESOLVED,),
        partitions=UNRESOLVED,
        automation=UNRESOLVED,
        path=job.path,
        line=job.line,
    )


def _asset_tags(asset: Asset) -> tuple[str, ...]:
    """The tags of an asset, its kinds among them, and those of the op that makes it."""
    kinds: object = None
    if isinstance(asset.kinds, (set, frozenset, list, tuple)):
        known = [kind for kind in asset.kinds if isinstance(kind, str)]
        kinds = {f"dagster/kind/{kind}": "" for kind in known}
        if isinstance(asset.kinds, OpenList) or len(known) < len(asset.kinds):
            return tuple(sorted({*tag_texts(asset.tags, kinds, asset.op_tags), UNRESOLVED}))
    elif asset.kinds:
        kinds = asset.kinds
    return tag_texts(asset.tags, kinds, None if asset.kind == "external_asset" else asset.op_tags)


def tag_texts(*groups: object) -> tuple[str, ...]:
    """Tags as `key` or `key=value`; of a value that is a whole document only the key is shown."""
    texts: set[str] = set()
    for tags in groups:
        if tags is None:
            continue
        if not isinstance(tags, dict):
            texts.add(UNRESOLVED)
            continue
        texts |= {_tag_text(key, value) for key, value in tags.items() if isinstance(key, str)} - {""}
        if is_open(tags):
            texts.add(UNRESOLVED)
    return tuple(sorted(texts))


def _tag_text(key: str, value: object) -> str:
    if key.startswith(_OWN_TAGS):
        return ""
    if isinstance(value, (dict, list, tuple)) or value == "":
        return key
    if isinstance(value, bool) or value is None:
        return f"{key}={str(value).lower() if value is not None else 'null'}"
    if isinstance(value, (str, int, float)):
        return key if str(value)[:1] in ("{", "[") else f"{key}={value}"
    return f"{key}={UNRESOLVED}"


def _pool(pool: object, tags: object) -> str | None | Unresolved:
    held = tags.get(_OLD_POOL) if pool is None and isinstance(tags, dict) else pool
    return held if isinstance(held, str) else None if held is None else UNRESOLVED


def _seconds(freshness: object) -> float | None | Unresolved:
    if freshness is None:
        return None
    seconds = freshness.seconds if isinstance(freshness, Freshness) else UNRESOLVED
    return None if seconds is None else float(seconds) if isinstance(seconds, (int, float)) else UNRESOLVED


def hook_texts(hooks: object) -> tuple[str, ...]:
    """The hooks of an op, asset or job as `failure_hook: name`."""
    if not hooks:
        return ()
    if not isinstance(hooks, (set, frozenset, list, tuple)):
        return (UNRESOLVED,)
    texts = {
        f"{hook.kind}: {hook.name if isinstance(hook.name, str) else UNRESOLVED}"
        if isinstance(hook, Hook)
        else UNRESOLVED
        for hook in hooks
    }
    return tuple(sorted({*texts, UNRESOLVED} if isinstance(hooks, OpenList) else texts))


def _retries(policy: object) -> Retries:
    """The retries of a node, the delay between them in seconds, and whether it grows."""
    if policy is None:
        return {"retries": 0, "retry_delay_s": None, "retry_backoff": False}
    if not isinstance(policy, Retry):
        return {"retries": UNRESOLVED, "retry_delay_s": UNRESOLVED, "retry_backoff": UNRESOLVED}
    delay = policy.delay
    return {
        "retries": policy.retries if type(policy.retries) is int else UNRESOLVED,
        "retry_delay_s": float(delay)
        if isinstance(delay, (int, float))
        else None
        if delay is None
        else UNRESOLVED,
        "retry_backoff": policy.backoff if isinstance(policy.backoff, bool) else UNRESOLVED,
    }


def _texts(keys: Iterable[Key | Unknown]) -> tuple[str, ...]:
    return tuple(sorted({UNRESOLVED if isinstance(key, Unknown) else text_of(key) for key in keys}))


def partition_text(partitions: object) -> str | None | Unresolved:
    if partitions is None:
        return None
    text = partitions.text if isinstance(partitions, Partitions) else None
    return text if isinstance(text, str) else UNRESOLVED


def _automation_text(condition: object) -> str | None | Unresolved:
    if condition is None:
        return None
    return condition.text if isinstance(condition, Condition) else UNRESOLVED


def owner_text(groups: Iterable[object]) -> str | None | Unresolved:
    names: set[str] = set()
    for owners in groups:
        if owners is None:
            continue
        if not isinstance(owners, (list, tuple)) or isinstance(owners, OpenList):
            return UNRESOLVED
        if not all(isinstance(owner, str) for owner in owners):
            return UNRESOLVED
        names |= {str(owner) for owner in owners}
    return ", ".join(sorted(names)) or None
