"""The nodes of one project: what builds relations, what tests them, and what stands on them."""

import posixpath
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from meta_pipeline.delivery.topology import UNRESOLVED, Node, Unresolved
from meta_pipeline.schedulers.dbt.resources import Check, Column, Kind, Resource
from meta_pipeline.schedulers.dbt.static.edges import Edges, arguments_of
from meta_pipeline.schedulers.dbt.static.evaluation import UNKNOWN, Asked
from meta_pipeline.schedulers.dbt.static.found import Finder, Found
from meta_pipeline.schedulers.dbt.static.names import Ids, check_name
from meta_pipeline.schedulers.dbt.static.sources import Source
from meta_pipeline.schedulers.dbt.static.sql_files import Asks, asks_of_expression, asks_of_test


@dataclass(frozen=True)
class Nodes:
    """Makes the nodes of a project, in the order that gives each its id."""

    finder: Finder
    relations: Sequence[Found]
    sources: Mapping[str, Source]
    edges: Edges
    ids: Ids

    def all(self) -> list[Node]:
        """Every node that dbt would have; a disabled one is none."""
        return [
            *map(self._relation, self.relations),
            *self._singular_tests(),
            *self._generic_tests(),
            *self._unit_tests(),
            *self._exposures(),
            *self._semantics(),
        ]

    def _relation(self, one: Found) -> Node:
        return Node(
            id=self.ids.of(one.id),
            kind=one.kind,
            operator=one.materialized,
            path=one.path,
            line=one.line,
            writes=(one.relation,) if one.relation else (),
            **self._told(one.config),
            **self.edges.of_asks(one.asks, one.path),
        )

    def _told(self, config: Mapping[str, Any], owner: str | None = None) -> dict[str, Any]:
        """`tags`, `group` and `owner` as settings say them; `owner` is one that is named elsewhere."""
        meta = config.get("meta")
        named = meta.get("owner") if isinstance(meta, dict) else meta
        group = config.get("group")
        found: str | None | Unresolved = owner
        if not found and named is UNKNOWN:
            found = UNRESOLVED
        elif not found and isinstance(named, str | int) and named:
            found = str(named)
        elif not found and isinstance(group, str):
            found = self.finder.properties.owners.get(group)
        return {
            "tags": _tags(config.get("tags")),
            "group": UNRESOLVED if group is UNKNOWN else str(group) if group else None,
            "owner": found,
        }

    def _singular_tests(self) -> Iterator[Node]:
        for name, path, asks, config in self.finder.singular_tests():
            yield Node(
                id=self.ids.of(name),
                kind="test",
                operator="singular",
                path=path,
                line=1,
                **self._told(config),
                **self.edges.of_asks(asks, path),
            )

    def _generic_tests(self) -> Iterator[Node]:
        """The tests under `tests:` and `data_tests:`, named as dbt names them."""
        for one in self.relations:
            named = {"v": int(one.version) if one.version.isdigit() else one.version} if one.version else {}
            itself = Asked("ref", (one.name,), named, 1)
            for check, column in one.checks:
                name = check_name(check, one.title, column.name if column else None)
                yield from self._test(check, name, one.declared_in or one.path, itself, column, one.config)
        for resource in self.finder.properties.resources:
            if resource.kind != "source" or not self.sources[resource.name].enabled:
                continue
            itself = Asked("source", tuple(resource.name.split(".", 1)), {}, 1)
            tested = resource.name.replace(".", "_")
            on: list[tuple[Check, Column | None]] = [(check, None) for check in resource.tests]
            on += [(check, column) for column in resource.columns for check in column.tests]
            for check, column in on:
                name = check_name(check, tested, column.name if column else None, source=True)
                yield from self._test(check, name, resource.path, itself, column, {}, resource.config.tags)

    def _test(
        self,
        check: Check,
        name: str,
        path: str,
        itself: Asked,
        column: Column | None,
        tested: Mapping[str, Any],
        tags: tuple[str, ...] = (),
    ) -> Iterator[Node]:
        """A test on something of these settings; `tags` are those that it hands down: a source's, no model's."""
        outer = "" if self.finder.project.folder == "." else f"{self.finder.project.folder}/"
        folders = posixpath.dirname(path.removeprefix(outer)).split("/")[1:]
        config = self.finder.settings("test", (*folders, name), check.config)
        if config.get("enabled", True) is False:
            return
        called = check.name.rpartition(".")[2]
        asked = [itself, *asks_of_test(called, check.arguments, self.finder.macros).asked]
        for text in arguments_of(check.arguments):
            asked += asks_of_expression(text, self.finder.macros).asked
        # dbt warns of a test whose reference leads nowhere and leaves the test out.
        if not all(_leads_somewhere(call, self.edges) for call in asked):
            return
        told = self._told({"group": tested.get("group")} | config)
        told["tags"] = tuple(sorted({*told["tags"], *tags, *(column.tags if column else ())}))
        yield Node(
            id=self.ids.of(name),
            kind="test",
            operator=check.name,
            path=path,
            line=check.line,
            **told,
            **self.edges.of_asks(Asks(tuple(asked)), path),
        )

    def _declared(self, kind: Kind) -> Iterator[tuple[Resource, dict[str, Any]]]:
        """The enabled entries of one kind, each with its settings."""
        for resource in self.finder.properties.resources:
            if resource.kind == kind:
                config = self.finder.settings(kind, (resource.name,), resource.config.values)
                if config.get("enabled", True) is not False:
                    yield resource, config

    def _unit_tests(self) -> Iterator[Node]:
        for resource, config in self._declared("unit_test"):
            asked = Asked("ref", (resource.model,), {}, resource.line)
            for target, name in self._tested(resource):
                edges = (
                    {"upstream": (target,)} if target else self.edges.of_asks(Asks((asked,)), resource.path)
                )
                yield Node(
                    id=self.ids.of(name),
                    kind="unit_test",
                    path=resource.path,
                    line=resource.line,
                    **self._told(config),
                    **edges,
                )

    def _tested(self, resource: Resource) -> Iterator[tuple[str | None, str]]:
        """The nodes that a unit test is made for, one for each version of its model, and the name of each test."""
        versions = [one for one in self.relations if one.name == resource.model and one.version]
        for one in versions:
            yield one.id, f"{resource.name}_v{one.version}"
        if not versions:
            yield None, resource.name

    def _exposures(self) -> Iterator[Node]:
        """What reads the project's relations from outside, such as a dashboard."""
        for resource, config in self._declared("exposure"):
            asked = [
                Asked(call.function, call.arguments, call.named, resource.line)
                for text in resource.depends_on
                for call in asks_of_expression(text, self.finder.macros).asked
            ]
            yield Node(
                id=self.ids.of(resource.name),
                kind="exposure",
                path=resource.path,
                line=resource.line,
                **self._told(config, resource.owner),
                **self.edges.of_asks(Asks(tuple(asked)), resource.path),
            )

    def _semantics(self) -> Iterator[Node]:
        """Semantic models on models, metrics on their measures and on other metrics, saved queries on metrics."""
        models = list(self._declared("semantic_model"))
        metrics = list(self._declared("metric"))
        queries = list(self._declared("saved_query"))
        ids = {
            (resource.kind, resource.name): self.ids.of(resource.name)
            for resource, _ in (*models, *metrics, *queries)
        }
        made: dict[tuple[str, str], str] = {}
        for resource, _ in models:
            for measure, makes_metric in resource.measures:
                made["measure", measure] = ids["semantic_model", resource.name]
                if makes_metric:
                    made["metric", measure] = ids.setdefault(("metric", measure), self.ids.of(measure))
        made |= {key: node_id for key, node_id in ids.items() if key[0] == "metric"}
        for resource, config in (*models, *metrics, *queries):
            edges: dict[str, Any] = {
                "upstream": tuple(sorted({made[use] for use in resource.uses if use in made}))
            }
            if resource.kind == "semantic_model":
                asks = asks_of_expression(resource.model or "", self.finder.macros)
                asked = tuple(Asked(c.function, c.arguments, c.named, resource.line) for c in asks.asked)
                edges = self.edges.of_asks(Asks(asked), resource.path)
            yield Node(
                id=ids[resource.kind, resource.name],
                kind=resource.kind,
                path=resource.path,
                line=resource.line,
                **self._told(config),
                **edges,
            )
            for measure, makes_metric in resource.measures:
                if makes_metric:
                    yield Node(
                        id=made["metric", measure],
                        kind="metric",
                        path=resource.path,
                        line=resource.line,
                        upstream=(ids["semantic_model", resource.name],),
                    )


def _tags(value: Any) -> tuple[str, ...]:
    if value is UNKNOWN:
        return (UNRESOLVED,)
    listed = value if isinstance(value, list | tuple) else [value] if value else []
    return tuple(sorted({UNRESOLVED if tag is UNKNOWN else str(tag) for tag in listed}))


def _leads_somewhere(call: Asked, edges: Edges) -> bool:
    if call.function != "ref" or len(call.arguments) != 1 or edges.packages.absent:
        return True
    name = call.arguments[0]
    return isinstance(name, str) and (
        edges.known(name) or bool(call.named) or edges.packages.holding(name) is not None
    )
