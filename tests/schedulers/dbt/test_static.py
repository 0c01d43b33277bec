from collections.abc import Mapping

import pytest

from meta_pipeline.delivery.topology import Node, Topology
from meta_pipeline.delivery.tree import MemoryTree
from meta_pipeline.schedulers.dbt.static.reader import read_topologies

PROJECT = "name: shop\nvars: {layer: staging, tables: [orders, people]}\n"
CUSTOMERS = {"models/customers.sql": "select 1 as id", "models/orders.sql": "select 1 as id"}


def read(files: Mapping[str, str], folder: str = ".") -> Topology:
    (topology,) = read_topologies(MemoryTree.of({"dbt_project.yml": PROJECT, **files}), folder)
    return topology


def model(sql: str, **files: str) -> tuple[Node, Topology]:
    topology = read({**CUSTOMERS, **files, "models/it.sql": sql})
    node = topology.pipelines[0].node("it")
    assert node is not None
    return node, topology


@pytest.mark.parametrize(
    "sql, upstream",
    [
        ("select * from {{ ref('orders') }}", ("orders",)),
        ('select * from {{ ref("shop", "orders") }}', ("orders",)),
        ("select * from {{ builtins.ref('orders') }}", ("orders",)),
        ("{# {{ ref('orders') }} #} select 1", ()),
        ("-- depends_on: {{ ref('orders') }}\nselect 1", ("orders",)),
        ("{% raw %}{{ ref('orders') }}{% endraw %}", ()),
        ("{% set source_model = ref('orders') %} select * from {{ source_model }}", ("orders",)),
        ("{% for t in ['orders', 'customers'] %}{{ ref(t) }}{% endfor %}", ("customers", "orders")),
        ("{% for t in var('missing', ['orders']) %}{{ ref(t) }}{% endfor %}", ("orders",)),
        ("{% if target.name == 'dev' %}{{ ref('orders') }}{% else %}{{ ref('customers') }}{% endif %}",
         ("customers", "orders")),
        ("{% if execute %}{{ ref('orders') }}{% endif %} select 1", ()),
        ("{% if is_incremental() %}{{ ref('orders') }}{% endif %} select 1", ()),
        ("{% if var('layer') == 'staging' %}{{ ref('orders') }}{% else %}{{ ref('customers') }}{% endif %}",
         ("orders",)),
        ("{{ dbt_utils.star(from=ref('orders')) }}", ("orders",)),
        ("{% macro own(t) %}{{ ref(t) }}{% endmacro %}{{ own('orders') }}", ("orders",)),
        ("{% call statement('x') %}select * from {{ ref('orders') }}{% endcall %}", ("orders",)),
    ],
)  # fmt: skip
def test_what_a_model_refers_to(sql: str, upstream: tuple[str, ...]) -> None:
    node, topology = model(sql)
    assert (node.upstream, topology.errors) == (upstream, ())


@pytest.mark.parametrize(
    "sql, line, message",
    [
        ("select *\nfrom {{ ref(run_started_at) }}", 2, "what a ref() refers to is computed at run time"),
        ("select * from {{ ref('order') }}", 1, "ref('order') leads to nothing that is built in this project"),
        ("select * from {{ source('raw', 'orders') }}", 1, "source('raw', 'orders') is not declared"),
        ("select 1\n{% endif %}", 2, "this is no Jinja that dbt can read: Encountered unknown tag 'endif'."),
        ("select 1 {% macro a() %}", 1, None),
    ],
)  # fmt: skip
def test_what_cannot_be_followed_is_an_error_with_its_line(sql: str, line: int, message: str | None) -> None:
    node, topology = model(sql)
    (error,) = topology.errors
    assert (error.path, error.line) == ("models/it.sql", line)
    assert message is None or error.message == message
    assert node.upstream == ()
    assert topology.pipelines[0].node("orders") is not None


def test_what_is_not_in_the_project_may_be_in_a_package() -> None:
    named = {"packages.yml": "packages: [{package: acme/calendar, version: 1.0.0}]"}
    node, topology = model("select * from {{ ref('dates') }}", **named)
    assert (node.upstream, node.reads) == ((), ("dates",))
    assert [(error.line, error.message, error.opaque) for error in topology.errors] == [
        (
            1,
            "ref('dates') is not in this project, and its packages (acme/calendar) are not in the repository",
            True,
        )
    ]


