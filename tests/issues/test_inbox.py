import pytest

from meta_pipeline.delivery.tree import MemoryTree
from meta_pipeline.issues.inbox import (
    MAX_BYTES,
    IssueError,
    issue_number,
    list_inbox,
    read_issue,
    render_issue_template,
)

FRONT = "---\ntitle: Retry the load\nrequester: sales-data\n---\n"
BODY = "\n### What should change\n\nThe load retries.\n"


def test_an_issue_is_read_with_the_lines_of_its_sections() -> None:
    text = (
        "---\ntitle: Retry the load\nrequester: sales-data\nlabels: [reliability]\nstatus: closed\n---\n\n"
        "Before any heading.\n\n## Acceptance criteria\n\n- one\n- two\n\n#### Backfill\n\n_No response_\n"
    )

    issue = read_issue(text, "7.md")

    assert (issue.title, issue.requester, issue.labels, issue.status) == (
        "Retry the load",
        "sales-data",
        ("reliability",),
        "closed",
    )
    assert [section.heading for section in issue.sections] == [
        "What should change",
        "Acceptance criteria",
        "Backfill",
    ]
    for section in issue.sections:
        assert text.split("\n")[section.line - 1 :][0] == section.text.split("\n")[0]
    assert issue.section("Backfill") is None


@pytest.mark.parametrize("text", [f"\ufeff{FRONT}{BODY}", f"{FRONT}{BODY}".replace("\n", "\r\n")])
def test_a_byte_order_mark_and_windows_line_ends_change_nothing(text: str) -> None:
    assert read_issue(text, "7.md") == read_issue(f"{FRONT}{BODY}", "7.md")


def test_a_heading_in_a_code_block_or_a_comment_begins_no_section() -> None:
    body = "\n### What should change\n\n```\n### not one\n```\n<!--\n### nor this\n-->\nText.\n"

    issue = read_issue(FRONT + body, "7.md")

    assert [section.heading for section in issue.sections] == ["What should change"]


@pytest.mark.parametrize(
    "text, says",
    [
        ("", "7.md:1: the issue has no front matter; begin with"),
        (BODY, "7.md:1: the issue has no front matter"),
        ("---\ntitle: x\n", "7.md:1: the front matter is not closed"),
        ("---\n- a\n---\n" + BODY, "7.md:2: the front matter is not a mapping"),
        ("---\n---\n" + BODY, "7.md:2: the front matter is not a mapping"),
        ("---\ntitle: x: y\nrequester: a\n---\n" + BODY, "7.md:2: the front matter is not YAML"),
        ("---\ntitle: x\n---\n" + BODY, "the issue has no requester; add 'requester: ...'"),
        ("---\nrequester: x\ntitle:\n---\n" + BODY, "7.md:3: the issue has no title"),
        (
            "---\ntitle: x\nrequester: a\nlabel: b\n---\n" + BODY,
            "7.md:4: unknown key 'label'; write 'labels'",
        ),
        ("---\ntitle: x\nrequester: a\nstatus: done\n---\n" + BODY, "7.md:4: status 'done' is unknown"),
        ("---\ntitle: x\nrequester: a\nlabels: {a: b}\n---\n" + BODY, "7.md:4: 'labels' is not a list"),
        ("---\ntitle: x\ntitle: y\nrequester: a\n---\n" + BODY, "7.md:3: the front matter is not YAML"),
        ("---\ntitle: [x]\nrequester: a\n---\n" + BODY, "7.md:2: 'title' is not a text"),
        (FRONT, "the issue says nothing"),
        (f"{FRONT}\n### Backfill\n\n_No response_\n", "the issue says nothing"),
        (
            f"{FRONT}{BODY}\n## what should change\n\nMore.\n",
            "7.md:10: the section 'what should change' stands here and on line 6",
        ),
        (f"{FRONT}First.\n{BODY}", "7.md:7: the section 'What should change' stands here and on line 5"),
        (FRONT + BODY + "x" * MAX_BYTES, "7.md:1: the issue has 1000"),
    ],
)
def test_what_is_wrong_is_one_sentence_with_the_line(text: str, says: str) -> None:
    with pytest.raises(IssueError, match=r"7\.md:\d+: .*; .*\.$") as error:
        read_issue(text, "7.md")

    assert says in str(error.value)


def test_the_number_is_what_the_file_name_begins_with() -> None:
    assert issue_number(".meta-pipeline/issues/0007-retry.md") == "0007"
    for path in ("retry.md", "7a-retry.md", "0007.txt"):
        with pytest.raises(IssueError, match=r"name it as 0007-what-it-wants\.md"):
            issue_number(path)


def test_the_inbox_lists_issue_files_and_says_which_cannot_be_used() -> None:
    folder = ".meta-pipeline/issues"
    tree = MemoryTree.of(
        {
            f"{folder}/0001-a.md": "a",
            f"{folder}/0002-b.md": "b",
            f"{folder}/2-c.md": "c",
            f"{folder}/idea.md": "d",
            f"{folder}/README.md": "about",
            f"{folder}/old/0003-e.md": "e",
            "docs/0004-f.md": "f",
        }
    )

    entries = {entry.path.rpartition("/")[2]: entry for entry in list_inbox(tree)}

    assert list(entries) == ["0001-a.md", "0002-b.md", "2-c.md", "idea.md"]
    assert (entries["0001-a.md"].number, entries["0001-a.md"].error) == ("0001", None)
    assert entries["0001-a.md"].content == tree.entries()[f"{folder}/0001-a.md"].content
    for name in ("0002-b.md", "2-c.md"):
        assert f"{folder}/0002-b.md and {folder}/2-c.md" in (entries[name].error or "")
    assert "no issue number" in (entries["idea.md"].error or "")


def test_the_template_is_an_issue() -> None:
    issue = read_issue(render_issue_template(), "7.md")

    assert issue.section("Acceptance criteria") is not None
    assert issue.section("Backfill") is None
