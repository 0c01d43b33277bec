import pytest

from meta_pipeline.gates.sql.destructions import destructions, new_destructions


@pytest.mark.parametrize(
    "sql,verb,table",
    [
        ("DROP TABLE orders", "DROP", "orders"),
        ("drop table if exists sales.orders cascade;", "DROP", "sales.orders"),
        ("DROP SCHEMA sales CASCADE;", "DROP", "sales"),
        ("ALTER TABLE orders DROP COLUMN price;", "DROP of a column", "orders"),
        ("TRUNCATE TABLE orders;", "TRUNCATE", "orders"),
        ("truncate orders", "TRUNCATE", "orders"),
        ("DELETE FROM orders", "DELETE without WHERE", "orders"),
        ("DELETE FROM orders WHERE true;", "DELETE without WHERE", "orders"),
        ("DELETE FROM orders WHERE 1 = 1;", "DELETE without WHERE", "orders"),
        ("DROP TABLE `project.sales.orders`;", "DROP", "project.sales.orders"),
        ("SELECT 1;\nDELETE FROM {{ params.table }};", "DELETE without WHERE", "jinja_params_table"),
        ("{% if x %}DROP TABLE orders{% endif %}", "DROP", "orders"),
        ("GRANT SELECT ON a TO b;\nDROP TABLE orders;", "DROP", "orders"),
        ("COPY INTO what ever (((;\nDROP TABLE orders;", "DROP", "orders"),
        (f"DROP TABLE orders; SELECT {'(' * 50_000}", "DROP", "orders"),
        (f"DROP TABLE orders; {'{{' * 50_000}", "DROP", "orders"),
        (f"COPY INTO what ever (((;\nDROP TABLE orders; {'/* ' * 50_000}", "DROP", "orders"),
    ],
)
def test_what_destroys_data(sql: str, verb: str, table: str) -> None:
    assert [(d.verb, d.table) for d in destructions("load.sql", sql)] == [(verb, table)]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM orders WHERE note = 'drop table x; truncate y'",
        "-- DROP TABLE orders\nSELECT 1",
        "DELETE FROM orders WHERE ds = '{{ ds }}'",
        "DELETE FROM orders USING old WHERE orders.id = old.id",
        "DROP TABLE IF EXISTS tmp_orders",
        "DROP TABLE IF EXISTS sales.orders_tmp",
        "DROP TEMPORARY TABLE orders",
        "DROP VIEW revenue",
        "DROP INDEX revenue_day",
        "DROP TABLE IF EXISTS orders;\nCREATE TABLE orders AS SELECT 1 AS id;",
        "TRUNCATE TABLE orders;\nINSERT INTO orders SELECT * FROM staged;",
        "DELETE FROM orders;\nINSERT INTO orders (id, price) SELECT * FROM staged;",
        "ALTER TABLE orders DROP PARTITION (ds = '2026-01-05')",
        "COPY INTO what ever (((;\nTRUNCATE TABLE orders;\nINSERT INTO orders SELECT 1;",
        "SELECT dropped, deleted, truncated FROM orders",
    ],
)
def test_what_does_not(sql: str) -> None:
    assert destructions("load.sql", sql) == ()


def test_python_string_literals_are_read_and_prose_is_not() -> None:
    code = (
        '"""Drop table orders. Delete from it."""\n'
        "def load(hook, table):\n"
        '    """DELETE FROM orders"""\n'
        '    log.info("Drop table columns that nobody reads; delete from the list")\n'
        '    hook.run(f"TRUNCATE TABLE {table}")\n'
        '    hook.run("DELETE FROM orders WHERE id = 1")\n'
        '    hook.run("""\n'
        "      SELECT 1;\n"
        '      DROP TABLE orders;""")\n'
    )

    assert [(d.verb, d.line) for d in destructions("load.py", code)] == [("TRUNCATE", 5), ("DROP", 9)]


@pytest.mark.parametrize("deep", ["-" * 200_000 + "1", "a" + ".b" * 50_000])
def test_python_that_nests_too_deeply_is_passed_over(deep: str) -> None:
    assert destructions("load.py", f"sql = 'DROP TABLE orders'\nx = {deep}\n") == ()


def test_only_what_is_new_counts() -> None:
    old = "DROP TABLE orders;\n"

    assert new_destructions("a.sql", old, old + "SELECT 1;\n") == ()
    assert [d.line for d in new_destructions("a.sql", old, old + "DROP TABLE stores;\n")] == [2]
    assert [d.table for d in new_destructions("a.sql", old, old + old)] == ["orders"]
    assert new_destructions("a.sql", old, None) == ()


_GATHERS = "CREATE TABLE IF NOT EXISTS revenue (day DATE);\nINSERT INTO revenue SELECT * FROM staged;\n"


@pytest.mark.parametrize(
    "path,old,new,found",
    [
        ("load.sql", _GATHERS, f"TRUNCATE TABLE revenue;\n{_GATHERS}", [("TRUNCATE", "revenue", True)]),
        ("load.sql", _GATHERS, f"DROP TABLE IF EXISTS revenue;\n{_GATHERS}", [("DROP", "revenue", True)]),
        ("load.sql", "", f"TRUNCATE TABLE revenue;\n{_GATHERS}", []),
        (
            "load.sql",
            "CREATE OR REPLACE TABLE revenue AS SELECT 1 AS a;",
            "DROP TABLE IF EXISTS revenue;\nCREATE TABLE revenue AS SELECT 1 AS a;",
            [],
        ),
        (
            "load.py",
            'run(f"INSERT INTO revenue BY NAME {query}")\n',
            'run(f"TRUNCATE TABLE revenue; INSERT INTO revenue BY NAME {query}")\n',
            [("TRUNCATE", "revenue", True)],
        ),
        (
            "models/a.sql",
            "select 1 as a",
            "{{ config(pre_hook='truncate table {{ this }}') }}\nselect 1 as a",
            [("TRUNCATE", "the model's own table", True)],
        ),
        (
            "models/a.sql",
            "select 1 as a",
            "{{ config(pre_hook='delete from {{ this }} where day = 1') }}\nselect 1 as a",
            [],
        ),
        (
            "load.py",
            'run(f"UPDATE {table} SET price = 2 WHERE id = 1")\n',
            'run(f"UPDATE {table} SET price = 2")\n',
            [("UPDATE without WHERE", "filled_in", False)],
        ),
        ("load.sql", "", "UPDATE orders SET price = 2;", []),
    ],
)
def test_rows_that_were_kept_so_far(
    path: str, old: str, new: str, found: list[tuple[str, str, bool]]
) -> None:
    assert [(d.verb, d.table, d.refilled) for d in new_destructions(path, old, new)] == found
