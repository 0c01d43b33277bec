"""The policy that a repository gets before it has written its own: everything that detection can tell."""

from meta_pipeline.delivery.tree import Tree
from meta_pipeline.policy import EnvironmentPolicy, Policy, SchedulerPolicy
from meta_pipeline.schedulers.detect import detect

_REQUIREMENTS = ("requirements.lock", "requirements.txt")


def detected_policy(tree: Tree, target: str, branch: str) -> Policy:
    """Safe defaults for `tree`: its scheduler, folders, environment and commands as far as files tell."""
    found = detect(tree)
    paths = tree.entries().keys()
    requirements = tuple(name for name in _REQUIREMENTS if name in paths)[:1]
    return Policy(
        target=target,
        default_branch=branch,
        scheduler=SchedulerPolicy(kind=found[0].kind, paths=found[0].paths) if found else None,
        environment=EnvironmentPolicy(requirements=requirements),
    )
