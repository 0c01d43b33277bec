"""CHG007 on the writes that teams make, in SQL, in Python and in dbt."""

import pytest

from meta_pipeline.delivery.judgement import GateResult
from meta_pipeline.gates import specimens
from meta_pipeline.gates.case import Case
from meta_pipeline.gates.change.chg007_idempotent_writes import IdempotentWrites
from meta_pipeline.gates.gate import judge
from meta_pipeline.policy import Policy

DAG = "from airflow import DAG\n"
RUNS_SQL = {"dags/sales.py": DAG + "run('sales/load.sql')\n"}
FILL = "INSERT INTO sales.revenue (id, total) SELECT id, total FROM orders"
EMPTY = "DELETE FROM sales.revenue WHERE ds = '{{ ds }}';\n"


def looked_at(before: specimens.Files, after: specimens.Files) -> GateResult:
    return judge(IdempotentWrites(), Case(Policy(), change=specimens.change(before, after)))


def of_sql(text: str) -> str:
    return looked_at(RUNS_SQL, RUNS_SQL | {"sales/load.sql": text}).outcome


def of_code(body: str, before: str | None = None) -> str:
    base = {} if before is None else {"dags/load.py": DAG + before}
    return looked_at(base, {"dags/load.py": DAG + body}).outcome


@pytest.mark.parametrize(
    "text",
    [
        FILL,
        f"{FILL};\n",
        FILL + " o LEFT JOIN stores s ON s.id = o.id WHERE s.id IS NULL",
        "insert into `sales-prod.mart.revenue`\nselect * from orders",
        "INSERT INTO TABLE revenue PARTITION (ds='{{ ds }}') SELECT * FROM orders",
        "INSERT INTO {{ params.table }} SELECT * FROM orders",
        EMPTY.replace("revenue", "other") + FILL,
        "COPY INTO revenue FROM @stage FORCE = TRUE",
        "COPY revenue FROM 's3://bucket/daily/' IAM_ROLE 'x' CSV",
        "CREATE TABLE IF NOT EXISTS revenue (id int);\nINSERT INTO revenue SELECT * FROM orders",
        "INSERT OVERWRITE TABLE revenue SELECT id, CURRENT_DATE AS ds FROM orders",
    ],
)
def test_sql_that_a_pipeline_runs_and_that_only_adds_is_for_a_person(text: str) -> None:
    assert of_sql(text) == "needs_approval"


@pytest.mark.parametrize(
    "text",
    [
        EMPTY + FILL,
        f"TRUNCATE TABLE sales.revenue;\n{FILL}",
        "DELETE FROM {{ params.table }} WHERE ds = '{{ ds }}'; INSERT INTO {{ params.table }} SELECT * FROM orders",
        f"{FILL} ON CONFLICT (id) DO UPDATE SET total = excluded.total",
        f"{FILL} ON DUPLICATE KEY UPDATE total = VALUES(total)",
        "INSERT INTO revenue SELECT * FROM orders o WHERE NOT EXISTS (SELECT 1 FROM revenue r WHERE r.id = o.id)",
        f"{FILL} o LEFT JOIN sales.revenue r ON r.id = o.id WHERE r.id IS NULL",
        "INSERT INTO revenue SELECT * FROM orders WHERE id > (SELECT MAX(id) FROM revenue)",
        "INSERT OVERWRITE TABLE revenue PARTITION (ds='{{ ds }}') SELECT * FROM orders",
        "INSERT OR REPLACE INTO revenue SELECT * FROM orders",
        "MERGE INTO revenue t USING s ON t.id = s.id WHEN NOT MATCHED THEN INSERT (id) VALUES (s.id)",
        "CREATE OR REPLACE TABLE revenue AS SELECT * FROM orders",
        "CREATE TEMP TABLE latest (id int); INSERT INTO latest SELECT id FROM orders",
        "INSERT INTO tmp_orders SELECT * FROM orders",
        "COPY INTO revenue FROM @stage",
        "-- INSERT INTO revenue SELECT 1\nSELECT 1",
        "SELECT id, CURRENT_DATE AS ds FROM orders",
        "MERGE INTO revenue USING (SELECT id, CURRENT_TIMESTAMP AS loaded_at FROM s) ON x",
    ],
)
def test_sql_that_can_run_twice_is_free(text: str) -> None:
    assert of_sql(text) == "passed"


@pytest.mark.parametrize(
    "path",
    [
        "tests/load.sql",
        "migrations/1.sql",
        "seeds/a.sql",
        "docs/load.sql",
        "db/init/1.sql",
        "alembic/versions/x.py",
    ],
)
def test_what_runs_once_or_never_is_free(path: str) -> None:
    assert looked_at({}, {path: FILL + "\n"}).outcome == "passed"


