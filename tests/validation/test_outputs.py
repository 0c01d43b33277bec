"""What the look at a checkout tells of its files, and how two looks differ."""

import gzip
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
from git import Repo

from meta_pipeline.delivery.outputs import OutputDifference, Outputs
from meta_pipeline.validation.output_differences import differences, unstable_of
from meta_pipeline.validation.outputs import PROBE
from tests.conftest import commit

ORDERS = "id,amount\n1,5\n2,7\n3,9\n"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    repo = Repo.init(tmp_path / "repo", initial_branch="main")
    commit(repo, {"raw/day.csv": ORDERS, ".gitignore": "out/\n"}, "Start")
    (tmp_path / "repo" / "out").mkdir()
    return tmp_path / "repo"


def looked(checkout: Path, *without: str) -> Outputs:
    answer = checkout.parent / "answer.json"
    left = [part for folder in without for part in ("--without", folder)]
    command = [sys.executable, "-I", str(PROBE), "--output", str(answer), *left]
    subprocess.run(command, cwd=checkout, check=True)
    return Outputs.model_validate_json(answer.read_bytes())


def write_parquet(path: Path, query: str) -> None:
    duckdb.execute(f"COPY ({query}) TO '{path}' (FORMAT parquet)")


def seen(outputs: Outputs) -> dict[str, int | None]:
    return {output.name: output.rows for output in outputs.outputs}


def compared(checkout: Path, name: str, before: str, after: str) -> OutputDifference:
    (checkout / "out" / name).write_text(before)
    first = looked(checkout)
    (checkout / "out" / name).write_text(after)
    (found,) = differences(first, looked(checkout))
    return found


def test_files_of_each_kind_are_read_and_what_the_commit_holds_is_not(checkout: Path) -> None:
    out = checkout / "out"
    (out / "orders.csv.gz").write_bytes(gzip.compress(ORDERS.encode()))
    (out / "events.jsonl").write_text('{"id": 1, "tags": ["a"]}\n{"id": 2, "tags": []}\n')
    (out / "report.xlsx").write_bytes(b"not one that can be read")
    with duckdb.connect(str(out / "shop.duckdb")) as connection:
        connection.execute("CREATE TABLE orders AS SELECT 1 AS id")
        connection.execute("CREATE VIEW twice AS FROM orders UNION ALL FROM orders")
        connection.execute(f"COPY orders TO '{out / 'orders.parquet'}'")
    assert seen(looked(checkout)) == {
        "out/events.jsonl": 2,
        "out/orders.csv.gz": 3,
        "out/orders.parquet": 1,
        "out/report.xlsx": None,
        "out/shop.duckdb:main.orders": 1,
        "out/shop.duckdb:main.twice": 2,
    }
    (checkout / "raw" / "day.csv").write_text(ORDERS + "4,1\n")
    assert seen(looked(checkout, "out")) == {"raw/day.csv": 4}


def test_files_of_one_name_but_for_a_time_are_one_output(checkout: Path) -> None:
    for name in ("orders_20260101T040500.csv", "orders_2026-01-01 05-05-00.csv", "totals_2026-01-01.csv"):
        (checkout / "out" / name).write_text(ORDERS)
    assert seen(looked(checkout)) == {"out/orders_*.csv": 6, "out/totals_*.csv": 3}


def test_a_link_out_of_the_checkout_is_not_followed_and_broken_files_do_no_harm(checkout: Path) -> None:
    (checkout.parent / "private.csv").write_text(ORDERS)
    (checkout / "out" / "private.csv").symlink_to(checkout.parent / "private.csv")
    (checkout / "out" / "folder").symlink_to(checkout.parent)
    (checkout / "out" / "broken.parquet").write_bytes(b"PAR1 and no more")
    (checkout / "out" / "broken.duckdb").write_bytes(b"\0" * 8 + b"DUCK" + b"\xff" * 8000)
    assert seen(looked(checkout)) == {"out/broken.duckdb": None, "out/broken.parquet": None}


def test_the_order_of_rows_and_the_last_digit_of_a_sum_are_no_difference(checkout: Path) -> None:
    assert compared(
        checkout, "a.csv", "id,x\n1,0.3\n2,1.5\n", "id,x\n2,1.5\n1,0.30000000000000004\n"
    ).is_equal


def test_values_that_change_places_are_seen(checkout: Path) -> None:
    found = compared(checkout, "a.csv", "id,x\n1,5\n2,7\n", "id,x\n1,7\n2,5\n")
    assert (found.key, found.changed, found.changed_columns) == ("id", 2, ("x",))


def test_what_dbt_keeps_of_its_own_work_is_no_data(checkout: Path) -> None:
    for project, folder in (("dbt", "target"), ("other", "made")):
        kept = checkout / project / folder / "warehouse-059f1d8"
        kept.mkdir(parents=True)
        (kept / "manifest.json").write_text("{}")
        (checkout / project / "orders.csv").write_text(ORDERS)
    (checkout / "dbt" / "dbt_project.yml").write_text("name: shop\n")
    (checkout / "other" / "dbt_project.yml").write_text("name: other\ntarget-path: 'made'\n")
    (checkout / "out" / "target").mkdir()
    (checkout / "out" / "target" / "orders.csv").write_text(ORDERS)

    assert set(seen(looked(checkout))) == {"dbt/orders.csv", "other/orders.csv", "out/target/orders.csv"}


def test_rows_without_a_key_are_compared_as_a_whole(checkout: Path) -> None:
    found = compared(checkout, "a.csv", "a,b\n1,1\n1,1\n2,1\n", "a,b\n1,1\n2,1\n2,2\n")
    assert (found.key, found.removed, found.added) == (None, 1, 1)


def test_columns_that_come_go_and_change_their_type_are_told(checkout: Path) -> None:
    path = checkout / "out" / "orders.parquet"
    write_parquet(path, "SELECT 1 AS id, 2 AS amount, 'x' AS region")
    first = looked(checkout)
    write_parquet(path, "SELECT 1 AS id, '2' AS amount, 1 AS shop")
    (found,) = differences(first, looked(checkout))
    assert (found.lost_columns, found.new_columns, found.retyped_columns) == (
        ("region",),
        ("shop",),
        ("amount",),
    )


def test_what_is_other_at_each_run_is_not_compared(checkout: Path) -> None:
    again = compared(checkout, "a.csv", "id,at\n1,10:00:01\n", "id,at\n1,10:00:02\n")
    assert unstable_of([again]) == {"out/a.csv": ("at",)}
    before = looked(checkout)
    (checkout / "out" / "a.csv").write_text("id,at\n1,10:00:03\n")
    (found,) = differences(before, looked(checkout), unstable_of([again]))
    assert found.is_equal


def test_a_large_output_is_told_by_its_columns(checkout: Path) -> None:
    path = checkout / "out" / "large.parquet"
    write_parquet(path, "SELECT range AS id, range % 7 AS x FROM range(300_000)")
    first = looked(checkout)
    assert first.outputs[0].cells is None
    write_parquet(path, "SELECT range AS id, range % 5 AS x FROM range(300_000)")
    (found,) = differences(first, looked(checkout))
    assert (found.rows_before, found.changed, found.changed_columns) == (300_000, None, ("x",))
