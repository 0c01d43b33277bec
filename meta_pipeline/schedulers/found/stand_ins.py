"""The Variables and Connections of Airflow that pipelines read, for which a dry run needs stand-ins."""

import json
import re
from collections.abc import Iterable
from typing import Any

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
# Only files that say that what is in them is not real.
_KEPT = re.compile(
    r"(?:^|/)[^/]*(?:dev|local|test|example|sample|dummy)[^/]*(?P<field>variables|connections)[^/]*\.json$"
)
_PLAIN = re.compile(
    r"(?!(?:true|false|yes|no|on|off|y|n|null)$)[A-Za-z][\w-]*(?:://[\w.:/-]+)?", re.IGNORECASE
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
        *_doubt(tree, VARIABLES, "Variable", variables, "stand-in"),
        *_doubt(tree, CONNECTIONS, "Connection", connections, "http://localhost"),
    )


def _doubt(tree: Tree, key: str, what: str, found: dict[str, str], value: str) -> tuple[Doubt, ...]:
    if not found:
        return ()
    field = key.rpartition(".")[2]
    source, known = _kept(tree, field)
    known = {each: known[each] for each in found if each in known}
    name, path = next(iter(found.items()))
    rest = [other for other in found if other != name]
    more = f", and others read {listed(rest)}" if rest else ""
    values = f" ({source} has {len(known)} of these, which the example takes)" if known else ""
    sentence = (
        f"{path} reads the {what} {name}{more}; a dry run has no real ones, so give "
        f"{'stand-ins' if rest else 'a stand-in'} under {key}{values}."
    )
    lines = [f"  {_plain(each)}: {_plain(known.get(each, value))}" for each in found]
    return (Doubt(key, sentence, "\n".join([f"{field}:", *lines])),)


def _kept(tree: Tree, field: str) -> tuple[str, dict[str, str]]:
    """The stand-ins that developers of the repository use, from the first file of them, in Airflow's own form."""
    for path in own_paths(tree):
        match = _KEPT.search(path)
        if match and match["field"] == field:
            try:
                document = json.loads(text_of(tree, path) or "")
            except (ValueError, RecursionError):
                continue
            if isinstance(document, dict):
                return path, {str(name): _text(value) for name, value in document.items()}
    return "", {}


def _text(value: Any) -> str:
    """A value as Airflow reads it from the environment: a text, or JSON."""
    if isinstance(value, dict):
        value = {
            name: field for name, field in value.items() if field not in (None, "") and name != "description"
        }
    return value if isinstance(value, str) else json.dumps(value)


def _plain(text: str) -> str:
    """A name or a value for YAML: in quotes unless it is a plain word or an address."""
    if _PLAIN.fullmatch(text):
        return text
    # In single quotes JSON stays readable.
    return "'" + text.replace("'", "''") + "'" if '"' in text and text.isprintable() else json.dumps(text)
