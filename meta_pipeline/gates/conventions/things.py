"""The named things of a repository that follow conventions, in the groups whose members are alike."""

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass

from meta_pipeline.delivery.topology import IMPLICIT_JOB, Topology, Unresolved

_OWN_NAMES = frozenset(
    {"test", "asset_check", "unit_test", "source", "external_asset", "saved_query", "semantic_model"}
)
"""Kinds of node whose names somebody else makes, or that are no work of their own."""

_COUNTING = frozenset({"airflow", "prefect"})
_COUNT = re.compile(r"(?:-|__)\d+$")
"""What these add to a name that is taken."""

Group = tuple[str, str]
"""The scheduler and the kind, such as `dbt`, `model`."""


@dataclass(frozen=True, slots=True)
class Thing:
    """A pipeline or node; `name` is the last part of its id, `part_of` the group around it."""

    group: Group
    id: str
    name: str
    path: str
    line: int | None
    owner: str | None | Unresolved
    tags: tuple[str, ...]
    part_of: str | None

    @property
    def stem(self) -> str:
        """The name of its file, without the ending."""
        return posixpath.splitext(posixpath.basename(self.path))[0]

    @property
    def layer(self) -> str:
        """`models/staging` of `models/staging/crm/stg_users.sql`: where names share a prefix."""
        folders = self.path.split("/")[:-1]
        at = folders.index("models") if "models" in folders else 0
        return "/".join(folders[: at + 2])

    @property
    def key(self) -> tuple[Group, str]:
        return self.group, self.id


def things_of(topologies: tuple[Topology, ...]) -> Iterator[Thing]:
    """Every pipeline and node that has a name of its own choice."""
    for topology in topologies:
        scheduler = topology.scheduler
        for pipeline in topology.pipelines:
            is_named = pipeline.id != IMPLICIT_JOB and scheduler != "dbt"
            if is_named:
                yield Thing(
                    (scheduler, _PIPELINES[scheduler]),
                    pipeline.id,
                    pipeline.id,
                    pipeline.path,
                    pipeline.line,
                    pipeline.owner,
                    pipeline.tags,
                    None,
                )
            for node in pipeline.nodes:
                if node.kind in _OWN_NAMES or (scheduler == "prefect" and node.kind == "flow"):
                    continue
                whole = node.id if scheduler in ("dagster", "dbt") else f"{pipeline.id}.{node.id}"
                last = node.id.rpartition("/" if scheduler == "dagster" else ".")[2]
                if scheduler in _COUNTING:
                    last = _COUNT.sub("", last)
                path, line = node.path or pipeline.path, node.line or pipeline.line
                yield Thing(
                    (scheduler, node.kind), whole, last, path, line, node.owner, node.tags, node.group
                )


_PIPELINES = {"airflow": "DAG", "dagster": "job", "prefect": "flow", "dbt": "project"}
