"""Comments in added lines that ask a checker to look away."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from meta_pipeline.delivery.change import Change
from meta_pipeline.gates.testing.python_tests import is_test_file

Width = Literal["file", "blanket", "narrow"]

_FILE = re.compile(
    r"#\s*(ruff|flake8):\s*noqa(?!:)|#\s*mypy:\s*ignore-errors|#\s*type:\s*ignore\s*$|#\s*pylint:\s*(skip-file|disable=all)|"
    r"--\s*noqa:\s*disable=all|#\s*yamllint disable(?!-line)|#\s*pyright:\s*basic|#\s*isort:\s*skip_file"
)
_LINE = re.compile(
    r"(?P<noqa>#\s*noqa\b(:\s*(?P<codes>[\w, ]+))?)|(?P<type>#\s*type:\s*ignore(?P<typed>\[[^\]]*\])?)|"
    r"(?P<sec>#\s*nosec\b(\s*(?P<seccodes>B\d+))?)|(?P<allow>pragma:\s*(allowlist|whitelist)\s+(next\s*line\s+)?secret)|"
    r"(?P<sql>--\s*noqa\b(:\s*(?P<sqlcodes>[\w, =]+))?)|(?P<lint>#\s*pylint:\s*disable(-next)?=(?P<names>[\w, -]+))|"
    r"(?P<cover>#\s*pragma:\s*no\s*cover)|(?P<semgrep>nosemgrep)|(?P<iac>checkov:skip=|tfsec:ignore|zizmor:\s*ignore|"
    r"hadolint\s+ignore=|gitleaks:allow)|(?P<pyright>#\s*pyright:\s*ignore(\[[^\]]*\])?)"
)


@dataclass(frozen=True, slots=True)
class Suppression:
    """One comment, and how much it covers."""

    path: str
    line: int
    text: str
    width: Width


def new_suppressions(change: Change) -> Iterator[Suppression]:
    """The comments that the change adds, less those that only moved with their lines."""
    removed = Counter(
        found.text
        for file in change.files
        if not file.is_binary and _speaks(file.path)
        for line in file.removed
        if (found := _in(file.path, line.text, line.number))
    )
    for file in change.files:
        if file.is_binary or file.new is None or not _speaks(file.path):
            continue
        for line in file.added:
            found = _in(file.path, line.text, line.number)
            if found is None:
                continue
            if removed[found.text] > 0:
                removed[found.text] -= 1
                continue
            yield found


def _speaks(path: str) -> bool:
    return path.endswith(
        (".py", ".sql", ".yml", ".yaml", ".sh", ".tf", ".toml", "Dockerfile", ".pyi")
    ) and not is_test_file(path)


def _in(path: str, text: str, line: int) -> Suppression | None:
    whole = _FILE.search(text)
    if whole is not None and not text[: whole.start()].strip():
        return Suppression(path, line, whole[0].strip(), "file")
    found = _LINE.search(text)
    if found is None:
        return None
    narrow = any(
        found[name]
        for name in ("codes", "typed", "seccodes", "sqlcodes", "names", "cover", "allow", "iac", "pyright")
    )
    return Suppression(path, line, found[0].strip(), "narrow" if narrow else "blanket")
