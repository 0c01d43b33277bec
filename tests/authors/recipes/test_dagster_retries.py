"""The retry policy of Dagster's assets and ops, in the forms that real repositories use."""

import ast
from collections.abc import Mapping
from textwrap import dedent

import pytest

from meta_pipeline.authors.recipes.bounds import Bounds
from meta_pipeline.authors.recipes.dagster_retries import DagsterRetries, set_policies
from meta_pipeline.authors.recipes.recipe import RecipeError
from meta_pipeline.delivery.tree import MemoryTree

END = '\n\ndefs = dg.Definitions(assets=[orders], jobs=[dg.define_asset_job("nightly")])\n'


def applied(source: str, node: str | None = "orders", demand: Mapping[str, object] | None = None) -> str:
    """The file after the recipe; a second application must change nothing."""
    text = dedent(source)
    wanted = DagsterRetries.model_validate(
        {"root": ".", "job": "nightly", "node": node, **(demand or {"retries": Bounds(at_least=3)})}
    )
    written = set_policies(MemoryTree.of({"defs.py": text}), wanted)
    after = written.get("defs.py", text.encode()).decode()
    ast.parse(after)
    assert set_policies(MemoryTree.of({"defs.py": after}), wanted) == {}
    return after


def asset(decorator: str) -> str:
    return f"import dagster as dg\n\n\n{decorator}\ndef orders(): ...\n{END}"


@pytest.mark.parametrize(
    "before, after",
    [
        ("@dg.asset", "@dg.asset(retry_policy=dg.RetryPolicy(max_retries=3))"),
        ("@dg.asset()", "@dg.asset(retry_policy=dg.RetryPolicy(max_retries=3))"),
        (
            '@dg.asset(\n    group_name="raw",  # as it came\n)',
            '@dg.asset(\n    group_name="raw",  # as it came\n    retry_policy=dg.RetryPolicy(max_retries=3),\n)',
        ),
        (
            "@dg.asset(retry_policy=dg.RetryPolicy(max_retries=1, delay=5))",
            "@dg.asset(retry_policy=dg.RetryPolicy(max_retries=3, delay=5))",
        ),
        (
            "@dg.asset(retry_policy=dg.RetryPolicy(2))",
            "@dg.asset(retry_policy=dg.RetryPolicy(3))",
        ),
        ("@dg.asset(retry_policy=None)", "@dg.asset(retry_policy=dg.RetryPolicy(max_retries=3))"),
        (
            "@dg.asset(retry_policy=dg.RetryPolicy())",
            "@dg.asset(retry_policy=dg.RetryPolicy(max_retries=3))",
        ),
        ("@dg.asset(retry_policy=dg.RetryPolicy(5))", "@dg.asset(retry_policy=dg.RetryPolicy(5))"),
    ],
)
def test_forms(before: str, after: str) -> None:
    assert applied(asset(before)) == asset(after)


def test_all_that_a_policy_can_say() -> None:
    demand = {"retries": Bounds(at_least=3), "delay": Bounds(at_least=300), "backoff": True}
    assert applied(asset('@dg.asset(group_name="raw")'), demand=demand) == asset(
        '@dg.asset(\n    group_name="raw",\n    retry_policy=dg.RetryPolicy(\n        max_retries=3,\n'
        "        delay=300,\n        backoff=dg.Backoff.EXPONENTIAL,\n    ),\n)"
    )
    imported = asset("@asset").replace(
        "import dagster as dg", "from dagster import asset, Definitions, define_asset_job"
    )
    after = applied(imported.replace("dg.", ""), demand=demand)
    assert after.startswith(
        "from dagster import Backoff, RetryPolicy, asset, Definitions, define_asset_job\n"
    )


def test_a_policy_that_others_use_stays() -> None:
    source = asset("@dg.asset(retry_policy=CALM)").replace(
        "\n\n\n@dg", "\n\nCALM = dg.RetryPolicy(max_retries=1, delay=60)\n\n\n@dg"
    )
    shared = source.replace("defs =", "other = CALM\ndefs =")
    assert applied(source) == source.replace("max_retries=1", "max_retries=3")
    assert applied(shared) == shared.replace(
        "retry_policy=CALM", "retry_policy=dg.RetryPolicy(max_retries=3, delay=60)"
    )


OPS = """\
import dagster as dg


@dg.op
def first(): ...


@dg.op(retry_policy=dg.RetryPolicy(max_retries=4))
def second(value): ...


@dg.job
def nightly():
    second(first())


defs = dg.Definitions(jobs=[nightly])
"""


def test_a_whole_job_is_met_in_each_of_its_ops() -> None:
    after = applied(OPS, node=None)
    assert after == OPS.replace(
        "@dg.op\ndef first", "@dg.op(retry_policy=dg.RetryPolicy(max_retries=3))\ndef first"
    )


@pytest.mark.parametrize(
    "source, refusal",
    [
        (
            asset("@dg.asset(**settings)").replace("\n\n\n", "\nsettings = object()\n\n\n", 1),
            "no orders of nightly is read",
        ),
        (
            "import dagster as dg\n\norders = dg.AssetSpec('orders')\n"
            + END.replace('"nightly"', '"nightly", selection="orders"'),
            "is not made by a decorator",
        ),
        (
            OPS.replace("second(first())", "second(first.with_retry_policy(dg.RetryPolicy(1))())"),
            "does not take effect",
        ),
    ],
)
def test_a_form_that_is_not_understood_is_refused(source: str, refusal: str) -> None:
    node = "first" if "@dg.op" in source else "orders"
    with pytest.raises(RecipeError, match=refusal):
        applied(source, node=node)
