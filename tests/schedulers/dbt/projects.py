"""Small dbt projects on DuckDB: one in every form that dbt reads, and one that builds in a second."""

FORMS: dict[str, str | bytes] = {
    "dbt_project.yml": """\
name: shop
version: '1.0'
profile: shop
vars:
  prefix: stg
  use_extra: true
  shop:
    on_holiday: false
models:
  shop:
    +materialized: view
    staging:
      +tags: [stage]
    marts:
      +materialized: table
      +schema: marts
      hidden:
        +enabled: "{{ var('on_holiday', false) }}"
data_tests:
  shop:
    staging:
      +severity: warn
""",
    "macros/both.sql": """\
{% macro both(x='raw_orders') %}
union all select id from {{ ref(x) }}
{% endmacro %}
{% macro dispatched(a) %}{{ return(adapter.dispatch('dispatched', 'shop')(a)) }}{% endmacro %}
{% macro default__dispatched(a) %}1{% endmacro %}
""",
    "models/marts/dim_new.sql": """\
select 1 as id, 2 as b
""",
    "models/marts/dim_v1.sql": """\
select 1 as id
""",
    "models/marts/hidden/gone.sql": """\
select 1 as id
""",
    "models/marts/orders.sql": """\
{{ config(materialized='incremental', unique_key='id', tags='daily') }}
{% set parts = ['orders', 'people'] %}
{% for p in parts %}
{% if not loop.first %}union all{% endif %}
select id from {{ ref(var('prefix') ~ '_' ~ p) }}
{% endfor %}
{% if is_incremental() %} where id > (select max(id) from {{ this }}) {% endif %}
{{ both() }}
""",
    "models/marts/py.py": """\
def model(dbt, session):
    dbt.config(materialized="table", alias="python_model")
    return dbt.ref("orders")
""",
    "models/marts/schema.yml": """\
version: 2
models:
  - name: orders
    config: {materialized: table}
    data_tests:
      - at_least: {minimum: 1, compare: ref('raw_orders')}
    columns:
      - name: id
        data_tests:
          - not_null
          - unique: {config: {severity: warn, where: "id > 0"}}
          - accepted_values: {values: [1, 2, 3.5, yes], quote: false}
          - relationships: {to: ref('stg_people'), field: id}
          - not_null: {name: my_own_name}
          - accepted_values: {values: [a], config: {enabled: false}}
  - name: dim
    latest_version: 2
    columns:
      - name: id
        data_tests: [unique]
    versions:
      - v: 1
      - v: 2
        defined_in: dim_new
        columns:
          - include: all
          - name: b
            data_tests: [not_null]
  - name: not_there
    columns: [{name: x, data_tests: [unique]}]
""",
    "models/marts/uses.sql": """\
select * from {{ ref('dim') }} join {{ ref('dim', v=1) }} using (id)
""",
    "models/sources.yml": """\
version: 2
sources:
  - name: raw
    schema: main
    tables:
      - name: raw_orders
        columns:
          - name: id
            data_tests: [not_null, unique]
      - name: events
        identifier: raw_people
exposures:
  - name: board
    type: dashboard
    owner: {name: sales, email: sales@example.com}
    depends_on: [ref('orders'), "source('raw', 'events')"]
""",
    "models/staging/schema.yml": """\
version: 2
models:
  - name: stg_orders
    columns:
      - name: status
        data_tests:
          - accepted_values: {arguments: {values: [placed, shipped, completed, return_pending, returned, lost]}}
seeds:
  - name: raw_orders
    columns: [{name: id, data_tests: [unique]}]
snapshots:
  - name: yaml_snap
    relation: ref('stg_orders')
    config: {strategy: check, unique_key: id, check_cols: all, schema: snaps}
""",
    "models/staging/stg_orders.sql": """\
{# not {{ ref('nowhere') }} #}
-- depends_on: {{ ref('raw_people') }}
select * from {{ source('raw', 'raw_orders') }}
{% if execute %} where id in (select id from {{ ref('raw_orders') }}) {% endif %}
""",
    "models/staging/stg_people.sql": """\
{{ config(materialized='ephemeral', alias='people') }}
select * from {{ ref('shop', 'raw_people') }}
""",
    "profiles.yml": """\
shop:
  target: dev
  outputs:
    dev: {type: duckdb, path: shop.duckdb, threads: 2}
""",
    "seeds/raw_orders.csv": """\
id,amount,status
1,5,placed
2,7,shipped
""",
    "seeds/raw_people.csv": """\
id,name
1,a
2,b
""",
    "snapshots/s.sql": """\
{% snapshot orders_snapshot %}
{{ config(target_schema='snaps', unique_key='id', strategy='check', check_cols='all') }}
select * from {{ ref('stg_orders') }}
{% endsnapshot %}
""",
    "tests/generic/at_least.sql": """\
{% test at_least(model, minimum, compare) %}
select count(*) c from {{ model }} having count(*) < {{ minimum }}
{% endtest %}
""",
    "tests/orders_positive.sql": """\
{{ config(severity='warn') }}
select * from {{ ref('orders') }} where id < 0
""",
}

SHOP: dict[str, str | bytes] = {
    ".gitignore": "*.duckdb\ntarget/\nlogs/\n",
    "dbt_project.yml": "name: shop\nversion: '1.0'\nprofile: shop\nmodels: {shop: {+materialized: table}}\n",
    "profiles.yml": "shop:\n  target: dev\n  outputs:\n    dev: {type: duckdb, path: shop.duckdb, threads: 1}\n",
    "seeds/raw_orders.csv": "id,customer,status,amount\n1,a,placed,5\n2,b,shipped,7\n3,,placed,9\n",
    "models/stg_orders.sql": "select * from {{ ref('raw_orders') }}\n",
    "models/orders.sql": "select id, customer, status, amount\nfrom {{ ref('stg_orders') }}\n",
    "models/totals.sql": "select customer, sum(amount) as total\nfrom {{ ref('orders') }}\ngroup by customer\n",
    "models/schema.yml": """\
version: 2
models:
  - name: orders
    columns:
      - name: id
        tests: [unique, not_null]
      - name: status
        tests:
          - accepted_values:
              arguments: {values: [placed, shipped]}
  - name: totals
    columns:
      - name: total
        tests:
          - not_null:
              config: {severity: warn}
""",
    "tests/no_debt.sql": "select * from {{ ref('orders') }} where amount < 0\n",
}
"""A project that builds without a failing test."""
