"""The environments in which the code of a source is run: one for each set of requirements, kept in the home."""

from pathlib import Path

from meta_pipeline.delivery.tree import Tree, text_of
from meta_pipeline.policy import POLICY_FILE, Policy, read_policy
from meta_pipeline.schedulers.defaults import detected_policy
from meta_pipeline.workspace.environment import Built, CannotBuild, build_environment, built_environment
from meta_pipeline.workspace.sandbox import detect_sandbox


def policy_at(tree: Tree) -> Policy:
    """The policy that is committed, or what the files tell."""
    text = text_of(tree, POLICY_FILE)
    return read_policy(text) if text is not None else detected_policy(tree, "lab", "main")


def environment_of(home: Path, tree: Tree, policy: Policy, *, build: bool) -> Built | CannotBuild:
    """The environment of a policy at a tree; with `build` it is made below `home` where it is missing."""
    if build:
        return build_environment(home, tree, policy.environment, detect_sandbox())
    return built_environment(home, tree, policy.environment) or CannotBuild("its environment is not built")


def holds(environment: Built, policy: Policy) -> bool:
    """Whether the environment holds the policy's one scheduler; one that is made of no requirements holds none."""
    return policy.scheduler is not None and (environment.programs / policy.scheduler.kind).is_file()


def lacking(home: Path, tree: Tree, *, build: bool) -> str | None:
    """Why code of a tree cannot be run here; None where an environment is at hand for each of its schedulers."""
    policy = policy_at(tree)
    shares = [share for share in policy.for_each_scheduler() if share.scheduler is not None]
    if not shares:
        return "it has no scheduler"
    for share in shares:
        assert share.scheduler is not None
        environment = environment_of(home, tree, share, build=build)
        if isinstance(environment, CannotBuild):
            return environment.reason
        if not holds(environment, share):
            return f"what its files require holds no {share.scheduler.kind}"
    return None
