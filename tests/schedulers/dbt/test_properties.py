import pytest

from meta_pipeline.delivery.tree import MemoryTree
from meta_pipeline.delivery.yaml_source import Unreadable
from meta_pipeline.schedulers.dbt.project import Project, project_folders, read_project
from meta_pipeline.schedulers.dbt.properties import read_properties
from meta_pipeline.schedulers.dbt.resources import Check, Properties, Resource

PROJECT = "name: shop\nmodel-paths: [models]\n"
ORDERS = """\
version: 2
models:
  - name: orders
    description: "Orders, {{ doc('orders') }}"
    access: public
    group: finance
    latest_version: 2
    config:
      materialized: table
      tags: [daily]
      contract: {enforced: true}
      meta: {owner: sales}
    constraints:
      - type: primary_key
        columns: [order_id]
    tests:
      - dbt_utils.unique_combination_of_columns:
          combination_of_columns: [order_id, day]
    columns:
      - name: order_id
        data_type: integer
        constraints: [{type: not_null}, {type: check, expression: "order_id > 0"}]
        tests:
          - unique
          - not_null: {severity: warn, where: "day > '2026-01-01'"}
        data_tests:
          - name: known_status
            test_name: accepted_values
            arguments: {values: [a, 1]}
            config: {enabled: false}
          - relationships:
              to: ref('customers')
              field: id
      - name: day
        description: The day.
        meta: {pii: true}
        config: {tags: [x]}
    versions:
      - v: 1
        columns:
          - include: all
            exclude: [day]
          - name: old
      - v: 2
        defined_in: orders_new
"""


def project(**files: str) -> tuple[MemoryTree, Project]:
    tree = MemoryTree.of({"dbt_project.yml": PROJECT, **files})
    found = read_project(tree, ".")
    assert isinstance(found, Project)
    return tree, found


def properties(text: str) -> Properties:
    return read_properties(*project(**{"models/a.yml": text}))


def only(text: str) -> Resource:
    read = properties(text)
    assert not read.errors
    (resource,) = read.resources
    return resource


def test_a_model_is_read_with_its_line_contract_and_owner() -> None:
    model = only(ORDERS)
    assert (model.kind, model.name, model.path, model.line) == ("model", "orders", "models/a.yml", 3)
    assert model.description == "Orders, {{ doc('orders') }}"
    assert (model.config.materialized, model.config.access, model.config.group) == (
        "table",
        "public",
        "finance",
    )
    assert model.config.contract_enforced is True
    assert (model.config.tags, model.owner) == (("daily",), "sales")
    assert [(c.type, c.columns, c.line) for c in model.constraints] == [("primary_key", ("order_id",), 14)]


def test_tests_are_read_in_every_form() -> None:
    model = only(ORDERS)
    combination = model.tests[0]
    assert (combination.package, combination.arguments) == (
        "dbt_utils",
        {"combination_of_columns": ["order_id", "day"]},
    )
    assert model.columns[0].tests == (
        Check("unique", {}, {}, 24),
        Check("not_null", {}, {"severity": "warn", "where": "day > '2026-01-01'"}, 25),
        Check("accepted_values", {"values": ["a", 1]}, {"enabled": False}, 27, title="known_status"),
        Check("relationships", {"to": "ref('customers')", "field": "id"}, {}, 31),
    )
    assert [check.severity for check in model.columns[0].tests] == ["error", "warn", "error", "error"]


def test_a_column_has_its_type_constraints_and_tags() -> None:
    order_id, day = only(ORDERS).columns
    assert (order_id.data_type, [c.type for c in order_id.constraints]) == ("integer", ["not_null", "check"])
    assert (day.line, day.description, day.tags, day.meta) == (34, "The day.", ("x",), {"pii": True})


def test_a_version_has_the_columns_that_it_includes() -> None:
    first, second = only(ORDERS).versions
    assert [column.name for column in first.columns] == ["order_id", "old"]
    assert [column.name for column in second.columns] == ["order_id", "day"]
    assert second.defined_in == "orders_new"
    assert second.tests == only(ORDERS).tests


