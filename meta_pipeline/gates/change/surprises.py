"""Parts of a change that take effect where a reader of the diff does not see it."""

import posixpath
import unicodedata
from collections.abc import Iterator
from pathlib import PurePosixPath

from meta_pipeline.delivery.change import Change
from meta_pipeline.delivery.tree import SUBMODULE, SYMLINK, FileChange, Tree
from meta_pipeline.gates.weighing import Weighed, weighed

_EXECUTABLE = "100755"
_HOOK_FOLDERS = frozenset({".githooks", ".husky"})
_PROGRAM_STARTS = (b"\x7fELF", b"MZ", b"\xca\xfe\xba\xbe", b"\xcf\xfa\xed\xfe", b"\xce\xfa\xed\xfe", b"\0asm")
_PROGRAM_SUFFIXES = frozenset(".so .dll .dylib .exe .pyc .pyd .class .jar .whl .o .a .wasm".split())
_HARMLESS_SUFFIXES = frozenset(
    ".png .jpg .jpeg .gif .webp .ico .bmp .pdf .woff .woff2 .ttf .otf .parquet .avro .orc .arrow .feather .xlsx".split()
)
_MOST_LINKS = 40
"""As many symlinks as Linux follows before it gives up."""


def surprises(change: Change) -> Iterator[Weighed]:
    """Everything of a change that a reader could not foresee, file by file."""
    for file in change.files:
        if file.status != "deleted":
            yield from _of_path(file)
            yield from _of_mode(file, change.head)
            yield from _of_content(file)


def _of_path(file: FileChange) -> Iterator[Weighed]:
    path = file.path
    parts = path.split("/")
    if (
        path.startswith("/")
        or "\\" in path
        or ":" in parts[0]
        or any(part in ("", ".", "..") for part in parts)
    ):
        yield weighed(
            "failed", f"the path '{path}' leaves the repository", "name a file inside it", path=path
        )
    elif any(unicodedata.category(letter) == "Cc" for letter in path):
        yield weighed(
            "failed",
            f"the path {path!r} holds control characters, which hide it",
            "rename the file",
            path=path,
        )
    elif any(_git_reads_as(part) in (".git", "git~1") for part in parts):
        yield weighed("failed", f"'{path}' is one of git's own files", "leave the file out", path=path)
    elif path == ".gitmodules":
        yield weighed(
            "failed",
            "the change edits submodules, whose content nobody reviews",
            "add files instead",
            path=path,
        )
    elif _HOOK_FOLDERS & set(parts[:-1]):
        yield weighed(
            "needs_approval",
            f"'{path}' is a git hook: it runs on every developer's machine",
            "have a person read it",
            path=path,
        )


def _git_reads_as(part: str) -> str:
    """The name that a file system which ignores case, trailing dots or invisible letters makes of it."""
    visible = "".join(letter for letter in part if unicodedata.category(letter) != "Cf")
    return visible.split(":")[0].rstrip(". ").casefold()


def _of_mode(file: FileChange, head: Tree) -> Iterator[Weighed]:
    if file.new_mode == SUBMODULE:
        yield weighed(
            "failed",
            f"'{file.path}' is a submodule: nobody reviews what it brings",
            "add the files themselves, or a pinned dependency",
            path=file.path,
        )
    elif file.new_mode == SYMLINK:
        destination = (file.new or b"").decode("utf-8", errors="replace")
        if not _stays_inside(head, file.path):
            yield weighed(
                "failed",
                f"the symlink '{file.path}' leads to '{destination}', outside the repository",
                "link to a file inside it, or copy the file",
                path=file.path,
            )
    elif (
        file.new_mode == _EXECUTABLE != file.old_mode and not file.is_binary and not _names_interpreter(file)
    ):
        yield weighed(
            "warned",
            f"'{file.path}' becomes executable but names no interpreter",
            "take the mode back, or begin the file with #!",
            path=file.path,
        )


def _names_interpreter(file: FileChange) -> bool:
    return (file.new or b"").startswith(b"#!")


def _stays_inside(head: Tree, link: str) -> bool:
    """Whether the symlink, followed as the system does through other symlinks of the tree, ends inside."""
    entries = head.entries()
    here: list[str] = []
    ahead = link.split("/")[::-1]
    followed = 0
    while ahead:
        part = ahead.pop()
        if part in ("", "."):
            continue
        if part == "..":
            if not here:
                return False
            here.pop()
            continue
        here.append(part)
        if _git_reads_as(part) == ".git":
            return False
        path = posixpath.join(*here)
        if path in entries and entries[path].mode == SYMLINK:
            followed += 1
            destination = (head.read(path) or b"").decode("utf-8", errors="replace")
            if followed > _MOST_LINKS or destination.startswith("/") or "\\" in destination:
                return False
            here.pop()
            ahead += destination.split("/")[::-1]
    return True


def _of_content(file: FileChange) -> Iterator[Weighed]:
    new = file.new or b""
    if file.new_mode in (SYMLINK, SUBMODULE) or b"\0" not in new[:8000] or new == file.old:
        return
    suffix = PurePosixPath(file.path).suffix.casefold()
    if suffix in _PROGRAM_SUFFIXES or new.startswith(_PROGRAM_STARTS):
        yield weighed(
            "failed",
            f"'{file.path}' is a compiled program, which nobody can review",
            "add its source, or a pinned dependency",
            path=file.path,
        )
    elif file.old and b"\0" not in file.old[:8000]:
        yield weighed(
            "failed", f"'{file.path}' was text and becomes binary", "keep the file readable", path=file.path
        )
    elif file.old is None and suffix not in _HARMLESS_SUFFIXES:
        yield weighed(
            "needs_approval",
            f"'{file.path}' is a new binary file, which a reader of the diff cannot see into",
            "have a person look into it, or keep it outside git",
            path=file.path,
        )
