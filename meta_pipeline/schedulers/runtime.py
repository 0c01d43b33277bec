"""How a scheduler itself is asked about a checkout, and what it answers; each scheduler's folder has its own way."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol, TypeVar, runtime_checkable

from pydantic import ValidationError

from meta_pipeline.delivery.evidence import Command
from meta_pipeline.delivery.model import Frozen
from meta_pipeline.delivery.topology import SchedulerKind, Topology
from meta_pipeline.delivery.tree import Tree
from meta_pipeline.policy import Policy
from meta_pipeline.workspace.written import read_written

DRY_RUN_FILE = "dry-run.json"
PARSE_SECONDS = 300
PIPELINE_SECONDS = 600
"""The longest that an import of all pipelines, and the dry run of one, may take."""


_Document = TypeVar("_Document", bound=Frozen)


class CannotLoadError(ValueError):
    """The scheduler could load nothing; the text says in its words why, and how to mend it."""


class NodeRun(Frozen):
    """One node of a dry run; `map_index` is -1 where the node is not mapped."""

    id: str
    map_index: int = -1
    state: str | None
    seconds: float | None


class PipelineRun(Frozen):
    """What became of one pipeline in a dry run; `error` says in one line why it did not succeed."""

    pipeline: str
    succeeded: bool
    seconds: float
    nodes: tuple[NodeRun, ...] = ()
    error: str | None = None


class Runtime(Protocol):
    """One scheduler's own word. Commands run at the root of a checkout, in the target's environment.

    An argv that begins with `python` means the interpreter of that environment. `scratch` is a writable
    folder of ours; answers are read back from it. `probes` are the scripts of ours that the sandbox must let
    be read; the first one is run. `preloads` are the modules that a warm process imports before it forks for the
    probe, none where there should be none: the probe must then read anew what they took from the environment.
    """

    kind: SchedulerKind
    probes: tuple[Path, ...]
    preloads: tuple[str, ...]

    def parse(self, policy: Policy, scratch: Path) -> Command:
        """Import every pipeline of the policy's folders."""
        ...

    def topologies(self, scratch: Path, source: Tree | None = None, /) -> tuple[Topology, ...]:
        """What `parse` found; `source` are the files that it was about, for the lines that a scheduler does not keep.

        Raises `OSError` or `ValueError` where it wrote nothing that can be read, `CannotLoadError` where it says why.
        """
        ...

    def dry_run(self, policy: Policy, scratch: Path, pipelines: Sequence[str]) -> Command:
        """Run each of these pipelines once for the policy's logical date, without retries."""
        ...


@runtime_checkable
class DryRuns(Runtime, Protocol):
    """A scheduler whose dry run of one side of a change is read by itself.

    dbt is none: what it builds at head begins where base ended, so both sides are read together.
    """

    def dry_run(
        self, policy: Policy, scratch: Path, pipelines: Sequence[str], output: str = DRY_RUN_FILE
    ) -> Command:
        """As any scheduler's; its answer goes to the file `output` of `scratch`, one for each run there."""
        ...

    def runs(self, scratch: Path, output: str = DRY_RUN_FILE) -> tuple[PipelineRun, ...]:
        """What became of them, in the order asked for; those after a killed one are not there.

        Raises `OSError` or `ValueError` as `topologies` does.
        """
        ...


def read_document(model: type[_Document], path: Path, what: str) -> _Document:
    """What a probe wrote to a file; `what` names it in a message, such as `dry run that Airflow's probe wrote`.

    Raises `OSError` or `ValueError` where there is none, or none that is as agreed.
    """
    data = read_written(path)
    try:
        return model.model_validate_json(data)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "its beginning"
        raise ValueError(
            f"The {what} cannot be read: at {where}: {first['msg']}; run the command again."
        ) from error
