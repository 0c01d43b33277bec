"""Small dbt projects on DuckDB, one for each way of saying something that dbt itself is asked about too."""

Files = dict[str, str | bytes]
PROFILE = "shop:\n  target: dev\n  outputs:\n    dev: {type: duckdb, path: shop.duckdb, schema: main}\n"


def project(settings: str = "", **files: str) -> Files:
    """A project of some files; a file's name has `__` for each slash and `_dot_` for the last point."""
    named = {key.replace("__", "/").replace("_dot_", "."): text for key, text in files.items()}
    return {
        "dbt_project.yml": f"name: shop\nversion: '1.0'\nprofile: shop\n{settings}",
        "profiles.yml": PROFILE,
        **named,
    }


ONE = "select 1 as id\n"

TESTS = project(
    "vars: {least: 3}\ndata_tests:\n  +tags: [checked]\n  shop: {+severity: warn}\n",
    models__orders_dot_sql=ONE,
    models__customers_with_a_rather_long_name_dot_sql=ONE,
    macros__positive_dot_sql=(
        "{% test positive(model, column_name, than=0) %}select * from {{ model }} "
        "where {{ column_name }} < {{ than }}{% endtest %}\n"
        "{% test as_many(model, other) %}select 1 from {{ ref('customers_with_a_rather_long_name') }}"
        " where false{% endtest %}\n"
    ),
    tests__one_dot_sql=(
        "{{ config(tags=['single'], severity='error') }}\nselect * from {{ ref('orders') }} where false\n"
    ),
    tests__off_dot_sql="{{ config(enabled=false) }}\nselect * from {{ ref('orders') }}\n",
    tests__deep__two_dot_sql="-- depends_on: {{ ref('customers_with_a_rather_long_name') }}\nselect 1 where false\n",
    models__m_dot_yml="""\
models:
  - name: orders
    data_tests:
      - as_many: {other: ref('orders')}
      - unique: {column_name: "id || '-'"}
      - unique: {column_name: id, name: id_is_unique, config: {tags: a, meta: {owner: quality}}}
    columns:
      - name: id
        tags: [key]
        data_tests:
          - positive
          - positive: {than: "{{ var('least') }}", config: {alias: more}}
          - positive: {than: 1.5}
          - {name: listed, test_name: accepted_values, values: [1, 2]}
          - accepted_values: {values: [true, null, "a b", 'it''s', 1e3], quote: false}
          - relationships: {to: ref('customers_with_a_rather_long_name'), field: id, where: id > 0}
          - not_null: {where: "id <> 3", severity: error}
          - dbt.not_null: {name: mine}
  - name: customers_with_a_rather_long_name
    columns:
      - name: id
        data_tests:
          - accepted_values: {values: [one_of_many_values, two_of_many_values, three_of_many_values]}
""",
)

VERSIONS = project(
    "models: {shop: {dim: {+tags: [dims]}}}\n",
    models__dim__dim_v1_dot_sql=ONE,
    models__dim__dim_dot_sql="select 1 as id, 2 as b, 3 as c\n",
    models__dim__other_file_dot_sql="select * from {{ ref('dim', v=1) }}\n",
    models__reads_dot_sql=(
        "select * from {{ ref('dim') }} union all select * from {{ ref('dim', version=1) }}"
        " union all select * from {{ ref('shop', 'dim', v='3') }}\n"
    ),
    models__m_dot_yml="""\
models:
  - name: dim
    latest_version: 2
    config: {materialized: table, meta: {owner: core}}
    columns:
      - name: id
        data_type: int
        data_tests: [unique]
      - name: b
        data_tests: [not_null]
    data_tests:
      - unique: {column_name: id, name: whole}
    versions:
      - v: 1
        columns: [{include: all, exclude: [b]}]
        config: {materialized: view, alias: dim_first}
      - v: 2
        columns: [{include: '*'}, {name: c, data_type: int, data_tests: [not_null]}]
      - v: 3
        defined_in: other_file
        data_tests: []
  - name: alone
    versions: [{v: 1}]
unit_tests:
  - name: adds_up
    model: dim
    given: []
    expect: {rows: [{id: 1}]}
  - name: only_first
    model: dim
    versions: {include: [1]}
    given: []
    expect: {rows: [{id: 1}]}
""",
    models__alone_v1_dot_sql=ONE,
)

