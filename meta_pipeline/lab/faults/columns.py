"""Columns of a dataset gone, renamed or of another type."""

import posixpath
import random
import re
from collections.abc import Iterator

from meta_pipeline.lab.editing import Change, Edit, Text
from meta_pipeline.lab.mutation import Base, Mutation, Mutator, Place
from meta_pipeline.lab.repository import ANY, mentions
from meta_pipeline.lab.select_list import Column, columns_given
from meta_pipeline.lab.yaml_source import Entry, YamlSource, yaml_of

_COLUMN_PATHS = {("columns", "name"), ("properties", "name"), ("fields", "name")}
_TYPES = {
    "string": "integer",
    "varchar": "integer",
    "text": "integer",
    "integer": "string",
    "int": "varchar",
    "bigint": "varchar",
    "number": "string",
    "numeric": "varchar",
    "decimal": "varchar",
    "double": "varchar",
    "float": "varchar",
    "date": "string",
    "timestamp": "varchar",
    "boolean": "string",
    "bool": "varchar",
}

_ENFORCED = re.compile(r"enforced:\s*true")
_CAST = re.compile(
    r"\bcast\s*\([^()]*(?:\([^()]*\))?[^()]*\sas\s+(int|integer|bigint|date|timestamp|numeric|decimal|double|float|boolean)\b"
    r"|::(int|integer|bigint|date|timestamp|numeric|decimal|double|float|boolean)\b",
    re.IGNORECASE,
)
_AGGREGATE = re.compile(r"\b(sum|count|avg)\s*\(", re.IGNORECASE)
# Names of numbers and times: to make these text changes how they compare and add up.
_MEASURE = re.compile(
    r"(amount|total|revenue|quantity|price|count|number_of|_at|units|cost|score|rate|value)$|^(total|num|number)_",
    re.IGNORECASE,
)


def _select_columns(base: Base) -> tuple[Text, list[Column]] | None:
    """The columns that a SQL file of one statement gives."""
    if not base.path.endswith(".sql") or re.search(r"(^|/)(macros|tests|analyses)/", base.path):
        return None
    text = Text.of(base)
    if text is None or ";" in text.value.rstrip().rstrip(";"):
        return None
    found = columns_given(text.value)
    return (text, found) if len(found) > 1 else None


def _readers(base: Base, column: str) -> list[Place]:
    """Where files that name this model or table name the column as well."""
    stem = posixpath.splitext(posixpath.basename(base.path))[0]
    near = {path for path, _ in mentions(base, stem, ends=(".sql", ".yml", ".yaml", ".py"))}
    lines = mentions(base, column, ends=(".sql", ".yml", ".yaml", ".py"))
    return [Place(path, line, line) for path, line in lines if path in near][:20]


def _column_items(document: YamlSource) -> Iterator[tuple[Entry, Entry]]:
    """The columns of contracts and of models whose contract dbt enforces: the item and the entry of its name."""
    is_contract = re.search(
        r"^(kind:\s*DataContract|dataContractSpecification:)", document.text.value, re.MULTILINE
    )
    enforced = [
        item.span
        for item in document.items()
        if item.path[-1:] == ("models",) and _ENFORCED.search(document.text.value[slice(*item.span)])
    ]
    if not enforced and not is_contract:
        return
    for entry in document.entries():
        item = document.around(entry)
        # Beside the model whose contract is enforced others may only be described.
        is_held = is_contract or any(start <= entry.span[0] < end for start, end in enforced)
        if is_held and entry.path[-2:] in _COLUMN_PATHS and item is not None and not item.key:
            yield item, entry


