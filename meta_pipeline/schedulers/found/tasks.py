"""The named tasks of a repository: targets of make and just, environments of tox, sessions of nox, scripts."""

import ast
import configparser
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from meta_pipeline.delivery.tree import Tree, text_of
from meta_pipeline.schedulers.found.answer import line_of
from meta_pipeline.schedulers.found.toml_files import table, toml_of

_MAKEFILES = ("GNUmakefile", "makefile", "Makefile")
_JUSTFILES = ("justfile", "Justfile", ".justfile")
_RULE = re.compile(r"^(?P<names>[\w.%/-][\w.%/ -]*)::?(?![:=])(?P<needs>[^=#\n]*)")
_RECIPE = re.compile(r"^@?(?P<name>[A-Za-z_][\w-]*)(?P<parameters>[^:\n]*):(?!=)(?P<needs>[^#\n]*)")
_LONGEST = 2000
_UNFIT = (
    (re.compile(r"\b(?:docker|docker-compose|podman|kubectl|helm|minikube)\s"), "starts containers"),
    (
        re.compile(r"\b(?:uv|poetry|pipenv|hatch|pdm|conda|astro)\s+\w|\b(?:tox|nox)\b|\bpip3?\s+install\b"),
        "builds an environment of its own",
    ),
    (re.compile(r"\bvenv/bin/"), "wants a virtual environment in the checkout"),
    (re.compile(r"\bpre-commit\b"), "fetches the hooks of pre-commit"),
    (re.compile(r"--fix\b|\b(?:ruff format|black|isort)\s(?!.*--(?:check|diff))"), "edits the files"),
)


@dataclass(frozen=True, slots=True)
class Task:
    """What a task needs first, the commands that it runs itself, and the line where it is defined."""

    needs: tuple[str, ...]
    commands: tuple[str, ...]
    line: int


@dataclass(frozen=True, slots=True)
class Tasks:
    """The tasks of one file; `call` is how one of them is run, as `make` or `tox -e`."""

    path: str
    call: str
    named: Mapping[str, Task]

    def where(self, name: str) -> str:
        return f"{self.path}:{self.named[name].line}"

    def called(self, words: Sequence[str]) -> tuple[str, ...]:
        """The tasks that a command runs, of those in this file; `tox -e a,b` and `make a b` run two."""
        runner = self.call.split()
        given = [
            word
            for number, word in enumerate(words)
            if not (runner[0] == "tox" and number == 1 and word == "run")
        ]
        if given[: len(runner)] != runner:
            return ()
        names = (name.rpartition(":")[2] for word in given[len(runner) :] for name in word.split(","))
        return tuple(name for name in names if name in self.named)

    def lines(self, name: str) -> tuple[str, ...]:
        """The commands of a task, after those of the tasks that it needs."""
        return tuple(self._lines(name, set()))

    def obstacle(self, name: str) -> str | None:
        """Why a task cannot serve as a check, by the first line that speaks against it; None where it can."""
        for line in self.lines(name):
            for pattern, why in _UNFIT:
                if pattern.search(f"{line[:_LONGEST]} "):
                    return f"{why} ({line[:100]})"
        return None

    def _lines(self, name: str, seen: set[str]) -> Iterator[str]:
        if name in self.named and name not in seen:
            seen.add(name)
            for need in self.named[name].needs:
                yield from self._lines(need, seen)
            yield from self.named[name].commands


def read_tasks(tree: Tree) -> tuple[Tasks, ...]:
    """Every file of tasks at the root that has any, make first."""
    makefile = read_makefile(tree)
    found = [makefile] if makefile else []
    found += [
        Tasks(path, "just", _targets(text, _RECIPE))
        for path in _JUSTFILES
        if (text := text_of(tree, path)) is not None
    ]
    found += [_tox(text_of(tree, "tox.ini") or ""), _nox(text_of(tree, "noxfile.py") or "")]
    found += _of_project(toml_of(tree, "pyproject.toml"), text_of(tree, "pyproject.toml") or "")
    return tuple(tasks for tasks in found if tasks.named)


def read_makefile(tree: Tree) -> Tasks | None:
    """The Makefile at the root, the one that make itself would take; None where there is none."""
    for path in _MAKEFILES:
        text = text_of(tree, path)
        if text is not None:
            return Tasks(path, "make", _targets(text, _RULE))
    return None


