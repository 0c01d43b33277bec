"""Great Expectations suites as contracts: the columns that their expectations name, and what is expected of each."""

import json
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

from meta_pipeline.delivery.contract import Contract, ContractColumn
from meta_pipeline.delivery.yaml_source import Unreadable

_ALL = ("expect_table_columns_to_match_set", "expect_table_columns_to_match_ordered_list")
_HARMLESS = frozenset(
    {"column", "mostly", "result_format", "catch_exceptions", "meta", "notes", "severity", "batch_id"}
)


def read_suite(data: bytes, path: str) -> tuple[Contract, ...] | Unreadable:
    """The one contract of a suite's file, by the suite's name; none where the file is no suite."""
    try:
        document = json.loads(data)
    except json.JSONDecodeError as error:
        return Unreadable(path, error.lineno, f"this is not JSON: {error.msg}")
    except (UnicodeDecodeError, RecursionError):
        return Unreadable(path, 1, "this is not JSON in UTF-8, or it is nested too deeply")
    if not isinstance(document, dict) or not isinstance(document.get("expectations"), list):
        return ()
    # GX 0.x calls the suite's name expectation_suite_name.
    name = document.get("name") or document.get("expectation_suite_name") or PurePosixPath(path).stem
    columns: dict[str, ContractColumn] = {}
    text = data.decode("utf-8", errors="replace")
    for expectation in document["expectations"]:
        if isinstance(expectation, dict):
            _expect(expectation, columns)
    placed = (column.model_copy(update={"line": _line(column.name, text)}) for column in columns.values())
    return (Contract(dataset=str(name), declared_by="gx", path=path, columns=tuple(placed)),)


def _expect(expectation: Mapping[str, Any], columns: dict[str, ContractColumn]) -> None:
    kwargs = expectation.get("kwargs")
    if not isinstance(kwargs, dict):
        return
    # GX 0.x calls the type of an expectation expectation_type.
    kind = str(expectation.get("type") or expectation.get("expectation_type") or "")
    listed = kwargs.get("column_set") or kwargs.get("column_list")
    if isinstance(listed, list):
        for name in listed:
            if isinstance(name, str):
                known = columns.setdefault(name, ContractColumn(name=name, implied=True))
                if kind in _ALL:
                    columns[name] = known.model_copy(update={"implied": False})
    name = kwargs.get("column")
    if isinstance(name, str):
        known = columns.setdefault(name, ContractColumn(name=name, implied=True))
        columns[name] = known.model_copy(update=_said(kind, kwargs, known))


def _said(kind: str, kwargs: Mapping[str, Any], known: ContractColumn) -> dict[str, object]:
    """What one expectation says of its column. What may be missed by some rows is a rule that is compared as text."""
    mostly = kwargs.get("mostly")
    if kind == "expect_column_to_exist":
        return {"implied": False}
    if mostly is None or mostly == 1:
        match kind:
            case "expect_column_values_to_not_be_null":
                return {"required": True}
            case "expect_column_values_to_be_unique":
                return {"unique": True}
            case "expect_column_values_to_be_of_type" if isinstance(kwargs.get("type_"), str):
                return {"type": kwargs["type_"]}
            case "expect_column_values_to_be_in_set" if isinstance(kwargs.get("value_set"), list):
                return {"allowed": tuple(map(str, kwargs["value_set"]))}
            case "expect_column_values_to_be_between":
                bounds = {"minimum": kwargs.get("min_value"), "maximum": kwargs.get("max_value")}
                return {
                    key: value
                    for key, value in bounds.items()
                    if isinstance(value, int | float | str) and not isinstance(value, bool)
                }
    told = {key: value for key, value in kwargs.items() if key not in _HARMLESS or key == "mostly"}
    rule = " ".join((kind.removeprefix("expect_"), *(f"{key}={told[key]}" for key in sorted(told)))).strip()
    return {"rules": tuple(sorted({*known.rules, rule}))} if rule else {}


def _line(name: str, text: str) -> int | None:
    """The first line of the file that holds the column's name."""
    place = text.find(json.dumps(name))
    return text.count("\n", 0, place) + 1 if place >= 0 else None
