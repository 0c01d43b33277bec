"""Patches and the commits they make, in a temporary index: no checkout, no filter, no hook."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from meta_pipeline.delivery.tree import REGULAR
from meta_pipeline.workspace.git import Git, GitFault, decoded
from meta_pipeline.workspace.scratch import scratch_folder

COMMITTER = ("meta-pipeline", "meta-pipeline@localhost")


@dataclass(frozen=True, slots=True)
class Applied:
    """The commit and tree that a patch made; `patch_id` is that of the difference from base to head."""

    head: str
    tree: str
    patch_id: str


@dataclass(frozen=True, slots=True)
class Rejected:
    """A patch that git does not apply; `reason` is one sentence with file and line as far as git knows them."""

    reason: str


@dataclass(frozen=True, slots=True)
class Authorship:
    """Who wrote a commit; `when` is its date for author and committer, with a time zone."""

    name: str
    email: str
    when: datetime


def commit_patch(git: Git, base: str, patch: str, message: str, author: Authorship) -> Applied | Rejected:
    """Apply `patch` to the commit `base` and commit the result; equal inputs give the same commit.

    Where the context of a patch has moved too far, the blobs that it names are merged three-way, as a
    rebase would. `patch_id` is taken from the outcome, as a patch without context applies anywhere.
    """
    if author.when.tzinfo is None:
        raise ValueError("the date of a commit needs a time zone; give an aware datetime.")
    given = encoded(patch)
    with _index(git, base) as indexed:
        applied = indexed.run("apply", "--cached", "--whitespace=nowarn", "-", given=given)
        if applied.exit != 0:
            with _index(git, base) as second:
                merged = second.run("apply", "--cached", "--3way", "--whitespace=nowarn", "-", given=given)
                if merged.exit != 0:
                    return Rejected(f"the patch does not apply to {base[:12]}: {applied.complaint}.")
                tree = _text(second.out("write-tree"))
        else:
            tree = _text(indexed.out("write-tree"))
    if tree == _text(git.out("rev-parse", f"{base}^{{tree}}")):
        return Rejected(f"the patch changes nothing in {base[:12]}; give one with a change.")
    date = f"{int(author.when.timestamp())} +0000"
    head = _text(
        git.out(
            "commit-tree",
            tree,
            "-p",
            base,
            given=encoded(message.rstrip("\n") + "\n"),
            variables={
                "GIT_AUTHOR_NAME": author.name,
                "GIT_AUTHOR_EMAIL": author.email,
                "GIT_AUTHOR_DATE": date,
                "GIT_COMMITTER_NAME": COMMITTER[0],
                "GIT_COMMITTER_EMAIL": COMMITTER[1],
                "GIT_COMMITTER_DATE": date,
            },
        )
    )
    return Applied(head, tree, patch_id(git, diff(git, base, head)))


def diff(git: Git, base: str, head: str) -> str:
    """The git patch from one commit or tree to another, always valid UTF-8.

    A file that is not UTF-8 stands in it as a binary patch, which any JSON can carry and git applies as is.
    """
    try:
        return _diff(git, base, head).decode("utf-8")
    except UnicodeDecodeError:
        names = git.out("diff-tree", "-r", "-z", "--no-renames", "--name-only", base, head)
        return "".join(_diff_of_file(git, base, head, name) for name in names.split(b"\0")[:-1])


def tree_patch(git: Git, base: str, files: Mapping[str, bytes | None]) -> str:
    """The git patch that gives the commit `base` these files; None deletes one. Modes stay; a new file is 100644."""
    if not files:
        return ""
    listed = git.out("ls-tree", "-r", "-z", "--full-tree", base).split(b"\0")[:-1]
    modes = {
        decoded(path): facts.split(b" ")[0].decode()
        for facts, _, path in (r.partition(b"\t") for r in listed)
    }
    kept = {path: data for path, data in files.items() if data is not None}
    objects = _written(git, tuple(kept.values()))
    records = [f"0 {'0' * len(base)}\t{path}" for path, data in files.items() if data is None]
    records += [
        f"{modes.get(path, REGULAR)} {name}\t{path}" for path, name in zip(kept, objects, strict=True)
    ]
    with _index(git, base) as indexed:
        answer = indexed.run(
            "update-index", "--replace", "-z", "--index-info", given="\0".join([*records, ""]).encode()
        )
        if answer.exit != 0 or answer.error.strip():
            raise GitFault(
                f"a file cannot be written: {answer.complaint}; name a path inside the repository."
            )
        tree = _text(indexed.out("write-tree"))
    return diff(git, base, tree)


def patch_id(git: Git, patch: str) -> str:
    """`git patch-id --verbatim`, which sees white space; empty for a patch without a change."""
    return _text(git.out("patch-id", "--verbatim", given=encoded(patch))).partition(" ")[0]


def encoded(text: str) -> bytes:
    """The bytes of a patch; bytes that were read as surrogate escapes come back as they were."""
    return text.encode("utf-8", errors="surrogateescape")


@contextmanager
def _index(git: Git, base: str) -> Iterator[Git]:
    """Git with an index of its own that holds the files of `base`."""
    with scratch_folder() as folder:
        indexed = Git(git.folder, git.options, {**git.variables, "GIT_INDEX_FILE": str(folder / "index")})
        indexed.out("read-tree", base)
        yield indexed


def _diff(git: Git, base: str, head: str, path: bytes | None = None, settings: tuple[str, ...] = ()) -> bytes:
    return git.out(
        "diff-tree",
        "-r",
        "--patch",
        "--binary",
        "--full-index",
        "--no-renames",
        "--no-ext-diff",
        "--no-textconv",
        "--no-color",
        "--src-prefix=a/",
        "--dst-prefix=b/",
        base,
        head,
        "--",
        *([] if path is None else [path.decode("utf-8", errors="surrogateescape")]),
        settings=settings,
    )


def _diff_of_file(git: Git, base: str, head: str, path: bytes) -> str:
    try:
        return _diff(git, base, head, path).decode("utf-8")
    except UnicodeDecodeError:
        with scratch_folder() as folder:
            attributes = folder / "attributes"
            attributes.write_bytes(b"* -diff\n")
            return _diff(git, base, head, path, (f"core.attributesFile={attributes}",)).decode("ascii")


def _written(git: Git, contents: tuple[bytes, ...]) -> list[str]:
    """The object ids of these contents, written by one git process."""
    with scratch_folder() as folder:
        paths = [folder / str(number) for number in range(len(contents))]
        for path, data in zip(paths, contents, strict=True):
            path.write_bytes(data)
        listed = "".join(f"{path}\n" for path in paths).encode()
        return _text(git.out("hash-object", "-w", "--no-filters", "--stdin-paths", given=listed)).split()


def _text(output: bytes) -> str:
    return re.sub(r"\s+\Z", "", output.decode())