def test_sql_that_no_pipeline_names_and_tables_of_records_only_warn() -> None:
    assert looked_at({}, {"adhoc/load.sql": FILL}).outcome == "warned"
    assert of_sql("INSERT INTO etl_audit_log VALUES (1)") == "warned"


def test_a_table_that_another_step_empties_only_warns() -> None:
    empty = {"sales/empty.sql": "DELETE FROM sales.revenue WHERE ds = '{{ ds }}'\n"}

    assert looked_at(RUNS_SQL | empty, RUNS_SQL | empty | {"sales/load.sql": FILL}).outcome == "warned"


@pytest.mark.parametrize(
    "body",
    [
        "def load(df):\n    df.to_sql('revenue', engine, if_exists='append')",
        "def load(df):\n    df.write.mode('append').saveAsTable('revenue')",
        "def load(df):\n    df.write.format('delta').mode('append').save('/mnt/revenue')",
        "def load(df):\n    df.writeTo('revenue').append()",
        "def load(df):\n    write_deltalake('revenue', df, mode='append')",
        "op = BigQueryInsertJobOperator(task_id='a', write_disposition='WRITE_APPEND')",
        "config = LoadJobConfig(write_disposition=bigquery.WriteDisposition.WRITE_APPEND)",
        "def load():\n    config.write_disposition = 'WRITE_APPEND'",
        "def load(rows):\n    hook.insert_rows('revenue', rows)",
        "def load(rows):\n    client.insert_rows_json('sales.revenue', rows)",
        "def load(rows):\n    collection.insert_many(rows)",
        f"def load():\n    hook.run({FILL!r})",
        "def load(table):\n    hook.run(f'INSERT INTO {table} SELECT * FROM orders')",
    ],
)
def test_code_of_a_pipeline_that_only_adds_is_for_a_person(body: str) -> None:
    assert of_code(body) == "needs_approval"


@pytest.mark.parametrize(
    "body",
    [
        "def load(df):\n    df.to_sql('revenue', engine, if_exists='replace')",
        "def load(df):\n    hook.run('DELETE FROM r WHERE ds = 1')\n    df.to_sql('r', engine, if_exists='append')",
        "def load(df):\n    truncate_table('revenue')\n    df.to_sql('revenue', engine, if_exists='append')",
        "def load(df):\n    df.write.mode('overwrite').saveAsTable('revenue')",
        "def load(rows):\n    hook.insert_rows('revenue', rows, replace=True)",
        "def load(rows):\n    client.insert_rows_json('t', rows, row_ids=[r['id'] for r in rows])",
        "def load(rows):\n    collection.delete_many({})\n    collection.insert_many(rows)",
        "def load(rows):\n    found = []\n    found.append(rows)",
        "def load():\n    raise ValueError('Could not insert into table revenue')",
        "def load():\n    '''INSERT INTO revenue SELECT 1'''",
        "def load():\n    open('a.csv', 'w').write('x')",
        "def load(table):\n    hook.run(f'DELETE FROM {table}')\n    hook.run(f'INSERT INTO {table} SELECT 1')",
    ],
)
def test_code_that_can_run_twice_is_free(body: str) -> None:
    assert of_code(body) == "passed"


@pytest.mark.parametrize(
    "before,after",
    [
        ("df.to_sql('r', e, if_exists='replace')", "df.to_sql('r', e, if_exists='append')"),
        ("df.write.mode('overwrite').saveAsTable('r')", "df.write.mode('append').saveAsTable('r')"),
        ("X(write_disposition='WRITE_TRUNCATE')", "X(write_disposition='WRITE_APPEND')"),
        ("open('a.csv', 'w').write(x)", "open('a.csv', 'a').write(x)"),
        ("run('MERGE INTO r USING s ON r.id = s.id')", "run('INSERT INTO r SELECT * FROM s')"),
        ("run('INSERT OVERWRITE TABLE r SELECT * FROM s')", "run('INSERT INTO r SELECT * FROM s')"),
        ("run('INSERT INTO r SELECT 1 ON CONFLICT DO NOTHING')", "run('INSERT INTO r SELECT 1')"),
        ("run('DELETE FROM r'); run('INSERT INTO r SELECT 1')", "run('INSERT INTO r SELECT 1')"),
        ("run('DELETE FROM r'); run(f'INSERT INTO r BY NAME {sql}')", "run(f'INSERT INTO r BY NAME {sql}')"),
        ("hook.run('DELETE FROM s.r'); hook.insert_rows('s.r', x)", "hook.insert_rows('s.r', x)"),
        ("delete_day(ds); df.to_sql('r', e, if_exists='append')", "df.to_sql('r', e, if_exists='append')"),
        (
            "X(write_disposition='WRITE_TRUNCATE'); delete_connection(c)",
            "X(write_disposition='WRITE_APPEND'); delete_connection(c)",
        ),
        ("path = f'out/{context[\"ds\"]}.csv'", "path = f'out/{datetime.now()}.csv'"),
        ("day = context.partition_key", "day = datetime.now()"),
        ("sql = \"where ds = '{{ ds }}'\"", 'sql = "where ds = CURRENT_DATE"'),
        ('arguments = ["{{ ds }}"]', 'arguments = ["{{ macros.datetime.now().date() }}"]'),
        ('run({"day": context.partition_key})', 'run({"day": datetime.date.today().isoformat()})'),
        ('to = "{{ ds }} {{ ts }}"', 'to = "{{ ds }} {{ macros.datetime.now() }}"'),
    ],
)
def test_what_could_run_twice_and_no_longer_can_is_refused(before: str, after: str) -> None:
    assert of_code(f"def load(df):\n    {after}\n", f"def load(df):\n    {before}\n") == "failed"


