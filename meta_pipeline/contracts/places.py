"""Which files of a repository are data contracts."""

from collections.abc import Iterator
from fnmatch import fnmatch

from meta_pipeline.delivery.tree import Tree

DEFAULT_CONTRACTS = ("**/*.odcs.yaml", "**/*.odcs.yml")


def matches(path: str, pattern: str) -> bool:
    """Whether a glob of a policy names the path; `**/` also stands for no folder at all."""
    return fnmatch(path, pattern) or fnmatch(path, pattern.replace("**/", ""))


def is_contract(path: str, patterns: tuple[str, ...]) -> bool:
    """Whether the policy's `contracts` name the file, or the usual name of such files where it has none."""
    return any(matches(path, pattern) for pattern in patterns or DEFAULT_CONTRACTS)


def contract_files(tree: Tree, patterns: tuple[str, ...]) -> Iterator[str]:
    """The contract files of a tree, sorted."""
    return (path for path in sorted(tree.entries()) if is_contract(path, patterns))
