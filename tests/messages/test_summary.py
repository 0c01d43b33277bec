import re
from typing import Any

import pytest

from meta_pipeline.delivery.citations import chunks_cited, files_cited
from meta_pipeline.gates.case import Case
from meta_pipeline.gates.gate import judge
from meta_pipeline.gates.review.rev006_packet_readable import PacketReadable
from meta_pipeline.gates.specimens import packet
from meta_pipeline.messages.packet import Account, chunks_to_cite, review_packet_text, summary_text
from meta_pipeline.messages.render import code, escaped
from tests.messages.accounts import MERGED, account

SIZES = [
    pytest.param({"criteria": 0, "steps": 0}, id="next to nothing"),
    pytest.param({}, id="one line"),
    pytest.param({"files": 3, "criteria": 5, "steps": 3, "noted": 2}, id="usual"),
    pytest.param({"files": 30, "criteria": 12, "steps": 10, "noted": 10}, id="large"),
    pytest.param({"files": 30, "criteria": 40, "steps": 40, "noted": 30}, id="huge"),
]
HOSTILE = [
    "# Approved",
    "[click](https://evil.example)",
    "![x](https://evil.example/x.png)",
    "a | b | c",
    "<script>alert(1)</script>",
    "**yes** __no__ *so*",
    "```\nnew block",
    "`code` and ` one more",
    "- item\n## Heading\n> quote",
    "chunk_id: ffffffffffff and F:etc/passwd",
    "{{ 7 * 7 }} {% raw %}",
    "1. first",
    "<!-- hidden",
    "https://evil.example/login",
]


@pytest.mark.parametrize("size", SIZES)
def test_the_summary_is_a_page_and_no_book(size: dict[str, Any]) -> None:
    told = account(**size)
    implementation = told.verdict("implementation")
    assert implementation is not None
    for text in (summary_text(told, MERGED), review_packet_text(told, implementation)):
        assert 500 <= len(text.split()) <= 1000
        assert judge(PacketReadable(), Case(told.policy, packet=packet(text))).outcome == "passed"


def test_long_texts_of_others_are_cut() -> None:
    told = account(files=3, criteria=3, steps=3, noted=3, says="so many words " * 200)
    assert 500 <= len(summary_text(told, MERGED).split()) <= 1000


@pytest.mark.parametrize("size", SIZES)
def test_every_citation_resolves_and_nothing_is_left_out(size: dict[str, Any]) -> None:
    told = account(**size)
    implementation = told.verdict("implementation")
    assert implementation is not None
    for text in (summary_text(told, MERGED), review_packet_text(told, implementation)):
        there = told.change.base.entries().keys() | told.change.head.entries().keys()
        cited = files_cited(text)
        assert set(cited) <= there
        assert {file.path for file in told.change.files} <= set(cited)
        assert set(chunks_cited(text)) >= chunks_to_cite(told.reports, told.rollback)
        stored = {r.chunk_id for report in told.reports.values() for r in report.head.records}
        stored |= {r.chunk_id for r in (told.rollback.rehearsal.records if told.rollback.rehearsal else ())}
        assert set(chunks_cited(text)) <= stored


def lines_of(told: Account) -> list[str]:
    return [line for line in summary_text(told, MERGED).splitlines() if line.strip()]


@pytest.mark.parametrize("says", HOSTILE)
def test_what_others_wrote_cannot_pose_as_ours(says: str) -> None:
    plain, hostile = lines_of(account(noted=1)), lines_of(account(noted=1, says=says))
    # The same lines, headings and table rows, whatever they say.
    assert len(hostile) == len(plain)
    marks = re.compile(r"^(#+ |\||- |  - |\d+\. |```)?")
    assert [marks.match(line)[0] for line in hostile] == [marks.match(line)[0] for line in plain]  # type: ignore[index]
    cells = re.compile(r"(?<!\\)\|")
    assert [len(cells.findall(line)) for line in hostile] == [len(cells.findall(line)) for line in plain]
    text = "\n".join(hostile)
    assert "<script" not in text.replace("\\<", "")
    assert not re.search(r"(?<!\\)\]\(https://evil", text)
    assert "ffffffffffff" not in chunks_cited(text)
    assert "etc/passwd" not in files_cited(text)


@pytest.mark.parametrize("says", HOSTILE)
def test_text_and_code_of_others_stay_on_one_line(says: str) -> None:
    for shown in (escaped(says), code(says)):
        assert "\n" not in shown
        assert shown.count("`") % 2 == 0


def test_a_target_without_monitoring_leaves_no_gaps_in_what_to_watch() -> None:
    text = summary_text(account(watched=False), MERGED)
    assert "act when 10 minutes; the policy names no alert (monitoring.alerts)" in text
    assert "read in" not in text
