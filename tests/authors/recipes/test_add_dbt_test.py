import json
import subprocess
import sys
from pathlib import Path

import pytest

from meta_pipeline.authors.recipes.add_dbt_test import AddDbtTest, DbtTestParameters
from meta_pipeline.authors.recipes.book import Chosen, choose
from meta_pipeline.authors.recipes.recipe import Fit, Misfit
from meta_pipeline.delivery.differences.compare import differences
from meta_pipeline.delivery.overlay import OverlayTree
from meta_pipeline.delivery.requirements import Argument, Criterion, Expectation, Requirements, Span
from meta_pipeline.delivery.tree import MemoryTree
from meta_pipeline.schedulers.dbt.static.reader import read_topologies
from tests.authors.recipes.dbt_shop import YAML, applied, context, tree

HEAD = "models:\n  - name: orders\n    columns:\n      - name: status\n"
KINDS = {
    "not_null": "expect_column_values_to_not_be_null",
    "unique": "expect_column_values_to_be_unique",
    "set": "expect_column_values_to_be_in_set",
    "between": "expect_column_values_to_be_between",
    "regex": "expect_column_values_to_match_regex",
    "relationships": "relationships",
}


def criterion(kind: str, column: str = "status", dataset: str = "orders", **kwargs: Argument) -> Criterion:
    rule = Expectation(type=KINDS[kind], dataset=dataset, column=column, kwargs=tuple(sorted(kwargs.items())))
    return Criterion(
        id="c1",
        metric="unexpected_values",
        subject=f"{dataset}.{column}",
        comparator="==",
        threshold=0,
        unit="rows",
        verification="data_quality",
        span=Span(source="i.md", line=1, quote="q"),
        expectation=rule,
    )


def fitted(of: MemoryTree, asked: Criterion) -> Fit:
    fit = AddDbtTest().fit((asked,), context(of), of)
    assert isinstance(fit, Fit), fit
    return fit


def written_by(yaml: str, asked: Criterion, **files: str) -> str:
    of = tree(yaml, **files)
    return applied(AddDbtTest(), of, fitted(of, asked).parameters).get(YAML, yaml)


SET = criterion("set", value_set=("new", "paid"))
GOLDEN = {
    "a first test": (HEAD, criterion("not_null"), f"{HEAD}        data_tests:\n          - not_null\n"),
    "as the file calls it": (
        f"{HEAD}      - name: id\n        tests: [unique]\n",
        criterion("unique"),
        f"{HEAD}        tests:\n          - unique\n      - name: id\n        tests: [unique]\n",
    ),
    "into brackets": (
        f"{HEAD}        tests: [not_null] # key\n",
        criterion("unique"),
        f"{HEAD}        tests: [not_null, unique] # key\n",
    ),
    "out of brackets": (
        f"{HEAD}        tests: [not_null]\n",
        SET,
        (
            f"{HEAD}        tests:\n          - not_null\n          - accepted_values:\n"
            "              values: [new, paid]\n"
        ),
    ),
    "in the quotes of the file": (
        (
            "models:\n- name: orders\n  columns:\n  - name: id\n    tests:\n    - accepted_values:\n"
            "        values: ['a']\n"
            "  - name: status\n"
        ),
        SET,
        (
            "models:\n- name: orders\n  columns:\n  - name: id\n    tests:\n    - accepted_values:\n"
            "        values: ['a']\n"
            "  - name: status\n    tests:\n    - accepted_values:\n        values: ['new', 'paid']\n"
        ),
    ),
    "nested as the file has it": (
        (
            f"{HEAD}      - name: id\n        data_tests:\n          - relationships:\n              arguments:\n"
            "                to: ref('x')\n                field: id\n"
        ),
        SET,
        (
            f"{HEAD}        data_tests:\n          - accepted_values:\n              arguments:\n"
            "                values: [new, paid]\n      - name: id\n        data_tests:\n          - relationships:\n"
            "              arguments:\n                to: ref('x')\n                field: id\n"
        ),
    ),
    "new arguments for the test that is there": (
        (
            f"{HEAD}        tests:\n          - accepted_values:\n              values:\n                - new\n"
            "                - old # legacy\n              config: {severity: error}\n"
        ),
        SET,
        (
            f"{HEAD}        tests:\n          - accepted_values:\n              values: [new, paid] # legacy\n"
            "              config: {severity: error}\n"
        ),
    ),
    "beside a test of some rows only": (
        f"{HEAD}        tests:\n          - not_null:\n              config: {{where: id > 5}}\n",
        criterion("not_null"),
        (
            f"{HEAD}        tests:\n          - not_null:\n              config: {{where: id > 5}}\n"
            f"          - not_null\n"
        ),
    ),
    "numbers are not put in quotes": (
        HEAD,
        criterion("set", value_set=(1, 2)),
        (
            f"{HEAD}        data_tests:\n          - accepted_values:\n              values: [1, 2]\n"
            "              quote: false\n"
        ),
    ),
    "a reference": (
        HEAD,
        criterion("relationships", field="code", to="states"),
        (
            f"{HEAD}        data_tests:\n          - relationships:\n              to: ref('states')\n"
            "              field: code\n"
        ),
    ),
    "all in brackets": (
        "models: [{name: orders, columns: [{name: status, tests: []}]}]\n",
        SET,
        "models: [{name: orders, columns: [{name: status, tests: [{accepted_values: {values: [new, paid]}}]}]}]\n",
    ),
    "a test that is there": (f"{HEAD}        tests:\n          - not_null\n", criterion("not_null"), None),
}


