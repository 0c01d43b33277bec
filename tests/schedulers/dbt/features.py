"""More dbt projects, each about one feature, and all of them by name."""

from tests.schedulers.dbt.model_features import JINJA, ONE, SWITCHED_OFF, TESTS, VERSIONS, Files, project

PYTHON = project(
    "models: {shop: {+materialized: table}}\n",
    models__a_dot_sql=ONE,
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

SNAPSHOTS_AND_SEEDS = project(
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

SOURCES = project(
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

EXPOSED = project(
    "",
    models__a_dot_sql=ONE,
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

PATHS = project(
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
    extra__models__e_dot_sql=ONE,
    data__d_dot_csv="id\n1\n",
    checks__t_dot_sql="select * from {{ ref('m') }} where false\n",
    checks__generic__g_dot_sql="{% test odd(model, column_name) %}select 1 where false{% endtest %}\n",
    lib__l_dot_sql="{% macro s_of() %}{{ ref('s') }}{% endmacro %}\n",
    history__h_dot_sql=(
        "{% snapshot h %}{{ config(unique_key='id', strategy='check', check_cols='all', target_schema='x') }}"
        "select * from {{ s_of() }}{% endsnapshot %}\n"
    ),
    transform__s_dot_sql=ONE,
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
    project(
        "models: {tools: {+schema: tools}}\n",
        packages_dot_yml="packages:\n  - local: tools\n",
        models__a_dot_sql=ONE,
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

SETTINGS = project(
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
    models__staging__one_dot_sql=ONE,
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
