"""CHG013 on the ways in which a test comes to demand less, and on those in which it only looks so."""

import json
import textwrap

import pytest

from meta_pipeline.delivery.judgement import GateResult
from meta_pipeline.gates import specimens
from meta_pipeline.gates.case import Case
from meta_pipeline.gates.change.chg013_tests_not_weakened import TestsNotWeakened
from meta_pipeline.gates.gate import judge
from meta_pipeline.policy import Policy

CODE = "def load(rows, strict=False):\n    return len(rows)\n"
TEST = textwrap.dedent(
    """\
    import pytest
    from sales.load import load


    @pytest.mark.parametrize("rows,count", [([], 0), ([1], 1), ([1, 2], 2)])
    def test_load(rows, count):
        assert load(rows) == count


    def test_load_refuses():
        with pytest.raises(ValueError, match="no rows"):
            load(None)


    class TestShare:
        def test_share(self):
            found = load([1]) / 3
            assert found == pytest.approx(0.333, rel=0.01)
    """
)
FILES = {"sales/load.py": CODE, "tests/test_load.py": TEST}
SCHEMA = textwrap.dedent(
    """\
    models:
      - name: orders
        columns:
          - name: status
            data_tests:
              - not_null
              - shop.fresh
              - accepted_values:
                  values: [placed, shipped]
          - name: amount
            data_tests:
              - dbt_utils.accepted_range:
                  min_value: 0
                  max_value: 100
    unit_tests:
      - name: totals_add_up
        model: orders
    """
)
DBT = {
    "dbt_project.yml": "name: shop\n",
    "models/orders.sql": "select status, amount from raw\n",
    "models/orders.yml": SCHEMA,
    "tests/assert_positive.sql": "select * from {{ ref('orders') }} where amount < 0\n",
}
SUITE = json.dumps(
    {
        "expectations": [
            {"type": "expect_column_values_to_not_be_null", "kwargs": {"column": "id", "mostly": 0.99}},
            {"type": "expect_table_row_count_to_be_between", "kwargs": {"min_value": 1, "max_value": 10}},
        ]
    },
    indent=2,
)
CHECK = "@asset_check(asset=orders, blocking=True)\ndef plausible():\n    return AssetCheckResult(passed=rows > 0)\n"


def judged(
    before: specimens.Files, after: specimens.Files, plan: tuple[str, ...] | None = None
) -> GateResult:
    made = specimens.plan(specimens.step(1, *plan)) if plan is not None else None
    return judge(TestsNotWeakened(), Case(Policy(), change=specimens.change(before, after), plan=made))


def changed(files: specimens.Files, path: str, old: str, new: str) -> GateResult:
    text = files[path]
    assert isinstance(text, str)
    assert old in text
    return judged(files, {**files, path: text.replace(old, new)})


@pytest.mark.parametrize(
    "old,new,outcome,line",
    [
        (", ([1, 2], 2)", "", "needs_approval", 6),
        ("== count", ">= 0", "needs_approval", 7),
        ("assert load(rows) == count", "assert load(rows)", "needs_approval", 7),
        ("assert load(rows) == count", "load(rows)", "failed", 6),
        ("assert load(rows) == count", "assert True", "failed", 7),
        ("pytest.raises(ValueError, match", "pytest.raises(Exception, match", "needs_approval", 11),
        (', match="no rows"', "", "warned", 11),
        ("rel=0.01", "rel=0.5", "needs_approval", 18),
        ("class TestShare:", "@pytest.mark.xfail\nclass TestShare:", "needs_approval", 15),
        ("class TestShare:", "class Share:", "needs_approval", 16),
        ("def test_load_refuses", "def check_load_refuses", "needs_approval", 10),
        (
            "def test_load_refuses",
            '@pytest.mark.skipif(sys.platform == "win32", reason="paths")\ndef test_load_refuses',
            "warned",
            10,
        ),
        (
            "from sales.load import load",
            "from sales.load import load\npytestmark = pytest.mark.skip",
            "needs_approval",
            3,
        ),
        (
            "    assert load(rows) == count",
            "    try:\n        assert load(rows) == count\n    except AssertionError:\n        pass",
            "failed",
            9,
        ),
        ("        load(None)", '        pytest.skip("later")\n        load(None)', "needs_approval", 12),
        ("    with pytest.raises", '    pytest.skip("later")\n    with pytest.raises', "needs_approval", 11),
    ],
)
def test_a_python_test_that_demands_less(old: str, new: str, outcome: str, line: int) -> None:
    result = changed(FILES, "tests/test_load.py", old, new)

    assert result.outcome == outcome, result
    assert result.findings[0].line == line, result.findings