@pytest.mark.parametrize("before, asked, after", GOLDEN.values(), ids=GOLDEN.keys())
def test_a_test_is_written_and_nothing_else_moves(before: str, asked: Criterion, after: str | None) -> None:
    assert written_by(before, asked) == (before if after is None else after)


def test_a_range_uses_the_package_that_the_project_installs() -> None:
    between = criterion("between", "amount", max_value=9, min_value=0)
    packages = {"packages.yml": "packages: [{package: dbt-labs/dbt_utils, version: 1.1.1}]\n"}
    assert (
        "- dbt_utils.accepted_range:\n              min_value: 0\n              max_value: 9\n"
        in written_by(HEAD, between, **packages)
    )
    strict = criterion("between", "amount", min_value=0, strict_min=True)
    assert "min_value: 0\n              inclusive: false\n" in written_by(HEAD, strict, **packages)
    expectations = {"packages.yml": "packages: [{package: metaplane/dbt_expectations, version: 0.10.0}]\n"}
    assert "strictly: true" in written_by(HEAD, strict, **expectations)
    assert "regex: ^a+$" in written_by(HEAD, criterion("regex", regex="^a+$"), **expectations)


def test_a_range_without_a_package_gets_a_generic_test_of_the_projects_own() -> None:
    of = tree(HEAD)
    fit = fitted(of, criterion("between", "amount", min_value=0))
    assert (fit.files, fit.creates) == (
        (YAML, "tests/generic/accepted_range.sql"),
        ("tests/generic/accepted_range.sql",),
    )
    assert "tests/generic/accepted_range.sql" in fit.notes[0]
    written = applied(AddDbtTest(), of, fit.parameters)
    assert "{% test accepted_range(model, column_name" in written["tests/generic/accepted_range.sql"]
    there = tree(
        HEAD, **{"macros/range.sql": "{% test accepted_range(model, column_name, min_value) %}{% endtest %}"}
    )
    assert fitted(there, criterion("between", "amount", min_value=0)).files == (YAML,)


def test_what_no_test_can_check_is_refused_with_the_reason() -> None:
    of = tree(HEAD)
    for asked, missing in (
        (criterion("regex", regex="a"), "dbt_expectations"),
        (criterion("between", "amount", min_value=0, max_value=1, strict_min=True), "both in or both out"),
        (criterion("not_null", "statsu"), "it has status, id, amount"),
        (criterion("not_null", dataset="unknown"), "called unknown"),
    ):
        misfit = AddDbtTest().fit((asked,), context(of), of)
        assert isinstance(misfit, Misfit)
        assert missing in misfit.missing


def test_the_plan_names_the_node_that_dbt_gets() -> None:
    of = tree(HEAD)
    fit = fitted(of, SET)
    assert isinstance(fit.parameters, DbtTestParameters)
    head = OverlayTree(of, AddDbtTest().apply(of, fit.parameters))
    found = differences(read_topologies(of, "."), read_topologies(head, "."))
    assert [(d.pipeline, d.node, d.field) for d in found] == [
        (edit.pipeline, edit.node, edit.field) for edit in fit.edits
    ]
    assert fit.edits[0].node == "accepted_values_orders_status__new__paid"


def test_a_suite_that_validates_the_dataset_wins_over_a_dbt_test() -> None:
    suite = {
        "gx/great_expectations.yml": "config_version: 4\n",
        "gx/expectations/orders.json": '{"name": "orders", "expectations": [], "meta": {}}',
    }

    def chosen(of: MemoryTree) -> str:
        asked = Requirements(issue="i.md", title="t", summary="s", criteria=(criterion("not_null"),))
        found = choose(asked, context(of), of)
        assert isinstance(found, Chosen)
        return found.choices[0].recipe.id

    assert chosen(tree(HEAD)) == "add_dbt_test"
    assert chosen(tree(HEAD, **suite)) == "add_gx_expectation"


@pytest.mark.slow
def test_dbt_runs_what_the_recipe_writes(tmp_path: Path) -> None:
    of = MemoryTree.of(
        {
            "dbt_project.yml": "name: shop\nprofile: shop\n",
            "profiles.yml": "shop: {target: dev, outputs: {dev: {type: duckdb, path: shop.duckdb}}}\n",
            "models/orders.sql": (
                "select * from (values (1, 5, 'new'), (2, 0, 'old'), (3, null, 'new')) as t(id, amount, status)\n"
            ),
            YAML: HEAD,
        }
    )
    overlay = OverlayTree(of)
    for asked in (
        criterion("between", "amount", min_value=1),
        criterion("between", "id", min_value=0, strict_min=True),
        criterion("set", "status", value_set=("new", "old")),
        criterion("set", "id", value_set=(1, 2)),
        criterion("unique", "id"),
    ):
        fit = AddDbtTest().fit((asked,), context(overlay), overlay)
        assert isinstance(fit, Fit)
        assert isinstance(fit.parameters, DbtTestParameters)
        overlay = overlay.over(AddDbtTest().apply(overlay, fit.parameters))
    for path in overlay.entries():
        target = tmp_path / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(overlay.read(path) or b"")
    dbt = Path(sys.executable).with_name("dbt")
    subprocess.run([dbt, "build", "--quiet"], cwd=tmp_path, check=False, capture_output=True)
    results = json.loads((tmp_path / "target" / "run_results.json").read_text())["results"]
    failures = {result["unique_id"].split(".")[2]: result["failures"] for result in results}
    assert failures == {
        "orders": None,
        "accepted_range_orders_amount__1": 1,
        "accepted_range_orders_id__False__0": 0,
        "accepted_values_orders_status__new__old": 0,
        "accepted_values_orders_id__False__1__2": 1,
        "unique_orders_id": 0,
    }
