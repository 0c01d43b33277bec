"""The YAML block at the top of an issue: its keys, each with the line it stands on."""

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.error import YAMLError

FENCE = "---"
KEYS = ("title", "requester", "labels", "status", "reopens")
STATUSES = ("open", "closed")


class IssueError(ValueError):
    """An issue cannot be read; the text says file, line, what is wrong and how to mend it."""

    def __init__(self, path: str, line: int, what: str, mend: str) -> None:
        super().__init__(f"{path}:{line}: {what}; {mend}.")


@dataclass(frozen=True, slots=True)
class FrontMatter:
    """The checked keys of an issue, and the number of its lines that they and the fences take."""

    title: str
    requester: str
    labels: tuple[str, ...]
    status: str
    reopens: str | None
    lines: int


def read_front_matter(lines: list[str], path: str) -> FrontMatter:
    """The front matter of an issue given as lines; `IssueError` where it is missing or wrong."""
    if not lines or lines[0].rstrip() != FENCE:
        raise IssueError(
            path, 1, "the issue has no front matter", "begin with '---', 'title:', 'requester:' and '---'"
        )
    end = next((number for number, line in enumerate(lines[1:], 1) if line.rstrip() == FENCE), None)
    if end is None:
        raise IssueError(
            path, 1, "the front matter is not closed", "write '---' on a line after its last key"
        )
    document = _load("\n".join(lines[1:end]), path)
    _refuse_unknown(document, path)
    return FrontMatter(
        title=_text(document, "title", path),
        requester=_text(document, "requester", path),
        labels=_labels(document, path),
        status=_status(document, path),
        reopens=_text(document, "reopens", path) if document.get("reopens") is not None else None,
        lines=end + 1,
    )


def _load(text: str, path: str) -> CommentedMap:
    try:
        document = YAML(typ="rt").load(text)
    except YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or "it cannot be parsed"
        line = mark.line + 2 if mark else 2
        mend = "mend the line, and quote a text that holds ': ' or ' #'"
        raise IssueError(path, line, f"the front matter is not YAML: {problem}", mend) from error
    if not isinstance(document, CommentedMap):
        raise IssueError(
            path, 2, "the front matter is not a mapping of keys", "write 'title: ...' and 'requester: ...'"
        )
    return document


def _line_of(document: CommentedMap, key: object) -> int:
    # Line 1 is the opening fence, and ruamel counts from 0.
    return int(document.lc.key(key)[0]) + 2 if key in document else 1


def _refuse_unknown(document: Mapping[Any, Any], path: str) -> None:
    assert isinstance(document, CommentedMap)
    for key in document:
        if key not in KEYS:
            near = get_close_matches(str(key), KEYS, n=1)
            mend = f"write '{near[0]}'" if near else f"the keys are {', '.join(KEYS)}"
            raise IssueError(path, _line_of(document, key), f"unknown key '{key}'", mend)


def _text(document: CommentedMap, key: str, path: str) -> str:
    value = document.get(key)
    if value is None or (isinstance(value, str) and not value.strip()):
        raise IssueError(path, _line_of(document, key), f"the issue has no {key}", f"add '{key}: ...'")
    if not isinstance(value, str | int | float):
        raise IssueError(path, _line_of(document, key), f"'{key}' is not a text", "write one line of text")
    return str(value).strip()


def _labels(document: CommentedMap, path: str) -> tuple[str, ...]:
    value = document.get("labels")
    if value is None:
        return ()
    items = [value] if isinstance(value, str) else value
    if not isinstance(items, list) or not all(isinstance(item, str | int | float) for item in items):
        raise IssueError(
            path, _line_of(document, "labels"), "'labels' is not a list of words", "write [first, second]"
        )
    return tuple(str(item) for item in items)


def _status(document: CommentedMap, path: str) -> str:
    value = document.get("status", "open")
    if value not in STATUSES:
        raise IssueError(
            path, _line_of(document, "status"), f"status '{value}' is unknown", "write open or closed"
        )
    return str(value)