def test_a_macro_that_never_ends_is_given_up_with_an_error() -> None:
    again = "{% macro again(x) %}{{ again(x) }}{{ again(x) }}{% endmacro %}"
    loops = "{% for a in x %}" * 5 + "{{ ref('orders') }}" + "{% endfor %}" * 5
    _, topology = model(f"{again}{{% set x = unknowable() %}}{{{{ again(1) }}}}{loops}")
    assert topology.errors == ()
    many = "{% set x = [" + "1," * 200 + "] %}"
    _, topology = model(f"{many}{loops}")
    assert [error.message for error in topology.errors] == [
        "its Jinja is too long to be followed; what it refers to may be incomplete"
    ]


@pytest.mark.parametrize(
    "sql",
    [
        "{% set x = [1, 2] %}" + "{% set x = [x, x] %}" * 60,
        "{% set x = [" + "1," * 900 + "] %}" + "{% for a in x %}" * 4 + "{% endfor %}" * 4,
        "{{ 1" + " + 1" * 20_000 + " }}",
        "{% if false %}" + "{% elif false %}" * 5_000 + "{% endif %}",
    ],
)
def test_jinja_that_asks_for_too_much_is_given_up_with_an_error(sql: str) -> None:
    node, topology = model("{{ ref('orders') }}" + sql)
    assert [error.message for error in topology.errors] == [
        "its Jinja is too long to be followed; what it refers to may be incomplete"
    ]
    assert node.upstream == ("orders",)


@pytest.mark.parametrize("more", ["x + x", "x ~ x"])
def test_a_text_that_doubles_is_soon_unknown(more: str) -> None:
    _, topology = model("{% set x = 'orders' %}" + f"{{% set x = {more} %}}" * 60 + "\n{{ ref(x) }}")
    assert [(error.line, error.message) for error in topology.errors] == [
        (2, "what a ref() refers to is computed at run time")
    ]


def test_settings_of_the_project_its_folders_its_yaml_and_the_file_hold_in_this_order() -> None:
    project = (
        "name: shop\nmodels:\n  shop:\n    +materialized: view\n    marts:\n      materialized: table\n"
        "      +schema: gold\n      draft: {+enabled: false}\n"
    )
    files = {
        "dbt_project.yml": project,
        "models/a.sql": "select 1",
        "models/marts/b.sql": "select 1",
        "models/marts/c.sql": "{{ config(alias='see', schema=none) }} select 1",
        "models/marts/d.sql": "{{ config(materialized='ephemeral') }} select 1",
        "models/marts/e.sql": "{{ config(enabled=false) }} select 1",
        "models/marts/f.sql": "select 1",
        "models/marts/draft/g.sql": "select 1",
        "models/marts/m.yml": "models: [{name: f, config: {materialized: incremental, alias: ef}}]",
    }
    nodes = read(files).pipelines[0].nodes
    assert [(n.id, n.operator, n.writes) for n in nodes] == [
        ("a", "view", ("a",)),
        ("b", "table", ("gold.b",)),
        ("c", "table", ("see",)),
        ("d", "ephemeral", ()),
        ("f", "incremental", ("gold.ef",)),
    ]


def test_a_bad_property_file_is_an_error_and_the_rest_stands() -> None:
    good = "models: [{name: orders, columns: [{name: id, tests: [unique]}]}]"
    topology = read({**CUSTOMERS, "models/bad.yml": "models:\n  - name: [\n", "models/good.yml": good})
    assert [(error.path, error.line) for error in topology.errors] == [("models/bad.yml", 3)]
    assert topology.pipelines[0].node("unique_orders_id") is not None


def test_a_name_that_is_taken_is_an_error() -> None:
    topology = read({**CUSTOMERS, "models/more/orders.sql": "select 2"})
    assert [(error.path, error.message) for error in topology.errors] == [
        ("models/orders.sql", "the name 'orders' is taken by models/more/orders.sql:1")
    ]


