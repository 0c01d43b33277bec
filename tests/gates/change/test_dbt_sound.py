"""What dbt refuses, passes over or stumbles on at run time, as source shows it."""

import pytest

from meta_pipeline.delivery.tree import MemoryTree
from meta_pipeline.gates.case import Case
from meta_pipeline.gates.change.chg017_source_sound import SourceSound
from meta_pipeline.gates.gate import Opinion
from meta_pipeline.policy import Policy
from meta_pipeline.schedulers.survey import also_in, read_change

SCHEMA = """\
models:
  - name: orders
    config:
      contract: {enforced: true}
    columns:
      - name: id
        data_type: int
      - name: amount
        data_type: int
  - name: revenue
    columns:
      - name: euros
        data_tests: [not_null]
"""
FILES = {
    "dbt_project.yml": "name: shop\nprofile: shop\n",
    "macros/money.sql": "{% macro cents(x) %}{{ x }} / 100{% endmacro %}\n",
    "macros/grants.sql": "{% macro grants() %}\n  {{ ref('orders') }}\n  {{ ref('orders') }}\n{% endmacro %}\n",
    "models/orders.sql": "select 1 as id, 2 as amount\n",
    "models/revenue.sql": "select {{ cents('id') }} as euros from {{ ref('orders') }}\n",
    "models/schema.yml": SCHEMA,
    "tests/generic/small.sql": "{% test small(model, column_name) %}\nselect *\nfrom {{ model }}\n"
    "where {{ column_name }} > 9\n{% endtest %}\n",
}
PACKAGES = {"packages.yml": "packages:\n  - package: dbt-labs/dbt_utils\n    version: 1.1.1\n"}


def judged(edits: dict[str, str | None], before: dict[str, str] = FILES) -> Opinion:
    after = {path: text for path, text in {**before, **edits}.items() if text is not None}
    base, head = MemoryTree.of(before), MemoryTree.of(after)
    return SourceSound().judge(Case(Policy(), change=read_change(base, head, also_in(Policy(), head))))


def found(opinion: Opinion) -> tuple[str, list[str]]:
    return opinion.outcome, [f"{finding.path}:{finding.line}" for finding in opinion.findings]


@pytest.mark.parametrize(
    "edits,places",
    [
        pytest.param(
            {"models/more.yml": "models:\n  - name: revenue\n    description: Again.\n"},
            ["models/more.yml:2"],
            id="a model is described twice",
        ),
        pytest.param(
            {"macros/a.sql": "{% macro cents(y) %}{{ y }}{% endmacro %}\n"},
            ["macros/a.sql:1"],
            id="two macros of a name",
        ),
        pytest.param(
            {"models/schema.yml": SCHEMA.replace("      - name: amount\n        data_type: int\n", "")},
            ["models/schema.yml:8"],
            id="a column goes from an enforced contract alone",
        ),
        pytest.param(
            {"models/schema.yml": SCHEMA.replace("name: amount", "name: total")},
            ["models/schema.yml:8"],
            id="a column of an enforced contract is renamed alone",
        ),
        pytest.param(
            {"models/orders.sql": "select 1 as id,\n2 as amount,\n3 as tax\n"},
            ["models/orders.sql:3"],
            id="the query makes more than its contract names",
        ),
        pytest.param(
            {"models/orders.sql": "{{ config(post_hook='{{ grants() }') }}\nselect 1 as id, 2 as amount\n"},
            ["models/orders.sql:1"],
            id="a hook is no template",
        ),
    ],
)
def test_what_dbt_refuses(edits: dict[str, str | None], places: list[str]) -> None:
    outcome, there = found(judged(edits))

    assert outcome == "failed"
    assert set(places) <= set(there)


@pytest.mark.parametrize(
    "edits,place",
    [
        pytest.param(
            {"models/schema.yml": SCHEMA + "  - name: revenu\n    columns: [{name: a, tests: [unique]}]\n"},
            "models/schema.yml:14",
            id="tests of a model that nothing builds",
        ),
        pytest.param(
            {"macros/grants.sql": FILES["macros/grants.sql"].replace("orders", "refunds", 1)},
            "macros/grants.sql:2",
            id="a macro asks for what nothing builds",
        ),
        pytest.param(
            {
                "models/schema.yml": SCHEMA.replace(
                    "    columns:\n      - name: e", "    columns: []\n    columns:\n      - name: e"
                )
            },
            "models/schema.yml:11",
            id="a key stands twice",
        ),
        pytest.param(
            {"tests/generic/small.sql": FILES["tests/generic/small.sql"].replace("from", "form")},
            "tests/generic/small.sql:3",
            id="the query of a generic test is broken",
        ),
    ],
)
def test_what_a_person_has_to_look_at(edits: dict[str, str | None], place: str) -> None:
    assert found(judged(edits)) == ("needs_approval", [place])


