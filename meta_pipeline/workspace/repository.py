"""A repository to read, and the mirror of the user's repository in which all our own work happens."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Self

from meta_pipeline.workspace import patch as patches
from meta_pipeline.workspace.git import Answer, Git, GitFault, decoded
from meta_pipeline.workspace.tree import BlobReader, GitTree
from meta_pipeline.workspace.worktree import Worktree, added_worktree, remove_stale_worktrees

if TYPE_CHECKING:
    from filelock import FileLock

SOURCE_HEADS = "refs/remotes/source"
_ASKED_FOR = "refs/meta-pipeline/asked-for"
_FULL_ID = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
# A folder of this machine gives any commit by its id: whoever may read the folder may read all of them.
_GIT_AS_ANY_OWNER = (
    "git -c safe.directory='*' -c core.hooksPath=/dev/null -c uploadpack.allowAnySHA1InWant=true"
)


@dataclass(frozen=True)
class Commit:
    """One commit. `when` is the author's date; `subject` the first line of the message."""

    sha: str
    parents: tuple[str, ...]
    author_name: str
    author_email: str
    when: datetime
    subject: str


@dataclass(frozen=True)
class Repository:
    """Read access to a repository's objects. `path` is what a person calls it: the folder or URL in messages."""

    path: str
    git: Git = field(repr=False)
    blobs: BlobReader = field(repr=False, compare=False)

    def resolve(self, rev: str) -> str:
        """The full id of the commit that a branch, tag or id names; raises `GitFault` where none does."""
        return self._resolve(rev)[0]

    def _resolve(self, rev: str) -> tuple[str, str]:
        """The ids of a commit and of its tree."""
        for name in self._names(rev):
            found = self.git.run(
                "log",
                "--no-walk",
                "--max-count=1",
                "--format=%H %T",
                "--end-of-options",
                f"{name}^{{commit}}",
                "--",
            )
            if found.exit == 0:
                commit, tree = found.text.split()
                return commit, tree
        if not self.has_commit():
            raise GitFault(f"{self.path} is a repository with no commit; commit its files first.")
        if self.is_shallow():
            raise GitFault(
                f"{self.path} has no commit '{rev}': it is a shallow clone, which lacks old commits; run "
                "'git fetch --unshallow' in it, or name a commit that it has."
            )
        raise GitFault(f"{self.path} has no commit '{rev}'; name a branch, a tag or a commit that is in it.")

    def tree(self, rev: str) -> GitTree:
        """The files at `rev`; raises `GitFault` as `resolve` does."""
        commit, tree = self._resolve(rev)
        return GitTree(self.git, self.blobs, commit, tree)

    def tree_id(self, commit: str) -> str:
        """The id of a commit's tree."""
        return decoded(
            self.git.out("rev-parse", "--verify", "--end-of-options", f"{commit}^{{tree}}")
        ).strip()

    def commits(self, rev: str, count: int) -> tuple[Commit, ...]:
        """At most `count` commits that lead to `rev`, the newest first."""
        form = "%H%x1f%P%x1f%an%x1f%ae%x1f%aI%x1f%s"
        log = self.git.out("log", "-z", f"--max-count={count}", f"--format={form}", self.resolve(rev), "--")
        return tuple(_commit(decoded(record)) for record in log.split(b"\0") if record)

    def authors(self, base: str, head: str) -> tuple[str, ...]:
        """Who wrote the commits from `base` to `head`, as addresses or `Name <address>`; those that are known."""
        form = "%ae%n%(trailers:key=Co-authored-by,valueonly)"
        answer = self.git.run("log", f"--format={form}", "--end-of-options", f"{base}..{head}", "--")
        return (
            tuple(dict.fromkeys(line for line in answer.text.splitlines() if line))
            if answer.exit == 0
            else ()
        )

    def is_ancestor(self, older: str, newer: str) -> bool:
        """Whether `newer` holds all of `older`'s history."""
        return self.git.run("merge-base", "--is-ancestor", older, newer).exit == 0

    def merge_base(self, one: str, other: str) -> str | None:
        """The newest commit that both commits have in their history; None where the repository holds none."""
        found = self.git.run("merge-base", one, other)
        return found.text if found.exit == 0 else None

    def has_commit(self) -> bool:
        """Whether there is a commit on any branch, or checked out."""
        return any(self.git.run("rev-list", "--max-count=1", start).text for start in ("--all", "HEAD"))

    def is_shallow(self) -> bool:
        """Whether the clone lacks old commits."""
        return self.git.run("rev-parse", "--is-shallow-repository").text == "true"

    def default_branch(self) -> tuple[str, bool]:
        """The branch that changes are merged into, and whether git says so itself.

        It does where the clone knows the default of its origin; else it is `main` or `master`, the branch that is
        checked out, or, with none of them, any that is there.
        """
        listed = decoded(self.git.out("for-each-ref", "--format=%(refname:lstrip=2)", "refs/heads")).split(
            "\n"
        )
        local = [name for name in listed if name]
        origin = self.git.run("symbolic-ref", "--quiet", "--short", "refs/remotes/origin/HEAD").text
        of_origin = origin.removeprefix("origin/")
        if of_origin in local:
            return of_origin, True
        at_hand = self.git.run("symbolic-ref", "--quiet", "--short", "HEAD").text
        fitting = (name for name in ("main", "master", at_hand) if name in local)
        return next(fitting, local[0] if local else "main"), False

    def is_bare(self) -> bool:
        """Whether the folder holds a repository's own files, and none of a checkout."""
        return self.git.run("rev-parse", "--is-inside-git-dir").text == "true"

    def uncommitted(self) -> int:
        """How many files of the checkout are new or differ from the commit that is checked out."""
        said = self.git.run("status", "--porcelain", "-z", "--no-renames", "--ignore-submodules").text
        return sum(1 for entry in said.split("\0") if entry)

    def _names(self, rev: str) -> tuple[str, ...]:
        return (rev,)


