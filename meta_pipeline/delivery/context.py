"""What the repository holds that an issue can touch, at the commit that the delivery was planned on."""

from meta_pipeline.delivery.model import Frozen
from meta_pipeline.delivery.topology import Pipeline, Topology


class Dataset(Frozen):
    """A dataset that a contract, suite or model of the repository describes. `columns` in the contract's order.

    `contract` is the file that describes it, None for a dbt model or seed that nothing describes; `model` is the file
    that builds it, where dbt does. It may have more columns than these unless they are `complete`.
    """

    name: str
    contract: str | None
    columns: tuple[str, ...] = ()
    model: str | None = None
    complete: bool = True


class Manifest(Frozen):
    """A dependency manifest or lock of the repository."""

    path: str
    kind: str
    locked: bool
    packages: int


class RepoContext(Frozen):
    """The repository as the issue meets it. `files` are all paths, sorted; `base` is not part of later digests."""

    base: str
    topologies: tuple[Topology, ...]
    datasets: tuple[Dataset, ...]
    manifests: tuple[Manifest, ...]
    files: tuple[str, ...]

    @property
    def pipelines(self) -> tuple[Pipeline, ...]:
        return tuple(p for topology in self.topologies for p in topology.pipelines)


class DependencyAudit(Frozen):
    """The dependency manifests at base and what the requirements mean for them."""

    requirements: str
    manifests: tuple[Manifest, ...]
    unlocked: tuple[str, ...]
    summary: str