SWITCHED_OFF = project(
    """\
vars: {with_extra: false, shop: {switch: true}}
models:
  shop:
    extra: {+enabled: "{{ var('with_extra', false) }}"}
    away: {+enabled: false, back: {+enabled: true}}
seeds: {shop: {old: {+enabled: false}}}
sources: {shop: {raw: {gone: {+enabled: false}}}}
exposures: {shop: {dead: {+enabled: false}}}
snapshots: {shop: {+enabled: true}}
data_tests: {shop: {skip: {+enabled: false}}}
""",
    models__a_dot_sql="select * from {{ source('raw', 'kept') }}\n",
    models__b_dot_sql="{{ config(enabled=var('switch')) }} select * from {{ ref('a') }}\n",
    models__c_dot_sql="{{ config(enabled=not var('switch')) }} select * from {{ ref('a') }}\n",
    models__extra__d_dot_sql="select * from {{ ref('a') }}\n",
    models__away__e_dot_sql="select 1 as id\n",
    models__away__back__f_dot_sql="select * from {{ ref('a') }}\n",
    models__g_dot_sql="select 1 as id\n",
    models__more__a_dot_sql="{{ config(enabled=false) }} select 2 as id\n",
    seeds__old_dot_csv="id\n1\n",
    seeds__kept_dot_csv="id\n1\n",
    snapshots__s_dot_sql=(
        "{% snapshot s_off %}{{ config(enabled=false, unique_key='id', strategy='check', check_cols='all',"
        " target_schema='x') }}select 1 as id{% endsnapshot %}\n"
        "{% snapshot s_on %}{{ config(unique_key='id', strategy='check', check_cols='all', target_schema='x') }}"
        "select * from {{ ref('a') }}{% endsnapshot %}\n"
    ),
    models__m_dot_yml="""\
models:
  - name: g
    config: {enabled: false}
    columns: [{name: id, data_tests: [unique]}]
  - name: a
    columns:
      - name: id
        data_tests:
          - unique: {config: {enabled: false}}
          - not_null: {name: skip}
sources:
  - name: raw
    tables:
      - {name: kept}
      - {name: gone, columns: [{name: id, data_tests: [unique]}]}
      - {name: sleeps, config: {enabled: false}}
exposures:
  - {name: dead, type: ml, owner: {email: a@example.com}, depends_on: [ref('a')]}
  - {name: alive, type: application, owner: {email: a@example.com}, depends_on: [ref('a')]}
  - {name: asleep, type: ml, owner: {email: a@example.com}, depends_on: [ref('a')], config: {enabled: false}}
""",
)

JINJA = project(
    """\
vars:
  tables: [a, b]
  layers: {raw: a, clean: [b, c]}
  shop: {flag: true, name: "a"}
""",
    models__a_dot_sql=ONE,
    models__b_dot_sql=ONE,
    models__c_dot_sql=ONE,
    models__loops_dot_sql=(
        "{%- for t in var('tables') -%}\n  select * from {{ ref(t) }}{{ ' union all' if not loop.last }}\n"
        "{%- endfor %}\n"
    ),
    models__items_dot_sql=(
        "{% set held = {'a': 1, 'b': 2} %}{% for name, n in held.items() %}select {{ n }} as n from {{ ref(name) }} "
        "{% if not loop.last %}union all{% endif %}{% endfor %}\n"
    ),
    models__nested_dot_sql="{% set l = var('layers') %}select * from {{ ref(l['raw']) }}, {{ ref(l.clean[1]) }} as c\n",
    models__listed_dot_sql=(
        "{% set names = [] %}{% do names.append('a') %}{% do names.append('c') %}"
        "{% for n in names %}select * from {{ ref(n) }} {% if not loop.last %}union all {% endif %}{% endfor %}\n"
    ),
    models__returned_dot_sql=(
        "{% for n in wanted() %}select * from {{ ref(n) }} {% if not loop.last %}union all {% endif %}{% endfor %}\n"
    ),
    models__by_macro_dot_sql="select * from {{ relation_of('b') }}\n",
    models__inner_dot_sql="{{ outer_macro(which='c') }}\n",
    models__choice_dot_sql="select * from {{ ref('a') if var('flag') else ref('b') }}\n",
    models__formatted_dot_sql="select * from {{ ref('%s' % 'a') }} union all select * from {{ ref('B' | lower) }}\n",
    models__target_dot_sql=(
        "{% if target.type == 'duckdb' %}select * from {{ ref('a') }}{% else %}select 1 as id{% endif %}\n"
    ),
    models__later_dot_sql=(
        "{% if execute %}{% set x = run_query('select 1') %}{% endif %}select * from {{ ref('a') }}"
        "{% if is_incremental() %} where id in (select id from {{ ref('b') }}){% endif %}\n"
    ),
    models__counted_dot_sql=(
        "{% set tables = ['a', 'b'] %}{% for i in range(tables | length) %}select * from {{ ref(tables[i]) }}"
        "{% if not loop.last %} union all {% endif %}{% endfor %}\n"
    ),
    models__spaced_dot_sql="select * from {{ref( 'a' )}} join {{ ref(\n  \"b\"\n) }} using (id) -- {{ ref('c') }}\n",
    models__hidden_dot_sql="{# {{ ref('a') }} #}{% raw %}-- {{ ref('b') }}{% endraw %}\nselect * from {{ ref('c') }}\n",
    models__blocks_dot_sql="{% set q %}select * from {{ ref('a') }}{% endset %}select * from ({{ q }}) x\n",
    models__configured_dot_sql=(
        "{{ config({'materialized': 'table', 'tags': ['x', 'y'], 'meta': {'owner': 'team-a'}}) }}"
        "{{ config(alias='other_name', schema='deep') }}select * from {{ ref(var('name')) }}\n"
    ),
    models__called_dot_sql="{% call wrapped() %}select * from {{ ref('a') }}{% endcall %}\n",
    models__split_dot_sql=(
        "{% for n in 'a,b'.split(',') %}select * from {{ ref(n) }} {{ 'union all' if not loop.last }} "
        "{% endfor %}\n"
    ),
    macros__m_dot_sql=(
        "{% macro wanted() %}{{ return(['a', 'b']) }}{% endmacro %}\n"
        "{% macro relation_of(name) %}{{ return(ref(name)) }}{% endmacro %}\n"
        "{% macro outer_macro(which, more='a') %}select * from {{ relation_of(which) }} union all "
        "{{ inner_macro(more) }}{% endmacro %}\n"
        "{% macro inner_macro(which) %}select * from {{ ref(which) }}{% endmacro %}\n"
        "{% macro wrapped() %}select * from ({{ caller() }}) w{% endmacro %}\n"
    ),
)
