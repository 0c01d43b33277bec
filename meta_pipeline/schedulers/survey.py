"""The topologies of a repository at one moment, read from source, and of a change's two sides."""

from collections.abc import Callable, Iterable

from meta_pipeline.delivery.bounded import bounded
from meta_pipeline.delivery.change import Change
from meta_pipeline.delivery.sharing import shared_with
from meta_pipeline.delivery.topology import SchedulerKind, Topology
from meta_pipeline.delivery.tree import Tree
from meta_pipeline.policy import DbtPolicy, EnvironmentPolicy, Policy, SchedulerPolicy
from meta_pipeline.schedulers.adapter import Reader
from meta_pipeline.schedulers.detect import detect
from meta_pipeline.schedulers.registry import ADAPTERS
from meta_pipeline.schedulers.signs import Detected, outermost
from meta_pipeline.schedulers.source.contents import keep_content_tests
from meta_pipeline.schedulers.source.known import Known, pairs_of
from meta_pipeline.schedulers.source.readings import Answers
from meta_pipeline.schedulers.source.store import kept_readings

_topologies = Answers("topologies", Topology)


def survey(tree: Tree, policy: Policy) -> tuple[Topology, ...]:
    """The static topologies of `tree`, in the order of the policy's schedulers and of their folders.

    Where the policy names no scheduler, or no folder of one, they are detected. Source that is too large is not read.
    """
    tree = bounded(tree)
    found = [
        topology
        for kind, folders, known in _places(detect(tree), policy)
        for folder in folders
        for topology in _topologies.of(
            tree, (kind, folder, known), _reading(ADAPTERS[kind].read, folder, known)
        )
    ]
    if (store := kept_readings()) is not None:
        keep_content_tests(store)
        store.flush()
    return tuple(found)


def _reading(read: Reader, folder: str, known: Known) -> Callable[[Tree], tuple[Topology, ...]]:
    return lambda tree: read(tree, folder, known)


def read_change(base: Tree, head: Tree, policy_base: Policy) -> Change:
    """Both sides of a change, judged by the base's policy; source that is too large is not read."""
    before = survey(base, policy_base)
    return Change(
        base=bounded(base),
        head=bounded(head),
        base_topologies=before,
        head_topologies=shared_with(before, survey(head, policy_base)),
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
) -> Iterable[tuple[SchedulerKind, tuple[str, ...], Known]]:
    """Each scheduler with its folders and what its code may know of the policy.

    The policy's own words come first, what is detected stands where it is silent; dbt projects run under any scheduler.
    """
    found = {each.kind: each.paths for each in detected}
    named = policy.all_schedulers
    known = _known(policy, policy.environment)
    places: list[tuple[SchedulerKind, tuple[str, ...], Known]] = [
        (
            one.kind,
            one.paths or found.get(one.kind, ()),
            _known(policy, one.environment or policy.environment),
        )
        for one in named
        if one.kind != "dbt"
    ]
    if not named:
        places = [(kind, folders, known) for kind, folders in found.items() if kind != "dbt"]
    projects = policy.dbt_projects or tuple(DbtPolicy(project=path) for path in found.get("dbt", ()))
    places.append(("dbt", tuple(project.project for project in projects), known))
    return [(kind, tuple(outermost(folders)), known) for kind, folders, known in places if folders]


def _known(policy: Policy, environment: EnvironmentPolicy) -> Known:
    return Known(
        imports=_import_roots(environment),
        set=pairs_of(environment.variables),
        variables=pairs_of(policy.dry_run.variables),
        connections=pairs_of(policy.dry_run.connections),
    )


def _import_roots(environment: EnvironmentPolicy) -> tuple[str, ...]:
    """The folders of `PYTHONPATH` that lie in the repository."""
    entries = environment.variables.get("PYTHONPATH", "").split(":")
    return tuple(entry for entry in entries if entry and not entry.startswith(("/", "..")))