def test_each_project_of_a_tree_is_a_topology_and_installed_packages_are_none() -> None:
    tree = MemoryTree.of(
        {
            "one/dbt_project.yml": "name: one\n",
            "two/dbt_project.yml": "name: two\n",
            "two/models/a.sql": "select 1",
            "two/target/compiled/b.sql": "select 1",
            "two/dbt_packages/utils/dbt_project.yml": "name: utils\n",
            "three/dbt_project.yml": "name: [\n",
        }
    )
    found = read_topologies(tree, ".")
    assert [(t.root, [p.id for p in t.pipelines]) for t in found] == [
        ("one", ["one"]),
        ("three", []),
        ("two", ["two"]),
    ]
    assert found[1].errors[0].path == "three/dbt_project.yml"
    assert [node.id for node in found[2].pipelines[0].nodes] == ["a"]
    assert [t.root for t in read_topologies(tree, "two")] == ["two"]


def test_the_release_of_dbt_is_read_from_the_requirements() -> None:
    assert read({"requirements.txt": "dbt-core==1.9.4\n"}).version == "1.9.4"
    assert read({"requirements.txt": "dbt-duckdb\n"}).version == "unresolved"
    assert read({"uv.lock": '[[package]]\nname = "dbt-core"\nversion = "1.10.2"\n'}).version == "1.10.2"


def test_models_that_wait_for_each_other_are_an_error_and_the_rest_stands() -> None:
    circle = {"models/a.sql": "select * from {{ ref('b') }}", "models/b.sql": "select * from {{ ref('a') }}"}
    topology = read({**CUSTOMERS, **circle})
    (error,) = topology.errors
    assert (error.path, error.line) == ("models/a.sql", 1)
    assert "in a circle" in error.message
    assert len(topology.pipelines[0].nodes) == 4


def test_a_model_that_is_not_utf_8_is_an_error_with_its_line() -> None:
    files: dict[str, str | bytes] = {
        "dbt_project.yml": PROJECT,
        "models/a.sql": b"select 1\n-- \xff\n",
        "models/b.sql": "select 1",
    }
    (topology,) = read_topologies(MemoryTree.of(files), ".")
    assert [(e.path, e.line, e.message) for e in topology.errors] == [
        ("models/a.sql", 2, "this is not UTF-8")
    ]
    assert [node.id for node in topology.pipelines[0].nodes] == ["a", "b"]


@pytest.mark.parametrize(
    "text",
    [
        "'%1000000000d' % 1",
        "'%*d' % (1000000000, 1)",
        "'%1000000000d' | format(1)",
        "'a' * 1000000000",
        "('a' * 10) | replace('', 'b')",
        "range(1000000000) | join",
    ],
)
def test_an_expression_that_would_fill_the_memory_is_not_computed(text: str) -> None:
    _, topology = model(f"{{% set x = {text} %}}{{{{ ref(x) }}}}")
    assert [error.message for error in topology.errors] == ["what a ref() refers to is computed at run time"]


@pytest.mark.parametrize(
    "text, line, message",
    [
        ("packages:\n  - package: a\n   version: 1\n", 3, ""),
        ("packages:\n  local: ../other\n", 2, "'packages' is no list; begin each package with '-'"),
    ],
)
def test_a_list_of_packages_that_cannot_be_read_is_an_error_at_its_line(
    text: str, line: int, message: str
) -> None:
    files = {"dbt_project.yml": PROJECT, "packages.yml": text, "models/one.sql": "select 1 as a"}
    (topology,) = read_topologies(MemoryTree.of(files), ".")
    (error,) = topology.errors
    assert (error.path, message in error.message) == ("packages.yml", True)
    assert error.line == line
    assert [node.id for node in topology.pipelines[0].nodes] == ["one"]


@pytest.mark.parametrize(
    "requirement, there",
    [("dbt-core==1.8.9", False), ("dbt-core==1.9.4", True), ("dbt-core>=1.8.0", True), ("", True)],
)
def test_a_snapshot_in_yaml_alone_is_one_from_dbt_1_9_on(requirement: str, there: bool) -> None:
    files = {
        "dbt_project.yml": PROJECT,
        "requirements.txt": f"{requirement}\n",
        "models/one.sql": "select 1 as a",
        "snapshots/kept.yml": "snapshots:\n  - name: kept\n    relation: ref('one')\n    config: {unique_key: a}\n",
    }
    (topology,) = read_topologies(MemoryTree.of(files), ".")
    assert ("kept" in [node.id for node in topology.pipelines[0].nodes]) is there
