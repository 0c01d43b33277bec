"""Harmless edits of YAML and of what dbt describes in it: other spelling, more said, more tested."""

import posixpath
import random
import re
from collections.abc import Iterator
from itertools import pairwise

import yaml

from meta_pipeline.lab.editing import Change, Edit, Text
from meta_pipeline.lab.mutation import Base, Mutation, Mutator
from meta_pipeline.lab.repository import ANY
from meta_pipeline.lab.select_list import columns_given
from meta_pipeline.lab.sql_source import dbt_project_of, is_dbt_model
from meta_pipeline.lab.twins.sql_text import sql_of
from meta_pipeline.lab.yaml_source import Entry, YamlSource, parsed_yaml, yaml_of


class ColumnAdded(Mutator):
    """A model gets one more column, which may be null, and says in its YAML what it is."""

    id = "nullable-column-added"
    schedulers = ANY
    is_harmful = False

    def mutations(self, base: Base, dice: random.Random) -> Iterator[Mutation]:
        text = sql_of(base)
        if text is None or not is_dbt_model(base) or ";" in text.value:
            return
        columns = columns_given(text.value)
        found = _described(base)
        if (
            len(columns) < 2
            or found is None
            or re.search(r"\bunion\b|\bincremental\b", text.value, re.IGNORECASE)
        ):
            return
        document, entry = found
        name = dice.choice(["remark", "source_note", "review_state"])
        last = columns[-1].span[1]
        start = columns[-1].span[0]
        alone = not text.value[text.start_of_line(start) : start].strip()
        between = f",\n{text.indent(start)}" if alone else ", "
        listed = [
            item for item in document.items() if item.path[-1:] == ("columns",) and item.parent is entry.value
        ]
        if (
            name in text.value
            or not listed
            or getattr(entry.value, "flow_style", True)
            or "enforced" in document.text.value
        ):
            return
        at = document.text.end_of_line(listed[-1].span[1] - 1)
        indent = document.text.indent(listed[-1].span[0])
        lines = f"{indent}- name: {name}\n{indent}  description: What reviewers noted; empty where there is nothing.\n"
        if not document.text.value[:at].endswith("\n"):
            lines = "\n" + lines
        other = document.text.edited([Edit(at, at, lines)])
        edit = Edit(last, last, f"{between}cast(null as varchar) as {name}")
        change = Change(text, [edit], others={document.text.path: other.encode()})
        yield change.twin(f"adds the column `{name}`, which may be null")


def _described(base: Base) -> tuple[YamlSource, Entry] | None:
    """The `columns` of a model in a YAML file of its folder."""
    folder, file = posixpath.split(base.path)
    for path in sorted(base.tree.entries()):
        if posixpath.dirname(path) != folder or not path.endswith((".yml", ".yaml")):
            continue
        text = Text.of(base, path)
        document = None if text is None else parsed_yaml(path, text.value)
        for entry in document.entries() if document else ():
            if entry.path == ("models", "columns") and entry.name == file[:-4] and document is not None:
                return document, entry
    return None


class YamlReordered(Mutator):
    """Two entries of a mapping change places, or a value gets quotes. It reads the same."""

    id = "yaml-respelt"
    keeps_pipelines = True
    keeps_meaning = True
    schedulers = ANY
    is_harmful = False

    def mutations(self, base: Base, dice: random.Random) -> Iterator[Mutation]:
        document = yaml_of(base)
        if document is None or "lock" in base.path or base.path.endswith(".meta-pipeline.yaml"):
            return
        if re.search(r"(^|\s)[&*]\w", document.text.value):
            return
        text = document.text
        plain = [entry for entry in document.entries() if self._is_simple(document, entry)]
        pairs = [
            (one, two)
            for one, two in pairwise(plain)
            if one.parent is two.parent and text.line(two.span[0]) == text.line(one.span[0]) + 1
        ]
        for one, two in dice.sample(pairs, min(3, len(pairs))):
            edits = [
                Edit(*one.span, text.value[slice(*two.span)]),
                Edit(*two.span, text.value[slice(*one.span)]),
            ]
            yield Change(text, edits).twin("changes the order of two entries")
        for entry in dice.sample(plain, min(3, len(plain))):
            value = entry.value
            is_text = (
                isinstance(value, yaml.ScalarNode) and value.style is None and value.tag.endswith(":str")
            )
            if (
                is_text
                and not re.search(r"[\"\\\\\n]", entry.value_text or "")
                and "<<" not in (entry.value_text or "")
            ):
                edit = document.value_edit(entry, f'"{entry.value_text}"')
                yield Change(text, [edit]).twin("quotes a value")

    def _is_simple(self, document: YamlSource, entry: Entry) -> bool:
        start, end = entry.span
        single = document.text.line(start) == document.text.line(max(start, end - 1))
        rest = document.text.value[end : document.text.end_of_line(end)]
        has_value = bool(entry.value_text) and end > start + len(entry.key)
        is_named = entry.key not in {"<<", "cron"} and not entry.parent.flow_style
        return single and has_value and is_named and not rest.strip()


class ColumnTested(Mutator):
    """A column that is unique is also tested to be there, or a model gets its description and tests."""

    id = "column-test-added"
    schedulers = ANY
    is_harmful = False

    def mutations(self, base: Base, dice: random.Random) -> Iterator[Mutation]:
        document = yaml_of(base)
        if document is None or dbt_project_of(base) is None:
            return
        for item in document.items():
            if item.path[-1:] not in {("tests",), ("data_tests",)} or item.value_text != "unique":
                continue
            names = {getattr(node, "value", None) for node in item.parent.value}
            if "not_null" in names:
                continue
            if item.parent.flow_style:
                new = ", not_null"
            else:
                indent = item.span[0] - document.text.start_of_line(item.span[0])
                new = "\n" + " " * indent + "- not_null"
            edit = Edit(item.span[1], item.span[1], new)
            yield Change(document.text, [edit]).twin("tests that a key is there")
        key = "data_tests" if "data_tests" in document.text.value else "tests"
        for entry in document.entries():
            is_key = entry.path == ("models", "columns", "name") and (entry.value_text or "").endswith("_id")
            if (
                is_key
                and not {"tests", "data_tests"} & set(document.siblings(entry))
                and not entry.parent.flow_style
            ):
                column = entry.span[0] - document.text.start_of_line(entry.span[0])
                line = "\n" + " " * column + f"{key}: [not_null]"
                edit = Edit(entry.span[1], entry.span[1], line)
                yield Change(document.text, [edit]).twin("tests that a key is there")


class ExposureAdded(Mutator):
    """A dashboard that reads a model is written down."""

    id = "exposure-added"
    schedulers = ANY
    is_harmful = False

    def mutations(self, base: Base, dice: random.Random) -> Iterator[Mutation]:
        document = yaml_of(base)
        if document is None or dbt_project_of(base) is None or "/models/" not in f"/{base.path}":
            return
        models = [entry.value_text for entry in document.entries() if entry.path == ("models", "name")]
        folder = posixpath.dirname(base.path)
        path = posixpath.join(folder, "weekly_exposure.yml")
        if not models or path in base.tree.entries():
            return
        ref = f"ref('{dice.choice(models)}')"
        content = (
            "version: 2\n\nexposures:\n  - name: weekly_overview\n    label: Weekly overview\n    type: dashboard\n"
            "    maturity: medium\n    url: https://bi.example.com/weekly\n    description: Read on Mondays.\n"
            f"    depends_on:\n      - {ref}\n    owner:\n      name: Data team\n      email: data@example.com\n"
        )
        yield Mutation({path: content.encode()}, (), "writes a dashboard down")
