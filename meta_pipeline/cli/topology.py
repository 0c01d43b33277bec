"""`topology`: the pipelines of a repository at one commit, as tables for people or as a document."""

from difflib import get_close_matches
from pathlib import Path
from typing import Literal

from meta_pipeline.cli.errors import UsageError
from meta_pipeline.cli.output import STDOUT, print_document, shown
from meta_pipeline.cli.reading import Read, opened, read_at
from meta_pipeline.cli.topology_tables import UNKNOWN, has_unknown, list_of, page_of
from meta_pipeline.delivery.differences.phrases import counted, folder_name
from meta_pipeline.delivery.topology import UNRESOLVED, Topology, TopologyDocument
from meta_pipeline.policy import POLICY_FILE


def topology(
    repo: Path, rev: str, *, level: Literal["static", "full"], as_json: bool, pipeline: str | None = None
) -> None:
    """Print the topologies of one commit, or the nodes of one of its pipelines; raises `UsageError`."""
    found = read_at(opened(repo), rev, level)
    topologies = _with_only(repo, found, pipeline) if pipeline else found.topologies
    if as_json:
        print_document(TopologyDocument(topologies=topologies))
        return
    for one in topologies:
        if pipeline:
            for each in one.pipelines:
                for part in page_of(one.scheduler, each):
                    STDOUT.print(part, highlight=False)
        else:
            _show_topology(one)
    STDOUT.print(_next(repo, found), highlight=False)


def _with_only(repo: Path, found: Read, pipeline: str) -> tuple[Topology, ...]:
    """The topologies with the pipelines of this id alone."""
    kept = tuple(
        one.model_copy(update={"pipelines": tuple(each for each in one.pipelines if each.id == pipeline)})
        for one in found.topologies
    )
    if any(one.pipelines for one in kept):
        return tuple(one for one in kept if one.pipelines)
    known = [each.id for one in found.topologies for each in one.pipelines]
    near = get_close_matches(pipeline, known, n=3)
    meant = f"did you mean {', '.join(near)}?" if near else "list them with: meta-pipeline topology"
    raise UsageError(f"{repo} has no pipeline '{pipeline}' at {found.tree.commit[:12]}; {meant}")


def _show_topology(found: Topology) -> None:
    how = "read from source" if found.method == "static" else "as the scheduler itself loads them"
    version = "" if found.version == UNRESOLVED else f" {found.version}"
    title = f"{found.scheduler}{version} in {folder_name(found.root)}, {how}"
    if found.pipelines:
        STDOUT.print(list_of(found, title), highlight=False)
    else:
        STDOUT.print(shown(title), highlight=False)
    for error in found.errors:
        what = "only a run can tell" if error.opaque else "error"
        where = error.path if error.line is None else f"{error.path}:{error.line}"
        STDOUT.print(f"{what}: {shown(where)}: {shown(error.message)}", highlight=False)
    opaque = sum(error.opaque for error in found.errors)
    mistakes = len(found.errors) - opaque
    counts = [
        counted(len(found.pipelines), "pipeline"),
        counted(mistakes, "error") if mistakes else "no errors",
    ]
    counts += [f"{counted(opaque, 'place')} that only a run can tell"] if opaque else []
    unknown = sum(has_unknown(pipeline) for pipeline in found.pipelines)
    if unknown:
        counts.append(f"{counted(unknown, 'pipeline')} with values that source does not tell ({UNKNOWN})")
    STDOUT.print(", ".join(counts), highlight=False)


def _next(repo: Path, found: Read) -> str:
    judge = f"meta-pipeline check --repo {shown(repo)} --base {shown(found.policy.default_branch)} --head my-branch"
    has_policy = found.tree.read(POLICY_FILE) is not None
    if not any(one.pipelines or one.errors for one in found.topologies):
        if has_policy:
            keys = f"scheduler.kind and scheduler.paths in {POLICY_FILE}"
            return f"No pipelines were found. next: see that {keys} say where they are"
        return (
            f"No pipelines were found. next: write {POLICY_FILE} with 'meta-pipeline init --repo {shown(repo)}', "
            "and name scheduler.kind and scheduler.paths there"
        )
    if not has_policy:
        return f"next: meta-pipeline init --repo {shown(repo)}"
    return f"next: {judge}"
