"""A patch that a human wrote: `git diff` output, or one mail of `git format-patch`."""

import ast
import re
from dataclasses import dataclass
from email.parser import HeaderParser
from email.policy import default

_DIFF = "diff --git "
_HUNK = re.compile(r"@@ -\d+(?:,(\d+))? \+\d+(?:,(\d+))? @@")
_MAIL = re.compile(r"^From [0-9a-f]{40,64} \w{3} \w{3} ", re.MULTILINE)
_EXTENDED = (
    "old mode ", "new mode ", "deleted file mode ", "new file mode ", "copy from ", "copy to ", "rename from ",
    "rename to ", "similarity index ", "dissimilarity index ", "index ", "--- ", "+++ ",
)  # fmt: skip
_TAG = re.compile(r"^(?:\[[^\]]*\]\s*)+")


@dataclass(frozen=True, slots=True)
class HumanPatch:
    """A patch and what its mail says of it.

    `text` is the diff alone. `author_identity` is `Name <address>` and `subject` the first line of the
    commit message, both None for a plain diff. `files` are all paths at either side, sorted.
    """

    text: str
    files: tuple[str, ...]
    created: frozenset[str] = frozenset()
    deleted: frozenset[str] = frozenset()
    author_identity: str | None = None
    subject: str | None = None


def read_patch(text: str, source: str = "patch") -> HumanPatch:
    """Read a patch; raises `ValueError` with line and mend where it is empty or malformed.

    `source` names the text in messages, as the file that it came from.
    """
    if not text.strip():
        raise ValueError(f"{source}:1: the patch is empty; write `git diff BASE` into it.")
    if len(_MAIL.findall(text)) > 1:
        raise ValueError(
            f"{source}:1: there is more than one mail in it; give one patch, as `git diff BASE` makes."
        )
    lines = text.split("\n")
    start = next((n for n, line in enumerate(lines) if line.startswith(_DIFF)), None)
    if start is None:
        raise ValueError(f"{source}:1: no line begins with 'diff --git'; make the patch with `git diff`.")
    parser = _Reader(source, lines, start)
    parser.read()
    author, subject = _headers("\n".join(lines[:start]))
    return HumanPatch(
        text="\n".join(lines[start : parser.at]).rstrip("\n") + "\n",
        files=tuple(sorted(parser.files)),
        created=frozenset(parser.created),
        deleted=frozenset(parser.deleted),
        author_identity=author,
        subject=subject,
    )


def _headers(text: str) -> tuple[str | None, str | None]:
    """Author and subject of the mail around the diff."""
    text = _MAIL.sub("X-Mail: ", text.lstrip(), count=1)
    message = HeaderParser(policy=default).parsestr(text)
    author, subject = message["From"], message["Subject"]
    return (
        str(author) if author is not None else None,
        _TAG.sub("", " ".join(str(subject).split())) if subject is not None else None,
    )


class _Reader:
    """Walks over the diff line by line; `at` is the index of the next line."""

    def __init__(self, source: str, lines: list[str], at: int) -> None:
        self.source = source
        self.lines = lines
        self.at = at
        self.files: set[str] = set()
        self.created: set[str] = set()
        self.deleted: set[str] = set()

    def read(self) -> None:
        while self.at < len(self.lines) and self.lines[self.at].startswith(_DIFF):
            self._file()
        rest = next(
            (n for n in range(self.at, len(self.lines)) if self.lines[n].startswith((_DIFF, "@@ "))), None
        )
        if rest is not None:
            raise self._error(
                self.at, "this line belongs to no file of the patch; make it again with `git diff`"
            )

    def _file(self) -> None:
        first = self.at
        header = self.lines[self.at]
        self.at += 1
        names: dict[str, str] = {}
        while self.at < len(self.lines) and self.lines[self.at].startswith(_EXTENDED):
            line = self.lines[self.at].rstrip("\r")
            key = next(prefix for prefix in _EXTENDED if line.startswith(prefix))
            names[key] = line.removeprefix(key)
            self.at += 1
        binary = self.at < len(self.lines) and self.lines[self.at].startswith(
            ("Binary files ", "GIT binary patch")
        )
        if binary:
            self._skip_binary()
        elif "+++ " in names:
            self._hunks(first)
        old, new = self._sides(names, header, first)
        if "new file mode " in names:
            self.created.add(new)
        if "deleted file mode " in names:
            self.deleted.add(old)
        self.files |= {new} if "copy to " in names else {old, new}

    def _sides(self, names: dict[str, str], header: str, first: int) -> tuple[str, str]:
        if "rename to " in names or "copy to " in names:
            kind = "rename" if "rename to " in names else "copy"
            return _unquoted(names[f"{kind} from "]), _unquoted(names[f"{kind} to "])
        for key in ("--- ", "+++ "):
            shown = self._path(names[key], first) if key in names else None
            if shown is not None:
                return shown, shown
        both = header.removeprefix(_DIFF).rstrip("\r")
        middle = len(both) // 2
        path = self._path(both[:middle], first)
        if path is None or both[middle:].lstrip(" ") not in (
            f"b/{path}",
            both[:middle].replace('"a/', '"b/', 1),
        ):
            raise self._error(
                first, "the two names of this file cannot be told apart; make it with `git diff`"
            )
        return path, path

    def _path(self, shown: str, line: int) -> str | None:
        name = _unquoted(shown.split("\t", maxsplit=1)[0])
        if name == "/dev/null":
            return None
        if not name.startswith(("a/", "b/")):
            raise self._error(
                line, f"'{name}' has no a/ or b/ before it; make it with git's default prefixes"
            )
        return name[2:]

    def _skip_binary(self) -> None:
        self.at += 1
        while self.at < len(self.lines) and not self.lines[self.at].startswith((_DIFF, "-- ")):
            self.at += 1

    def _hunks(self, first: int) -> None:
        if self.at >= len(self.lines) or not _HUNK.match(self.lines[self.at]):
            raise self._error(first, "this file has no hunk; make the patch again with `git diff`")
        while self.at < len(self.lines) and (match := _HUNK.match(self.lines[self.at])):
            start = self.at
            old, new = (int(count) if count is not None else 1 for count in match.groups())
            self.at += 1
            while old > 0 or new > 0:
                line = self.lines[self.at] if self.at < len(self.lines) else None
                # An editor may have stripped the one space of an empty context line.
                kind = (
                    None
                    if line is None or (line == "" and self.at == len(self.lines) - 1)
                    else (line or " ")[0]
                )
                if kind not in (" ", "-", "+", "\\", "\r"):
                    raise self._error(
                        start, "this hunk ends before the lines it announces; make the patch again"
                    )
                old -= kind in (" ", "-", "\r")
                new -= kind in (" ", "+", "\r")
                self.at += 1
            if old < 0 or new < 0:
                raise self._error(start, "this hunk has more lines than it announces; make the patch again")
            while self.at < len(self.lines) and self.lines[self.at].startswith("\\"):
                self.at += 1

    def _error(self, index: int, problem: str) -> ValueError:
        return ValueError(f"{self.source}:{index + 1}: {problem}.")


def _unquoted(name: str) -> str:
    """A path as git shows it, with its C-style quotes and octal bytes undone."""
    if not (name.startswith('"') and name.endswith('"') and len(name) > 1):
        return name
    data = ast.literal_eval(f"b{name}") if name.isascii() else name[1:-1].encode()
    return bytes(data).decode("utf-8", errors="replace")
