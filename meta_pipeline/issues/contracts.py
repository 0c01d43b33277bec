"""The datasets that a repository describes: ODCS contracts, Great Expectations suites, dbt models and sources."""

import json
import re
from collections.abc import Iterable, Mapping
from fnmatch import fnmatch
from pathlib import PurePosixPath
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from meta_pipeline.delivery.context import Dataset
from meta_pipeline.delivery.tree import Tree, text_of

DEFAULT_CONTRACTS = ("**/*.odcs.yaml", "**/*.odcs.yml")
_DBT_SECTIONS = re.compile(r"^(models|sources|seeds|snapshots):", re.MULTILINE)


def datasets_of(tree: Tree, contracts: tuple[str, ...]) -> tuple[Dataset, ...]:
    """Every described dataset, by name; where two files describe one, ODCS goes before dbt and dbt before GX.

    A file that cannot be read describes nothing, so its datasets count as having no contract.
    """
    paths = sorted(tree.entries())
    found: dict[str, Dataset] = {}
    for dataset in (*_odcs(tree, paths, contracts), *_dbt(tree, paths), *_suites(tree, paths)):
        known = found.get(dataset.name)
        if known is None or (dataset.columns and not known.columns):
            contract = known.contract if known else dataset.contract
            found[dataset.name] = dataset.model_copy(update={"contract": contract})
    return tuple(found[name] for name in sorted(found))


def matches(path: str, pattern: str) -> bool:
    """Whether a glob of a policy names the path; `**/` also stands for no folder at all."""
    return fnmatch(path, pattern) or fnmatch(path, pattern.replace("**/", ""))


def _odcs(tree: Tree, paths: Iterable[str], contracts: tuple[str, ...]) -> Iterable[Dataset]:
    for path in paths:
        if not any(matches(path, pattern) for pattern in contracts or DEFAULT_CONTRACTS):
            continue
        document = _yaml(text_of(tree, path))
        for schema in _mappings(document, "schema"):
            if isinstance(schema.get("name"), str):
                yield Dataset(name=schema["name"], contract=path, columns=_names(schema, "properties"))


def _dbt(tree: Tree, paths: Iterable[str]) -> Iterable[Dataset]:
    if not any(PurePosixPath(path).name == "dbt_project.yml" for path in paths):
        return
    for path in paths:
        text = text_of(tree, path) if path.endswith((".yml", ".yaml")) else None
        if text is None or not _DBT_SECTIONS.search(text):
            continue
        document = _yaml(text)
        for kind in ("models", "seeds", "snapshots"):
            for model in _mappings(document, kind):
                if isinstance(model.get("name"), str):
                    yield Dataset(name=model["name"], contract=path, columns=_names(model, "columns"))
        for source in _mappings(document, "sources"):
            for table in _mappings(source, "tables"):
                name = f"{source.get('name')}.{table.get('name')}"
                yield Dataset(name=name, contract=path, columns=_names(table, "columns"))


def _suites(tree: Tree, paths: Iterable[str]) -> Iterable[Dataset]:
    for path in paths:
        parts = PurePosixPath(path).parts
        if not path.endswith(".json") or "expectations" not in parts[:-1]:
            continue
        try:
            document = json.loads(text_of(tree, path) or "")
        except ValueError:
            continue
        if not isinstance(document, dict) or not isinstance(document.get("expectations"), list):
            continue
        # GX 0.x calls the suite's name expectation_suite_name.
        name = document.get("name") or document.get("expectation_suite_name") or PurePosixPath(path).stem
        yield Dataset(name=str(name), contract=path, columns=_suite_columns(document))


def _suite_columns(document: Mapping[str, Any]) -> tuple[str, ...]:
    columns: dict[str, None] = {}
    for expectation in _mappings(document, "expectations"):
        kwargs = expectation.get("kwargs")
        if isinstance(kwargs, dict):
            listed = kwargs.get("column_set") or kwargs.get("column_list") or [kwargs.get("column")]
            columns.update(dict.fromkeys(column for column in listed if isinstance(column, str)))
    return tuple(columns)


def _yaml(text: str | None) -> Any:
    try:
        return YAML(typ="safe").load(text or "")
    except YAMLError:
        return None


def _mappings(document: Any, key: str) -> Iterable[Mapping[str, Any]]:
    value = document.get(key) if isinstance(document, Mapping) else None
    return (item for item in value if isinstance(item, Mapping)) if isinstance(value, list) else ()


def _names(document: Mapping[str, Any], key: str) -> tuple[str, ...]:
    return tuple(item["name"] for item in _mappings(document, key) if isinstance(item.get("name"), str))
