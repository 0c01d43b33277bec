"""The laboratory's twins, loaded by the schedulers themselves: a harmless change still loads."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from meta_pipeline.cli.errors import UsageError
from meta_pipeline.cli.full import runtime_topologies
from meta_pipeline.delivery.differences.compare import differences
from meta_pipeline.delivery.topology import Topology, TopologyError
from meta_pipeline.lab.audit import Complaint
from meta_pipeline.lab.cases import Case
from meta_pipeline.lab.environments import lacking, policy_at
from meta_pipeline.lab.mutation import Mutator
from meta_pipeline.lab.stores import CaseStore
from meta_pipeline.settings import Home


def loadable(stores: Mapping[str, CaseStore]) -> Mapping[str, CaseStore]:
    """The sources whose environments are built."""
    home = Home.of_environment().path
    return {name: store for name, store in stores.items() if lacking(home, store.tree(), build=False) is None}


def loaded(
    cases: Sequence[Case], mutators: Sequence[Mutator], stores: Mapping[str, CaseStore], jobs: int
) -> Iterator[Complaint]:
    """What the scheduler has against the twins among the cases of these sources, which have their environments."""
    keep = {mutator.id for mutator in mutators if mutator.keeps_pipelines}
    with ThreadPoolExecutor(jobs, thread_name_prefix="twin") as pool:
        for name, store in stores.items():
            twins = [case for case in cases if case.repository == name and not case.is_harmful]
            heads = store.seed(twins)
            try:
                base = _topologies(store, store.base)
            except UsageError as error:
                yield Complaint(name, f"its base cannot be loaded: {error}")
                continue
            tried = pool.map(partial(_tried, store), [heads[case.key] for case in twins])
            for case, found in zip(twins, tried, strict=True):
                if isinstance(found, str):
                    yield Complaint(case.id, f"the scheduler cannot load it: {found}")
                else:
                    yield from _against(case, base, found, keeps_pipelines=case.mutator in keep)


def _tried(store: CaseStore, commit: str) -> tuple[Topology, ...] | str:
    try:
        return _topologies(store, commit)
    except UsageError as error:
        return str(error)


def _topologies(store: CaseStore, commit: str) -> tuple[Topology, ...]:
    # The policy of the base, as a check has it.
    return runtime_topologies(store.folder, policy_at(store.tree()), commit)


def _against(
    case: Case, base: tuple[Topology, ...], head: tuple[Topology, ...], *, keeps_pipelines: bool
) -> Iterator[Complaint]:
    before, after = _errors(base), _errors(head)
    known = {(error.path, error.message) for error in before}
    new = [error for error in after if (error.path, error.message) not in known]
    if new and len(after) > len(before):
        yield Complaint(case.id, f"the scheduler refuses {new[0].path}: {new[0].message}")
    elif keeps_pipelines and (apart := differences(base, head)):
        yield Complaint(case.id, f"the scheduler makes other pipelines of it: {apart[0].sentence}")


def _errors(topologies: tuple[Topology, ...]) -> list[TopologyError]:
    return [error for topology in topologies for error in topology.errors]
