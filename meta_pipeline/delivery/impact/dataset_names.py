"""One normal form for the names that schedulers give to datasets, and when two of them mean the same one.

The normal form is a tuple of parts in small letters, without quotes:

- `catalog.schema.table`, `schema.table` and Dagster's `schema/table` are split at their dots and slashes;
- an address of a database, such as `postgres://host/db/schema/table` or `bigquery://project/dataset/table`, is its
  database, schema and table;
- any other address, such as `s3://bucket/day.csv`, is one part, kept as it is but for its last slash.

Two names are one dataset where their forms are equal, or where the shorter one, of two parts or more, is the end of
the longer one and of no other name in use. A single part is a short name that unrelated tables may share: it means
the same dataset only to one and the same scheduler.
"""

import re
from collections.abc import Iterable, Mapping

from meta_pipeline.delivery.topology import UNRESOLVED

_ADDRESS = re.compile(r"([a-z][a-z0-9+.-]*)://(.*)", re.IGNORECASE | re.DOTALL)
_DATABASES = frozenset(
    {
        "postgres",
        "postgresql",
        "mysql",
        "mssql",
        "oracle",
        "snowflake",
        "bigquery",
        "redshift",
        "trino",
        "duckdb",
    }
)
_WITH_HOST = _DATABASES - {"bigquery", "duckdb"}

Parts = tuple[str, ...]


def normal_form(name: str) -> Parts:
    """The parts of a dataset's name; empty where it names nothing."""
    bare = name.strip()
    if not bare or bare == UNRESOLVED:
        return ()
    address = _ADDRESS.fullmatch(bare)
    if address and address[1].casefold() not in _DATABASES:
        return (bare.rstrip("/"),)
    if address:
        bare = address[2].partition("?")[0]
        if address[1].casefold() in _WITH_HOST:
            bare = bare.partition("/")[2]
    parts = re.split(r"[./]", re.sub(r"[\"'`\[\]]", "", bare))
    return tuple(part.casefold() for part in parts if part)


def same_dataset(names: Iterable[tuple[str, str]]) -> Mapping[tuple[str, str], Parts | tuple[str, Parts]]:
    """(scheduler, name) -> what is equal for all names of one dataset.

    Names are those in use anywhere: whether a short one is the end of one longer name or of several depends on them.
    """
    forms = {pair: normal_form(pair[1]) for pair in names}
    longer: dict[Parts, set[Parts]] = {}
    for form in {form for form in forms.values() if len(form) > 2}:
        for start in range(1, len(form) - 1):
            longer.setdefault(form[start:], set()).add(form)
    return {
        (scheduler, name): _whole(form, longer) if len(form) > 1 else (scheduler, form)
        for (scheduler, name), form in forms.items()
        if form
    }


def _whole(form: Parts, longer: Mapping[Parts, set[Parts]]) -> Parts:
    """The longest name that this one is the end of, unless there are several; `longer` has those by their ends."""
    longest = [one for one in longer.get(form, ()) if one not in longer]
    return longest[0] if len(longest) == 1 else form
