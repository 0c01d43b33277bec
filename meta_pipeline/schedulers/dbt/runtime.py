"""dbt asked about one project as every scheduler is asked about its pipelines."""

import posixpath
from collections.abc import Sequence
from pathlib import Path

from meta_pipeline.delivery.evidence import Command
from meta_pipeline.delivery.topology import SchedulerKind, Topology
from meta_pipeline.delivery.tree import Tree
from meta_pipeline.policy import DbtPolicy, Policy
from meta_pipeline.schedulers.dbt.answer import read_answer
from meta_pipeline.schedulers.dbt.commands import PROBE, answer_file, build_command, parse_command
from meta_pipeline.schedulers.dbt.manifest import topology_of
from meta_pipeline.schedulers.dbt.troubles import trouble_of
from meta_pipeline.schedulers.runtime import CannotLoadError


class DbtRuntime:
    """`dbt parse` and `dbt build` of the one project of a policy, as `Policy.for_each_scheduler` gives it."""

    kind: SchedulerKind = "dbt"
    probes: tuple[Path, ...] = (PROBE,)
    preloads: tuple[str, ...] = ()

    def parse(self, policy: Policy, scratch: Path) -> Command:
        return parse_command(project_of(policy), scratch)

    def topologies(self, scratch: Path, source: Tree | None = None) -> tuple[Topology, ...]:
        answer = read_answer(answer_file(scratch))
        declared = declared_in(source, folder_of(answer.project)) if source else None
        trouble = trouble_of(answer, "", declared)
        if trouble and trouble.could_not_run:
            raise CannotLoadError(trouble.could_not_run)
        errors = trouble.errors if trouble else ()
        return (topology_of(answer.manifest, folder_of(answer.project), declared, errors, answer.version),)

    def dry_run(self, policy: Policy, scratch: Path, pipelines: Sequence[str]) -> Command:
        nodes = [node for name in pipelines for node in policy.dry_run.nodes.get(name, ())]
        return build_command(project_of(policy), scratch, nodes=nodes)


def project_of(policy: Policy) -> DbtPolicy:
    """The one dbt project of a policy that is made for it."""
    (project,) = policy.dbt_projects
    return project


def folder_of(project: str) -> str:
    """A project's folder as topologies name it."""
    return posixpath.normpath(project.strip("/") or ".")


def declared_in(source: Tree, folder: str) -> Topology | None:
    """The project in `folder` as it is read from source, which knows lines; None where there is none."""
    from meta_pipeline.schedulers.dbt.static.reader import read_topologies  # loads a parser of templates

    return next((one for one in read_topologies(source, folder) if one.root == folder), None)
