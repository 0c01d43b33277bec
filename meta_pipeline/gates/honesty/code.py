"""The pieces of a code file that run, that are text, and that are comments, line by line."""

import io
import json
import re
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal

Part = Literal["code", "text", "comment"]

_SUFFIXES = frozenset(
    ".py .pyi .sql .yml .yaml .toml .cfg .ini .sh .bash .tf .hcl .json .ipynb .j2 .jinja .jinja2 .js .ts .jsx .tsx .r "
    ".scala .java .go .rs .rb .kt .env .properties .conf".split()
)
_NAMES = frozenset({"Dockerfile", "Makefile", "Jenkinsfile", "Procfile", "justfile"})
_COMMENT = {
    ".sql": re.compile(r"--|/\*|\{#|^\s*\*"),
    ".js": re.compile(r"//|/\*|^\s*\*"),
    ".ts": re.compile(r"//|/\*|^\s*\*"),
    ".java": re.compile(r"//|/\*|^\s*\*"),
    ".scala": re.compile(r"//|/\*|^\s*\*"),
}
_HASH = re.compile(r"(^|\s)#|\{#")
_STRINGS = frozenset(
    getattr(tokenize, name)
    for name in ("STRING", "FSTRING_START", "FSTRING_MIDDLE")
    if hasattr(tokenize, name)
)


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of one line: what it is, its text, and the line's number."""

    part: Part
    text: str
    line: int


def is_code(path: str) -> bool:
    """Whether something runs, builds or deploys what this file says."""
    pure = PurePosixPath(path)
    return pure.suffix.lower() in _SUFFIXES or pure.name in _NAMES or pure.name.startswith("Dockerfile")


def is_translation(path: str) -> bool:
    """Whether a file holds words for people in their languages."""
    parts = {part.lower() for part in PurePosixPath(path).parts}
    return bool(parts & {"locale", "locales", "i18n", "l10n", "translations", "lang"})


def pieces(path: str, text: str, lines: frozenset[int]) -> Iterator[Piece]:
    """The pieces that stand on these lines; of a notebook, its cells of code, whatever way they are escaped."""
    if path.endswith((".py", ".pyi")):
        yield from _python(text, lines)
    elif path.endswith(".ipynb"):
        yield from _notebook(text, lines)
    else:
        comment = _COMMENT.get(PurePosixPath(path).suffix.lower(), _HASH)
        for number, line in enumerate(text.split("\n"), start=1):
            if number in lines and not line.isascii():
                found = comment.search(line)
                cut = found.start() if found else len(line)
                yield Piece("code", line[:cut], number)
                yield Piece("comment", line[cut:], number)


def _python(text: str, lines: frozenset[int]) -> Iterator[Piece]:
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.string.isascii():
                continue
            part: Part = (
                "comment" if token.type == tokenize.COMMENT else "text" if token.type in _STRINGS else "code"
            )
            for number, line in enumerate(token.string.split("\n"), start=token.start[0]):
                if number in lines:
                    yield Piece(part, line, number)
    except (tokenize.TokenError, SyntaxError, IndentationError):
        for number, line in enumerate(text.split("\n"), start=1):
            if number in lines and not line.isascii():
                yield Piece("code", line, number)


def _notebook(text: str, lines: frozenset[int]) -> Iterator[Piece]:
    """The lines of cells of code, of which a notebook shows the letters and its file may show their numbers."""
    try:
        cells = json.loads(text).get("cells", [])
        sources = [cell["source"] for cell in cells if cell.get("cell_type") == "code"]
    except (ValueError, KeyError, TypeError, AttributeError):
        return
    known = {line for source in sources for line in ([source] if isinstance(source, str) else source)}
    for number, line in enumerate(text.split("\n"), start=1):
        if number not in lines:
            continue
        plain = line.strip().rstrip(",").removeprefix('"source": ')
        try:
            said = json.loads(plain)
        except ValueError:
            continue
        if isinstance(said, str) and said in known:
            yield Piece("text", said, number)
