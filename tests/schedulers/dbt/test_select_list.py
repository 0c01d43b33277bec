import pytest

from meta_pipeline.schedulers.dbt.static.made import Columns, Doubtful, Made
from meta_pipeline.schedulers.dbt.static.rendering import read_model
from meta_pipeline.schedulers.dbt.static.select_list import columns_of

OTHERS: dict[str, Columns] = {
    "stg": (Made("id", None, "id"), Made("amount", "INT", "CAST(a AS INT)")),
    "vague": Doubtful("it is a Python model"),
}

LOOP = """\
{% set kinds = ['card', 'cash'] %}
select id,
{% for k in kinds %}
sum(case when m = '{{ k }}' then a end) as {{ k }}_amount{% if not loop.last %},{% endif %}
{% endfor %}
from t group by 1
"""


def lookup(name: str) -> Columns:
    return OTHERS.get(name, Doubtful("unknown"))


def names(sql: str) -> list[str] | str:
    found = columns_of(sql, lookup)
    return found.why if isinstance(found, Doubtful) else [column.name for column in found]


@pytest.mark.parametrize(
    "sql, expected",
    [
        ("select a, t.b, c + 1 as D from t", ["a", "b", "d"]),
        ("{{ config(materialized='view') }}\nselect a from {{ ref('stg') }} -- {{ ref('x') }}", ["a"]),
        (
            "with s as (select * from {{ source('a', 'b') }}), r as (select id as x from s) select * from r",
            ["x"],
        ),
        ("select * from {{ ref('stg') }}", ["id", "amount"]),
        ("select s.*, 1 as n from {{ ref('stg') }} s join t on true", ["id", "amount", "n"]),
        ("select * exclude (amount) from {{ ref('stg') }}", ["id"]),
        ("select * except (amount) from {{ ref('stg') }}", ["id"]),
        ("select a from t union all select b from u", ["a"]),
        ("with t(x, y) as (select 1, 2) select x, y from t", ["x", "y"]),
        ("select {{ cents('a') }} as amount from t", ["amount"]),
        ("select a {% if is_incremental() %} from t where d > 1 {% else %} from t {% endif %}", ["a"]),
        (LOOP, ["id", "card_amount", "cash_amount"]),
        ("select a:b::string as c from t", ["c"]),
    ],
)
def test_the_columns_of_a_query(sql: str, expected: list[str]) -> None:
    assert names(sql) == expected


@pytest.mark.parametrize(
    "sql, why",
    [
        ("select * from {{ source('a', 'b') }}", "not in the project"),
        ("select * from {{ ref('vague') }}", "Python model"),
        ("select {{ dbt_utils.star(ref('stg')) }} from {{ ref('stg') }}", "macro writes columns"),
        ("select a {% if is_incremental() %}, b{% endif %} from t", "a run decides"),
        ("{% for c in columns() %}{{ c }},{% endfor %}", "line 1 loops over"),
        ("select count(*) from t", "no name"),
        ("select 'x' from t", "no name"),
        ("{{ generate() }}", "is no select"),
        ("{% snapshot s %}select 1 as a{% endsnapshot %}", "cannot be read"),
        ("{% if %}", "line 1 has Jinja"),
        ("select from where", "cannot be read"),
        ("{% for a in [1,2,3,4,5,6,7,8,9,0] %}" * 6 + "x" + "{% endfor %}" * 6, "repeats too often"),
        ("select " + "(" * 20000 + "1", "cannot be read"),
    ],
)
def test_what_leaves_a_doubt_is_not_guessed(sql: str, why: str) -> None:
    found = names(sql)
    assert isinstance(found, str)
    assert why in found


def test_a_cast_tells_the_type_and_the_expression_stays_equal() -> None:
    before = columns_of("select cast(a as int) as x, {{ m('a') }} as y from t", lookup)
    after = columns_of("select {{ m('a') }} as z, cast(a as int) as x from t", lookup)
    assert isinstance(before, tuple)
    assert isinstance(after, tuple)
    assert (before[0].type, before[0]) == ("INT", after[1])
    assert before[1].expression == after[0].expression


def test_the_literal_configuration_is_read() -> None:
    text = read_model(
        "{{ config(materialized='table', contract={'enforced': true}, x=var('y')) }} select 1 as a"
    )
    assert text.config == {"materialized": "table", "contract": {"enforced": True}}
