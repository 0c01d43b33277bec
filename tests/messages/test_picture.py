"""The picture of a change: what is in it, how it is marked, and what it does with hostile names."""

import base64
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from defusedxml import ElementTree

from meta_pipeline.delivery.differences.compare import differences
from meta_pipeline.delivery.impact.excerpt import MOST_BOXES, Excerpt, excerpt_of
from meta_pipeline.delivery.impact.impact import Sides, impact_of
from meta_pipeline.delivery.topology import Node, Pipeline, Topology
from meta_pipeline.messages.layout import layout
from meta_pipeline.messages.picture import as_markdown, picture, picture_file
from tests.conftest import CHROMIUM, requires_chromium


def task(name: str, *upstream: str, **fields: Any) -> Node:
    return Node(**{"id": name, "kind": "task", "operator": "BashOperator", "upstream": upstream} | fields)


def seen(*nodes: Node, others: tuple[Pipeline, ...] = ()) -> tuple[Topology, ...]:
    sales = Pipeline(id="sales", path="dags/sales.py", nodes=nodes)
    return (
        Topology(scheduler="airflow", version="3", method="static", root="dags", pipelines=(sales, *others)),
    )


def drawn(base: tuple[Topology, ...], head: tuple[Topology, ...]) -> Excerpt:
    sides = Sides(base, head, differences(base, head))
    return excerpt_of(sides, impact_of(sides))


BASE = seen(
    task("far"), task("start", "far"), task("load", "start"), task("old", "start"), task("clean", "load"),
    task("report", "clean"), task("mail", "report"), task("archive", "mail"),
)  # fmt: skip
HEAD = seen(
    task("far"), task("start", "far"), task("load", "start", retries=2), task("new", "load"),
    task("clean_all", "load"), task("report", "clean_all"), task("mail", "report"), task("archive", "mail"),
)  # fmt: skip


def test_every_mark_with_one_step_before_and_two_after() -> None:
    found = drawn(BASE, HEAD)
    assert {(box.name, box.mark) for box in found.boxes} == {
        ("load", "changed"),
        ("clean_all", "renamed"),
        ("new", "added"),
        ("old", "removed"),
        ("start", "none"),
        ("report", "none"),
        ("mail", "none"),
    }
    names = {box.key: box.name for box in found.boxes}
    assert {(names[start], names[end]) for start, end in found.arrows} == {
        ("start", "load"),
        ("start", "old"),
        ("load", "clean_all"),
        ("load", "new"),
        ("clean_all", "report"),
        ("report", "mail"),
    }
    title = next(box.title for box in found.boxes if box.mark == "renamed")
    assert title == "task sales.clean_all (airflow): renamed, before clean"


def test_marks_are_told_by_signs_and_borders_and_words() -> None:
    svg = picture(drawn(BASE, HEAD))
    assert svg is not None
    text = "".join(ElementTree.fromstring(svg).itertext())
    for sign, word in (("+", "added"), ("−", "removed"), ("~", "changed"), ("»", "renamed")):
        assert f"{sign} " in text
        assert word in text
    assert svg.count("stroke-dasharray") >= 4
    assert svg == picture(drawn(BASE, HEAD))


def test_equal_topologies_have_no_picture() -> None:
    assert picture(drawn(BASE, BASE)) is None


def test_many_alike_and_long_rows_are_one_box() -> None:
    row = [task("r0", "start"), *(task(f"r{n}", f"r{n - 1}") for n in range(1, 9))]
    wide = [task(f"w{n}", "start") for n in range(9)]
    found = drawn(seen(task("start")), seen(task("start"), *row, *wide))
    assert sorted((box.name, box.more) for box in found.boxes) == [("r0", 8), ("start", 0), ("w0", 8)]


def test_a_large_change_stays_small_enough_to_be_looked_at() -> None:
    def big(retries: int) -> tuple[Topology, ...]:
        pipelines = tuple(
            Pipeline(
                id=f"p{n}", path="p.py", nodes=(task("a", retries=retries), task("b", "a"), task("c", "b"))
            )
            for n in range(60)
        )
        return seen(others=pipelines)

    found = drawn(big(1), big(2))
    assert len(found.boxes) == MOST_BOXES
    assert found.left_out == 180 - sum(1 + box.more for box in found.boxes)
    assert f"{found.left_out} more around it are not drawn" in (picture(found) or "")


def test_hostile_names_stay_text() -> None:
    name = '<script>alert("1")</script>&\x00\x1b\ud800"\'' + "x" * 80
    svg = picture(drawn(seen(), seen(task(name), task("b", name))))
    assert svg is not None
    tree = ElementTree.fromstring(svg)
    assert not [one for one in tree.iter() if one.tag.endswith("script")]
    assert "�" in svg
    titles = [one.text or "" for one in tree.iter() if one.tag.endswith("title")]
    assert any("x" * 80 in title for title in titles)
    shown = [one.text or "" for one in tree.iter() if one.tag.endswith("text")]
    assert all(len(text) < 60 for text in shown)


def test_a_circle_and_a_long_arrow_are_laid_out() -> None:
    placed = layout(["a", "b", "c", "d"], [("a", "b"), ("b", "c"), ("c", "a"), ("a", "d"), ("c", "d")])
    assert placed.layers == 4
    assert [placed.places[key][0] for key in "abcd"] == [0, 1, 2, 3]
    assert len(set(placed.places.values())) == 4
    assert len(placed.ways["a", "d"]) == 4
    assert placed.ways["c", "a"][0] == placed.places["c"]
    assert layout([], []).layers == 0


def test_as_markdown_it_carries_itself() -> None:
    text = as_markdown("<svg/>", "the [change]")
    found = re.fullmatch(r"!\[the change\]\(data:image/svg\+xml;base64,([^)]+)\)", text)
    assert found is not None
    assert base64.b64decode(found[1]) == b"<svg/>"
    assert picture_file("sha256:" + "a" * 64) == "topology-aaaaaaaaaaaa.svg"


@requires_chromium
@pytest.mark.slow
def test_a_browser_shows_it(tmp_path: Path) -> None:
    svg = picture(drawn(BASE, HEAD))
    assert svg is not None
    (tmp_path / "a.svg").write_text(svg)
    assert CHROMIUM is not None
    flags = ("--headless", "--no-sandbox", "--disable-gpu", f"--screenshot={tmp_path / 'a.png'}")
    subprocess.run(
        [CHROMIUM, *flags, (tmp_path / "a.svg").as_uri()], check=True, capture_output=True, timeout=60
    )
    assert (tmp_path / "a.png").stat().st_size > 5_000