def test_sources_exposures_unit_tests_and_groups() -> None:
    read = properties(
        "groups: [{name: finance, owner: {email: finance@example.com}}]\n"
        "models: [{name: orders, config: {group: finance}}]\n"
        "sources:\n- name: raw\n  schema: landing\n  config: {enabled: false}\n"
        "  tables:\n  - name: orders\n    identifier: o\n    columns: [{name: id}]\n"
        "exposures: [{name: board, owner: {name: Sales}, depends_on: [ref('orders')]}]\n"
        "unit_tests: [{name: sums, model: orders}]\n"
    )
    assert not read.errors
    assert read.by_name["model", "orders"].owner == "finance@example.com"
    source = read.by_name["source", "raw.orders"]
    assert (source.relation, source.config.enabled, source.columns[0].name) == ("landing.o", False, "id")
    assert source.line == 8
    exposure = read.by_name["exposure", "board"]
    assert (exposure.owner, exposure.depends_on) == ("Sales", ("ref('orders')",))
    assert read.by_name["unit_test", "sums"].model == "orders"


@pytest.mark.parametrize(
    "text, line, message",
    [
        ("models:\n  - name: [\n", 3, "not YAML"),
        ("models:\n- name: a\n  config: {x: !env y}\n", 3, "constructor"),
        ("models:\n- {{ jinja }}\n", 2, "Jinja in quotes"),
        ("models:\n- name: a\n- description: b\n", 3, "no name"),
        ("models: {name: a}\n", 1, "no list"),
        ("a: 1\nb: \x01\n", 2, "control character"),
        ("a: &x [*x]\n", 1, "not YAML"),
        ("[" * 500_000, 1, "deep"),
        ("- " * 500_000 + "x", 1, "deep"),
        ("version: 2\nmodels: [{name: !!bool orders}]\n", 2, "'orders' is no bool"),
        ("version: 2\nmodels: [{name: 0x" + "f" * 9000 + "}]\n", 2, "4300 digits"),
    ],
)
def test_a_file_that_cannot_be_read_is_an_error_and_the_rest_stands(
    text: str, line: int, message: str
) -> None:
    tree, found = project(**{"models/bad.yml": text, "models/good.yml": "models: [{name: good}]\n"})
    read = read_properties(tree, found)
    assert [(e.path, e.line) for e in read.errors] == [("models/bad.yml", line)]
    assert message in read.errors[0].message
    assert ("model", "good") in read.by_name


def test_aliases_that_unfold_without_end_are_refused() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    assert "too large" in properties("\n".join(lines)).errors[0].message


def test_files_lie_in_the_folders_of_the_project_and_not_in_packages() -> None:
    tree = MemoryTree.of(
        {
            "shop/dbt_project.yml": "name: shop\nsource-paths: [sql]\n",
            "shop/.dbtignore": "old/\n",
            "shop/sql/a.yaml": "models: [{name: a}]\n",
            "shop/sql/old/b.yml": "models: [{name: b}]\n",
            "shop/models/c.yml": "models: [{name: c}]\n",
            "shop/seeds/d.yml": "seeds: [{name: d}]\n",
            "shop/dbt_packages/p/dbt_project.yml": "name: p\n",
        }
    )
    assert project_folders(tree) == ("shop",)
    found = read_project(tree, "shop")
    assert isinstance(found, Project)
    assert [r.name for r in read_properties(tree, found).resources] == ["d", "a"]


def test_a_project_at_its_own_root_leaves_installed_packages_out() -> None:
    tree = MemoryTree.of(
        {
            "dbt_project.yml": "name: p\nmodel-paths: ['.']\n",
            "a.yml": "models: [{name: a}]\n",
            "dbt_packages/x/b.yml": "models: [{name: b}]\n",
        }
    )
    found = read_project(tree, ".")
    assert isinstance(found, Project)
    assert [r.name for r in read_properties(tree, found).resources] == ["a"]


def test_a_broken_project_file_says_where() -> None:
    assert read_project(MemoryTree.of({"dbt_project.yml": "name: a\nb: [\n"}), ".") == Unreadable(
        "dbt_project.yml", 3, "this is not YAML: did not find expected node content"
    )
    assert read_project(MemoryTree.of({}), ".") is None
