"""Great Expectations suites as contracts: the columns that their expectations name."""

import json
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

from meta_pipeline.delivery.contract import Contract, ContractColumn
from meta_pipeline.delivery.tree import Tree, text_of


def suites_of(tree: Tree) -> Iterator[Contract]:
    """One contract for each suite file under a folder `expectations`, by the suite's name."""
    for path in sorted(tree.entries()):
        if not path.endswith(".json") or "expectations" not in PurePosixPath(path).parts[:-1]:
            continue
        try:
            document = json.loads(text_of(tree, path) or "")
        except (ValueError, RecursionError):
            continue
        if isinstance(document, dict) and isinstance(document.get("expectations"), list):
            # GX 0.x calls the suite's name expectation_suite_name.
            name = document.get("name") or document.get("expectation_suite_name") or PurePosixPath(path).stem
            columns = tuple(ContractColumn(name=column) for column in _columns(document["expectations"]))
            yield Contract(dataset=str(name), declared_by="gx", path=path, columns=columns)


def _columns(expectations: list[Any]) -> tuple[str, ...]:
    columns: dict[str, None] = {}
    for expectation in expectations:
        kwargs = expectation.get("kwargs") if isinstance(expectation, dict) else None
        if isinstance(kwargs, dict):
            listed = kwargs.get("column_set") or kwargs.get("column_list") or [kwargs.get("column")]
            columns.update(dict.fromkeys(column for column in listed if isinstance(column, str)))
    return tuple(columns)
