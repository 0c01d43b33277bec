"""Who reads a column within a dbt project: models, snapshots, tests and analyses, YAML tests, exposures."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from sqlglot import exp

from meta_pipeline.contracts.dbt import Models
from meta_pipeline.contracts.lineage.query import Reads, reads_of, table_name
from meta_pipeline.contracts.lineage.reader import ColumnReader, line_near
from meta_pipeline.delivery.tree import text_of
from meta_pipeline.schedulers.dbt.static.made import Doubtful
from meta_pipeline.schedulers.dbt.static.rendering import REF, read_model, source_name
from meta_pipeline.schedulers.dbt.static.select_list import parsed_query

_SNAPSHOT_TAGS = re.compile(r"\{%-?\s*(?:snapshot\s+\w+|endsnapshot)\s*-?%\}")
_REF = re.compile(r"""ref\(\s*(?:['"]\w+['"]\s*,\s*)?['"](\w+)['"]""")
_LONGEST = 200_000
_MOST_QUERIES = 300


@dataclass(frozen=True)
class _Query:
    """A file with a query. `builds` is the model that it is, None for tests and the like."""

    path: str
    text: str
    builds: str | None

    @cached_property
    def variants(self) -> tuple[exp.Expr, ...]:
        if len(self.text) > _LONGEST:
            return ()
        rendered = read_model(_SNAPSHOT_TAGS.sub("", self.text)).variants
        return tuple(query for text in rendered if (query := parsed_query(text)) is not None)


class ProjectReaders:
    """The readers of one project's relations and sources."""

    def __init__(self, models: Models) -> None:
        self.models = models

    def readers(self, dataset: str, columns: frozenset[str]) -> Iterator[tuple[str, ColumnReader]]:
        """Each of `columns` (in lower case) of a dataset with one place that reads it; a column may come often.

        What hands a column on by a star reads it, and so does all that reads it from there.
        """
        waiting = [(table, {name: name for name in columns}) for table in self._tables(dataset)]
        seen: set[tuple[str, str, str]] = set()
        left = _MOST_QUERIES
        while waiting and left > 0:
            table, origins = waiting.pop()
            fresh = {name: origin for name, origin in origins.items() if (table, name, origin) not in seen}
            seen |= {(table, name, origin) for name, origin in fresh.items()}
            if not fresh:
                continue
            for query in self._queries:
                if table.removeprefix(REF).split("__")[-1] not in query.text.casefold():
                    continue
                left -= 1
                for reads in self._reads(query, table, frozenset(fresh)):
                    yield from _placed(query, reads, fresh)
                    handed = {out: fresh[name] for name, outs in reads.passed.items() for out in outs}
                    if query.builds and handed:
                        waiting.append((f"{REF}{query.builds}".casefold(), handed))
            if table.startswith(REF):
                yield from self._declared(table.removeprefix(REF), fresh)

    @cached_property
    def _queries(self) -> tuple[_Query, ...]:
        tree, project = self.models.tree, self.models.project
        built = {model.file: name for name, model in self.models.all.items()}
        kinds = ("model", "snapshot", "test", "analysis")
        return tuple(
            _Query(path, text_of(tree, path) or "", built.get(path))
            for path in project.files(tree, kinds, (".sql",))
        )

    def _tables(self, dataset: str) -> tuple[str, ...]:
        """What the dataset is called in rendered queries: the model of this name, else each source that is it."""
        if dataset in self.models.all:
            return (f"{REF}{dataset}".casefold(),)
        return tuple(
            source_name(*resource.name.split(".", 1)).casefold()
            for resource in self.models.properties.resources
            if resource.kind == "source"
            and any(same_table(dataset, name) for name in (resource.name, resource.relation or ""))
        )

    def _reads(self, query: _Query, table: str, columns: frozenset[str]) -> Iterator[Reads]:
        for variant in query.variants:
            names = {table_name(one) for one in variant.find_all(exp.Table)}
            if table in names:
                reads = reads_of(variant, frozenset({table}), columns, self._known(names))
                if reads is not None:
                    yield reads

    def _known(self, tables: set[str]) -> Mapping[str, Sequence[str]]:
        found: dict[str, Sequence[str]] = {}
        for table in tables:
            name = table.removeprefix(REF)
            if table.startswith(REF) and not isinstance(made := self.models.made(name), Doubtful):
                found[table] = [column.name for column in made]
        return found

    def _declared(self, name: str, origins: Mapping[str, str]) -> Iterator[tuple[str, ColumnReader]]:
        """The tests of property files on these columns, and the exposures, which read every column."""
        for resource in self.models.properties.resources:
            if resource.kind == "exposure" and name in _refs(resource.depends_on):
                for origin in origins.values():
                    yield origin, ColumnReader(resource.path, resource.line)
            on_it = resource.name.casefold() == name and resource.kind in ("model", "seed", "snapshot")
            for column in resource.columns:
                for check in column.tests:
                    target, read = check.arguments.get("to"), str(check.arguments.get("field")).casefold()
                    if on_it and column.name.casefold() in origins:
                        yield origins[column.name.casefold()], ColumnReader(resource.path, check.line)
                    elif isinstance(target, str) and name in _refs((target,)) and read in origins:
                        yield origins[read], ColumnReader(resource.path, check.line)


def _refs(texts: Sequence[str]) -> set[str]:
    return {name.casefold() for text in texts for name in _REF.findall(text)}


def _placed(query: _Query, reads: Reads, origins: Mapping[str, str]) -> Iterator[tuple[str, ColumnReader]]:
    for found, certain in ((reads.named, True), (reads.perhaps, False)):
        for name, lines in found.items():
            for line in lines:
                yield origins[name], ColumnReader(query.path, line_near(query.text, name, line), certain)
    for name in reads.passed:
        if name not in reads.named:
            yield origins[name], ColumnReader(query.path, line_near(query.text, "*", 1))


def same_table(one: str, other: str) -> bool:
    """Whether two names may be of one table: the parts that both have are equal, from the last on."""
    pairs = list(
        zip(reversed(one.casefold().split(".")), reversed(other.casefold().split(".")), strict=False)
    )
    return bool(one and other) and all(left == right for left, right in pairs)
