"""External assets out of the last survey that was kept: nothing of the target is read while Dagster loads."""

import logging
import re
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg

from meta_pipeline.delivery.lineage.cards import PIPELINE_KINDS, Card, Kind, Lineage
from meta_pipeline.delivery.topology import UNRESOLVED
from meta_pipeline.evidence.lineage import LineageStore, NotKept
from meta_pipeline.messages.render import code, escaped
from meta_pipeline.workspace.web import file_address

_LOG = logging.getLogger("meta_pipeline")
_EMAIL = re.compile(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,7}")
_NOBODY = frozenset({"airflow", UNRESOLVED})
_LONGEST_OWNER = 60

CALLED: dict[Kind, str] = {
    "dag": "DAG",
    "job": "Dagster job",
    "flow": "Prefect flow",
    "project": "dbt project",
    "asset": "Dagster asset",
    "model": "dbt model",
    "seed": "dbt seed",
    "snapshot": "dbt snapshot",
    "exposure": "dbt exposure",
    "dataset": "dataset",
}
_HOLDS: dict[Kind, tuple[str, str]] = {
    "dag": ("task", "tasks"),
    "job": ("op or asset", "ops or assets"),
    "flow": ("task", "tasks"),
    "project": ("model or test", "models and tests"),
}
"""What a pipeline consists of: one of it, and several."""


def pipelines_group(target: str) -> str:
    """The asset group of a target's own pipelines."""
    return f"{target}_pipelines"


def data_group(target: str) -> str:
    """The asset group of the assets, models and datasets that they make."""
    return f"{target}_data"


def kept_lineage(home: Path, target: str) -> Lineage | NotKept:
    """The last survey of a target; that one is there and cannot be used is logged, as nothing else would tell."""
    store = LineageStore(home, target)
    found = store.read()
    if isinstance(found, NotKept) and store.file.exists():
        _LOG.warning("No pipeline of %s is shown: %s.", target, found.reason)
    return found


def specs_of(lineage: Lineage) -> list[dg.AssetSpec]:
    """An external asset for each card."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", dg.BetaWarning)  # links to code; the version of Dagster is pinned
        return list(_specs(lineage))


def _specs(lineage: Lineage) -> Iterator[dg.AssetSpec]:
    groups = {True: pipelines_group(lineage.target), False: data_group(lineage.target)}
    tags = {"target": lineage.target}
    for card in lineage.cards:
        yield dg.AssetSpec(
            dg.AssetKey(card.key),
            deps=[dg.AssetKey(key) for key in card.deps],
            description=_description(card, lineage),
            metadata=dict(_metadata(card, lineage)),
            group_name=groups[card.kind in PIPELINE_KINDS],
            owners=_owners(card.owner),
            tags=tags,
            kinds={card.scheduler} if card.scheduler else None,
        )


def _description(card: Card, lineage: Lineage) -> str:
    told = [_in_a_line(card)]
    if card.name not in (card.key[-1], "/".join(card.key[2:])):
        told.append(f"{CALLED[card.kind]} {code(card.name)}.")
    if card.kind in PIPELINE_KINDS:
        told.append(_runs(card))
    elif card.schedule:
        told.append(f"It runs by itself: {escaped(card.schedule)}.")
    if card.circular:
        names = ", ".join(code("/".join(key[1:])) for key in card.circular)
        told.append(f"It also depends on {names}, which depends on it in turn; a graph has no such circles.")
    told.append(
        f"As read from source at commit {code(lineage.commit[:12])}. "
        "Every delivery that touches it leaves an event here."
    )
    return "\n\n".join(told)


def _in_a_line(card: Card) -> str:
    """The first line, which lists show by itself and as it is written."""
    of = f" of {card.nodes} {_HOLDS[card.kind][card.nodes != 1]}" if card.kind in PIPELINE_KINDS else ""
    where = f" in {escaped(_place(card))}" if card.path else ""
    return f"{CALLED[card.kind]}{of}{where}."


def _runs(card: Card) -> str:
    zone = f" ({escaped(card.timezone)})" if card.timezone and card.schedule else ""
    when = f"It runs at {code(card.schedule)}{zone}" if card.schedule else "It has no schedule of its own"
    retries = f", with {escaped(card.retries)} retries" if card.retries not in (None, "0") else ""
    return f"{when}{retries}."


def _metadata(card: Card, lineage: Lineage) -> Iterator[tuple[str, Any]]:
    if card.kind in PIPELINE_KINDS:
        yield "schedule", card.schedule or "none"
        yield _HOLDS[card.kind][1], card.nodes
        if card.retries is not None:
            yield "retries", card.retries
    if card.owner and card.owner not in _NOBODY:
        yield "owner", card.owner
    if card.tags:
        yield "tags", ", ".join(card.tags)
    if card.path:
        yield "source", f"{_place(card)} at {lineage.commit[:12]}"
        if lineage.web:
            url = file_address(lineage.web, lineage.commit, card.path, card.line)
            link = dg.UrlCodeReference(url=url, label=_place(card))
            yield "dagster/code_references", dg.CodeReferencesMetadataValue(code_references=[link])
    if card.columns:
        columns = [dg.TableColumn(each.name, each.type or "unknown") for each in card.columns]
        yield "dagster/column_schema", dg.TableSchema(columns)


def _place(card: Card) -> str:
    return f"{card.path}:{card.line}" if card.line else str(card.path)


def _owners(owner: str | None) -> list[str]:
    """In Dagster an owner is an address or a team; that nobody was named is no owner."""
    names = [name.strip() for name in (owner or "").split(",")]
    return [
        name if _EMAIL.fullmatch(name) else f"team:{name[:_LONGEST_OWNER]}"
        for name in dict.fromkeys(names)
        if name and name not in _NOBODY
    ]
