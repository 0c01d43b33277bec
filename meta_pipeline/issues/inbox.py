"""The inbox: issue files committed in the target, one change request each."""

import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal, cast

from meta_pipeline.delivery.issue import NO_RESPONSE, Issue, Section
from meta_pipeline.delivery.tree import Tree
from meta_pipeline.issues.front_matter import IssueError, read_front_matter
from meta_pipeline.policy import INBOX

__all__ = [
    "InboxEntry",
    "IssueError",
    "issue_number",
    "list_inbox",
    "read_issue",
    "render_issue_template",
]

MAX_BYTES = 1_000_000
FIRST_SECTION = "What should change"

_NUMBERED = re.compile(r"(\d+)(?!\w)")
_HEADING = re.compile(r"#{2,4}[ \t]+(?P<heading>\S.*?)[ \t]*#*")
_CODE_FENCE = re.compile(r"[ \t]{0,3}(`{3,}|~{3,})")

_FORM: tuple[tuple[str, str], ...] = (
    (FIRST_SECTION, "What happens today, what should happen instead, and why."),
    ("Pipelines", "- `the_dag`"),
    ("Datasets", "- `the_table`"),
    (
        "Acceptance criteria",
        (
            "- Retries of `the_dag.the_task` are at least 3\n"
            "- Retry delay of `the_dag.the_task` is at least 5 minutes\n"
            "- Run time of `the_dag` is at most 10 minutes"
        ),
    ),
    ("Service level", NO_RESPONSE),
    ("Upstream schema", NO_RESPONSE),
    ("Environments and windows", NO_RESPONSE),
    ("Dashboards and alerts", NO_RESPONSE),
    ("Backfill", NO_RESPONSE),
    ("Notes", NO_RESPONSE),
)


@dataclass(frozen=True, slots=True)
class InboxEntry:
    """One issue file. `content` identifies its bytes; `error` says why the file cannot become a delivery."""

    path: str
    number: str
    content: str
    error: str | None = None


def read_issue(text: str, path: str) -> Issue:
    """Read one issue: YAML front matter, then `### Heading` sections as a GitHub issue form writes them.

    `path` is named in errors and becomes the issue's. Raises `IssueError` with file, line and mend.
    """
    size = len(text.encode("utf-8", errors="replace"))
    if size > MAX_BYTES:
        raise IssueError(
            path, 1, f"the issue has {size} bytes", f"keep it below {MAX_BYTES}; link to logs and data"
        )
    lines = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    front = read_front_matter(lines, path)
    sections = _sections(lines, front.lines, path)
    if all(section.text.strip() in ("", NO_RESPONSE) for section in sections):
        raise IssueError(
            path, front.lines, "the issue says nothing below its front matter", f"fill in '{FIRST_SECTION}'"
        )
    return Issue(
        title=front.title,
        requester=front.requester,
        sections=sections,
        path=path,
        labels=front.labels,
        status=cast(Literal["open", "closed"], front.status),
        reopens=front.reopens,
    )


def _sections(lines: list[str], start: int, path: str) -> tuple[Section, ...]:
    body = _without_comments("\n".join(lines[start:])).split("\n")
    found: list[Section] = []
    heading, begun = FIRST_SECTION, 0
    heading_lines: dict[str, int] = {}
    fence: str | None = None

    def close(end: int) -> None:
        content = body[begun:end]
        while content and not content[0].strip():
            content.pop(0)
        text = "\n".join(content).rstrip()
        line = start + end - len(content) + 1
        if heading.casefold() in heading_lines or text:
            heading_lines.setdefault(heading.casefold(), line)
            found.append(Section(heading=heading, text=text, line=line))

    for index, line in enumerate(body):
        marker = _CODE_FENCE.match(line)
        if marker:
            fence = None if fence and marker[1].startswith(fence) else (fence or marker[1])
        match = None if fence else _HEADING.fullmatch(line.rstrip())
        if match is None:
            continue
        close(index)
        heading, begun = match["heading"], index + 1
        number = start + index + 1
        known = heading_lines.setdefault(heading.casefold(), number)
        if known != number:
            raise IssueError(
                path,
                number,
                f"the section '{heading}' stands here and on line {known}",
                "make them one section",
            )
    close(len(body))
    return tuple(found)


def _without_comments(text: str) -> str:
    """The text with HTML comments cut out and every line still on its number."""
    # A regular expression would search to the end again for each comment that nobody closes.
    kept: list[str] = []
    position = 0
    while (start := text.find("<!--", position)) >= 0 and (end := text.find("-->", start)) >= 0:
        kept += [text[position:start], "\n" * text.count("\n", start, end)]
        position = end + len("-->")
    return "".join([*kept, text[position:]])


def issue_number(path: str) -> str:
    """The leading digits of an issue's file name, as written: `0007` of `0007-retry.md`."""
    name = PurePosixPath(path).name
    match = _NUMBERED.match(name)
    if match is None or not name.endswith(".md"):
        raise IssueError(path, 1, "the file name has no issue number", "name it as 0007-what-it-wants.md")
    return match[1]


def list_inbox(tree: Tree) -> tuple[InboxEntry, ...]:
    """The issue files of a commit, in the order of their paths; `README.md` and other folders are no issues.

    A file without a number, and each of two files with one number, is an entry with an `error`.
    """
    entries = {
        path: entry
        for path, entry in sorted(tree.entries().items())
        if PurePosixPath(path).parent.as_posix() == INBOX
        and path.endswith(".md")
        and PurePosixPath(path).name.casefold() != "readme.md"
    }
    numbers: dict[str, str] = {}
    errors: dict[str, str] = {}
    for path in entries:
        try:
            numbers[path] = issue_number(path)
        except IssueError as error:
            errors[path] = str(error)
    return tuple(
        InboxEntry(path, numbers.get(path, ""), entry.content, errors.get(path) or _double(path, numbers))
        for path, entry in entries.items()
    )


def _double(path: str, numbers: dict[str, str]) -> str | None:
    same = sorted(other for other, number in numbers.items() if int(number) == int(numbers[path]))
    if len(same) == 1:
        return None
    return f"{path}:1: the number {numbers[path]} is taken by {' and '.join(same)}; give one of them a new number."


def render_issue_template() -> str:
    """An issue form to fill in; it can be read as it stands."""
    sections = "\n".join(f"### {heading}\n\n{text}\n" for heading, text in _FORM)
    return f"---\ntitle: What you want, in one line\nrequester: your-team\nlabels: []\nstatus: open\n---\n\n{sections}"
