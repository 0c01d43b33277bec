"""`.airflowignore` files: which paths Airflow does not look at."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from pathspec import PathSpec

Syntax = Literal["glob", "regexp"]


@dataclass(frozen=True)
class _Rules:
    """The rules of one ignore file. Globs count from its folder, regular expressions from the DAG folder."""

    folder: str
    root: str
    globs: PathSpec | None
    patterns: tuple[re.Pattern[str], ...]

    def judge(self, path: str) -> bool | None:
        """True for ignored, False for taken back by a `!` pattern, None for neither."""
        relative = _below(path, self.folder)
        if relative is None:
            return None
        if self.globs is not None:
            return self.globs.check_file(relative).include
        relative = _below(path, self.root) or ""
        # A folder that matches is not entered, so each beginning of the path counts by itself.
        ends = [place for place, letter in enumerate(relative) if letter == "/"] + [len(relative)]
        return True if any(rule.search(relative[:end]) for rule in self.patterns for end in ends) else None


def _below(path: str, folder: str) -> str | None:
    if not folder:
        return path
    return path[len(folder) + 1 :] if path.startswith(f"{folder}/") else None


class Ignored:
    """Says which paths are ignored; `files` are the ignore files' texts by path, all below `root`."""

    def __init__(self, files: Mapping[str, str], root: str, syntax: Syntax) -> None:
        by_depth = sorted(files, key=lambda path: (path.count("/"), path))
        self._rules = [_rules(path.rpartition("/")[0], root, files[path], syntax) for path in by_depth]

    def __call__(self, path: str) -> bool:
        judged = [judgement for rules in self._rules if (judgement := rules.judge(path)) is not None]
        return bool(judged) and judged[-1]


def _rules(folder: str, root: str, text: str, syntax: Syntax) -> _Rules:
    lines = [re.sub(r"\s*#.*", "", line) for line in text.splitlines()]
    if syntax == "glob":
        return _Rules(folder, root, PathSpec.from_lines("gitwildmatch", filter(_is_glob, lines)), ())
    patterns = []
    for line in filter(None, lines):
        try:
            patterns.append(re.compile(line))
        except re.error:
            # Airflow warns of a broken pattern and goes on without it.
            continue
    return _Rules(folder, root, None, tuple(patterns))


def _is_glob(line: str) -> bool:
    try:
        PathSpec.from_lines("gitwildmatch", [line])
    except ValueError:
        return False
    return bool(line)
