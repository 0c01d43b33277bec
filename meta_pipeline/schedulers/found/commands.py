"""The commands by which a repository lints and tests itself: what its CI runs first, then what its files suggest."""

import configparser
import re
from collections.abc import Iterable, Sequence

from meta_pipeline.delivery.tree import Tree, text_of
from meta_pipeline.schedulers.found.answer import Answer, Doubt, is_below, listed, own_paths
from meta_pipeline.schedulers.found.checks import pytest_command
from meta_pipeline.schedulers.found.seen import HOOKS, Seen, in_hooks, in_tasks
from meta_pipeline.schedulers.found.suites import (
    folders_without,
    integration_folders,
    says_integration,
    test_files,
)
from meta_pipeline.schedulers.found.tasks import read_makefile
from meta_pipeline.schedulers.found.toml_files import table, toml_of

LINT = "commands.lint"
UNIT_TESTS = "commands.unit_tests"
INTEGRATION_TESTS = "commands.integration_tests"

_LINT_TASKS = re.compile(r"lint(?:ing|er)?|ruff|flake8|pylint|sqlfluff|style|static|check(?:s|-style)?")


def lint_command(tree: Tree, ran: Sequence[Seen], models: Sequence[str] = ()) -> Answer[str | None]:
    """The linter that CI runs, else `make lint`, else another task's, else the one that the repository configures.

    `ran` is what CI runs, `models` are the folders of dbt models, for a linter of SQL. None, with a doubt, where there
    is no linter.
    """
    run_by_ci = [seen for seen in ran if seen.check.kind == "lint"]
    if run_by_ci:
        return _chosen(run_by_ci)
    makefile = read_makefile(tree)
    passed_over = ""
    if makefile and "lint" in makefile.named:
        obstacle = makefile.obstacle("lint")
        if obstacle is None:
            return Answer("make lint", f"From {makefile.where('lint')}")
        passed_over = f"'make lint' {obstacle}, which a check in the sandbox cannot do"
    named = [seen for seen in in_tasks(tree, _LINT_TASKS) if seen.check.kind == "lint"]
    if named:
        chosen = _chosen(named)
        return Answer(chosen.value, _and(chosen.reason, passed_over))
    configured = _configured(tree, models)
    if configured:
        command, reason = configured
        return Answer(command, _and(reason, passed_over))
    why = passed_over or (
        f"{HOOKS} is there, but pre-commit fetches its hooks and the sandbox has no network"
        if text_of(tree, HOOKS) is not None
        else "no lint command was found"
    )
    example = "lint: sqlfluff lint --dialect duckdb models" if models else "lint: ruff check ."
    return Answer(None, doubts=(Doubt(LINT, f"{why}; name a command under {LINT}.", example),))


def unit_test_command(tree: Tree, ran: Sequence[Seen], *, has_own_tests: bool = False) -> Answer[str | None]:
    """The unit tests that CI runs, else pytest on the folders of tests that are no integration tests, else `make test`.

    None where there are no tests, which is a doubt unless the repository is tested by other means, as a
    dbt project is (`has_own_tests`).
    """
    in_ci = [seen for seen in ran if seen.check.kind == "tests" and not _is_integration(seen)]
    narrowed = _narrowed(tree, in_ci)
    if narrowed:
        return narrowed
    files = test_files(tree)
    integration = integration_folders(files)
    rest = [path for path in files if not any(is_below(path, folder) for folder in integration)]
    if rest:
        folders = folders_without(rest, integration)
        reason = f"{listed(folders)} {'holds' if len(folders) == 1 else 'hold'} {_count(rest, 'test file')}"
        return Answer(pytest_command(folders), f"{reason}; {in_ci[0].where} runs pytest" if in_ci else reason)
    makefile = read_makefile(tree)
    why = "no unit test was found" if files else "no test was found"
    if makefile and "test" in makefile.named:
        obstacle = makefile.obstacle("test")
        if obstacle is None:
            return Answer("make test", f"From {makefile.where('test')}")
        why = f"'make test' {obstacle}, which a check in the sandbox cannot do"
    elif has_own_tests:
        return Answer(None)
    example = "unit_tests: python -m pytest tests -q"
    return Answer(None, doubts=(Doubt(UNIT_TESTS, f"{why}; name a command under {UNIT_TESTS}.", example),))


