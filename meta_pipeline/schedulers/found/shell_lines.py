"""Command lines as people write them in CI and in task files, taken apart into the programs that they run."""

import posixpath
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass

_LONGEST = 4_000
_EXPRESSION = re.compile(r"\$\{\{[^}\n]*\}\}|<<[^>\n]*>>")
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=.*", re.DOTALL)
_ENDS = frozenset({"&&", "||", ";", "|", "&"})
_RUNNERS = {"uv", "poetry", "pdm", "pipenv", "hatch", "rye"}
_WITH_VALUE = frozenset(
    {"--extra", "--group", "--with", "--python", "-p", "--project", "--directory", "--package", "--env-file"}
)
_PREFIXES = frozenset({"time", "exec", "command", "sudo", "env"})
_INTERPRETER = re.compile(r"python(?:3(?:\.\d+)?)?")


@dataclass(frozen=True, slots=True)
class Call:
    """One program with its arguments, without what only finds an environment for it (`uv run`, `python -m`).

    `line` counts from 0 in the text; `folder` is where it runs, `.` being the root of the repository.
    """

    argv: tuple[str, ...]
    folder: str
    line: int
    text: str

    @property
    def is_known(self) -> bool:
        """Whether every argument is there, and none comes from a variable."""
        return not any("$" in part or "`" in part for part in self.argv)


def calls(text: str, folder: str = ".") -> Iterator[Call]:
    """The programs that a script of one or more lines runs; what cannot be read as a command is left out."""
    for number, line in _lines(_EXPRESSION.sub("$EXPRESSION", text)):
        for words in _commands(line):
            if words[0] == "cd" and len(words) == 2 and not words[1].startswith(("/", "$", "~", "-")):
                folder = posixpath.normpath(posixpath.join(folder, words[1]))
            elif program := _program(words):
                yield Call(program, folder, number, shlex.join(words))


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Each line with those that it goes on in, and the number of its first."""
    started, held = 0, ""
    for number, line in enumerate(text.split("\n")):
        started = number if not held else started
        held += line
        if held.endswith("\\"):
            held = held[:-1] + " "
            continue
        if len(held) <= _LONGEST:
            yield started, held
        held = ""


def _commands(line: str) -> Iterator[list[str]]:
    """The commands of a line, cut at `&&`, `;` and the like."""
    reader = shlex.shlex(line, posix=True, punctuation_chars="&|;")
    reader.whitespace_split = True
    reader.commenters = "#"
    try:
        words = list(reader)
    except ValueError:
        return
    current: list[str] = []
    for word in [*words, ";"]:
        if word in _ENDS or set(word) <= set("&|;"):
            if current:
                yield current
            current = []
        else:
            current.append(word)


def _program(words: list[str]) -> tuple[str, ...]:
    rest = list(words)
    while rest:
        first = posixpath.basename(rest[0])
        if _ASSIGNMENT.fullmatch(rest[0]) or first in _PREFIXES:
            rest = rest[1:]
        elif first in _RUNNERS and rest[1:2] == ["run"]:
            rest = _without_options(rest[2:])
        elif first == "uvx":
            rest = _without_options(rest[1:])
        elif _INTERPRETER.fullmatch(first) and rest[1:2] == ["-m"]:
            rest = rest[2:]
        elif first == "coverage" and rest[1:3] == ["run", "-m"]:
            rest = rest[3:]
        else:
            # `.venv/bin/ruff` is ruff; `./scripts/ruff.sh` is a script of the repository.
            return (first if "bin/" in rest[0] else rest[0], *rest[1:])
    return ()


def _without_options(words: list[str]) -> list[str]:
    """The words after the options of a runner."""
    at = 0
    while at < len(words) and words[at].startswith("-"):
        at += 2 if words[at] in _WITH_VALUE else 1
    return words[at:]
