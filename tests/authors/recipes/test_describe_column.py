import pytest

from meta_pipeline.authors.recipes.dbt_entries import place_of, project_of
from meta_pipeline.authors.recipes.describe_column import DescribeColumn, DescriptionParameters
from meta_pipeline.authors.recipes.recipe import Fit, Misfit, RecipeError
from meta_pipeline.contracts.descriptions import description_of
from meta_pipeline.delivery.requirements import Criterion, Span
from meta_pipeline.delivery.tree import MemoryTree
from tests.authors.recipes.dbt_shop import PROJECT, YAML, applied, context, tree

TEXT = "Price in EUR, with VAT"


def parameters(
    of: MemoryTree, column: str = "amount", text: str = TEXT, dataset: str = "orders"
) -> DescriptionParameters:
    models = project_of(of, dataset)
    assert models is not None
    return DescriptionParameters(place=place_of(models, dataset, column), text=text)


def described(yaml: str, column: str = "amount", text: str = TEXT) -> str:
    of = tree(yaml)
    written = applied(DescribeColumn(), of, parameters(of, column, text))
    after = written.get(YAML, yaml)
    assert description_of(MemoryTree.of({**PROJECT, YAML: after}), "orders", column) == text
    return after


GOLDEN = {
    "behind the type of a column": (
        (
            "models:\n  - name: orders # all\n    columns:\n      # money\n      - name: amount   # EUR\n"
            "        data_type: int\n        tests: ['not_null']\n\n      - name: id\n"
        ),
        (
            "models:\n  - name: orders # all\n    columns:\n      # money\n      - name: amount   # EUR\n"
            "        data_type: int\n        description: Price in EUR, with VAT\n        tests: ['not_null']\n\n"
            "      - name: id\n"
        ),
    ),
    "dashes below their key": (
        "models:\n- name: orders\n  columns:\n  - name: amount\n    tests:\n    - not_null\n  - name: id\n",
        (
            "models:\n- name: orders\n  columns:\n  - name: amount\n"
            "    description: Price in EUR, with VAT\n    tests:\n"
            "    - not_null\n  - name: id\n"
        ),
    ),
    "another text": (
        (
            'models:\n- name: orders\n  columns:\n  - {name: id, description: "x"}\n'
            "  - name: amount\n    description: 'Old: one'  # see wiki\n"
        ),
        (
            'models:\n- name: orders\n  columns:\n  - {name: id, description: "x"}\n'
            "  - name: amount\n    description: Price in EUR, with VAT  # see wiki\n"
        ),
    ),
    "a text over several lines": (
        (
            "models:\n- name: orders\n  columns:\n  - name: amount\n    description: >\n"
            "      Old text\n      of two lines\n\n"
            "    tests: [unique]\n"
        ),
        (
            "models:\n- name: orders\n  columns:\n  - name: amount\n    description: Price in EUR, with VAT\n\n"
            "    tests: [unique]\n"
        ),
    ),
    "all in brackets": (
        "models: [{name: orders, columns: [{name: id}, {name: amount, tests: [unique]}]}]\n",
        (
            'models: [{name: orders, columns: [{name: id}, {name: amount, description: "Price in EUR, with VAT", '
            "tests: [unique]}]}]\n"
        ),
    ),
    "a column without entry": (
        (
            "models:\n  - name: orders\n    columns:\n      - name: id\n        tests:\n"
            "          - unique # key\n\n\n"
            "  - name: other\n"
        ),
        (
            "models:\n  - name: orders\n    columns:\n      - name: id\n        tests:\n          - unique # key\n"
            "      - name: amount\n        description: Price in EUR, with VAT\n\n\n  - name: other\n"
        ),
    ),
    "columns with an empty line between": (
        "models:\n  - name: orders\n    columns:\n      - name: id\n\n      - name: status\n",
        (
            "models:\n  - name: orders\n    columns:\n      - name: id\n\n      - name: status\n\n"
            "      - name: amount\n"
            "        description: Price in EUR, with VAT\n"
        ),
    ),
    "a model without columns": (
        "models:\n  - name: orders\n    description: All orders\n    tests:\n      - x\n",
        (
            "models:\n  - name: orders\n    description: All orders\n    tests:\n      - x\n    columns:\n"
            "      - name: amount\n        description: Price in EUR, with VAT\n"
        ),
    ),
    "a model without entry": (
        "version: 2\n\nmodels:\n    -   name: other",
        (
            "version: 2\n\nmodels:\n    -   name: other\n    - name: orders\n      columns:\n"
            "          - name: amount\n"
            "            description: Price in EUR, with VAT"
        ),
    ),
    "an empty description": (
        "models:\n- name: orders\n  columns:\n  - name: amount\n    description:\n    tests: [unique]\n",
        (
            "models:\n- name: orders\n  columns:\n  - name: amount\n    description: Price in EUR, with VAT\n"
            "    tests: [unique]\n"
        ),
    ),
}


