"""Workflow commands as the runner of GitHub Actions reads them."""

import re

from meta_pipeline.cli.check_formats import github
from tests.cli.check_formats.made import HOSTILE_MESSAGE, HOSTILE_PATH, finding, gate, judged

COMMAND = re.compile(r"::(?P<name>\w+) (?P<properties>[^:]*)::(?P<data>.*)")


def read(line: str) -> tuple[str, dict[str, str], str]:
    """A command as the runner takes it apart."""
    found = COMMAND.fullmatch(line)
    assert found, line
    pairs = dict(each.split("=", 1) for each in found["properties"].split(",") if each)
    return found["name"], {name: unescaped(value) for name, value in pairs.items()}, unescaped(found["data"])


def unescaped(text: str) -> str:
    for sign in "\r\n:,":
        text = text.replace(f"%{ord(sign):02X}", sign)
    return text.replace("%25", "%")


def test_each_outcome_has_its_command() -> None:
    found = judged(
        "blocked",
        gate("CHG001", "passed"),
        gate("CHG002", "not_applicable"),
        gate("CHG003", "could_not_run", reason="ruff is missing"),
        gate("CHG004", "failed", finding()),
        gate("CHG005", "needs_approval", finding(line=None)),
        gate("CHG006", "warned", finding(path=None, line=None)),
    )
    lines = list(github.commands(found, summary=False))
    assert [read(line) for line in lines[:4]] == [
        (
            "error",
            {"file": "dags/a.py", "line": "3", "title": "CHG004 destructive-change: failed"},
            "it is removed\nmend: keep it",
        ),
        ("error", {"title": "CHG003 destructive-change: could not run"}, "ruff is missing"),
        (
            "warning",
            {"file": "dags/a.py", "title": "CHG005 destructive-change: needs approval"},
            "it is removed\nmend: keep it",
        ),
        ("notice", {"title": "CHG006 destructive-change: warned"}, "it is removed\nmend: keep it"),
    ]
    assert lines[4:] == ["verdict: blocked", "next: mend what failed"]


def test_no_name_and_no_message_forges_a_command() -> None:
    found = judged("blocked", gate("CHG004", "failed", finding(path=HOSTILE_PATH, message=HOSTILE_MESSAGE)))
    first, *others = "\n".join(github.commands(found, summary=False)).splitlines()
    name, properties, data = read(first)
    assert name == "error"
    assert properties["file"] == HOSTILE_PATH.replace("\n", r"\n").replace("\x1b", r"\x1b").replace(
        "\u202e", r"\u202e"
    )
    assert "::warning::forged\\r\n# Approved" in data
    assert "\x1b" not in first
    assert others == ["verdict: blocked", "next: mend what failed"]


def test_a_plain_line_is_no_command() -> None:
    found = judged("pass", notes=("##[add-path]x has no policy\n::error::y",))
    note, *_ = github.commands(found, summary=False)
    assert note == r"note: ## [add-path]x has no policy\n: :error: :y"


def test_more_than_github_shows_is_counted() -> None:
    many = [finding(line=number) for number in range(1, 13)]
    found = judged("blocked", gate("CHG004", "failed", *many), gate("CHG005", "needs_approval", *many[:10]))
    lines = list(github.commands(found, summary=True))
    assert sum(line.startswith("::error ") for line in lines) == 10
    assert sum(line.startswith("::warning ") for line in lines) == 10
    assert "2 more than GitHub shows beside the code; all of them are in the summary of this step" in lines
