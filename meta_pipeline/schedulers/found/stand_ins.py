"""The Variables and Connections of Airflow that pipelines read, for which a dry run needs stand-ins."""

import json
import re
from collections.abc import Iterable

from meta_pipeline.delivery.tree import Tree, text_of
from meta_pipeline.schedulers.found.answer import Doubt, is_below, listed, own_paths

VARIABLES = "dry_run.variables"
CONNECTIONS = "dry_run.connections"

# A call with a default needs no stand-in: the closing bracket follows the name.
_VARIABLE = re.compile(
    r"\bVariable\.get\(\s*[\"'](?P<call>[\w.:/-]+)[\"']\s*(?:,\s*deserialize_json\s*=\s*\w+\s*)?,?\s*\)"
    r"|\bvar\.(?:value|json)\.(?!get\b)(?P<template>[A-Za-z_]\w*)"
)
_CONNECTION = re.compile(
    r"\bget_connection\(\s*(?:conn_id\s*=\s*)?[\"'](?P<call>[\w.:/-]+)[\"']|\{\{\s*conn\.(?P<template>\w+)"
)


def stand_in_doubts(tree: Tree, pipelines: Iterable[str]) -> tuple[Doubt, ...]:
    """One doubt each for Variables and Connections that files below the folders read by name and without a default."""
    folders = tuple(pipelines)
    variables: dict[str, str] = {}
    connections: dict[str, str] = {}
    for path in own_paths(tree):
        if path.endswith((".py", ".sql")) and any(is_below(path, folder) for folder in folders):
            text = text_of(tree, path) or ""
            for pattern, found in ((_VARIABLE, variables), (_CONNECTION, connections)):
                for match in pattern.finditer(text):
                    found.setdefault(match["call"] or match["template"], path)
    return (
        *_doubt(VARIABLES, "Variable", variables, "variables", "stand-in"),
        *_doubt(CONNECTIONS, "Connection", connections, "connections", "http://localhost"),
    )


def _doubt(key: str, what: str, found: dict[str, str], field: str, value: str) -> tuple[Doubt, ...]:
    if not found:
        return ()
    name, path = next(iter(found.items()))
    rest = [other for other in found if other != name]
    more = f", and others read {listed(rest)}" if rest else ""
    sentence = (
        f"{path} reads the {what} {name}{more}; a dry run has no real ones, so give "
        f"{'stand-ins' if rest else 'a stand-in'} under {key}."
    )
    example = "\n".join(
        [f"{field}:", *(f"  {each if each.isidentifier() else json.dumps(each)}: {value}" for each in found)]
    )
    return (Doubt(key, sentence, example),)
