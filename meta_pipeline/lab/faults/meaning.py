"""What people and tools know of a pipeline taken away: its owner, the tags that mark what is sensitive."""

import ast
import random
import re
from collections.abc import Iterator

from meta_pipeline.lab.editing import Change
from meta_pipeline.lab.mutation import Base, Mutation, Mutator
from meta_pipeline.lab.pipeline_source import is_off, is_overridden, is_said_again, settings
from meta_pipeline.lab.python_source import python_of, text_value
from meta_pipeline.lab.repository import ANY
from meta_pipeline.lab.yaml_source import yaml_of

_SENSITIVE = re.compile(
    r"pii|phi|gdpr|hipaa|sensitiv|confidential|personal|restricted|secret|private|classified|classification",
    re.IGNORECASE,
)


class OwnerRemoved(Mutator):
    """The owner of a DAG, an asset, a flow or a model is taken out.

    When it fails, nobody knows whom to ask, and alerts by owner reach no one.
    """

    id = "owner-removed"
    schedulers = ANY
    is_harmful = True

    def mutations(self, base: Base, dice: random.Random) -> Iterator[Mutation]:
        source = python_of(base)
        if source is not None:
            for setting in settings(source, base.scheduler, "owner", "owners", "owner_links"):
                # Airflow's own default says no more than no owner.
                is_said = not is_off(setting.value) and text_value(setting.value) != "airflow"
                if is_said and not is_overridden(source, setting) and not is_said_again(source, setting):
                    edit = source.text.without_item(setting.span)
                    yield Change(source.text, [edit], setting.near).fault(f"takes out `{setting.name}`")
        if (document := yaml_of(base)) is None or ".github/" in base.path:
            return
        for entry in document.entries():
            if entry.key in {"owner", "owners"} and entry.value_text != "":
                yield Change(document.text, [document.without(entry)], document.near(entry)).fault(
                    f"takes out the owner of {document.subject(entry)}"
                )


class SensitiveMarkRemoved(Mutator):
    """The tag or the metadata that says that data is personal or confidential is taken out.

    Masking, access rules and retention that go by the mark then no longer apply.
    """

    id = "sensitive-mark-removed"
    schedulers = ANY
    is_harmful = True

    def mutations(self, base: Base, dice: random.Random) -> Iterator[Mutation]:
        source = python_of(base)
        if source is not None:
            for setting in settings(source, base.scheduler, "tags", "op_tags"):
                if not isinstance(setting.value, ast.List | ast.Tuple | ast.Set):
                    continue
                for item in setting.value.elts:
                    if _SENSITIVE.search(source.source(item)):
                        edit = source.text.without_item(source.span(item))
                        yield Change(source.text, [edit], setting.near[:1]).fault(
                            f"takes out the tag {source.source(item)}"
                        )
        if (document := yaml_of(base)) is None or ".github/" in base.path:
            return
        for entry in document.entries():
            parent = entry.path[-2] if len(entry.path) > 1 else ""
            marked = _SENSITIVE.search(f"{entry.key} {entry.value_text or ''}")
            is_mark = entry.key in {"classification", "pii", "sensitivity", "policy_tags"} or parent in {
                "meta",
                "tags",
            }
            if marked and is_mark and entry.value_text != "":
                yield Change(document.text, [document.without(entry)], document.near(entry)).fault(
                    f"takes out `{entry.key}: {entry.value_text}` of {document.subject(entry)}"
                )
        for tag in document.items():
            if tag.path[-1:] == ("tags",) and _SENSITIVE.search(tag.value_text or ""):
                yield Change(document.text, [document.without(tag)], document.near(tag)).fault(
                    f"takes out the tag `{tag.value_text}` of {document.subject(tag)}"
                )