def test_what_is_deleted_first_from_now_on_may_be_added_to() -> None:
    before = "def load(df):\n    df.to_sql('r', e, if_exists='replace')\n"
    after = "def load(df):\n    delete_day(ds)\n    df.to_sql('r', e, if_exists='append')\n"
    assert of_code(after, before) == "passed"


def test_one_bound_of_a_model_that_goes_by_the_clock_is_for_a_person() -> None:
    model = "select * from orders\nwhere day >= '{{ var('min_date') }}' and day <= %s\n"
    sides = [{"models/orders_by_day.sql": model % end} for end in ("'{{ var('max_date') }}'", "current_date")]
    result = looked_at(*sides)
    assert result.outcome == "needs_approval"
    assert "current_date stands where {{ var('max_date') }} was" in result.findings[0].message
    assert looked_at(*reversed(sides)).outcome == "passed"


def test_what_stood_there_or_moves_is_not_new() -> None:
    text = DAG + f"def load():\n    hook.run({FILL!r})\n"

    assert looked_at({"dags/a.py": text}, {"dags/a.py": f"# sales\n{text}"}).outcome == "passed"
    assert looked_at({"dags/a.py": text}, {"dags/b.py": text}).outcome == "passed"


MODEL = "{{{{ config(materialized='incremental'{more}) }}}}\nselect * from {{{{ ref('orders') }}}}\n{where}"
WHERE = "{% if is_incremental() %} where ts > (select max(ts) from {{ this }}) {% endif %}\n"


def model(more: str = "", where: str = "") -> dict[str, str | bytes]:
    return {"models/revenue.sql": MODEL.format(more=more, where=where)}


@pytest.mark.parametrize(
    "more,where,outcome",
    [
        (", unique_key='id'", "", "passed"),
        (", unique_key=['id', 'day']", WHERE, "passed"),
        (", incremental_strategy='insert_overwrite', partition_by={'field': 'day'}", "", "passed"),
        (", incremental_strategy='microbatch', event_time='ts'", "", "passed"),
        ("", WHERE, "warned"),
        ("", "", "failed"),
        (", incremental_strategy='append'", "", "failed"),
        (", unique_key='id', incremental_strategy='append'", "", "failed"),
    ],
)
def test_a_new_incremental_model(more: str, where: str, outcome: str) -> None:
    assert looked_at({}, model(more, where)).outcome == outcome


def test_a_model_that_loses_what_tells_its_rows_apart_is_refused() -> None:
    keyed = model(", unique_key='id'", WHERE)

    assert looked_at(keyed, model("", WHERE)).outcome == "failed"
    assert (
        looked_at(keyed, model(", unique_key='id', incremental_strategy='append'", WHERE)).outcome == "failed"
    )
    assert looked_at(model("", WHERE), model(", tags=['x']", WHERE)).outcome == "passed"
    assert looked_at(keyed, {"models/mart/revenue.sql": keyed["models/revenue.sql"]}).outcome == "passed"


def test_the_key_of_a_model_may_stand_beside_it() -> None:
    beside = "models:\n  - name: revenue\n    config:\n      unique_key: id\n  - name: other\n"
    project = "models:\n  shop:\n    +unique_key: id\n"

    assert looked_at({}, model() | {"models/schema.yml": beside}).outcome == "passed"
    assert looked_at({}, model() | {"dbt_project.yml": project}).outcome == "passed"
