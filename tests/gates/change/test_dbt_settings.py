"""Settings of dbt that lose data or move it, in the forms that teams write them in."""

import pytest

from meta_pipeline.delivery.tree import MemoryTree
from meta_pipeline.gates.case import Case
from meta_pipeline.gates.catalogue import catalogue
from meta_pipeline.gates.gate import judge
from meta_pipeline.policy import Policy
from meta_pipeline.schedulers.survey import also_in, read_change

FILES = {
    "dbt_project.yml": "name: shop\nmodels:\n  shop:\n    marts:\n      +schema: marts\n      +materialized: table\n"
    "seeds:\n  shop:\n    countries:\n      +column_types:\n        code: varchar\n        zip: varchar\n",
    "packages.yml": "packages:\n  - git: https://example.com/tools.git\n    revision: v1.2.0\n",
    "models/marts/orders.sql": "{{ config(\n    materialized='incremental',\n    unique_key='id'\n) }}\n"
    "select id, at from {{ source('raw', 'orders') }}\n",
    "models/marts/days.sql": "select at, count(*) as n from {{ ref('orders') }} group by at\n",
    "models/sources.yml": "sources:\n  - name: raw\n    schema: raw\n    freshness:\n"
    "      warn_after: {count: 1, period: day}\n      error_after: {count: 2, period: day}\n"
    "    tables:\n      - name: orders\n",
    "snapshots/kept.sql": "{% snapshot kept %}\n{{ config(target_schema='history', strategy='timestamp',\n"
    "    unique_key='id', updated_at='at', invalidate_hard_deletes=true) }}\n"
    "select * from {{ ref('orders') }}\n{% endsnapshot %}\n",
    "seeds/countries.csv": "code,zip\nDE,0\n",
    "macros/clean.sql": "{% macro clean() %}\n  {% do run_query('analyze') %}\n{% endmacro %}\n",
}
ORDERS, DAYS, KEPT = "models/marts/orders.sql", "models/marts/days.sql", "snapshots/kept.sql"


def judged(gate: str, path: str, old: str, new: str) -> tuple[str, list[str]]:
    assert old in FILES.get(path, "")
    base = MemoryTree.of(FILES)
    head = MemoryTree.of({**FILES, path: FILES.get(path, "").replace(old, new, 1) if old else new})
    change = read_change(base, head, also_in(Policy(), head))
    result = judge(catalogue().gates[gate], Case(Policy(), change=change))
    return result.outcome, [f"{finding.path}:{finding.line}" for finding in result.findings]


@pytest.mark.parametrize(
    "path,old,new,line",
    [
        (ORDERS, "'incremental'", "'table'", 2),
        (ORDERS, "unique_key='id'", "unique_key=['id', 'at']", 3),
        (ORDERS, "unique_key='id'", "unique_key='id',\n    alias='orders_2'", 4),
        (DAYS, "select", "{{ config(materialized='ephemeral') }}\nselect", 1),
        ("dbt_project.yml", "+schema: marts", "+schema: mart", 5),
        ("dbt_project.yml", "        zip: varchar\n", "", None),
        (KEPT, "updated_at='at'", "updated_at='loaded_at'", 3),
        (KEPT, "strategy='timestamp'", "strategy='check', check_cols='all'", 2),
        (KEPT, "target_schema='history'", "target_schema='history_2'", 2),
        (KEPT, ", invalidate_hard_deletes=true", "", 3),
        ("models/sources.yml", "schema: raw", "schema: raw_dev", 3),
        ("models/sources.yml", "      error_after: {count: 2, period: day}\n", "", None),
        ("macros/names.sql", "", "{% macro generate_schema_name(name, node) %}{{ name }}{% endmacro %}\n", 1),
    ],
)
def test_a_setting_that_moves_or_loses_data_asks_a_person(
    path: str, old: str, new: str, line: int | None
) -> None:
    outcome, places = judged("CHG018", path, old, new)

    assert outcome == "needs_approval"
    assert line is None or f"{path}:{line}" in places


@pytest.mark.parametrize(
    "path,old,new",
    [
        (KEPT, "invalidate_hard_deletes=true", "hard_deletes='invalidate'"),
        (ORDERS, "unique_key='id'", "unique_key=['id']"),
        (ORDERS, "unique_key='id'", "unique_key='id',\n    tags=['daily']"),
        (DAYS, "select", "{{ config(materialized='view') }}\nselect"),
        ("dbt_project.yml", "+materialized: table", "+materialized: table\n      +tags: [marts]"),
    ],
)
def test_a_setting_that_keeps_data_where_it_was(path: str, old: str, new: str) -> None:
    assert judged("CHG018", path, old, new)[0] == "passed"


@pytest.mark.parametrize(
    "path,old,new,place",
    [
        (
            DAYS,
            "select",
            "{{ config(post_hook=\"delete from {{ ref('orders') }}\") }}\nselect",
            "models/marts/days.sql:1",
        ),
        (
            "dbt_project.yml",
            "seeds:",
            'on-run-start:\n  - "truncate raw.orders"\nseeds:',
            "dbt_project.yml:8",
        ),
        (
            "dbt_project.yml",
            "seeds:",
            "on-run-end: drop schema {{ target.schema }} cascade\nseeds:",
            "dbt_project.yml:7",
        ),
        ("macros/clean.sql", "'analyze'", "'drop table ' ~ target.schema ~ '.orders'", "macros/clean.sql:2"),
    ],
)
def test_a_hook_or_macro_that_destroys_is_refused(path: str, old: str, new: str, place: str) -> None:
    outcome, places = judged("CHG004", path, old, new)

    assert (outcome, places) == ("failed", [place])


@pytest.mark.parametrize(
    "path,old,new",
    [
        (
            ORDERS,
            "unique_key='id'",
            "unique_key='id',\n    pre_hook=\"delete from {{ this }} where at > '2020'\"",
        ),
        ("macros/clean.sql", "'analyze'", "'drop table if exists tmp_orders'"),
        ("macros/clean.sql", "{% macro", "{# 'drop table orders' #}\n{% macro"),
    ],
)
def test_a_hook_that_only_takes_what_it_may(path: str, old: str, new: str) -> None:
    assert judged("CHG004", path, old, new)[0] == "passed"


@pytest.mark.parametrize("revision,outcome", [("v1.3.0", "passed"), ("main", "needs_approval")])
def test_a_package_of_a_release_that_follows_a_branch(revision: str, outcome: str) -> None:
    assert judged("CHG009", "packages.yml", "v1.2.0", revision)[0] == outcome