@pytest.mark.parametrize(
    "after",
    [
        pytest.param(
            {**FILES, "tests/test_load.py": TEST.replace("test_share(self)", "test_a_third(self)")},
            id="renamed",
        ),
        pytest.param({"sales/load.py": CODE, "tests/unit/test_x.py": TEST}, id="moved"),
        pytest.param(
            {**FILES, "tests/test_load.py": TEST.replace("([], 0)", "([3], 1), ([], 0)")}, id="one more case"
        ),
        pytest.param({**FILES, "tests/test_load.py": TEST.replace("rel=0.01", "rel=0.001")}, id="stricter"),
        pytest.param({"other/x.py": "x = 1\n"}, id="gone with its code"),
        pytest.param({**FILES, "tests/test_load.py": TEST.replace("found", "share")}, id="a local name"),
    ],
)
def test_a_change_of_tests_that_loses_nothing(after: dict[str, str]) -> None:
    assert judged(FILES, after).outcome == "passed"


def test_a_new_test_may_be_skipped() -> None:
    new = "\n\n@pytest.mark.skip\ndef test_later():\n    assert load([4]) == 1\n"

    assert judged(FILES, {**FILES, "tests/test_load.py": TEST + new}).outcome == "passed"


def test_renaming_a_local_name_excuses_no_deleted_test() -> None:
    before = {
        "sales/load.py": "def load(rows):\n    count = len(rows)\n    return count\n",
        "tests/test_load.py": TEST,
    }
    after = {"sales/load.py": "def load(rows):\n    n = len(rows)\n    return n\n"}

    assert judged(before, after).outcome == "needs_approval"


def test_what_a_plan_does_not_name_fails_and_what_it_names_needs_a_person() -> None:
    after = {"sales/load.py": CODE}

    assert judged(FILES, after, plan=("sales/load.py",)).outcome == "failed"
    assert judged(FILES, after, plan=("tests/test_load.py",)).outcome == "needs_approval"


@pytest.mark.parametrize(
    "path,old,new,outcome",
    [
        ("models/orders.yml", "          - not_null\n", "", "needs_approval"),
        ("models/orders.yml", "max_value: 100", "max_value: 100000", "needs_approval"),
        ("models/orders.yml", "values: [placed, shipped]", "values: [placed, shipped, returned]", "warned"),
        (
            "models/orders.yml",
            "values: [placed, shipped]",
            'values: [placed, shipped]\n              config: {where: "1=0"}',
            "needs_approval",
        ),
        ("models/orders.yml", "- not_null", "- not_null: {config: {enabled: false}}", "needs_approval"),
        ("models/orders.yml", "totals_add_up", "totals_are_there", "needs_approval"),
        ("tests/assert_positive.sql", "amount < 0", "amount < 0 and 1 = 0 limit 0", "needs_approval"),
        ("tests/assert_positive.sql", "select *", "{{ config(severity='warn') }} select *", "needs_approval"),
        ("dbt_project.yml", "name: shop\n", "name: shop\ndata_tests:\n  +severity: warn\n", "needs_approval"),
        (
            "models/orders.yml",
            "- shop.fresh\n",
            "- shop.fresh: {config: {severity: warn}}\n",
            "needs_approval",
        ),
        ("models/orders.yml", "- not_null", "- not_null: {config: {severity: error}}", "passed"),
        ("models/orders.yml", "data_tests", "tests", "passed"),
        ("models/orders.sql", "status, amount", "amount", "passed"),
    ],
)
def test_tests_of_dbt(path: str, old: str, new: str, outcome: str) -> None:
    indented = {**DBT, "models/orders.yml": SCHEMA}
    text = indented[path]
    spaced = old if old in text else old.replace("          -", "              -")

    assert changed(indented, path, spaced, new).outcome == outcome


