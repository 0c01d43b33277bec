"""What the repository holds that an issue can touch, at the commit that the delivery was planned on."""

from collections.abc import Mapping

from pydantic import Field

from meta_pipeline.delivery.dependencies.package_change import PackageChange
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


class Vulnerability(Frozen):
    """A known vulnerability of one release; `fixed_in` are the releases that are free of it."""

    package: str
    version: str
    id: str
    fixed_in: tuple[str, ...] = ()


class DependencyAudit(Frozen):
    """The dependency manifests at base and what the change means for them.

    `packages` is what the change at hand brings in, moves or takes away; nothing where its plan writes no manifest.
    `licences` are those that are known, by package. `vulnerabilities` were looked up where `looked_up_at` names a
    source; else `not_looked_up` says why not, and nothing is known of them.
    """

    requirements: str
    manifests: tuple[Manifest, ...]
    unlocked: tuple[str, ...]
    summary: str
    packages: tuple[PackageChange, ...] = ()
    licences: Mapping[str, str] = Field(default_factory=dict)
    vulnerabilities: tuple[Vulnerability, ...] = ()
    looked_up_at: str | None = None
    not_looked_up: str | None = None
    lookup_failed: bool = False