def open_repository(path: Path) -> Repository:
    """Read the user's own repository where it lies: a checkout's root or a bare repository, shallow or partial too.

    Writes nothing. Raises `GitFault` where `path` is no git repository; a folder inside one is none either,
    as its files would be judged by the policy of another root.
    """
    root = path.resolve()
    if not root.is_dir():
        raise GitFault(f"{path} is not a folder; name the root of a git repository.")
    here = Git(root, variables={"GIT_CEILING_DIRECTORIES": str(root.parent)})
    found = here.run("rev-parse", "--absolute-git-dir")
    if found.exit != 0:
        above = Git(root).run("rev-parse", "--show-toplevel")
        if above.exit == 0 and above.text:
            raise GitFault(f"{path} is a folder inside a repository; name its root: --repo {above.text}")
        raise GitFault(f"{path} is not a git repository; name its root, or run 'git init' and commit there.")
    git = Git(root, options=(f"--git-dir={found.text}",))
    return Repository(str(path), git, BlobReader(git))


@dataclass(frozen=True)
class Mirror(Repository):
    """A bare copy of the user's repository, which is fetched from and else left alone.

    The source's branches are `refs/remotes/source/*`. Nothing in a mirror is ever collected: a commit
    that a delivery names must stay readable after its branch is gone. Threads and processes may share it.
    """

    root: Path
    target: str
    source: str

    @classmethod
    def open(cls, root: Path, target: str, source: str, commits: Sequence[str] = ()) -> Self:
        """The mirror of `source` (a path or a URL) in the state folder `root`, made or fetched anew.

        With `commits` (full ids) it holds those of a folder with their history, whether or not a branch leads to
        them, and no branch. Raises `GitFault` where the source cannot be read.
        """
        folder = root.resolve() / "mirrors" / f"{target}.git"
        folder.parent.mkdir(parents=True, exist_ok=True)
        git = Git(folder.parent, options=(f"--git-dir={folder}",))
        mirror = cls(source, git, BlobReader(git), root.resolve(), target, _absolute(source))
        with mirror.lock("fetch"):
            if not (folder / "HEAD").exists():
                git.out("init", "--bare", "--quiet", "--template=", str(folder))
                git.out("config", "gc.pruneExpire", "never")
        remove_stale_worktrees(git, mirror.worktrees, mirror.lock("worktrees"))
        if commits:
            mirror.fetch(commits)
        else:
            mirror.refresh()
        return mirror

    @property
    def git_dir(self) -> Path:
        """The mirror itself: bind it read-only where a sandboxed command of the target needs git."""
        return self.root / "mirrors" / f"{self.target}.git"

    @property
    def worktrees(self) -> Path:
        return self.root / "worktrees" / self.target

    def lock(self, step: Literal["fetch", "worktrees", "published"]) -> "FileLock":
        """Held for a step that two processes must not do at once."""
        from filelock import FileLock

        return FileLock(self.git_dir.with_suffix(f".{step}.lock"))

    @property
    def source_folder(self) -> Path | None:
        """The user's repository where it is a folder of this machine; None for a URL."""
        folder = Path(self.source)
        return folder if folder.is_absolute() else None

    def source_program(self, name: str) -> tuple[str, ...]:
        """The option that starts the other side, with our settings where it is a folder of this machine."""
        return () if self.source_folder is None else (f"--{name}={_GIT_AS_ANY_OWNER} {name}",)

    def refresh(self) -> None:
        """Fetch every branch of the source and forget those that are gone there; raises `GitFault`."""
        self._fetch("--prune", refs=(f"+refs/heads/*:{SOURCE_HEADS}/*",))

    def fetch(self, commits: Sequence[str]) -> None:
        """Fetch these commits of a source that is a folder, by their full ids; raises `GitFault`.

        CI checks out the merge of a pull request, to which no branch leads.
        """
        self._fetch(refs=tuple(f"+{commit}:{_ASKED_FOR}/{commit}" for commit in dict.fromkeys(commits)))

    def _fetch(self, *options: str, refs: Sequence[str]) -> None:
        if self.source_folder is not None:
            open_repository(self.source_folder)
        with self.lock("fetch"):
            answer = self.git.run(
                "fetch",
                "--quiet",
                *options,
                "--no-tags",
                "--no-write-fetch-head",
                "--no-recurse-submodules",
                "--update-shallow",
                *self.source_program("upload-pack"),
                "--end-of-options",
                self.source,
                *refs,
                settings=("protocol.allow=user",),
                network=True,
            )
        if answer.exit != 0:
            raise GitFault(
                f"{self.path} cannot be fetched: {answer.complaint}; see that it is a whole repository "
                "(no partial clone) that this user may read without a prompt."
            )

    def head_branch(self) -> str:
        """The source's default branch: `main`, `master`, or the one that its HEAD names; raises `GitFault`."""
        for usual in ("main", "master"):
            if self.git.run("rev-parse", "--verify", "--quiet", f"{SOURCE_HEADS}/{usual}").exit == 0:
                return usual
        answer = self.ask_source("HEAD", "--symref")
        if answer.exit == 0 and answer.text.startswith("ref: refs/heads/"):
            return answer.text.split("\t")[0].removeprefix("ref: refs/heads/")
        return "main"

    def ask_source(self, name: str, *options: str) -> Answer:
        """What `git ls-remote` says of a name in the source at this moment, not at the last fetch."""
        return self.git.run(
            "ls-remote",
            *options,
            *self.source_program("upload-pack"),
            self.source,
            name,
            settings=("protocol.allow=user",),
            network=True,
        )

    def tip(self, branch: str) -> str:
        """The newest commit of a branch of the source as of the last fetch; raises `GitFault` where it has none."""
        found = self.git.run("rev-parse", "--verify", "--quiet", f"{SOURCE_HEADS}/{branch}^{{commit}}")
        if found.exit == 0:
            return found.text
        listed = self.git.out("for-each-ref", "--format=%(refname:lstrip=3)", SOURCE_HEADS)
        branches = decoded(listed).split()
        if not branches:
            raise GitFault(
                f"{self.path} is a repository with no commit; commit its files on '{branch}' first."
            )
        raise GitFault(
            f"{self.path} has no branch '{branch}'; its branches are {', '.join(branches[:20])}: make it, or name "
            "another as default_branch in .meta-pipeline.yaml."
        )

    def commit_patch(
        self, base: str, patch: str, message: str, author_name: str, author_email: str, when: datetime
    ) -> patches.Applied | patches.Rejected:
        """The commit that `patch` makes of `base`; equal inputs give the same commit. See `patch.commit_patch`."""
        author = patches.Authorship(author_name, author_email, when)
        return patches.commit_patch(self.git, self.resolve(base), patch, message, author)

    def diff(self, base: str, head: str) -> str:
        """The git patch, binary files included, that turns `base` into `head`."""
        return patches.diff(self.git, self.resolve(base), self.resolve(head))

    def write_tree_patch(self, base: str, files: Mapping[str, bytes | None]) -> str:
        """The git patch that gives `base` these files; None deletes one. A file that is there keeps its mode."""
        return patches.tree_patch(self.git, self.resolve(base), files)

    def patch_id(self, patch: str) -> str:
        """`git patch-id --verbatim`: equal where two patches differ only in line numbers and object ids."""
        return patches.patch_id(self.git, patch)

    @contextmanager
    def worktree(self, commit: str, room: Path | None = None) -> Iterator[Worktree]:
        """A fresh checkout of `commit`, in `room` or else in our own, away from the user's; removed at the end."""
        there = self.worktrees if room is None else room
        with added_worktree(self.git, there, self.lock("worktrees"), self.resolve(commit)) as added:
            yield added

    def _names(self, rev: str) -> tuple[str, ...]:
        # Nobody may take over a commit by giving a branch its id as a name.
        return (rev,) if _FULL_ID.fullmatch(rev) else (f"{SOURCE_HEADS}/{rev}", rev)


def _absolute(source: str) -> str:
    """A path with its links resolved; a URL, or git's `host:path`, as it is."""
    return source if ":" in source and not Path(source).exists() else str(Path(source).resolve())


def _commit(record: str) -> Commit:
    sha, parents, name, email, when, subject = record.strip("\n").split("\x1f", 5)
    return Commit(sha, tuple(parents.split()), name, email, datetime.fromisoformat(when), subject)