def test_a_branch_that_only_a_run_takes_is_read_by_itself() -> None:
    query = (
        "{{ log('start') }}\nselect a from {{ ref('orders') }}\n{% if is_incremental() %}\nwhere a > 1\n{% endif %}\n"
        "{% if target.name == 'dev' %}\nwhere a < 9\n{% elif target.name == 'ci' %}\nwhere a < 3\n{% endif %}\n"
    )
    before = {**FILES, "models/some.sql": query}

    for text in ("where a > 1", "where a < 9", "where a < 3"):
        broken = query.replace(text, text.replace("where", "wehre"))
        line = query[: query.index(text)].count("\n") + 1
        assert found(judged({"models/some.sql": broken}, before)) == (
            "needs_approval",
            [f"models/some.sql:{line}"],
        )
    assert judged({"models/some.sql": query.replace("a > 1", "a > 2")}, before).outcome == "passed"


def test_a_reference_that_may_be_of_a_package_is_told_where_it_looks_like_a_slip() -> None:
    asks = "select 1 as n from {{ ref('%s') }}\n"
    before = {**FILES, **PACKAGES, "models/a.sql": asks % "stripe_charges", "models/b.sql": asks % "orders"}

    assert judged({"models/b.sql": asks % "stripe_charge"}, before).outcome == "needs_approval"
    assert judged({"models/a.sql": asks % "stripe_charges_all"}, before).outcome == "needs_approval"
    assert judged({"models/b.sql": asks % "stripe_refunds"}, before).outcome == "passed"


@pytest.mark.parametrize(
    "edits",
    [
        pytest.param({"models/schema.yml": SCHEMA + "seeds: []\n"}, id="another section"),
        pytest.param(
            {
                "models/schema.yml": SCHEMA.replace("- name: amount", "- name: total"),
                "models/orders.sql": "select 1 as id, 2 as total\n",
            },
            id="contract and query change together",
        ),
        pytest.param(
            {"macros/old.sql": "{#\n{% macro cents(x) %}{{ x }}{% endmacro %}\n#}\n"},
            id="a macro in a comment",
        ),
        pytest.param(
            {
                "snapshots/s.sql": "{% snapshot kept %}select * from {{ ref('orders') }}{% endsnapshot %}\n",
                "snapshots/s.yml": "snapshots:\n  - name: kept\n    columns: [{name: id, tests: [unique]}]\n",
            },
            id="a snapshot and its tests",
        ),
        pytest.param(
            {
                "models/v_v1.sql": "select 1 as a\n",
                "models/v_v2.sql": "select 1 as a\n",
                "models/v.yml": "models:\n  - name: v\n    latest_version: 2\n    versions: [{v: 1}, {v: 2}]\n"
                "    columns: [{name: a, tests: [unique]}]\n",
            },
            id="versions of a model",
        ),
        pytest.param(
            {"macros/grants.sql": FILES["macros/grants.sql"].replace("orders", "revenue")}, id="a known model"
        ),
    ],
)
def test_what_is_sound(edits: dict[str, str | None]) -> None:
    assert found(judged(edits)) == ("passed", [])


def test_what_stood_twice_before_is_not_told_again() -> None:
    twice = {
        **FILES,
        "models/schema.yml": SCHEMA.replace(
            "    columns:\n      - name: e", "    columns: []\n    columns:\n      - name: e"
        ),
    }
    before = {**twice, "models/more.yml": "models:\n  - name: revenue\n"}

    assert (
        found(judged({"models/more.yml": "models:\n  - name: revenue\n    description: x\n"}, before))[1]
        == []
    )
    text = before["models/schema.yml"].replace("[not_null]", "[not_null, unique]")
    assert found(judged({"models/schema.yml": text}, before))[1] == []
