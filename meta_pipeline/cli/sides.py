"""The two sides that `check` compares."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from meta_pipeline.workspace.git import GitFault
from meta_pipeline.workspace.repository import Repository
from meta_pipeline.workspace.tree import GitTree

EMPTY_TREES = (
    "4b825dc642cb6eb9a060e54bf8d69288fbee4904",
    "6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321",
)
"""The tree without files, which every git knows, by SHA-1 and by SHA-256: what is there before the first commit."""


@dataclass(frozen=True)
class Sides:
    """`base` and `head` are compared, by the policy of `rules`, the commit that was `named` as the base.

    So nobody chooses an older policy by beginning at an older commit. `tip` is the newest commit that leads to the
    head. `notes` say what a reader does not expect; `asked` are the arguments that ask for the same again.
    """

    base: GitTree
    head: GitTree
    rules: GitTree
    named: str
    tip: str
    notes: tuple[str, ...]
    asked: tuple[str, ...]

    @property
    def is_staged(self) -> bool:
        """Whether the head is no commit yet."""
        return "--staged" in self.asked


@contextmanager
def named_sides(repository: Repository, base: str, head: str) -> Iterator[Sides]:
    """What `head` brings since it left `base`; raises `GitFault` where one of them is missing."""
    named, other = _tree(repository, base), _tree(repository, head)
    start, notes = _start(repository, named, other.commit, (base, head))
    yield Sides(start, other, named, base, other.commit, notes, ("--base", base, "--head", head))


@contextmanager
def staged_sides(repository: Repository, base: str | None) -> Iterator[Sides]:
    """What is staged, over the commit that is checked out or since that left `base`; raises `GitFault`."""
    from meta_pipeline.workspace.index import staged_tree

    asked = ("--staged",) if base is None else ("--base", base, "--staged")
    with staged_tree(repository) as staged:
        notes: tuple[str, ...] = ()
        if base is None and not repository.has_commit():
            named = start = _tree(repository, EMPTY_TREES[len(staged.tree_id) > 40])
            tip = named.commit
        else:
            named = _tree(repository, base or "HEAD")
            tip = repository.resolve("HEAD")
            start, notes = _start(repository, named, tip, (base or "HEAD", "HEAD"))
        yield Sides(start, staged, named, base or "HEAD", tip, notes, asked)


def _tree(repository: Repository, rev: str) -> GitTree:
    if rev in EMPTY_TREES:
        return GitTree(repository.git, repository.blobs, rev, rev)
    return repository.tree(rev)


def _start(
    repository: Repository, base: GitTree, head: str, names: tuple[str, str]
) -> tuple[GitTree, tuple[str, ...]]:
    """Where `head` left `base`. A branch that is behind its base must not answer for what came to the base since."""
    if base.commit in (head, *EMPTY_TREES) or head in EMPTY_TREES:
        return base, ()
    common = repository.merge_base(base.commit, head)
    if common == base.commit:
        return base, ()
    named, other = names
    if common == head:
        return base, (f"{named} holds {other} already, so going back to it is what was judged",)
    if common is not None:
        said = f"{other} left {named} at {common[:12]}, so it was judged against that commit, by the policy of {named}"
        return repository.tree(common), (said,)
    if repository.is_shallow():
        raise GitFault(
            f"{repository.path} is a shallow clone that does not reach back to where {other} left {named}; run "
            "'git fetch --deepen=200' or 'git fetch --unshallow' in it, or set 'fetch-depth: 0' for actions/checkout."
        )
    return base, (f"{named} and {other} have no common history, so all that differs between them was judged",)
