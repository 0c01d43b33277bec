"""Where a repository's tests are, and which of them are integration tests."""

import posixpath
import re
from collections.abc import Iterable, Sequence

from meta_pipeline.delivery.tree import Tree, text_of
from meta_pipeline.schedulers.found.answer import is_below, own_paths

_TEST_FILE = re.compile(r"(?:test_[^/]*|[^/]*_test)\.py")
_TEST_FOLDER = re.compile(r"_?(?:unit|integration)?tests?|[a-z0-9_-]+[_-]tests?")
_INTEGRATION = r"(?:integration|e2e|end_to_end|functional|system|acceptance)"
_INTEGRATION_FOLDER = re.compile(rf"{_INTEGRATION}(?:[_-]?tests?)?")
_INTEGRATION_WORD = re.compile(
    r"(?<!continuous[ _-])(?<![a-z])(?:integration|e2e|end[ _-]to[ _-]end)(?![a-z])", re.IGNORECASE
)
_A_TEST = re.compile(r"^[ \t]*(?:async\s+)?def test|^class Test", re.MULTILINE)


def is_test_folder(path: str) -> bool:
    """Whether a folder, or one above it, is named for tests."""
    return any(_TEST_FOLDER.fullmatch(part) for part in path.split("/"))


def says_integration(text: str) -> bool:
    """Whether the name of a job, a marker or a folder speaks of integration tests."""
    return bool(_INTEGRATION_WORD.search(text))


def test_files(tree: Tree) -> list[str]:
    """The files with tests for pytest in folders named for tests: a `test_*.py` among pipelines may be a pipeline."""
    return [
        path
        for path in own_paths(tree)
        if _TEST_FILE.fullmatch(posixpath.basename(path))
        and is_test_folder(posixpath.dirname(path))
        and _A_TEST.search(text_of(tree, path) or "")
    ]


def integration_folders(files: Iterable[str]) -> list[str]:
    """The folders among those of `files` that are named for integration tests."""
    found = set()
    for path in files:
        parts = path.split("/")[:-1]
        for number, part in enumerate(parts, start=1):
            # A package `system` holds no tests, unless it lies among tests or says so.
            among_tests = any(_TEST_FOLDER.fullmatch(name) for name in parts[:number])
            if among_tests and _INTEGRATION_FOLDER.fullmatch(part):
                found.add("/".join(parts[:number]))
                break
    return sorted(found)


def folders_without(files: Iterable[str], excluded: Sequence[str]) -> list[str]:
    """The fewest folders or files that hold all of `files` and none of the excluded folders."""
    found: set[str] = set()
    for path in files:
        parts = path.split("/")
        first = next(number for number, part in enumerate(parts, start=1) if _TEST_FOLDER.fullmatch(part))
        for count in range(first, len(parts) + 1):
            place = "/".join(parts[:count])
            if not any(folder == place or is_below(folder, place) for folder in excluded):
                found.add(place)
                break
    return sorted(found)
