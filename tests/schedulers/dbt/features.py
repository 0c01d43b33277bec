"""Small dbt projects on DuckDB, one for each way of saying something that dbt itself is asked about too."""

Files = dict[str, str | bytes]
_PROFILE = "shop:\n  target: dev\n  outputs:\n    dev: {type: duckdb, path: shop.duckdb, schema: main}\n"


def _project(settings: str = "", **files: str) -> Files:
    """A project of some files; a file's name has `__` for each slash and `_dot_` for the last point."""
    named = {key.replace("__", "/").replace("_dot_", "."): text for key, text in files.items()}
    return {
        "dbt_project.yml": f"name: shop\nversion: '1.0'\nprofile: shop\n{settings}",
        "profiles.yml": _PROFILE,
        **named,
    }


_ONE = "select 1 as id\n"

TESTS = _project(
    "vars: {least: 3}\ndata_tests:\n  +tags: [checked]\n  shop: {+severity: warn}\n",
    models__orders_dot_sql=_ONE,
    models__customers_with_a_rather_long_name_dot_sql=_ONE,
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

VERSIONS = _project(
    "models: {shop: {dim: {+tags: [dims]}}}\n",
    models__dim__dim_v1_dot_sql=_ONE,
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
    models__alone_v1_dot_sql=_ONE,
)

SWITCHED_OFF = _project(
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

JINJA = _project(
    """\
vars:
  tables: [a, b]
  layers: {raw: a, clean: [b, c]}
  shop: {flag: true, name: "a"}
""",
    models__a_dot_sql=_ONE,
    models__b_dot_sql=_ONE,
    models__c_dot_sql=_ONE,
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

PYTHON = _project(
    "models: {shop: {+materialized: table}}\n",
    models__a_dot_sql=_ONE,
    models__b_dot_sql="select * from {{ ref('a') }}\n",
    models__plain_dot_py=(
        "import os\n\n\ndef model(dbt, session):\n    dbt.config(materialized='table', tags=['py'], schema='lab')\n"
        "    a = dbt.ref('a')\n    raw = dbt.source('raw', 'events')\n    return a\n"
    ),
    models__named_dot_py=(
        "def helper(x):\n    return x\n\n\ndef model(dbt, s):\n    frames = [dbt.ref('a'), dbt.ref('shop', 'b')]\n"
        "    return helper(frames[0])\n"
    ),
    models__m_dot_yml=(
        "sources: [{name: raw, tables: [{name: events, identifier: events_v2}]}]\n"
        "models:\n  - name: plain\n    config: {alias: plainer}\n"
        "    columns: [{name: id, data_type: int, data_tests: [unique]}]\n"
    ),
)

SNAPSHOTS_AND_SEEDS = _project(
    """\
seeds:
  shop:
    +schema: raw
    countries: {+alias: nations, +tags: [static]}
    sub: {+delimiter: ";"}
snapshots:
  shop: {+target_schema: history, +tags: [scd]}
""",
    models__a_dot_sql="select * from {{ ref('countries') }}\n",
    seeds__countries_dot_csv="id,name\n1,a\n",
    seeds__sub__cities_dot_csv="id;name\n1;a\n",
    snapshots__two_dot_sql=(
        "{% snapshot first_one %}\n{{ config(unique_key='id', strategy='check', check_cols=['id']) }}\n"
        "select * from {{ ref('a') }}\n{% endsnapshot %}\n\n"
        "{%- snapshot second_one -%}\n{{ config(target_schema='own', unique_key='id', strategy='timestamp',"
        " updated_at='id', alias='second') }}\nselect * from {{ source('raw', 'x') }}\n{%- endsnapshot -%}\n"
    ),
    snapshots__s_dot_yml="""\
snapshots:
  - name: first_one
    config: {tags: [one], meta: {owner: history}}
    columns: [{name: id, data_tests: [not_null]}]
sources: [{name: raw, schema: landing, tables: [{name: x}]}]
seeds:
  - name: countries
    config: {column_types: {id: int}}
    columns: [{name: id, data_type: int, data_tests: [unique]}, {name: name}]
""",
)

SOURCES = _project(
    "vars: {landing: lake, db: memory}\n",
    models__a_dot_sql="select * from {{ source('erp', 'orders') }} join {{ source('erp', 'lines') }} using (id)\n",
    models__b_dot_sql="select * from {{ source('web', 'events') }}\n",
    models__c_dot_sql="select * from {{ source('plain', 't') }}\n",
    models__s_dot_yml="""\
sources:
  - name: erp
    database: archive
    schema: "{{ var('landing') }}_erp"
    loaded_at_field: ts
    config:
      freshness: {warn_after: {count: 6, period: hour}, error_after: {count: 2, period: day}}
    tags: [erp]
    tables:
      - name: orders
        columns: [{name: id, data_type: int, tags: [key], data_tests: [unique, not_null]}]
      - name: lines
        identifier: order_lines_v3
        config:
          freshness: {error_after: {count: 90, period: minute}}
        data_tests: [unique: {column_name: id}]
  - name: web
    schema: "web_{{ target.name }}"
    loaded_at_field: ts
    tables:
      - {name: events, config: {freshness: {warn_after: {count: 1, period: hour}}}}
      - {name: silent, config: {freshness: null}}
  - name: plain
    tables: [{name: t}]
""",
)

EXPOSED = _project(
    "",
    models__a_dot_sql=_ONE,
    models__b_dot_sql="{{ config(group='core', access='private') }}select * from {{ ref('a') }}\n",
    models__c_dot_sql="select * from {{ ref('b') }}\n",
    models__spine_dot_sql="select cast('2024-01-01' as date) as date_day\n",
    models__m_dot_yml="""\
groups:
  - name: core
    owner: {name: Core data, email: core@example.com}
  - name: growth
    owner: {email: growth@example.com}
models:
  - name: c
    config: {group: core, contract: {enforced: true}, meta: {owner: somebody}}
    columns:
      - name: id
        data_type: int
        constraints: [{type: not_null}]
        data_tests: [unique]
  - name: a
    config: {group: growth, tags: [x, x, b]}
    columns: [{name: id, data_tests: [not_null]}]
  - name: spine
    time_spine: {standard_granularity_column: date_day}
    columns: [{name: date_day, granularity: day, data_type: date}]
exposures:
  - name: weekly_board
    type: dashboard
    maturity: high
    url: https://example.com/board
    owner: {name: Sales, email: sales@example.com}
    config: {tags: [board]}
    depends_on: [ref('c'), "ref('shop', 'a')", metric('order_count')]
semantic_models:
  - name: orders_semantic
    model: ref('c')
    defaults: {agg_time_dimension: ordered_on}
    entities: [{name: order_key, type: primary, expr: id}]
    dimensions: [{name: ordered_on, type: time, type_params: {time_granularity: day}, expr: id}]
    measures:
      - {name: order_total, agg: sum, expr: id, create_metric: true}
      - {name: order_number, agg: count, expr: id}
metrics:
  - {name: order_count, label: Orders, type: simple, type_params: {measure: order_number}}
  - name: order_mean
    label: Mean
    type: ratio
    type_params: {numerator: order_total, denominator: {name: order_count}}
  - name: twice
    label: Twice
    type: derived
    type_params: {expr: order_count * 2, metrics: [{name: order_count}]}
  - {name: running, label: Running, type: cumulative, type_params: {measure: order_number}}
saved_queries:
  - name: board_query
    query_params: {metrics: [order_count, twice], group_by: ["TimeDimension('metric_time', 'day')"]}
unit_tests:
  - name: passes_ids_on
    model: b
    config: {tags: [unit]}
    given: [{input: ref('a'), rows: [{id: 1}]}]
    expect: {rows: [{id: 1}]}
""",
)

PATHS = _project(
    """\
model-paths: [transform, "extra/models"]
seed-paths: [data]
test-paths: [checks]
macro-paths: [lib]
snapshot-paths: [history]
analysis-paths: [adhoc]
models:
  shop:
    marts: {+schema: gold, +tags: [mart]}
    +tags: all
""",
    transform__marts__m_dot_sql="select * from {{ ref('s') }}, {{ ref('d') }} d, {{ ref('e') }} e\n",
    transform__marts__deep__er__n_dot_sql="select * from {{ ref('m') }}\n",
    extra__models__e_dot_sql=_ONE,
    data__d_dot_csv="id\n1\n",
    checks__t_dot_sql="select * from {{ ref('m') }} where false\n",
    checks__generic__g_dot_sql="{% test odd(model, column_name) %}select 1 where false{% endtest %}\n",
    lib__l_dot_sql="{% macro s_of() %}{{ ref('s') }}{% endmacro %}\n",
    history__h_dot_sql=(
        "{% snapshot h %}{{ config(unique_key='id', strategy='check', check_cols='all', target_schema='x') }}"
        "select * from {{ s_of() }}{% endsnapshot %}\n"
    ),
    transform__s_dot_sql=_ONE,
    transform__ignored_dot_sql="select * from {{ ref('nowhere') }}\n",
    adhoc__question_dot_sql="select * from {{ ref('m') }}\n",
    models__not_read_dot_sql="select * from {{ ref('nowhere') }}\n",
    transform__marts__m_dot_yml="models: [{name: m, columns: [{name: id, data_tests: [odd]}]}]\n",
) | {".dbtignore": "ignored.sql\n"}

_TOOLS: Files = {
    "tools/dbt_project.yml": (
        "name: tools\nversion: '1.0'\nvars: {kept: calendar}\n"
        "models: {tools: {+tags: [tool], away: {+enabled: false}}}\n"
    ),
    "tools/models/calendar.sql": "select * from {{ source('lake', 'days') }}\n",
    "tools/models/away/unused.sql": "select 1 as id\n",
    "tools/models/m.yml": "sources: [{name: lake, schema: lake_x, tables: [{name: days}]}]\n",
    "tools/macros/t.sql": (
        "{% macro days() %}select * from {{ ref('calendar') }}{% endmacro %}\n"
        "{% macro mine(x) %}select * from {{ ref(x) }}{% endmacro %}\n"
        "{% macro greet() %}{{ return(adapter.dispatch('greet', 'tools')()) }}{% endmacro %}\n"
        "{% macro default__greet() %}select * from {{ ref('calendar') }}{% endmacro %}\n"
        "{% test fresh(model, column_name) %}select 1 from {{ ref('calendar') }} where false{% endtest %}\n"
    ),
}
PACKAGES = (
    _project(
        "models: {tools: {+schema: tools}}\n",
        packages_dot_yml="packages:\n  - local: tools\n",
        models__a_dot_sql=_ONE,
        models__b_dot_sql="select * from {{ ref('calendar') }} join {{ ref('tools', 'calendar') }} using (id)\n",
        models__c_dot_sql="{{ tools.days() }}\n",
        models__d_dot_sql="{{ tools.mine('a') }} union all {{ tools.greet() }}\n",
        models__e_dot_sql="select * from {{ source('lake', 'days') }}\n",
        models__m_dot_yml=(
            "models:\n  - name: a\n    columns: [{name: id, data_tests: [tools.fresh, unique]}]\n"
        ),
    )
    | _TOOLS
)

SETTINGS = _project(
    """\
models:
  +meta: {level: 0}
  shop:
    +tags: top
    +group: core
    staging:
      +tags: [second]
      +meta: {owner: staging-team}
      +materialized: ephemeral
      one: {+materialized: table, +tags: third, +database: other}
    marts: {schema: "{{ target.schema }}_marts", materialized: incremental}
""",
    models__staging__one_dot_sql=_ONE,
    models__staging__two_dot_sql="{{ config(tags=['fourth'], meta={'x': 1}) }}select * from {{ ref('one') }}\n",
    models__marts__three_dot_sql="{{ config(unique_key='id') }}select * from {{ ref('two') }}\n",
    models__marts__four_dot_sql="select * from {{ ref('three') }}\n",
    models__marts__five_dot_sql="{{ config(materialized='materialized_view', alias='v' ~ 5) }}select 1 as id\n",
    models__m_dot_yml="""\
groups: [{name: core, owner: {name: Core}}]
models:
  - {name: four, config: {tags: [yaml], meta: {owner: four-team}, schema: quarter}}
  - {name: one, config: {tags: [yaml], alias: uno}}
""",
)

PROJECTS: dict[str, Files] = {
    "tests": TESTS,
    "versions": VERSIONS,
    "switched_off": SWITCHED_OFF,
    "jinja": JINJA,
    "python": PYTHON,
    "snapshots_and_seeds": SNAPSHOTS_AND_SEEDS,
    "sources": SOURCES,
    "exposed": EXPOSED,
    "paths": PATHS,
    "packages": PACKAGES,
    "settings": SETTINGS,
}
