import json
from pathlib import Path

import great_expectations as gx
import pytest

from meta_pipeline.authors.recipes.add_gx_expectation import AddGxExpectation, ExpectationParameters
from meta_pipeline.authors.recipes.gx_project import suite_of
from meta_pipeline.authors.recipes.recipe import RecipeError
from meta_pipeline.delivery.tree import MemoryTree

SALES = Path(__file__).parents[3] / "target_repo_fixtures" / "airflow_sales"
SUITE = "gx/expectations/daily_revenue.json"
FILES = {
    path.relative_to(SALES).as_posix(): path.read_bytes()
    for path in sorted((SALES / "gx").rglob("*"))
    if path.is_file() and "uncommitted" not in path.parts
}


def asked(kind: str, column: str, **kwargs: float | str | tuple[str, ...]) -> ExpectationParameters:
    return ExpectationParameters(path=SUITE, type=kind, column=column, kwargs=tuple(sorted(kwargs.items())))


BETWEEN = asked("expect_column_values_to_be_between", "revenue", min_value=0, max_value=1000)
UNITS = asked("expect_column_values_to_be_between", "units", min_value=0)


def applied(parameters: ExpectationParameters, files: dict[str, bytes] | None = None) -> str:
    files = files or FILES
    after = AddGxExpectation().apply(MemoryTree.of(files), parameters).get(SUITE, files[SUITE])
    assert AddGxExpectation().apply(MemoryTree.of({**files, SUITE: after}), parameters) == {}
    return after.decode()


def test_rule_that_is_there_gets_new_arguments() -> None:
    before = FILES[SUITE].decode()
    assert applied(BETWEEN) == before.replace('"max_value": 100000.0', '"max_value": 1000')


def test_new_rule_leaves_the_others_as_they_are() -> None:
    before, after = FILES[SUITE].decode(), applied(UNITS)
    suite = json.loads(after)
    added = suite["expectations"].pop()
    assert suite == json.loads(before)
    assert {key: added[key] for key in ("type", "kwargs", "meta", "severity")} == {
        "type": "expect_column_values_to_be_between",
        "kwargs": {"column": "units", "min_value": 0},
        "meta": {},
        "severity": "critical",
    }
    assert set(before.splitlines()) - {"    }"} <= set(after.splitlines())


@pytest.mark.parametrize(
    "parameters",
    [BETWEEN, UNITS, asked("expect_column_values_to_be_in_set", "store_id", value_set=("S01", "S02"))],
)
def test_great_expectations_loads_and_saves_the_same_suite(
    parameters: ExpectationParameters, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = applied(parameters)
    for path, data in {**FILES, SUITE: written.encode()}.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(data)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GX_ANALYTICS_ENABLED", "false")
    suite = gx.get_context(mode="file", project_root_dir=str(tmp_path)).suites.get("daily_revenue")
    rule = next(
        e
        for e in suite.expectations
        if e.expectation_type == parameters.type and getattr(e, "column", None) == parameters.column
    )
    for name, value in parameters.kwargs:
        assert getattr(rule, name) == (list(value) if isinstance(value, tuple) else value)
    suite.save()
    saved = json.loads((tmp_path / SUITE).read_text())
    assert saved["expectations"] == json.loads(written)["expectations"]


def test_a_share_of_exceptions_goes_unless_it_is_wanted() -> None:
    loose = FILES[SUITE].replace(b'"max_value": 100000.0,', b'"max_value": 1000,\n        "mostly": 0.9,')
    assert "mostly" not in applied(BETWEEN, {**FILES, SUITE: loose})
    kept = asked("expect_column_values_to_be_between", "revenue", min_value=0, max_value=1000, mostly=0.9)
    assert applied(kept, {**FILES, SUITE: loose}) == loose.decode()


def test_two_rules_of_one_kind_are_refused() -> None:
    suite = json.loads(FILES[SUITE])
    suite["expectations"].append(suite["expectations"][-1])
    twice = json.dumps(suite, indent=2).encode()
    with pytest.raises(RecipeError, match=r"daily_revenue.json:\d+: 2 rules"):
        applied(BETWEEN, {**FILES, SUITE: twice})


def test_suite_is_found_by_asset_name_or_checkpoint() -> None:
    tree = MemoryTree.of(FILES)
    by_asset = suite_of(tree, "daily_revenue")
    assert by_asset is not None
    assert by_asset.path == SUITE
    renamed = FILES["gx/checkpoints/daily_revenue.json"].replace(
        b'"name": "daily_revenue",', b'"name": "nightly",'
    )
    by_checkpoint = suite_of(
        MemoryTree.of({**FILES, "gx/checkpoints/daily_revenue.json": renamed}), "nightly"
    )
    assert by_checkpoint is not None
    assert by_checkpoint.path == SUITE
    assert suite_of(tree, "store_inventory") is None


def test_broken_suite_says_where() -> None:
    with pytest.raises(RecipeError, match=r"daily_revenue.json:1: this is not JSON"):
        applied(BETWEEN, {**FILES, SUITE: b"{"})