class ColumnDropped(Mutator):
    """A column is taken out of what a model or a query gives, or out of a contract.

    Whatever reads it fails, or shows nothing.
    """

    id = "column-dropped"
    seen_by = "run"
    schedulers = ANY
    is_harmful = True

    def mutations(self, base: Base, dice: random.Random) -> Iterator[Mutation]:
        found = _select_columns(base)
        for column in found[1] if found else ():
            assert found is not None
            text, columns = found
            edit = text.without_item(column.span)
            before = text.value[: column.span[0]].rstrip()
            if column is columns[-1] and before.endswith(","):
                edit = Edit(len(before) - 1, column.span[1], "")
            near = [(columns[0].span[0], columns[-1].span[1])]
            yield Change(text, [edit], near, _readers(base, column.name)).fault(
                f"drops the column `{column.name}`"
            )
        document = yaml_of(base)
        for item, name in _column_items(document) if document else ():
            assert document is not None
            edit = document.without(item)
            yield Change(document.text, [edit], document.near(item)).fault(
                f"drops the column `{name.value_text}`"
            )


class ColumnRenamed(Mutator):
    """A column gets another name, and nothing that reads it is told.

    Whatever reads it by the old name fails, or shows nothing.
    """

    id = "column-renamed"
    seen_by = "run"
    schedulers = ANY
    is_harmful = True

    def mutations(self, base: Base, dice: random.Random) -> Iterator[Mutation]:
        found = _select_columns(base)
        for column in found[1] if found else ():
            assert found is not None
            new = _renamed(column.name, dice)
            if new in {other.name for other in found[1]}:
                continue
            edit = (
                Edit(*column.alias, new)
                if column.alias
                else Edit(column.span[1], column.span[1], f" as {new}")
            )
            yield Change(found[0], [edit], places=_readers(base, column.name)).fault(
                f"renames the column `{column.name}` to `{new}`"
            )
        document = yaml_of(base)
        for item, name in _column_items(document) if document else ():
            assert document is not None
            new = _renamed(name.value_text or "", dice)
            yield Change(document.text, [document.value_edit(name, new)], document.near(item)).fault(
                f"renames the column `{name.value_text}` to `{new}`"
            )


def _renamed(name: str, dice: random.Random) -> str:
    ways = [f"{name}_new", f"total_{name}", f"{name}_value"]
    if name.endswith("_id"):
        ways += [name[:-3], f"{name[:-3]}_key"]
    if "_" in name:
        ways.append(name.split("_", 1)[1])
    return dice.choice(ways)


class ColumnRetyped(Mutator):
    """A column gets another type: a number becomes text, a time becomes a date.

    Sums, comparisons and joins of its readers fail, or silently give something else.
    """

    id = "column-retyped"
    seen_by = "run"
    schedulers = ANY
    is_harmful = True

    def mutations(self, base: Base, dice: random.Random) -> Iterator[Mutation]:
        found = _select_columns(base)
        for column in found[1] if found else ():
            assert found is not None
            text = found[0]
            start, end = column.span
            written = text.value[start:end]
            cast = _CAST.search(written)
            if cast is not None:
                group = 1 if cast.group(1) else 2
                new = _TYPES.get(cast.group(group).lower(), "varchar")
                edit = Edit(start + cast.start(group), start + cast.end(group), new)
                yield Change(text, [edit], places=_readers(base, column.name)).fault(
                    f"makes `{column.name}` a {new}"
                )
                continue
            head = (
                written
                if column.alias is None
                else re.sub(r"\s+as\s+\S+\s*$", "", written, flags=re.IGNORECASE)
            )
            if "\n" in written or not (_AGGREGATE.search(head) or _MEASURE.search(column.name)):
                continue
            typed = "date" if column.name.endswith("_at") else "varchar"
            edit = Edit(start, end, f"cast({head} as {typed}) as {column.name}")
            yield Change(text, [edit], places=_readers(base, column.name)).fault(
                f"makes `{column.name}` a {typed}"
            )
        document = yaml_of(base)
        for item, name in _column_items(document) if document else ():
            assert document is not None
            for entry in document.entries():
                if entry.parent is item.value and entry.key in {
                    "data_type",
                    "type",
                    "logicalType",
                    "physicalType",
                }:
                    other = _TYPES.get((entry.value_text or "").split("(")[0].lower())
                    if other is not None:
                        edit = document.value_edit(entry, other)
                        near = document.near(entry)
                        yield Change(document.text, [edit], near).fault(
                            f"makes `{name.value_text}` a {other}"
                        )
