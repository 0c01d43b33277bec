"""How a repository's tests are collected, and which share of the code they must cover: read from its settings."""

import ast
import configparser
import re
import shlex
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from meta_pipeline.delivery.tree import FileChange
from meta_pipeline.gates.testing.python_tests import parsed
from meta_pipeline.gates.weighing import Weighed, weighed

_FILES = frozenset(
    {"pyproject.toml", "pytest.ini", "setup.cfg", "tox.ini", ".pytest.ini", ".coveragerc", "pytest.toml"}
)
_LEAVES_OUT = ("--ignore", "--ignore-glob", "--deselect", "-k", "--collect-only", "--co")
_THRESHOLD = re.compile(
    r"--cov-fail-under[= ](?P<share>\d+(?:\.\d+)?)|\bfail[_-]under\s*[=:]\s*(?P<other>\d+(?:\.\d+)?)"
)
_NARROWING = ("python_files", "python_functions", "python_classes", "testpaths")
_HOOKS = frozenset(
    "pytest_collection_modifyitems pytest_ignore_collect pytest_runtest_makereport pytest_sessionfinish".split()
)
_DECIDES = ("skip", "xfail", "deselect", "items[:]", "exitstatus", "outcome", "return True")


@dataclass(frozen=True)
class Settings:
    """What pytest and coverage are told: options of the command line, and keys with their values as text."""

    options: frozenset[str]
    keys: Mapping[str, str]


def loosened_settings(file: FileChange) -> Iterator[Weighed]:
    """What the change of a settings file keeps from being collected, run or demanded."""
    if file.new is None:
        return
    name = PurePosixPath(file.path).name
    if name == "conftest.py":
        yield from _conftest(file)
    if name in _FILES:
        old, new = settings_of(file.path, _text(file.old)), settings_of(file.path, _text(file.new))
        yield from _options(file, old, new)
        yield from _keys(file, old, new)
    if file.old is not None and not file.is_binary and (name in _FILES or "cov" in _text(file.new)):
        yield from _threshold(file)


def settings_of(path: str, text: str) -> Settings:
    """The settings in one file; none where it cannot be parsed."""
    try:
        table = _toml(text) if path.endswith(".toml") else _ini(text)
    except (ValueError, configparser.Error, TypeError, AttributeError):
        table = {}
    given = table.get("addopts", "")
    try:
        words = list(given) if isinstance(given, list) else shlex.split(str(given))
    except ValueError:
        words = []
    keys = {key: " ".join(value) if isinstance(value, list) else str(value) for key, value in table.items()}
    return Settings(frozenset(_joined([str(word) for word in words])), keys)


def _toml(text: str) -> dict[str, Any]:
    document = tomllib.loads(text)
    table = document.get("tool", {}).get("pytest", {})
    return dict(table.get("ini_options") or table or document.get("pytest", {}))


def _ini(text: str) -> dict[str, Any]:
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    parser.read_string(text)
    return dict(next((parser[name] for name in ("pytest", "tool:pytest") if parser.has_section(name)), {}))


def _joined(words: list[str]) -> Iterator[str]:
    """Options with the value that follows them."""
    for number, word in enumerate(words):
        if word in ("-k", "-m", "--ignore", "--ignore-glob", "--deselect", "-p") and number + 1 < len(words):
            yield f"{word}={words[number + 1]}"
        else:
            yield word


def _options(file: FileChange, old: Settings, new: Settings) -> Iterator[Weighed]:
    for option in sorted(new.options - old.options):
        name = option.partition("=")[0]
        leaves_out = name in _LEAVES_OUT or (name == "-m" and "not " in option)
        if leaves_out and file.old is not None:
            yield _found(
                file,
                option.partition("=")[2] or option,
                f"pytest is told '{option}': tests that ran no longer do",
            )


def _keys(file: FileChange, old: Settings, new: Settings) -> Iterator[Weighed]:
    if file.old is None:
        return
    for key in _NARROWING:
        before, after = set(old.keys.get(key, "").split()), set(new.keys.get(key, "").split())
        if before and after and before - after and not after - before:
            yield _found(
                file, key, f"{key} leaves out {' '.join(sorted(before - after))}: its tests no longer run"
            )
        elif before != after and after and key != "testpaths" and not before <= after:
            yield _found(
                file, key, f"{key} becomes '{new.keys[key].strip()}': tests of other names no longer run"
            )
    skipped = set(new.keys.get("norecursedirs", "").split()) - set(old.keys.get("norecursedirs", "").split())
    if skipped and any("test" in name for name in skipped):
        yield _found(file, "norecursedirs", f"pytest no longer looks into {' '.join(sorted(skipped))}")
    strict = old.keys.get("xfail_strict", "").lower() == "true"
    if strict and new.keys.get("xfail_strict", "").lower() != "true":
        yield _found(
            file,
            "xfail_strict",
            "xfail_strict is off: a test marked as failing may pass unseen",
            strength_up=False,
        )


def _threshold(file: FileChange) -> Iterator[Weighed]:
    before, after = _shares(_text(file.old)), _shares(_text(file.new))
    if before and after and max(after) < max(before):
        yield _found(
            file,
            f"{max(after):g}",
            f"the share of the code that tests must cover falls from {max(before):g} to {max(after):g}",
        )
    elif before and not after:
        yield _found(file, "cov", f"tests no longer must cover {max(before):g} % of the code")


def _shares(text: str) -> list[float]:
    return [float(found["share"] or found["other"]) for found in _THRESHOLD.finditer(text)]


def _conftest(file: FileChange) -> Iterator[Weighed]:
    before, after = _steering(_text(file.old)), _steering(_text(file.new))
    for name, (line, said) in after.items():
        if before.get(name, (0, ""))[1] == said:
            continue
        if name in ("collect_ignore", "collect_ignore_glob"):
            yield weighed(
                "needs_approval",
                f"{file.path} sets {said}: pytest no longer collects what that names",
                "let pytest collect it, or delete what is not wanted",
                path=file.path,
                line=line,
            )
        elif any(word in said for word in _DECIDES):
            yield weighed(
                "needs_approval",
                f"{file.path} changes {name}, which decides for every test whether it runs and counts",
                "let every test run as it did",
                path=file.path,
                line=line,
            )


def _steering(text: str) -> dict[str, tuple[int, str]]:
    """What of a conftest.py decides for all tests, with its line and text."""
    module = parsed(text)
    found: dict[str, tuple[int, str]] = {}
    for node in module.body if module else ():
        if isinstance(node, ast.FunctionDef) and node.name in _HOOKS:
            found[node.name] = (node.lineno, ast.unparse(node))
        elif isinstance(node, ast.Assign | ast.AugAssign):
            target = node.targets[0] if isinstance(node, ast.Assign) else node.target
            if isinstance(target, ast.Name) and target.id.startswith("collect_ignore"):
                found[target.id] = (node.lineno, ast.unparse(node))
    return found


def _found(file: FileChange, word: str, message: str, *, strength_up: bool = True) -> Weighed:
    line = next((line.number for line in file.added if word in line.text), None)
    return weighed(
        "needs_approval" if strength_up else "warned",
        f"{file.path}: {message}",
        "let every test run and demand what it did",
        path=file.path,
        line=line or (file.added[0].number if file.added else 1),
    )


def _text(data: bytes | None) -> str:
    return (data or b"").decode("utf-8", errors="replace")
