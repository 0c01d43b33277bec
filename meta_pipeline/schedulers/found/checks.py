"""The linters and test runners that a command calls, as checks: the same work, without edits and without reports."""

import posixpath
import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from meta_pipeline.schedulers.found.answer import below
from meta_pipeline.schedulers.found.shell_lines import Call

_LINTERS = (
    "ruff check",
    "flake8",
    "pylint",
    "sqlfluff lint",
    "mypy",
    "ruff format",
    "black",
    "isort",
    "yamllint",
    "dbt parse",
)
_AS_CHECK = {"sqlfluff fix": "sqlfluff lint", "sqlfluff format": "sqlfluff lint", "ruff": "ruff check"}
_MORE: Mapping[str, tuple[str, ...]] = {
    "ruff format": ("--check",),
    "black": ("--check",),
    "isort": ("--check-only",),
    "yamllint": ("-f", "parsable"),
}
_WITHOUT_PATHS = ("flake8", "mypy", "dbt parse", "sqlfluff lint")
"""The linters that know by themselves where to look."""

_LEFT_OUT = re.compile(
    r"-(?:-fix|-fix-only|-unsafe-fixes|-show-fixes|-exit-non-zero-on-fix|-diff|-force|f|-count|-statistics"
    r"|-show-source|q|-quiet|v+|-verbose|-check|-check-only|-no-cache)|--(?:output-format|format)=.*"
)
_LEFT_OUT_OF_TESTS = re.compile(
    r"-(?:q+|v+|x|s|-quiet|-verbose|-exitfirst|-disable-warnings|-lf|-ff|-color=.*|-tb=.*|-durations=.*"
    r"|-cov(?:-.*)?(?:=.*)?|-no-cov|-junit-?xml=.*|-html=.*|-self-contained-html|-maxfail=.*|n\d+|ra?|rA)"
)
_VALUE_LEFT_OUT = frozenset({"--output-format", "--format"})
_VALUE_LEFT_OUT_OF_TESTS = frozenset(
    {"--cov", "--cov-report", "--cov-config", "--junitxml", "--junit-xml", "-n", "--numprocesses"}
    | {"--html", "--maxfail", "--durations", "--tb", "--color"}
)
_TAKES_VALUE = frozenset(
    {
        "--config",
        "--config-file",
        "--rcfile",
        "--select",
        "--extend-select",
        "--ignore",
        "--exclude",
        "--extend-exclude",
    }
    | {
        "-c",
        "-d",
        "-j",
        "-l",
        "--dialect",
        "--jobs",
        "--line-length",
        "--profile",
        "--target-version",
        "--templater",
    }
)
_TAKES_VALUE_IN_TESTS = frozenset({"-m", "-k", "-p", "-c", "-o", "--ignore", "--deselect", "--rootdir"})


@dataclass(frozen=True, slots=True)
class Check:
    """One linter or test runner. `command` is what to type at the root of the repository.

    For tests, `places` are the files and folders that it names and `options` what else narrows them down.
    """

    kind: Literal["lint", "tests"]
    tool: str
    command: str
    places: tuple[str, ...] = ()
    options: tuple[str, ...] = ()

    @property
    def rank(self) -> int:
        """The smaller, the more a linter says of a change."""
        return _LINTERS.index(self.tool)


def check_of(call: Call) -> Check | None:
    """The check that a call makes; None where it is none, or where a variable hides what it looks at."""
    if not call.argv or not call.is_known:
        return None
    program, *words = call.argv
    if program in ("pytest", "py.test"):
        return _tests(words, call.folder)
    name = f"{program} {words[0]}" if words else program
    tool = _AS_CHECK.get(name, name if name in _LINTERS else _AS_CHECK.get(program, program))
    if tool not in _LINTERS or "--exit-zero" in words:
        return None
    if name in _LINTERS or name in _AS_CHECK:
        words = words[len(name.split()) - 1 :]
    return _lint(tool, words, call.folder)


def _lint(tool: str, words: Sequence[str], folder: str) -> Check:
    if tool == "dbt parse":
        kept = list(words)
        if folder != "." and not any(word.startswith("--project-dir") for word in kept):
            kept = ["--project-dir", folder, *kept]
        return Check("lint", tool, shlex.join((*tool.split(), *kept)))
    values = _VALUE_LEFT_OUT | {"-f"} if tool == "yamllint" else _VALUE_LEFT_OUT
    # `-c` of isort is `--check-only`, and has no value.
    given = [word for word in words if (tool, word) != ("isort", "-c")]
    kept = _kept(given, _LEFT_OUT, values)
    places = _places(kept, _TAKES_VALUE)
    if folder != ".":
        moved = {place: posixpath.normpath(below(folder, place)) for place in places}
        kept = [moved.get(word, word) for word in kept]
    if not places and (folder != "." or tool not in _WITHOUT_PATHS):
        kept.append(folder)
    return Check("lint", tool, shlex.join((*tool.split(), *_MORE.get(tool, ()), *kept)))


def _tests(words: Sequence[str], folder: str) -> Check:
    kept = _kept(words, _LEFT_OUT_OF_TESTS, _VALUE_LEFT_OUT_OF_TESTS)
    places = _places(kept, _TAKES_VALUE_IN_TESTS)
    options = tuple(word for word in kept if word not in places)
    moved = tuple(posixpath.normpath(below(folder, place)) for place in places)
    if not moved and folder != ".":
        moved = (folder,)
    return Check("tests", "pytest", pytest_command(moved, options), moved, options)


def pytest_command(places: Iterable[str], options: Iterable[str] = ()) -> str:
    """Pytest on files and folders, as one types it at the root."""
    # A folder that begins with a dash would be read as an option.
    named = [f"./{place}" if place.startswith("-") else place for place in places]
    return f"python -m pytest {shlex.join([*named, *options])}".rstrip() + " -q"


def _kept(words: Sequence[str], left_out: re.Pattern[str], with_values: frozenset[str]) -> list[str]:
    """The words without options that only report or edit; `with_values` are those whose value goes with them."""
    kept = []
    for before, word in zip(("", *words), words, strict=False):
        is_value = before in with_values and not word.startswith("-")
        if not is_value and word not in with_values and not left_out.fullmatch(word):
            kept.append(word)
    return kept


def _places(words: Sequence[str], take_value: frozenset[str]) -> tuple[str, ...]:
    """The words that are neither options nor their values."""
    pairs = zip(("", *words), words, strict=False)
    return tuple(word for before, word in pairs if not word.startswith("-") and before not in take_value)
