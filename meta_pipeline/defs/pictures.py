"""The picture of a change: kept beside the dossier, and shown where an operator reads of the change."""

from collections.abc import Mapping

import dagster as dg

from meta_pipeline.delivery.impact.meaning import Meaning
from meta_pipeline.desk import Delivery
from meta_pipeline.messages.picture import as_markdown, picture, picture_file

_WORDS = "The changed part of the pipelines, with what is before and after it"


def draw(delivery: Delivery, change_set: str, meaning: Meaning) -> None:
    """Keep the picture of a change, `change_set` being its digest; nothing where it touches no node."""
    drawn = picture(meaning.excerpt)
    if drawn is not None:
        delivery.record.folder.write(picture_file(change_set), drawn.encode())


def picture_shown(delivery: Delivery, change_set: str) -> Mapping[str, dg.MetadataValue]:
    """The kept picture of a change as metadata that the UI renders."""
    drawn = delivery.record.folder.read(picture_file(change_set))
    if drawn is None:
        return {}
    return {"picture": dg.MetadataValue.md(as_markdown(drawn.decode(), _WORDS))}
