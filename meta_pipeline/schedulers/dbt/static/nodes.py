"""Nodes that the property files declare: generic tests and exposures."""

import posixpath
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from meta_pipeline.delivery.topology import Node
from meta_pipeline.schedulers.dbt.resources import Check, Column, Properties
from meta_pipeline.schedulers.dbt.static.edges import Edges, arguments_of
from meta_pipeline.schedulers.dbt.static.evaluation import Asked
from meta_pipeline.schedulers.dbt.static.found import Finder, Found
from meta_pipeline.schedulers.dbt.static.names import Ids, check_name
from meta_pipeline.schedulers.dbt.static.sql_files import Asks, Macros, asks_of_expression, asks_of_test


@dataclass(frozen=True)
class GenericTest:
    """A generic test: its node, what it is on (`ref` or `source`), and the settings in force."""

    node: Node
    on: Asked
    config: Mapping[str, Any]


def generic_tests(
    finder: Finder, relations: Sequence[Found], edges: Edges, ids: Ids
) -> Iterator[GenericTest]:
    """The tests under `tests:` and `data_tests:`, named as dbt names them; a disabled one is no node."""
    for one in relations:
        named = {"v": int(one.version) if one.version.isdigit() else one.version} if one.version else {}
        itself = Asked("ref", (one.name,), named, 1)
        for check, column in one.checks:
            name = check_name(check, one.title, column.name if column else None)
            test = _test(finder, check, name, one.declared_in or one.path, itself, edges, ids, column)
            if test:
                yield test
    for resource in finder.properties.resources:
        if resource.kind != "source" or resource.config.enabled is False:
            continue
        itself = Asked("source", tuple(resource.name.split(".", 1)), {}, 1)
        on = [(check, None) for check in resource.tests]
        of_columns = ((check, one) for one in resource.columns for check in one.tests)
        for check, column in (*on, *of_columns):
            called = resource.name.replace(".", "_")
            name = check_name(check, called, column.name if column else None, source=True)
            test = _test(finder, check, name, resource.path, itself, edges, ids, column)
            if test:
                yield test


def _test(
    finder: Finder,
    check: Check,
    name: str,
    path: str,
    itself: Asked,
    edges: Edges,
    ids: Ids,
    column: Column | None,
) -> GenericTest | None:
    outer = "" if finder.project.folder == "." else f"{finder.project.folder}/"
    folders = posixpath.dirname(path.removeprefix(outer)).split("/")[1:]
    # A test of a column has the column's tags.
    inherited = {"tags": list(column.tags)} if column and column.tags else {}
    config = finder.settings("test", (*folders, name), inherited, check.config)
    if config.get("enabled", True) is False:
        return None
    called = check.name.rpartition(".")[2]
    asked = [itself, *asks_of_test(called, check.arguments, finder.macros).asked]
    for text in arguments_of(check.arguments):
        asked += asks_of_expression(text, finder.macros).asked
    # dbt warns of a test whose reference leads nowhere and leaves the test out.
    if not all(_leads_somewhere(call, edges) for call in asked):
        return None
    node = Node(
        id=ids.of(name),
        kind="test",
        operator=check.name,
        path=path,
        line=check.line,
        **edges.of_asks(Asks(tuple(asked)), path),
    )
    return GenericTest(node, itself, config)


def _leads_somewhere(call: Asked, edges: Edges) -> bool:
    if call.function != "ref" or len(call.arguments) != 1 or edges.packages:
        return True
    return isinstance(call.arguments[0], str) and (edges.known(call.arguments[0]) or bool(call.named))


def exposure_nodes(properties: Properties, edges: Edges, ids: Ids, macros: Macros) -> Iterator[Node]:
    """What reads the project's relations from outside, such as a dashboard."""
    for resource in properties.resources:
        if resource.kind != "exposure" or resource.config.enabled is False:
            continue
        asked = [
            Asked(call.function, call.arguments, call.named, resource.line)
            for text in resource.depends_on
            for call in asks_of_expression(text, macros).asked
        ]
        yield Node(
            id=ids.of(resource.name),
            kind="exposure",
            path=resource.path,
            line=resource.line,
            **edges.of_asks(Asks(tuple(asked)), resource.path),
        )
