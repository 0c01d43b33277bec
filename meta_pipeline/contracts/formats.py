"""The kinds of files that declare what a dataset's columns are, and how each is read.

A format joins by an entry in `FORMATS`: which paths may hold it, what every such file holds, and what reads it. A
reader is imported when a file of its kind was touched, as some bring a parser along.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from meta_pipeline.contracts.places import is_contract, matches
from meta_pipeline.delivery.contract import Contract, DeclaredBy
from meta_pipeline.delivery.yaml_source import Unreadable

MOST_BYTES = 4_000_000
_NOT_DATA = frozenset(
    {"tests", "test", "fixtures", "testdata", "node_modules", "site-packages", ".vscode", "docs"}
)
_NOT_DATA |= {"examples", "dbt_packages", "target", ".github", "venv", ".venv"}


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file of a tree."""

    path: str
    data: bytes


Reading = tuple[Contract, ...] | Unreadable


@dataclass(frozen=True)
class Format:
    """One kind of file. `usual` says whether a path may hold contracts besides those that the policy's patterns name.

    `mark` is found in every file that does, so that the others are never parsed. `read` gets the files that must be
    read together, and whether the policy names them; `together` gives those for one path, out of all paths of a tree.
    Where not `also_in_dbt`, such a file within a dbt project is something else.
    """

    name: DeclaredBy
    endings: tuple[str, ...]
    usual: Callable[[str, tuple[str, ...]], bool]
    mark: re.Pattern[bytes]
    read: Callable[[Sequence[SourceFile], bool], Reading]
    together: Callable[[str, Sequence[str]], tuple[str, ...]] = lambda path, _: (path,)
    also_in_dbt: bool = True

    def claims(self, path: str, patterns: tuple[str, ...]) -> bool:
        """Whether the file may be one of this kind: the policy's `patterns` name it, or its usual place does."""
        return path.endswith(self.endings) and (is_named(path, patterns) or self.usual(path, patterns))


def is_named(path: str, patterns: tuple[str, ...]) -> bool:
    """Whether the policy's `contracts` name the file."""
    return any(matches(path, pattern) for pattern in patterns)


def _anywhere(path: str, patterns: tuple[str, ...]) -> bool:
    return not _NOT_DATA & {part.casefold() for part in PurePosixPath(path).parts[:-1]}


def _of_contracts(path: str, patterns: tuple[str, ...]) -> bool:
    return is_contract(path, patterns) or _anywhere(path, patterns)


_A_CONTRACT = re.compile(rb"^kind:\s*[\"']?DataContract\b", re.MULTILINE)


def _read_odcs(files: Sequence[SourceFile], named: bool) -> Reading:
    from meta_pipeline.contracts.odcs import read_odcs

    file = files[0]
    if not named and not is_contract(file.path, ()) and not _A_CONTRACT.search(file.data):
        return ()
    return read_odcs(files[0].data.decode("utf-8", errors="replace"), files[0].path)


def _read_gx(files: Sequence[SourceFile], named: bool) -> Reading:
    from meta_pipeline.contracts.gx import read_suite

    return read_suite(files[0].data, files[0].path)


def _read_bigquery(files: Sequence[SourceFile], named: bool) -> Reading:
    from meta_pipeline.contracts.bigquery import read_bigquery

    return read_bigquery(files[0].data, files[0].path)


def _read_json_schema(files: Sequence[SourceFile], named: bool) -> Reading:
    from meta_pipeline.contracts.json_schema import read_json_schema

    return read_json_schema(files[0].data, files[0].path, named=named)


def _read_pydantic(files: Sequence[SourceFile], named: bool) -> Reading:
    from meta_pipeline.contracts.pydantic_models import read_pydantic

    return read_pydantic(files[0].data, files[0].path, named=named)


def _read_pandera(files: Sequence[SourceFile], named: bool) -> Reading:
    from meta_pipeline.contracts.pandera_schemas import read_pandera

    return read_pandera(files[0].data, files[0].path)


def _read_avro(files: Sequence[SourceFile], named: bool) -> Reading:
    from meta_pipeline.contracts.avro import read_avro

    return read_avro(files[0].data, files[0].path)


def _read_sqlalchemy(files: Sequence[SourceFile], named: bool) -> Reading:
    from meta_pipeline.contracts.sqlalchemy_models import read_sqlalchemy

    return read_sqlalchemy(files[0].data, files[0].path)


def _read_spark(files: Sequence[SourceFile], named: bool) -> Reading:
    from meta_pipeline.contracts.spark_schemas import read_spark

    return read_spark(files[0].data, files[0].path)


def _read_sql(files: Sequence[SourceFile], named: bool) -> Reading:
    from meta_pipeline.contracts.ddl_files import read_tables

    return read_tables(files, named=named)


def _with_migrations(path: str, every: Sequence[str]) -> tuple[str, ...]:
    from meta_pipeline.contracts.ddl_files import read_with

    return read_with(path, every)


_A_LIST = re.compile(rb"\A\s*\[\s*\{|\bfields[\"']?\s*:")
"""A list of mappings as the whole document, or under `fields`."""

FORMATS: tuple[Format, ...] = (
    Format("odcs", (".yaml", ".yml"), _of_contracts, re.compile(rb"schema"), _read_odcs),
    Format(
        "gx",
        (".json",),
        lambda path, _: "expectations" in PurePosixPath(path).parts[:-1],
        re.compile(rb'"expectations"'),
        _read_gx,
    ),
    Format("bigquery", (".json", ".yaml", ".yml"), _anywhere, _A_LIST, _read_bigquery),
    Format("avro", (".avsc", ".avsc.json"), _anywhere, re.compile(rb'"record"'), _read_avro),
    Format("json_schema", (".json",), _anywhere, re.compile(rb"json-schema\.org"), _read_json_schema),
    Format(
        "sql",
        (".sql", ".ddl"),
        _anywhere,
        re.compile(rb"\b(?:create|alter|drop|select)\b", re.IGNORECASE),
        _read_sql,
        _with_migrations,
        also_in_dbt=False,
    ),
    Format("pydantic", (".py",), _anywhere, re.compile(rb"\b(?:pydantic|sqlmodel)\b"), _read_pydantic),
    Format("pandera", (".py",), _anywhere, re.compile(rb"\bpandera\b"), _read_pandera),
    Format("sqlalchemy", (".py",), _anywhere, re.compile(rb"__tablename__\s*[:=]"), _read_sqlalchemy),
    Format("spark", (".py",), _anywhere, re.compile(rb"\bStructType\s*\("), _read_spark),
)
