"""Which generic test of dbt checks a rule for a column, and how a project writes its tests."""

import posixpath
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from meta_pipeline.contracts.dbt import Models
from meta_pipeline.delivery.requirements import Expectation
from meta_pipeline.delivery.topology import UNRESOLVED
from meta_pipeline.delivery.tree import Tree, text_of
from meta_pipeline.schedulers.dbt.static.reader import dbt_version
from meta_pipeline.schedulers.dbt.static.templates import Malformed, macros_in, parse_template

_PACKAGE_FILES = ("packages.yml", "dependencies.yml", "packages.yaml", "dependencies.yaml")
_TESTS_KEY = re.compile(r"^\s*(?:-\s+)?(data_tests|tests):", re.MULTILINE)
_NESTED = re.compile(r"\barguments:")
_BARE = re.compile(r"^\s*(?:values|to|min_value|combination_of_columns|expression):", re.MULTILINE)
_RANGE = """\
{# Values below the lowest or above the highest that is allowed; an empty value is for not_null to find. #}
{% test accepted_range(model, column_name, min_value=none, max_value=none, inclusive=true) %}

select {{ column_name }}
from {{ model }}
where
    1 = 0
    {% if min_value is not none -%}
        or {{ column_name }} <{{ '' if inclusive else '=' }} {{ min_value }}
    {%- endif %}
    {% if max_value is not none -%}
        or {{ column_name }} >{{ '' if inclusive else '=' }} {{ max_value }}
    {%- endif %}

{% endtest %}
"""


@dataclass(frozen=True, slots=True)
class GenericTest:
    """A generic test with its arguments; `path` and `sql` are those of one that the project does not have yet."""

    name: str
    arguments: tuple[tuple[str, Any], ...] = ()
    path: str | None = None
    sql: str | None = None


@dataclass(frozen=True, slots=True)
class NoTest:
    """Why no test of the project can check the rule: `missing` is what it lacks."""

    missing: str


def test_for(rule: Expectation, models: Models) -> GenericTest | NoTest:
    """The test that checks a rule: dbt's own, one of an installed package, or one that the project gets."""
    given = dict(rule.kwargs)
    match rule.type:
        case "expect_column_values_to_not_be_null":
            return GenericTest("not_null")
        case "expect_column_values_to_be_unique":
            return GenericTest("unique")
        case "expect_column_values_to_be_in_set":
            held = given.get("value_set")
            values = list(held) if isinstance(held, tuple) else []
            numbers = bool(values) and not any(isinstance(value, str) for value in values)
            # dbt puts the values in quotes unless it is told that they are no text.
            return GenericTest(
                "accepted_values", (("values", values), *((("quote", False),) if numbers else ()))
            )
        case "relationships":
            to = str(given["to"])
            call = (
                f"source('{to.partition('.')[0]}', '{to.partition('.')[2]}')" if "." in to else f"ref('{to}')"
            )
            return GenericTest("relationships", (("to", call), ("field", str(given["field"]))))
        case "expect_column_values_to_be_between":
            return _range(given, models)
        case "expect_column_values_to_match_regex" if "dbt_expectations" in _packages(models):
            return GenericTest(f"dbt_expectations.{rule.type}", (("regex", str(given["regex"])),))
    return NoTest(
        f"a dbt test for {rule.type}; the package dbt_expectations, which has one, is not installed"
    )


def _range(given: dict[str, Any], models: Models) -> GenericTest | NoTest:
    bounds = [(key, given[key]) for key in ("min_value", "max_value") if key in given]
    strict = {bool(given.get(f"strict_{key[:3]}")) for key, _ in bounds}
    if len(strict) != 1:
        return NoTest(
            "a test for a range with one bound in it and the other not; dbt's have both in or both out"
        )
    packages = _packages(models)
    outside = (("inclusive", False),) if strict == {True} else ()
    if "dbt_utils" in packages:
        return GenericTest("dbt_utils.accepted_range", (*bounds, *outside))
    if "accepted_range" in set(_own_tests(models)):
        return GenericTest("accepted_range", (*bounds, *outside))
    if "dbt_expectations" in packages:
        strictly = (("strictly", True),) if outside else ()
        return GenericTest("dbt_expectations.expect_column_values_to_be_between", (*bounds, *strictly))
    # Called and written like the one of dbt_utils, so that a project that installs it later changes a prefix.
    folder = models.project.paths["test"][0] if models.project.paths["test"] else "tests"
    return GenericTest(
        "accepted_range", (*bounds, *outside), posixpath.join(folder, "generic", "accepted_range.sql"), _RANGE
    )


def _packages(models: Models) -> frozenset[str]:
    texts = [
        text_of(models.tree, posixpath.normpath(posixpath.join(models.project.folder, f)))
        for f in _PACKAGE_FILES
    ]
    return frozenset(
        re.findall(r"\b(dbt_utils|dbt_expectations)\b", "\n".join(text for text in texts if text))
    )


def _own_tests(models: Models) -> Iterator[str]:
    for path in models.project.files(models.tree, ("macro", "test"), (".sql",)):
        template = parse_template(models.tree.read(path) or b"")
        if not isinstance(template, Malformed):
            yield from (
                macro.name.removeprefix("test_")
                for macro in macros_in(template)
                if macro.name.startswith("test_")
            )


@dataclass(frozen=True, slots=True)
class Habit:
    """How a project writes tests: under which key, and whether their arguments stand under `arguments:`."""

    key: str
    nested: bool


def habit_of(models: Models, path: str) -> Habit:
    """The habit of one property file, else of the project, else of its release of dbt."""
    own = text_of(models.tree, path) or ""
    files = [text_of(models.tree, r.path) or "" for r in models.properties.resources if r.path != path]
    whole = "\n".join(dict.fromkeys(files))
    version = _release(models.tree)
    keys = Counter(_TESTS_KEY.findall(own)) or Counter(_TESTS_KEY.findall(whole))
    key = keys.most_common(1)[0][0] if keys else "tests" if version and version < (1, 8) else "data_tests"
    texts = f"{own}\n{whole}"
    nested = bool(_NESTED.search(texts)) or (version >= (1, 11) and not _BARE.search(texts))
    return Habit(key, nested)


def _release(tree: Tree) -> tuple[int, ...]:
    """The release of dbt-core that the requirements pin; empty where they pin none."""
    version = dbt_version(tree)
    return () if version == UNRESOLVED else tuple(int(part) for part in version.split("."))
