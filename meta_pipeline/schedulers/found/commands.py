"""The commands by which a repository lints and tests itself."""

import configparser
import posixpath
import re
import shlex
from collections.abc import Iterable, Sequence

from meta_pipeline.delivery.tree import Tree, text_of
from meta_pipeline.schedulers.found.answer import Answer, Doubt, is_below, listed, own_paths
from meta_pipeline.schedulers.found.makefile import read_makefile
from meta_pipeline.schedulers.found.python import table, toml_of

LINT = "commands.lint"
UNIT_TESTS = "commands.unit_tests"
INTEGRATION_TESTS = "commands.integration_tests"

_TEST_FILE = re.compile(r"(?:test_[^/]*|[^/]*_test)\.py")
_TEST_FOLDER = re.compile(r"(?:unit|integration)?tests?|[a-z0-9_-]+[_-]tests?")
_INTEGRATION_FOLDER = re.compile(
    r"(?:integration|e2e|end_to_end|functional|system|acceptance)(?:[_-]?tests?)?"
)
_A_TEST = re.compile(r"^[ \t]*(?:async\s+)?def test|^class Test", re.MULTILINE)
_HOOK = re.compile(r"^[ \t]*-?[ \t]*id:[ \t]*[\"']?(?P<id>ruff(?:-check)?|flake8)\b", re.MULTILINE)
_HOOKS = ".pre-commit-config.yaml"


def lint_command(tree: Tree) -> Answer[str | None]:
    """`make lint`, else the linter that the repository configures; None, with a doubt, where there is neither."""
    makefile = read_makefile(tree)
    passed_over = ""
    if makefile and "lint" in makefile.targets:
        obstacle = makefile.obstacle("lint")
        if obstacle is None:
            return Answer("make lint", f"{makefile.path} has the target lint")
        passed_over = f"'make lint' {obstacle}, which a check in the sandbox cannot do"
    ruff, flake8 = _configures_ruff(tree), _configures_flake8(tree)
    hook = _HOOK.search(text_of(tree, _HOOKS) or "")
    if ruff or (hook and hook["id"].startswith("ruff")):
        reason = f"{ruff} configures ruff" if ruff else f"{_HOOKS} runs ruff"
        return Answer("ruff check .", _and(reason, passed_over))
    if flake8 or hook:
        reason = f"{flake8} configures flake8" if flake8 else f"{_HOOKS} runs flake8"
        return Answer("flake8", _and(reason, passed_over))
    why = passed_over or (
        f"{_HOOKS} is there, but pre-commit fetches its hooks and the sandbox has no network"
        if text_of(tree, _HOOKS) is not None
        else "no lint command was found"
    )
    return Answer(None, doubts=(Doubt(LINT, f"{why}; name a command under {LINT}.", "lint: ruff check ."),))


def run_lines(tree: Tree, command: str | None) -> tuple[str, ...]:
    """What a command runs: the command itself, or the recipe behind `make <target>`."""
    makefile = read_makefile(tree)
    program, _, target = (command or "").partition(" ")
    return makefile.lines(target) if makefile and program == "make" else (command or "",)


def unit_test_command(tree: Tree) -> Answer[str | None]:
    """Pytest on the folders of tests that are no integration tests, else `make test`; None where there are no tests."""
    files = _test_files(tree)
    integration = _integration_folders(files)
    rest = [path for path in files if not any(is_below(path, folder) for folder in integration)]
    if rest:
        folders = _folders_without(rest, integration)
        reason = f"{listed(folders)} {'holds' if len(folders) == 1 else 'hold'} {_count(rest, 'test file')}"
        return Answer(_pytest(folders), reason)
    makefile = read_makefile(tree)
    why = "no unit test was found" if files else "no test was found"
    if makefile and "test" in makefile.targets:
        obstacle = makefile.obstacle("test")
        if obstacle is None:
            return Answer("make test", f"{makefile.path} has the target test")
        why = f"'make test' {obstacle}, which a check in the sandbox cannot do"
    example = "unit_tests: python -m pytest tests -q"
    return Answer(None, doubts=(Doubt(UNIT_TESTS, f"{why}; name a command under {UNIT_TESTS}.", example),))


def integration_test_command(tree: Tree) -> Answer[str | None]:
    """Pytest on the folders that are called integration tests; None where there are none, which is no doubt."""
    files = _test_files(tree)
    folders = _integration_folders(files)
    if not folders:
        return Answer(None)
    held = [path for path in files if any(is_below(path, folder) for folder in folders)]
    verb = "holds" if len(folders) == 1 else "hold"
    return Answer(_pytest(folders), f"{listed(folders)} {verb} {_count(held, 'test file')}")


def _and(reason: str, passed_over: str) -> str:
    return f"{reason}; {passed_over}" if passed_over else reason


def _count(items: Sequence[str], what: str) -> str:
    return f"{len(items)} {what}{'' if len(items) == 1 else 's'}"


def _pytest(folders: Iterable[str]) -> str:
    # A folder that begins with a dash would be read as an option.
    places = [f"./{folder}" if folder.startswith("-") else folder for folder in folders]
    return f"python -m pytest {shlex.join(places)} -q"


def is_test_folder(path: str) -> bool:
    """Whether a folder, or one above it, is named for tests."""
    return any(_TEST_FOLDER.fullmatch(part) for part in path.split("/"))


def _test_files(tree: Tree) -> list[str]:
    """The files with tests for pytest in folders named for tests: a `test_*.py` among pipelines may be a pipeline."""
    return [
        path
        for path in own_paths(tree)
        if _TEST_FILE.fullmatch(posixpath.basename(path))
        and is_test_folder(posixpath.dirname(path))
        and _A_TEST.search(text_of(tree, path) or "")
    ]


def _integration_folders(files: Iterable[str]) -> list[str]:
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


def _folders_without(files: Iterable[str], excluded: Sequence[str]) -> list[str]:
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


def _configures_ruff(tree: Tree) -> str | None:
    for path in (".ruff.toml", "ruff.toml"):
        if text_of(tree, path) is not None:
            return path
    return "pyproject.toml" if "ruff" in table(toml_of(tree, "pyproject.toml"), "tool") else None


def _configures_flake8(tree: Tree) -> str | None:
    for path in (".flake8", "setup.cfg", "tox.ini"):
        parser = configparser.RawConfigParser(strict=False)
        try:
            parser.read_string(text_of(tree, path) or "")
        except configparser.Error:
            continue
        if parser.has_section("flake8"):
            return path
    return None
