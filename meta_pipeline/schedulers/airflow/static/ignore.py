"""`.airflowignore` files: which paths Airflow does not look at.

Their patterns come from the repository, so they are matched by RE2, whose time is linear in the path: no pattern can
make the reader wait.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import re2
from pathspec.patterns.gitwildmatch import GitWildMatchPattern

from meta_pipeline.delivery.topology import TopologyError

MAX_PATTERN = 1000
Syntax = Literal["glob", "regexp"]

_COMMENT = re.compile(r"\s*#.*")


@dataclass(frozen=True)
class _Rule:
    """One pattern. A glob counts from the folder of its file, a regular expression from the DAG folder."""

    folder: str
    pattern: Any
    include: bool
    syntax: Syntax

    def holds(self, path: str) -> bool:
        """Whether it is about `path`, a file or, with a `/` at its end, a folder."""
        relative = _below(path, self.folder)
        if relative is None:
            return False
        if self.syntax == "glob":
            return self.pattern.match(relative) is not None
        return self.pattern.search(relative.rstrip("/")) is not None


def _below(path: str, folder: str) -> str | None:
    if not folder:
        return path
    return path[len(folder) + 1 :] if path.startswith(f"{folder}/") else None


class Ignored:
    """Says which paths are ignored; `files` are the ignore files' texts by path, all below `root`."""

    def __init__(self, files: Mapping[str, str], root: str, syntax: Syntax) -> None:
        self.key = (root, syntax, *sorted(files.items()))
        self.errors: list[TopologyError] = []
        self._root = root
        self._rules: list[tuple[str, _Rule]] = []
        for path in sorted(files, key=lambda path: (path.count("/"), path)):
            folder = path.rpartition("/")[0]
            self._rules += [(folder, rule) for rule in self._rules_of(path, files[path], syntax)]

    def __call__(self, path: str) -> bool:
        """A folder that is ignored is not entered, whatever is said of the files in it."""
        start = len(self._root) + 1 if self._root else 0
        ends = [place + 1 for place in range(start, len(path)) if path[place] == "/"]
        return bool(self._rules) and any(self._is_ignored(path[:end]) for end in [*ends, len(path)])

    def _is_ignored(self, path: str) -> bool:
        ignored = False
        for folder, rule in self._rules:
            if (not folder or path.startswith(f"{folder}/")) and rule.holds(path):
                ignored = rule.include
        return ignored

    def _rules_of(self, path: str, text: str, syntax: Syntax) -> Iterator[_Rule]:
        folder = path.rpartition("/")[0]
        for number, line in enumerate(text.split("\n"), start=1):
            pattern = _COMMENT.sub("", line)
            if not pattern:
                continue
            compiled = _glob(pattern) if syntax == "glob" else _expression(pattern)
            if isinstance(compiled, str):
                message = f"the pattern '{pattern[:60]}' cannot be used: {compiled}"
                self.errors.append(TopologyError(path=path, line=number, message=message))
            elif compiled is not None:
                include, matcher = compiled
                yield _Rule(folder if syntax == "glob" else self._root, matcher, include, syntax)


def _expression(pattern: str) -> tuple[bool, Any] | str:
    """A regular expression, or why there is none."""
    if len(pattern) > MAX_PATTERN:
        return f"it is longer than {MAX_PATTERN} characters"
    options = re2.Options()
    options.log_errors = False
    try:
        return True, re2.compile(pattern, options)
    except re2.error as error:
        said = error.args[0] if error.args else "no regular expression"
        return said.decode(errors="replace") if isinstance(said, bytes) else str(said)


def _glob(pattern: str) -> tuple[bool, Any] | str | None:
    """A pattern of git's kind and whether it ignores or takes back, None where it says nothing, or what is wrong."""
    if len(pattern) > MAX_PATTERN:
        return f"it is longer than {MAX_PATTERN} characters"
    try:
        regex, include = GitWildMatchPattern.pattern_to_regex(pattern)
    except ValueError as error:
        return str(error).splitlines()[0]
    if regex is None or include is None:
        return None
    compiled = _expression(regex)
    return compiled if isinstance(compiled, str) else (include, compiled[1])