def integration_test_command(tree: Tree, ran: Sequence[Seen]) -> Answer[str | None]:
    """The integration tests that CI runs, else pytest on the folders that are called so; None is no doubt."""
    narrowed = _narrowed(tree, [seen for seen in ran if seen.check.kind == "tests" and _is_integration(seen)])
    if narrowed:
        return narrowed
    files = test_files(tree)
    folders = integration_folders(files)
    if not folders:
        return Answer(None)
    held = [path for path in files if any(is_below(path, folder) for folder in folders)]
    verb = "holds" if len(folders) == 1 else "hold"
    return Answer(pytest_command(folders), f"{listed(folders)} {verb} {_count(held, 'test file')}")


def run_lines(tree: Tree, command: str | None) -> tuple[str, ...]:
    """What a command runs: the command itself, or the recipe behind `make <target>`."""
    makefile = read_makefile(tree)
    program, _, target = (command or "").partition(" ")
    return makefile.lines(target) if makefile and program == "make" else (command or "",)


def _chosen(found: Sequence[Seen]) -> Answer[str | None]:
    """The linter that says the most, where it was read, and what runs beside it."""
    best = min(found, key=lambda seen: seen.check.rank)
    others = dict.fromkeys(
        f"{seen.check.tool} ({seen.where})"
        for seen in found
        # What dbt reads is checked anyway, by dbt itself.
        if seen.check.tool not in (best.check.tool, "dbt parse")
        and not (seen.whole and seen.whole == best.whole)
    )
    reason = _from(best) + (f"; {listed(list(others))} runs there too" if others else "")
    return Answer(best.command, reason)


def _from(seen: Seen) -> str:
    same = seen.text in (seen.command, seen.command.removeprefix("python -m "))
    return f"From {seen.where}" if same else f"From {seen.where}, where it is '{seen.text}'"


def _is_integration(seen: Seen) -> bool:
    said = " ".join((seen.name, *seen.check.places, *seen.check.options))
    return says_integration(said) and "not integration" not in said


def _narrowed(tree: Tree, ran: Sequence[Seen]) -> Answer[str | None] | None:
    """Pytest as CI narrows it down to places and options; None where it runs all tests, or none."""
    there = own_paths(tree)
    fitting = [
        seen
        for seen in ran
        if (seen.check.places or seen.check.options)
        and all(
            any(is_below(path, _file(place)) or path == _file(place) for path in there)
            for place in seen.check.places
        )
    ]
    if not fitting:
        return None
    first = fitting[0]
    alike = [seen for seen in fitting if seen.check.options == first.check.options and seen.check.places]
    if len(alike) < 2:
        return Answer(first.check.command, _from(first))
    places = dict.fromkeys(place for seen in alike for place in seen.check.places)
    lines = list(dict.fromkeys(seen.where for seen in alike))
    return Answer(pytest_command(places, first.check.options), f"From {listed(lines)}")


def _file(place: str) -> str:
    """`tests/test_a.py::test_it` lies in the file before the colons."""
    return place.partition("::")[0]


def _configured(tree: Tree, models: Sequence[str]) -> tuple[str, str] | None:
    """The linter that a settings file or a hook names, and why; that of SQL first where there are dbt models."""
    sql = _configures(tree, "sqlfluff", (".sqlfluff", "setup.cfg", "tox.ini", "pep8.ini"))
    ruff = next((path for path in (".ruff.toml", "ruff.toml") if text_of(tree, path) is not None), None)
    ruff = ruff or ("pyproject.toml" if "ruff" in table(toml_of(tree, "pyproject.toml"), "tool") else None)
    flake8 = _configures(tree, "flake8", (".flake8", "setup.cfg", "tox.ini"))
    has_python = any(path.endswith(".py") for path in own_paths(tree))
    of_sql = ("sqlfluff lint " + (" ".join(models) or "."), f"{sql} configures sqlfluff") if sql else None
    if of_sql and not has_python:
        return of_sql
    if ruff:
        return "ruff check .", f"{ruff} configures ruff"
    if flake8:
        return "flake8", f"{flake8} configures flake8"
    hooks = in_hooks(tree)
    if hooks:
        best = min(hooks, key=lambda seen: seen.check.rank)
        return best.command, f"From {best.where}"
    return of_sql


def _configures(tree: Tree, section: str, files: Iterable[str]) -> str | None:
    """The first settings file that has the section, or one below it (`sqlfluff:rules`)."""
    for path in files:
        parser = configparser.RawConfigParser(strict=False)
        try:
            parser.read_string(text_of(tree, path) or "")
        except configparser.Error:
            continue
        if any(name.partition(":")[0] == section for name in parser.sections()):
            return path
    return None


def _and(reason: str, passed_over: str) -> str:
    return f"{reason}; {passed_over}" if passed_over else reason


def _count(items: Sequence[str], what: str) -> str:
    return f"{len(items)} {what}{'' if len(items) == 1 else 's'}"