def _targets(text: str, rule: re.Pattern[str]) -> dict[str, Task]:
    """The rules of a Makefile, or the recipes of a justfile."""
    found: dict[str, Task] = {}
    current: list[str] = []
    indents = ("\t",) if rule is _RULE else ("\t", " ")
    for number, line in _joined(text):
        if line.startswith(indents):
            command = " ".join(line.strip().lstrip("@-+").split())
            for name in current if command else ():
                task = found[name]
                found[name] = Task(task.needs, (*task.commands, command), task.line)
            continue
        match = rule.match(line)
        if match:
            current = (match["names"] if rule is _RULE else match["name"]).split()
            for name in current:
                task = found.get(name, Task((), (), number))
                found[name] = Task((*task.needs, *match["needs"].split()), task.commands, task.line)
        elif line.strip() and not line.startswith("#"):
            current = []
    return found


def _joined(text: str) -> Iterator[tuple[int, str]]:
    """Each line with those that it goes on in, and the number of its first."""
    started, held = 1, ""
    for number, line in enumerate(text.splitlines(), start=1):
        started = number if not held else started
        if line.endswith("\\"):
            held += line[:-1] + " "
            continue
        yield started, held + line
        held = ""


def _tox(text: str) -> Tasks:
    parser = configparser.RawConfigParser(strict=False)
    try:
        parser.read_string(text)
    except configparser.Error:
        return Tasks("tox.ini", "tox -e", {})
    found = {}
    for section in parser.sections():
        if section.startswith("testenv"):
            commands = parser.get(section, "commands", fallback="").replace("\\\n", " ")
            lines = [line.strip().lstrip("- ") for line in commands.splitlines()]
            # `{posargs:tests}` is what is typed after `--`, or the default behind the colon.
            lines = [re.sub(r"\{posargs:?([^{}]*)\}", r"\1", line) for line in lines]
            name = section.partition(":")[2] or "testenv"
            found[name] = Task((), tuple(filter(None, lines)), line_of(text, f"[{section}]"))
    return Tasks("tox.ini", "tox -e", found)


def _nox(text: str) -> Tasks:
    try:
        module = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return Tasks("noxfile.py", "nox -s", {})
    found = {
        function.name: Task((), tuple(_session_runs(function)), function.lineno)
        for function in module.body
        if isinstance(function, ast.FunctionDef)
        and any("session" in ast.dump(decorator) for decorator in function.decorator_list)
    }
    return Tasks("noxfile.py", "nox -s", found)


def _session_runs(function: ast.FunctionDef) -> Iterator[str]:
    """The commands that a session of nox runs, with a variable in place of what is computed."""
    for node in ast.walk(function):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "run":
            words = [
                str(given.value) if isinstance(given, ast.Constant) else "" if _is_rest(given) else "$VALUE"
                for given in node.args
            ]
            yield " ".join(word for word in words if word)


def _is_rest(given: ast.expr) -> bool:
    """`*session.posargs`: what is typed after `--`."""
    return isinstance(given, ast.Starred) and "posargs" in ast.dump(given)


def _of_project(document: Mapping[str, Any], text: str) -> Iterator[Tasks]:
    """The scripts that pdm, poe, hatch and taskipy read from `pyproject.toml`."""
    tools = table(document, "tool")
    tables: Sequence[tuple[str, Mapping[str, Any]]] = (
        ("pdm run", table(tools, "pdm", "scripts")),
        ("poe", table(tools, "poe", "tasks")),
        ("task", table(tools, "taskipy", "tasks")),
        *(
            ("hatch run", table(environment, "scripts"))
            for environment in table(tools, "hatch", "envs").values()
            if isinstance(environment, Mapping)
        ),
    )
    for call, scripts in tables:
        named = {
            name: Task((), tuple(_script_lines(value)), line_of(text, name))
            for name, value in scripts.items()
        }
        yield Tasks("pyproject.toml", call, named)


def _script_lines(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        yield from (line for line in value if isinstance(line, str))
    elif isinstance(value, Mapping):
        yield from (value[key] for key in ("cmd", "shell") if isinstance(value.get(key), str))
