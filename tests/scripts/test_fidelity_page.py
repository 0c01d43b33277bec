"""The page on fidelity: what a reader of it may rely on."""

import pytest

from meta_pipeline.delivery.topology import UNRESOLVED, Node, Pipeline, Topology, TopologyError
from meta_pipeline.schedulers.fidelity.compare import compare
from scripts.fidelity_page import Measured, page, stale, without_scratch
from scripts.fidelity_sources import SOURCES, Omitted, without_lines

SALES = Pipeline(
    id="sales", path="dags/sales.py", schedule="0 0 * * *", nodes=(Node(id="load", kind="task"),)
)


def measured(static: Pipeline, *errors: TopologyError) -> Measured:
    theirs = Topology(scheduler="airflow", version="3.0.0", method="runtime", root="dags", pipelines=(SALES,))
    ours = theirs.model_copy(update={"method": "static", "pipelines": (static,), "errors": errors})
    return Measured(
        name="shop",
        origin="https://example.com/shop at 0123456789ab",
        versions=("airflow 3.0.0",),
        omitted=(Omitted("requirements.txt", "git", "it comes from elsewhere"),),
        missing=(),
        silent=("no Python 2.7 on this machine",),
        comparison=compare((ours,), (theirs,)),
        date="2026-01-05",
        ours="0123456789ab",
    )


def test_a_mismatch_stands_there_with_both_values_its_place_its_reason_and_a_persons_note() -> None:
    error = TopologyError(
        path="dags/sales.py", line=3, message="the schedule comes from a Variable", opaque=True
    )
    result = measured(SALES.model_copy(update={"schedule": UNRESOLVED}), error)
    (mismatch,) = result.comparison.mismatches
    text = page([result], {f"shop: {mismatch.key}": "rightly so"})
    (line,) = [line for line in text.splitlines() if line.startswith("| pipeline.schedule | unresolved")]
    for said in (
        "sales",
        "0 0 * * *",
        "unresolved",
        "dags/sales.py:3: the schedule comes",
        "*Note: rightly so*",
    ):
        assert said in line
    assert "it comes from elsewhere" in text
    assert "no Python 2.7 on this machine" in text


def test_a_share_rounds_to_one_only_where_it_is() -> None:
    nodes = tuple(Node(id=f"t{number}", kind="task") for number in range(30_000))
    sales = SALES.model_copy(update={"nodes": nodes})
    theirs = Topology(scheduler="airflow", version="3", method="runtime", root="dags", pipelines=(sales,))
    ours = theirs.model_copy(update={"pipelines": (sales.model_copy(update={"nodes": nodes[1:]}),)})
    result = measured(SALES)
    text = page([Measured(**{**vars(result), "comparison": compare((ours,), (theirs,))})], {})
    assert "| nodes | 30000 | 0.9999 |" in text


def test_a_note_on_what_is_mended_is_stale() -> None:
    result = measured(SALES)
    key = "shop: pipeline.schedule sales (dags): null / null"
    assert stale([result], {key: "x", "another: y": "not measured now"}) == (key,)
    assert key in page([result], {key: "x"})


@pytest.mark.parametrize(
    "text, clean",
    [
        (
            "No such file: /var/home/scratch/0a1b2c/worktrees/topology/9f8e7d/dags/a.py",
            "No such file: dags/a.py",
        ),
        ("file_tmp_home_scratch_0a1b_worktrees_topology_0123456789abcdef_src/csv", "src/csv"),
        ("<function f at 0x7f3a>", "<function f>"),
        ("/data/orders", "/data/orders"),
    ],
)
def test_the_place_of_the_checkout_is_not_told(text: str, clean: str) -> None:
    assert without_scratch(text) == clean


def test_lines_are_left_out_with_what_goes_on_from_them() -> None:
    requirements = "a==1 \\\n    --hash=x\nb @ git+https://example.com/b \\\n    --hash=y\nc==3\n"
    assert without_lines(requirements, r"@ git\+") == "a==1 \\\n    --hash=x\nc==3\n"
    columns = "columns:\n  - name: a\n    tests: [x]\n  - name: b\n"
    assert without_lines(columns, "name: a") == "columns:\n  - name: b\n"


def test_sources_have_names_of_their_own() -> None:
    assert len({source.name for source in SOURCES}) == len(SOURCES)
