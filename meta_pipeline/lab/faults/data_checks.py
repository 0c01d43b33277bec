"""What is promised of data, changed: checks loosened or tightened, data kept for less long."""

import random
import re
from collections.abc import Iterator
from typing import ClassVar

from meta_pipeline.lab.editing import Change, Edit, Text
from meta_pipeline.lab.mutation import Base, Mutation, Mutator
from meta_pipeline.lab.repository import ANY
from meta_pipeline.lab.yaml_source import yaml_of


class CheckLoosened(Mutator):
    """A promise about data is taken back: `not_null` or `unique` removed, `required` turned off.

    Bad rows then go through to those who rely on it.
    """

    id = "data-check-loosened"
    schedulers = ANY
    is_harmful = True
    keys: ClassVar = {"tests", "data_tests", "constraints"}

    def mutations(self, base: Base, dice: random.Random) -> Iterator[Mutation]:
        document = yaml_of(base)
        if document is None or ".github/" in base.path:
            return
        for item in document.items():
            key = item.path[-1] if item.path else ""
            under = {"models", "sources", "seeds", "snapshots"} & set(item.path)
            if key in self.keys and under:
                yield Change(document.text, [document.without(item)], document.near(item)).fault(
                    f"takes a test of {document.subject(item)} out"
                )
        for entry in document.entries():
            value = (entry.value_text or "").lower()
            if entry.key in {"required", "unique", "enforced", "primaryKey"} and value == "true":
                edit = document.value_edit(entry, "false")
                yield Change(document.text, [edit], document.near(entry)).fault(
                    f"turns `{entry.key}` off for {document.subject(entry)}"
                )


class CheckTightened(Mutator):
    """More is asked of data than it keeps: a column that holds nulls must not, or a value that comes is refused.

    The next run fails on rows that were right yesterday.
    """

    id = "data-check-tightened"
    seen_by = "run"
    schedulers = ANY
    is_harmful = True

    def mutations(self, base: Base, dice: random.Random) -> Iterator[Mutation]:
        document = yaml_of(base)
        if document is None or ".github/" in base.path:
            return
        for item in document.items():
            if (
                item.path[-1:] == ("values",)
                and "accepted_values" in item.path
                and len(item.parent.value) > 1
            ):
                near = document.near(item)
                yield Change(document.text, [document.without(item)], near).fault(
                    f"refuses the value {item.value_text}"
                )
        for entry in document.entries():
            if entry.key == "required" and (entry.value_text or "").lower() == "false":
                edit = document.value_edit(entry, "true")
                yield Change(document.text, [edit], document.near(entry)).fault(
                    f"requires {document.subject(entry)}, which may be null"
                )


class RetentionShortened(Mutator):
    """Data is kept for less long than before: an expiry, a lifetime, or the history of a snapshot.

    What is older is deleted for good.
    """

    id = "retention-shortened"
    schedulers = ANY
    is_harmful = True
    _NAME: ClassVar = (
        r"partition_expiration_days|hours_to_expiration|expiration_days|retention_days|retentionDays|ttl_days|"
        r"data_retention_time_in_days|log_retention_days|retention|file_retention_duration|keep_days|max_age_days"
    )

    def mutations(self, base: Base, dice: random.Random) -> Iterator[Mutation]:
        if not base.path.endswith((".py", ".sql", ".yml", ".yaml", ".toml", ".tf", ".cfg")):
            return
        text = Text.of(base)
        if text is None:
            return
        pattern = rf"(?i)\b(\w*(?:{self._NAME}))[\"']?\s*[:=]\s*[\"']?(?:timedelta\(days=)?(\d+)"
        for found in re.finditer(pattern, text.value):
            days = int(found.group(2))
            if days > 3:
                new = str(max(1, days // dice.choice([4, 7, 10, 30])))
                edit = Edit(found.start(2), found.end(2), new)
                yield Change(text, [edit]).fault(f"shortens `{found.group(1)}` from {days} to {new}")
        if "snapshot" in text.value and base.path.endswith((".yml", ".sql")):
            for found in re.finditer(
                r"hard_deletes\s*[:=]\s*['\"]?(invalidate|new_record)|invalidate_hard_deletes\s*[:=]\s*(true)",
                text.value,
                re.IGNORECASE,
            ):
                group = 1 if found.group(1) else 2
                edit = Edit(found.start(group), found.end(group), "ignore" if group == 1 else "false")
                yield Change(text, [edit]).fault("no longer records rows that were deleted at the source")
