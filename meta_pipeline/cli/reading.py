"""The pipelines of a repository at one commit, as a command reads them."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

from meta_pipeline.delivery.topology import Topology
from meta_pipeline.delivery.tree import Tree
from meta_pipeline.evidence.signing import Signers
from meta_pipeline.policy import POLICY_FILE, Policy, read_policy
from meta_pipeline.schedulers.source.processes import read_in_processes
from meta_pipeline.schedulers.source.store import keep_readings_in
from meta_pipeline.schedulers.survey import survey
from meta_pipeline.settings import Home
from meta_pipeline.workspace.git import GitFault
from meta_pipeline.workspace.repository import Repository, open_repository
from meta_pipeline.workspace.tree import GitTree


@dataclass(frozen=True)
class Read:
    """One commit with its own policy and its pipelines."""

    tree: GitTree
    policy: Policy
    topologies: tuple[Topology, ...]


def opened(repo: Path) -> Repository:
    """The repository; what is read from its source is kept for the next command. Raises `GitFault`.

    Much to read is shared among the processors: a command runs nothing beside it.
    """
    read_in_processes()
    keep_readings_in(Home.of_environment().readings, str(repo.resolve()))
    return open_repository(repo)


def read_at(repository: Repository, rev: str, level: Literal["static", "full"]) -> Read:
    """The pipelines at `rev`, from source or, at `full`, from the schedulers; raises `GitFault` or `UsageError`."""
    tree = repository.tree(rev)
    policy = policy_of(repository, tree)
    if level == "full":
        from meta_pipeline.cli.full import runtime_topologies

        found = runtime_topologies(Path(repository.path), policy, tree.commit)
    else:
        found = survey(tree, policy)
    return Read(tree, policy, found)


def read_each(
    repository: Repository, revs: Sequence[str], level: Literal["static", "full"]
) -> tuple[Read, ...]:
    """`read_at` for each of the commits, whose schedulers are asked at the same time, in sandboxes of their own."""
    if level == "static":
        return tuple(read_at(repository, rev, level) for rev in revs)
    with ThreadPoolExecutor(max_workers=len(revs), thread_name_prefix="side") as pool:
        return tuple(pool.map(partial(read_at, repository, level=level), revs))


def signers_at(tree: GitTree, policy: Policy) -> Signers:
    """Who may sign, by the file of a commit that the policy names."""
    path = policy.signoff.allowed_signers
    return Signers(((f"{path} at {tree.commit[:12]}", tree.read(path) or b""),))


def policy_of(repository: Repository, tree: Tree) -> Policy:
    """The policy committed in `tree`, or safe defaults; raises `PolicyError`."""
    return written_policy(tree) or default_policy(repository, tree)


def written_policy(tree: Tree) -> Policy | None:
    """The policy committed in `tree`; raises `PolicyError`, or `GitFault` where it is there and cannot be read."""
    text = tree.read(POLICY_FILE)
    if text is not None:
        return read_policy(text.decode("utf-8", "replace"))
    if POLICY_FILE in tree.entries():
        raise GitFault(
            f"{POLICY_FILE} is committed and its content is not in the repository, as in a partial clone; run "
            "'git fetch --refetch' in it without a filter, or use a full clone."
        )
    return None


def default_policy(repository: Repository, tree: Tree) -> Policy:
    """What stands in for the policy that nobody wrote, by what is detected in `tree`."""
    from meta_pipeline.messages.policy_file import target_name
    from meta_pipeline.schedulers.defaults import detected_policy

    return detected_policy(tree, target_name(repository.path), "main")
