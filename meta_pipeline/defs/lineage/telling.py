"""What the page of a pipeline shows of one moment of a delivery."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import dagster as dg

from meta_pipeline.defs.lineage.survey import WHEN_SHOWN
from meta_pipeline.defs.pictures import picture_shown
from meta_pipeline.delivery.judgement import Verdict
from meta_pipeline.delivery.ledger import Moment
from meta_pipeline.delivery.lineage.touched import Touched
from meta_pipeline.desk import Delivery
from meta_pipeline.evidence.lineage import DeliveryRow

_CHUNKS = 12
_SENTENCES = 5


@dataclass(frozen=True)
class Telling:
    """One moment of a delivery: what is told of it, and the page on which a person reads more.

    `subject` is the digest of what was decided; `outcome` a few words; `page` the delivery's asset that shows it;
    `paper` the file of the delivery's record that a person reads; `change_set` the change's digest, once there is one.
    """

    moment: Moment
    subject: str
    outcome: str
    page: str
    paper: str
    commit: str | None = None
    change_set: str | None = None
    verdict: Verdict | None = None
    people: tuple[str, ...] = ()


def shown(
    delivery: Delivery, thing: Touched, telling: Telling, rows: Sequence[DeliveryRow], web: str | None
) -> dict[str, dg.MetadataValue]:
    """In the order in which an operator reads: why, what, how it came out, where it is proved, what came before.

    Every event has the same keys: a page shows the newest value of each, also of an older event. `rows` are the
    deliveries of this thing, this one first; `web` is the address of the repository.
    """
    text = dg.MetadataValue.text
    chunks = (
        [chunk for result in telling.verdict.results for chunk in result.evidence] if telling.verdict else []
    )
    told: dict[str, dg.MetadataValue] = {
        "issue": text(rows[0].issue),
        "outcome": text(telling.outcome),
        "what changes": text(_changes(thing)),
        "commit": _commit(telling.commit, web),
        "signed by": text(", ".join(telling.people) or "nobody yet"),
        "evidence": dg.MetadataValue.path(delivery.record.folder.path(telling.paper)),
        "deliveries": _table(rows),
        "picture": _picture(delivery, telling.change_set),
        "gates": text(_gates(telling.verdict) if telling.verdict else "no verdict"),
        "chunk_ids": text(_listed(dict.fromkeys(chunks), _CHUNKS) or "none"),
        "delivery": dg.MetadataValue.url(
            f"/assets/{delivery.target.name}/{telling.page}?partition={delivery.id.partition_key}&view=partitions"
        ),
    }
    if thing.change == "added" and telling.moment == "merged":
        told["when it is shown"] = text(WHEN_SHOWN)
    return told


def _picture(delivery: Delivery, change_set: str | None) -> dg.MetadataValue:
    """The changed part of the pipelines, where it was drawn."""
    drawn = picture_shown(delivery, change_set) if change_set else {}
    return drawn.get("picture", dg.MetadataValue.text("none"))


def _commit(commit: str | None, web: str | None) -> dg.MetadataValue:
    if commit is None:
        return dg.MetadataValue.text("not written yet")
    return dg.MetadataValue.url(f"{web}/commit/{commit}") if web else dg.MetadataValue.text(commit)


def _changes(thing: Touched) -> str:
    more = thing.more + max(0, len(thing.sentences) - _SENTENCES)
    said = "; ".join(thing.sentences[:_SENTENCES])
    return f"{said}; and {more} more" if more else said


def _gates(verdict: Verdict) -> str:
    passed = sum(result.outcome == "passed" for result in verdict.results)
    others = [
        f"{result.id} {result.outcome.replace('_', ' ')}"
        for result in verdict.results
        if result.outcome not in ("passed", "not_applicable")
    ]
    return ", ".join([f"{passed} passed", *others])


def _listed(items: Iterable[str], most: int) -> str:
    names = list(items)
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return f"{', '.join(names[:most])}{more}"


def _table(rows: Sequence[DeliveryRow]) -> dg.MetadataValue:
    columns = ("delivery", "issue", "outcome", "commit", "when", "evidence")
    records = [
        dg.TableRecord(
            {
                "delivery": row.delivery,
                "issue": row.issue,
                "outcome": row.outcome,
                "commit": (row.commit or "")[:12],
                "when": row.at[:16].replace("T", " "),
                "evidence": row.paper.split("/", 2)[-1],
            }
        )
        for row in rows
    ]
    schema = dg.TableSchema(columns=[dg.TableColumn(name=column) for column in columns])
    return dg.MetadataValue.table(records=records, schema=schema)