def test_tests_of_dbt_go_with_their_model_and_with_their_column() -> None:
    without = SCHEMA[: SCHEMA.index("      - name: amount")] + SCHEMA[SCHEMA.index("unit_tests") :]
    moved = {**DBT, "models/marts/_models.yml": SCHEMA}
    del moved["models/orders.yml"]

    assert judged(DBT, {"dbt_project.yml": "name: shop\n"}).outcome == "passed"
    assert judged(DBT, moved).outcome == "passed"
    assert (
        judged(
            DBT, {**DBT, "models/orders.yml": without, "models/orders.sql": "select status from raw"}
        ).outcome
        == "passed"
    )
    assert judged(DBT, {**DBT, "models/orders.yml": without}).outcome == "needs_approval"


def test_a_query_that_is_a_test_is_deleted() -> None:
    after = {path: text for path, text in DBT.items() if path != "tests/assert_positive.sql"}

    assert judged(DBT, after).outcome == "needs_approval"


@pytest.mark.parametrize(
    "old,new,outcome",
    [
        ('"mostly": 0.99', '"mostly": 0.5', "needs_approval"),
        ('"max_value": 10', '"max_value": 10000', "needs_approval"),
        ("expect_table_row_count_to_be_between", "expect_table_columns_to_match_set", "needs_approval"),
        ('"mostly": 0.99', '"mostly": 1.0', "passed"),
    ],
)
def test_expectations(old: str, new: str, outcome: str) -> None:
    assert (
        changed({"gx/expectations/orders.json": SUITE}, "gx/expectations/orders.json", old, new).outcome
        == outcome
    )


@pytest.mark.parametrize(
    "old,new,outcome",
    [
        (", blocking=True", "", "needs_approval"),
        ("passed=rows > 0", "passed=True", "failed"),
        ("rows > 0", "rows > 1", "passed"),
    ],
)
def test_asset_checks(old: str, new: str, outcome: str) -> None:
    assert changed({"checks.py": CHECK}, "checks.py", old, new).outcome == outcome


@pytest.mark.parametrize(
    "path,before,after,outcome",
    [
        (
            "pyproject.toml",
            '[tool.pytest.ini_options]\naddopts = "-ra"\n',
            '[tool.pytest.ini_options]\naddopts = "-ra --ignore=tests/unit"\n',
            "needs_approval",
        ),
        (
            "pytest.ini",
            "[pytest]\naddopts = -q\n",
            "[pytest]\naddopts = -q -k 'not load'\n",
            "needs_approval",
        ),
        ("pytest.ini", "[pytest]\naddopts = -q\n", "[pytest]\naddopts = -q --strict-markers\n", "passed"),
        (".coveragerc", "[report]\nfail_under = 90\n", "[report]\nfail_under = 40\n", "needs_approval"),
        (".coveragerc", "[report]\nfail_under = 90\n", "[report]\nfail_under = 95\n", "passed"),
        ("tests/conftest.py", "", 'collect_ignore = ["test_load.py"]\n', "needs_approval"),
        (
            "setup.cfg",
            "[tool:pytest]\ntestpaths = tests it\n",
            "[tool:pytest]\ntestpaths = it\n",
            "needs_approval",
        ),
    ],
)
def test_settings_of_the_tests(path: str, before: str, after: str, outcome: str) -> None:
    assert judged({path: before}, {path: after}).outcome == outcome
