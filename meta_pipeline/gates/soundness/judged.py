"""Which files of a change are judged by what they say: not templates, samples, or code of others."""

import re
from collections.abc import Iterator

from meta_pipeline.delivery.change import Change
from meta_pipeline.delivery.file_kinds import is_of_others
from meta_pipeline.delivery.tree import REGULAR, SYMLINK, FileChange
from meta_pipeline.gates.change.hunks import hunks_of

_SAMPLE = re.compile(
    r"(?:^|/)(?:tests?|testing|docs?|examples?|samples?|fixtures?)/(?:.*/)?"
    r"(?:fixtures?|data|resources?|testdata|test_data|snippets?|samples?|bad|broken|invalid|golden|snapshots?)"
    r"(?:/|_|[^/]*$)"
)
_TEMPLATE_PATH = re.compile(r"\{\{|\{%|(?:^|/)(?:templates?|cookiecutter[^/]*|scaffold(?:s|ing)?)/")
_TEMPLATE_MARK = re.compile(rb"\{\{|\{%|<%")
_LARGEST = 2_000_000


def changed(change: Change, endings: tuple[str, ...]) -> Iterator[FileChange]:
    """The plain files of these endings that are there after the change and are the repository's own."""
    for file in change.files:
        if (
            file.new is not None
            and file.path.endswith(endings)
            and file.new_mode not in (SYMLINK, None)
            and len(file.new) <= _LARGEST
            and not is_of_others(file.path)
        ):
            yield file


def may_be_unreadable(file: FileChange) -> bool:
    """Whether a new file may be meant not to be read as it is: a template to be filled in, or a sample of a test."""
    new = file.new or b""
    if _TEMPLATE_PATH.search(file.path) and _TEMPLATE_MARK.search(new):
        return True
    return bool(_TEMPLATE_PATH.search(file.path) and "{" in file.path) or bool(_SAMPLE.search(file.path))


def blamed(file: FileChange, line: int) -> int:
    """The changed line at which what could be read before no longer can, where a parser gave up at `line`.

    A parser misses a bracket or a quote only lines after it, and of what never ends it names the beginning. So the
    last changed place that is not behind that line is to blame, else the first one behind it.
    """
    hunks = list(hunks_of(file))
    before = [hunk for hunk in hunks if hunk.at <= line]
    if not before:
        return hunks[0].at if hunks else line
    numbers = [added.number for added in before[-1].added if added.number <= line]
    return max(numbers, default=before[-1].at)


def holds_template(text: bytes) -> bool:
    """Whether a text has marks of a template language."""
    return bool(_TEMPLATE_MARK.search(text))


def is_plain(mode: str | None) -> bool:
    """Whether a git mode is that of a file with content of its own."""
    return mode is not None and mode.startswith(REGULAR[:3])