@pytest.mark.parametrize("before, after", GOLDEN.values(), ids=GOLDEN.keys())
def test_a_description_is_written_and_nothing_else_moves(before: str, after: str) -> None:
    assert described(before) == after
    windows = before.replace("\n", "\r\n")
    assert described(windows) == after.replace("\n", "\r\n")


@pytest.mark.parametrize(
    "text",
    [
        "a: b",
        "# no comment",
        'say "this"',
        "it's {{ x }}",
        "yes",
        "12",
        "- a",
        "ends with:",
        "C:\\dir",
        "ä €",
    ],
)
def test_a_text_is_quoted_where_yaml_would_read_it_otherwise(text: str) -> None:
    described("models:\n- name: orders\n  columns:\n  - name: amount\n", text=text)
    described("models: [{name: orders, columns: [{name: amount}]}]\n", text=text)


def test_a_file_is_made_beside_the_model_where_none_is_near() -> None:
    of = MemoryTree.of({"dbt_project.yml": "name: shop\n", "models/marts/orders.sql": "select 1 as amount\n"})
    assert applied(DescribeColumn(), of, parameters(of)) == {
        "models/marts/schema.yml": "version: 2\n\nmodels:\n  - name: orders\n    columns:\n      - name: amount\n"
        "        description: Price in EUR, with VAT\n"
    }


def test_a_file_a_model_is_a_habit_that_is_followed() -> None:
    of = MemoryTree.of(
        {**PROJECT, "models/other.sql": "select 1 as x\n", "models/_other.yml": "models: [{name: other}]\n"}
    )
    assert parameters(of).place.path == "models/_orders.yml"


def test_a_source_is_described_in_its_own_entry() -> None:
    text = "sources:\n- name: raw\n  tables:\n  - name: a\n  - name: b\n    columns:\n    - name: x\n"
    of = tree(text)
    (after,) = applied(DescribeColumn(), of, parameters(of, "x", dataset="raw.b")).values()
    assert after == text + "      description: Price in EUR, with VAT\n"


def criterion(subject: str) -> Criterion:
    return Criterion(
        id="c1",
        metric="column_description",
        subject=subject,
        comparator="==",
        threshold=TEXT,
        unit="",
        verification="contract",
        span=Span(source="i.md", line=1, quote="q"),
    )


def test_the_recipe_says_what_it_does_and_what_it_cannot() -> None:
    of = tree(
        "models:\n- name: orders\n  columns:\n  - name: amount\n    description: \"{{ doc('amount') }}\"\n"
    )
    fit = DescribeColumn().fit((criterion("orders.amount"),), context(of), of)
    assert isinstance(fit, Fit)
    assert (fit.files, fit.edits, fit.creates) == ((YAML,), (), ())
    assert "doc('amount')" in fit.notes[0]
    for subject, missing in (("orders.amont", "it has amount, id, status"), ("other.x", "called other")):
        misfit = DescribeColumn().fit((criterion(subject),), context(of), of)
        assert isinstance(misfit, Misfit)
        assert missing in misfit.missing


def test_a_file_that_is_no_yaml_is_refused_with_its_line() -> None:
    of = tree("models:\n- name: orders\n")
    asked = parameters(of)
    with pytest.raises(RecipeError, match=r"models/schema\.yml:2: this is not YAML"):
        DescribeColumn().apply(tree("models: [\n"), asked)
