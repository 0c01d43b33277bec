"""The comment on a pull request."""

import pytest

from meta_pipeline.cli.check_formats import markdown
from meta_pipeline.cli.check_formats.escaping import code, visible
from meta_pipeline.cli.check_formats.markdown import Links
from tests.cli.check_formats.made import HOSTILE_MESSAGE, HOSTILE_PATH, finding, gate, judged, waived

NO_LINKS = Links(None)
GITHUB = {"GITHUB_SERVER_URL": "https://github.example.com", "GITHUB_REPOSITORY": "shop/pipelines"}


def test_a_reader_sees_the_verdict_the_gates_and_the_mend() -> None:
    found = judged(
        "blocked",
        gate("CHG001", "passed"),
        gate("CHG004", "failed", finding(), reason="a task is removed"),
        gate("CHG006", "warned", finding(message="no retries")),
        gate("REV001", "not_applicable"),
    )
    page = markdown.page(found, NO_LINKS)
    assert page.startswith("## Blocked: this change must not be merged as it is\n")
    assert "| CHG004 destructive-change | failed | a task is removed |" in page
    assert "- `dags/a.py:3`: it is removed\n  **Mend:** keep it" in page
    assert page.index("**Next:** mend what failed") < page.index("<details><summary>Worth knowing (1)")
    assert "Nothing to judge here for REV001." in page
    assert "`dags/a.py:3`: no retries" in page.split("Worth knowing")[1]


@pytest.mark.parametrize(
    "outcome, verdict, heading",
    [
        ("needs_approval", "needs_approval", "## Needs approval: "),
        ("could_not_run", "blocked", "## Not judged: a gate could not run"),
        ("passed", "pass", "## Passed: "),
    ],
)
def test_the_heading_is_the_verdict(outcome: str, verdict: str, heading: str) -> None:
    page = markdown.page(judged(verdict, gate("CHG004", outcome)), NO_LINKS)  # type: ignore[arg-type]
    assert page.startswith(heading)


def test_places_are_links_to_the_commit_that_holds_the_file() -> None:
    found = judged(
        "blocked", gate("CHG004", "failed", finding(), finding(path="dags/gone é.py")), gone="dags/gone é.py"
    )
    page = markdown.page(found, Links.of_environment(GITHUB))
    root = "https://github.example.com/shop/pipelines/blob"
    assert f"[`dags/a.py:3`]({root}/{'a' * 40}/dags/a.py#L3)" in page
    assert f"[`dags/gone é.py:3`]({root}/{'b' * 40}/dags/gone%20%C3%A9.py#L3)" in page
    gitlab = Links.of_environment({"CI_PROJECT_URL": "https://gitlab.example.com/shop"})
    assert gitlab.to("c0", "a.py", None) == "https://gitlab.example.com/shop/-/blob/c0/a.py"
    assert Links.of_environment({}).to("c0", "a.py", 1) is None


def test_names_and_messages_are_text_and_nothing_else() -> None:
    hostile = finding(path=HOSTILE_PATH, message=HOSTILE_MESSAGE)
    page = markdown.page(
        judged("blocked", gate("CHG004", "failed", hostile, reason=HOSTILE_MESSAGE)), NO_LINKS
    )
    for sign in (
        "<script",
        "<img src=x>:",
        "\x1b",
        "\u202e",
        "@example-user",
        "#12",
        " [click]",
        "https:",
        "\n# Approved",
    ):
        assert sign not in page, sign
    (row,) = [line for line in page.splitlines() if line.startswith("| CHG004")]
    assert row.replace(r"\|", "").count("|") == 4
    assert page.count("</details>") == page.count("<details>")
    (place,) = [line for line in page.splitlines() if line.startswith("- ")]
    assert place.startswith("- ``dags/a|b`c\\n::error::")


@pytest.mark.parametrize(
    "text, shown",
    [("a.py", "`a.py`"), ("a`b", "``a`b``"), ("`a``b`", "``` `a``b` ```"), ("a\nb", r"`a\nb`")],
)
def test_code_holds_any_text(text: str, shown: str) -> None:
    assert code(text) == shown


def test_letters_of_all_languages_stay() -> None:
    assert visible("Größe 売上 é\u0301") == "Größe 売上 é\u0301"
    assert visible("a\u2066b\x7f\x85") == r"a\u2066b\x7f\x85"


def test_a_comment_fits_into_a_comment() -> None:
    many = [finding(line=number, message="x" * 500) for number in range(1, 2_000)]
    gates = (gate("CHG004", "failed", *many), gate("CHG006", "warned", *many))
    page = markdown.page(judged("blocked", *gates), NO_LINKS)
    assert len(page) < 65_536
    assert "more findings do not fit here" in page
    assert "**Next:** mend what failed" in page


def test_what_was_waived_stays_to_be_seen() -> None:
    page = markdown.page(judged("pass", gate("CHG004", "passed", waived(finding()))), NO_LINKS)
    assert "<details><summary>Waived (1)</summary>" in page
    assert "Waived: waived by owner@example.com" not in page
    assert "waived by owner@&#8203;example.com until 2026-12-31: agreed (waivers/1.yaml)" in page
