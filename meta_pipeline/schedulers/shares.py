"""Which topologies belong to which scheduler of a policy."""

from collections.abc import Iterable
from posixpath import normpath

from meta_pipeline.delivery.topology import Topology
from meta_pipeline.policy import Policy
from meta_pipeline.schedulers.signs import outermost


def topologies_of(share: Policy, topologies: Iterable[Topology]) -> tuple[Topology, ...]:
    """Those of the share's one scheduler: where it names folders, those that lie there or around them."""
    scheduler = share.scheduler
    if scheduler is None:
        return ()
    folders = outermost(scheduler.paths)
    return tuple(
        one
        for one in topologies
        if one.scheduler == scheduler.kind
        and (not folders or any(len(outermost((one.root, each))) == 1 for each in folders))
    )


def share_of(policy: Policy, topology: Topology) -> Policy | None:
    """The policy as the scheduler of a topology has it; the one that names its very folder goes first."""
    shares = [own for own in policy.for_each_scheduler() if topologies_of(own, (topology,))]
    named = (own for own in shares if own.scheduler and topology.root in map(normpath, own.scheduler.paths))
    return next(named, shares[0] if shares else None)
