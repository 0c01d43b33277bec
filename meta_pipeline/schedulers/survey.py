"""The topologies of a repository at one moment, read from source, and of a change's two sides."""

from collections.abc import Callable, Iterable

from meta_pipeline.delivery.change import Change
from meta_pipeline.delivery.topology import SchedulerKind, Topology
from meta_pipeline.delivery.tree import Tree
from meta_pipeline.policy import DbtPolicy, EnvironmentPolicy, Policy, SchedulerPolicy
from meta_pipeline.schedulers.adapter import Reader
from meta_pipeline.schedulers.detect import detect
from meta_pipeline.schedulers.registry import ADAPTERS
from meta_pipeline.schedulers.signs import Detected, outermost
from meta_pipeline.schedulers.source.contents import keep_content_tests
from meta_pipeline.schedulers.source.readings import Answers
from meta_pipeline.schedulers.source.store import kept_readings

_topologies = Answers("topologies", Topology)


def survey(tree: Tree, policy: Policy) -> tuple[Topology, ...]:
    """The static topologies of `tree`, in the order of the policy's schedulers and of their folders.

    Where the policy names no scheduler, or no folder of one, they are detected.
    """
    found = [
        topology
        for kind, folders, imports in _places(detect(tree), policy)
        for folder in folders
        for topology in _topologies.of(
            tree, (kind, folder, imports), _reading(ADAPTERS[kind].read, folder, imports)
        )
    ]
    if (store := kept_readings()) is not None:
        keep_content_tests(store)
        store.flush()
    return tuple(found)


def _reading(read: Reader, folder: str, imports: tuple[str, ...]) -> Callable[[Tree], tuple[Topology, ...]]:
    return lambda tree: read(tree, folder, imports)


def read_change(base: Tree, head: Tree, policy_base: Policy) -> Change:
    """Both sides of a change, judged by the base's policy."""
    return Change(
        base=base,
        head=head,
        base_topologies=survey(base, policy_base),
        head_topologies=survey(head, policy_base),
    )


def also_in(policy: Policy, tree: Tree) -> Policy:
    """A policy that nobody wrote, with the folders too in which another commit holds pipelines.

    What was detected on one side of a change alone would take a moved pipeline for a removed one, and would not see
    a new scheduler.
    """
    found = {each.kind: each.paths for each in detect(tree)}
    named = {one.kind: one for one in policy.all_schedulers}
    kinds = [*named, *(kind for kind in found if kind not in named and (kind != "dbt" or not named))]
    schedulers = tuple(
        named.get(kind, SchedulerPolicy(kind=kind)).model_copy(
            update={
                "paths": tuple(
                    outermost((*(named[kind].paths if kind in named else ()), *found.get(kind, ())))
                )
            }
        )
        for kind in kinds
    )
    projects = {project.project for project in policy.dbt_projects}
    new = tuple(DbtPolicy(project=path) for path in found.get("dbt", ()) if path not in projects)
    return policy.model_copy(
        update={"scheduler": None, "schedulers": schedulers, "dbt": (*policy.dbt_projects, *new)}
    )


def _places(
    detected: tuple[Detected, ...], policy: Policy
) -> Iterable[tuple[SchedulerKind, tuple[str, ...], tuple[str, ...]]]:
    """Each scheduler with its folders and the folders that its imports start from.

    The policy's own words come first, what is detected stands where it is silent; dbt projects run under any scheduler.
    """
    found = {each.kind: each.paths for each in detected}
    named = policy.all_schedulers
    imports = _import_roots(policy.environment)
    places: list[tuple[SchedulerKind, tuple[str, ...], tuple[str, ...]]] = [
        (one.kind, one.paths or found.get(one.kind, ()), _import_roots(one.environment or policy.environment))
        for one in named
        if one.kind != "dbt"
    ]
    if not named:
        places = [(kind, folders, imports) for kind, folders in found.items() if kind != "dbt"]
    projects = policy.dbt_projects or tuple(DbtPolicy(project=path) for path in found.get("dbt", ()))
    places.append(("dbt", tuple(project.project for project in projects), imports))
    return [(kind, tuple(outermost(folders)), roots) for kind, folders, roots in places if folders]


def _import_roots(environment: EnvironmentPolicy) -> tuple[str, ...]:
    """The folders of `PYTHONPATH` that lie in the repository."""
    entries = environment.variables.get("PYTHONPATH", "").split(":")
    return tuple(entry for entry in entries if entry and not entry.startswith(("/", "..")))
