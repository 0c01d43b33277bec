"""The tests of a dbt project as its YAML states them: on what, with which arguments, how severe."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from meta_pipeline.delivery.yaml_source import Located, Unreadable, read_yaml

_OWNERS = ("models", "seeds", "snapshots", "sources")
_TESTS = ("tests", "data_tests")
_CONFIG = ("severity", "enabled", "where", "warn_if", "error_if", "limit", "fail_calc")
_BESIDE = frozenset({*_CONFIG, *"config name arguments description tags meta column_name test_name".split()})
_IMPOSSIBLE = re.compile(r"\b(1\s*=\s*0|0\s*=\s*1|1\s*<>\s*1|1\s*!=\s*1|false)\b", re.IGNORECASE)
_LESS = re.compile(r"[<>]=?\s*(\d+)")


@dataclass(frozen=True)
class DbtTest:
    """One test: on `column` of `owner` (None for the whole of it). `arguments` and `config` are plain values."""

    owner: str
    column: str | None
    name: str
    line: int
    path: str
    arguments: Mapping[str, Any]
    config: Mapping[str, Any]

    @property
    def subject(self) -> str:
        return f"{self.owner}.{self.column}" if self.column else self.owner

    @property
    def switched_off(self) -> bool:
        return self.config.get("enabled") is False


@dataclass(frozen=True)
class Stated:
    """What one YAML file states: its tests, the owners that it describes, and its unit tests with their lines."""

    tests: tuple[DbtTest, ...] = ()
    owners: frozenset[str] = frozenset()
    columns: frozenset[tuple[str, str]] = frozenset()
    unit_tests: Mapping[str, tuple[int, str]] | None = None


def stated_in(path: str, text: str) -> Stated:
    """The dbt tests of a YAML file; nothing where it states none or cannot be read."""
    if not any(f"{key}:" in text for key in (*_OWNERS, "unit_tests")):
        return Stated()
    document = read_yaml(text, path)
    if isinstance(document, Unreadable):
        return Stated()
    tests: list[DbtTest] = []
    owners: set[str] = set()
    columns: set[tuple[str, str]] = set()
    for key in _OWNERS:
        for item in document.get(key).each():
            for owner, holder in _held(key, item):
                owners.add(owner)
                tests += _of(path, owner, None, holder)
                for column in holder.get("columns").each():
                    columns.add((owner, column.get("name").text))
                    tests += _of(path, owner, column.get("name").text, column)
    units = {
        unit.get("name").text: (unit.line, unit.get("model").text)
        for unit in document.get("unit_tests").each()
    }
    return Stated(tuple(tests), frozenset(owners), frozenset(columns), units)


def _held(key: str, item: Located) -> Iterator[tuple[str, Located]]:
    name = item.get("name").text
    yield name, item
    if key == "sources":
        for table in item.get("tables").each():
            yield f"{name}.{table.get('name').text}", table
    for version in item.get("versions").each():
        yield f"{name}.v{version.get('v').text}", version


def _of(path: str, owner: str, column: str | None, holder: Located) -> Iterator[DbtTest]:
    for key in _TESTS:
        for item in holder.get(key).each():
            yield _test(path, owner, column, item)


def _test(path: str, owner: str, column: str | None, item: Located) -> DbtTest:
    if not isinstance(item.value, dict):
        return DbtTest(owner, column, _bare(item.text), item.line, path, {}, {})
    name = item.get("test_name").text
    given = item
    if not name:
        name, given = next(item.pairs(), ("", item))
    rest = {key: value for key, value in item.pairs() if key != name}
    values = {key: value for key, value in given.pairs() if given is not item} or {}
    arguments = {key: value.plain() for key, value in values.items() if key not in _BESIDE}
    inner = values.get("arguments")
    if inner is not None:
        arguments |= {key: value.plain() for key, value in inner.pairs()}
    config: dict[str, Any] = {}
    for source in (rest, values):
        config |= {key: value.plain() for key, value in source.items() if key in _CONFIG}
        nested = source.get("config")
        if nested is not None:
            config |= {key: value.plain() for key, value in nested.pairs() if key in _CONFIG}
    return DbtTest(owner, column, _bare(name), item.line, path, arguments, config)


def _bare(name: str) -> str:
    """A test without the package that it is of."""
    return name.rpartition(".")[2]


def looser_test(before: DbtTest, after: DbtTest) -> Iterator[str]:
    """How a test lets more through than it did, as the end of a sentence on it."""
    old, new = before.config, after.config
    if after.switched_off and not before.switched_off:
        yield "is switched off"
    if (
        str(new.get("severity", "error")).lower() == "warn"
        and str(old.get("severity", "error")).lower() != "warn"
    ):
        yield "only warns where it failed"
    where = str(new.get("where") or "")
    if where and _IMPOSSIBLE.search(where):
        if where != str(old.get("where") or ""):
            yield f"looks at no row (where: {where})"
    elif where and not old.get("where"):
        yield f"looks at a part of the rows only (where: {where})"
    for key in ("error_if", "warn_if"):
        was, now = _threshold(old.get(key)), _threshold(new.get(key))
        if now > was:
            yield f"tolerates more failures ({key}: {new[key]})"
    if new.get("limit") == 0 and old.get("limit") != 0:
        yield "fetches no failure (limit: 0)"
    if new.get("fail_calc") is not None and new.get("fail_calc") != old.get("fail_calc"):
        yield f"counts its failures otherwise (fail_calc: {new['fail_calc']})"
    yield from looser_arguments(before.arguments, after.arguments)


def looser_arguments(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    """Which arguments of a test or expectation take more than they did."""
    for key, now in after.items():
        was = before.get(key)
        if key == "mostly" and _number(now) is not None and (_number(now) or 0.0) < (_number(was) or 1.0):
            yield f"is content with {now} of the rows where it wanted {was if was is not None else 'all'}"
        elif key in before and isinstance(was, int | float) and isinstance(now, int | float):
            grows = now > was
            if now != was and (
                (key.startswith("max") and grows)
                or (key.startswith("min") and not grows)
                or (key in ("interval", "tolerance", "threshold") and grows)
            ):
                yield f"takes {key} {now} where it took {was}"
        elif (
            key in before
            and isinstance(was, list)
            and isinstance(now, list)
            and not key.startswith("combination")
        ):
            more = [item for item in now if item not in was]
            if (
                more
                and all(item in now for item in was)
                and key in ("values", "value_set", "accepted_values")
            ):
                yield f"also accepts {', '.join(map(str, more))}"
    for key, was in before.items():
        if key not in after and key.startswith(("max", "min", "value_set")) and was is not None:
            yield f"no longer has {key} ({was})"


def accepts_only_more_values(said: str) -> bool:
    """Another accepted value is how a contract grows, not how a test is weakened."""
    return said.startswith("also accepts")


def _threshold(value: Any) -> float:
    found = _LESS.search(str(value)) if value is not None else None
    return float(found[1]) if found else 0.0


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def same_test(one: DbtTest) -> tuple[str, str | None, str]:
    """What makes two statements of a test the same, whatever their arguments."""
    return one.owner, one.column, one.name


def spelled(test: DbtTest) -> str:
    """The arguments as text, to tell tests of the same name on the same column apart."""
    return json.dumps(test.arguments, sort_keys=True, default=str)
