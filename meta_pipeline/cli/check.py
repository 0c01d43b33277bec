"""`check` and `topology`: judgement without a delivery."""

from pathlib import Path
from typing import Literal

from meta_pipeline.cli.documents import CheckDocument, GateDocument
from meta_pipeline.cli.output import STDERR, STDOUT, exit_of_results, leave, print_document, shown
from meta_pipeline.delivery.judgement import GateResult, decide
from meta_pipeline.delivery.topology import Topology, TopologyDocument
from meta_pipeline.gates.case import Case
from meta_pipeline.gates.catalogue import catalogue
from meta_pipeline.gates.gate import judge
from meta_pipeline.policy import POLICY_FILE, Policy, read_policy
from meta_pipeline.schedulers.survey import read_change, schedulers_without_reader, survey
from meta_pipeline.workspace.repository import Repository, open_repository
from meta_pipeline.workspace.tree import GitTree

_COLOURS = {
    "passed": "green",
    "failed": "red",
    "could_not_run": "red",
    "needs_approval": "yellow",
    "warned": "yellow",
}


def check(repo: Path, base: str, head: str, *, level: Literal["static", "full"], as_json: bool) -> None:
    """Judge the change from `base` to `head` by the policy of `base`, and leave with the verdict's exit status."""
    repository = open_repository(repo)
    trees = repository.tree(base), repository.tree(head)
    policy = policy_of(repository, trees[0])
    change = read_change(trees[0], trees[1], policy)
    case = Case(policy, change=change)
    if level == "full":
        from meta_pipeline.cli.full import judge_full

        results = judge_full(repo, policy, change, trees[0].commit, trees[1].commit)
    else:
        results = tuple(judge(gate, case) for gate in catalogue().gates.values())
    decision = decide(results)
    document = CheckDocument(
        verdict=decision,
        base=trees[0].commit,
        head=trees[1].commit,
        level=level,
        gates=tuple(GateDocument.of(result) for result in results),
    )
    for kind in schedulers_without_reader(trees[1], policy):
        STDERR.print(
            f"note: {kind} pipelines are not read by this version; gates on topology do not see them"
        )
    if as_json:
        print_document(document)
    else:
        _show_check(document, results)
    leave(exit_of_results(decision, results))


def topology(repo: Path, rev: str, *, level: Literal["static", "full"], as_json: bool) -> None:
    """Print the topologies of one commit."""
    repository = open_repository(repo)
    tree = repository.tree(rev)
    policy = policy_of(repository, tree)
    if level == "full":
        from meta_pipeline.cli.full import runtime_topologies

        found = runtime_topologies(repo, policy, tree.commit)
    else:
        found = survey(tree, policy)
    for kind in schedulers_without_reader(tree, policy):
        STDERR.print(f"note: {kind} pipelines are not read by this version")
    if as_json:
        print_document(TopologyDocument(topologies=found))
        return
    if not any(topology.pipelines or topology.errors for topology in found):
        STDOUT.print("No pipelines were found. Name the scheduler and its folders in .meta-pipeline.yaml.")
    for topology_found in found:
        _show_topology(topology_found)


def policy_of(repository: Repository, tree: GitTree) -> Policy:
    """The policy committed in `tree`, or safe defaults; raises `PolicyError`."""
    text = tree.read(POLICY_FILE)
    if text is not None:
        return read_policy(text.decode("utf-8", "replace"))
    from meta_pipeline.messages.policy_file import target_name
    from meta_pipeline.schedulers.defaults import detected_policy

    return detected_policy(tree, target_name(repository.path), "main")


def _show_check(document: CheckDocument, results: tuple[GateResult, ...]) -> None:
    for result in results:
        if result.outcome == "not_applicable":
            continue
        colour = _COLOURS[result.outcome]
        outcome = result.outcome.replace("_", " ")
        STDOUT.print(
            f"{result.id} {result.name}: [{colour}]{outcome}[/{colour}] {shown(result.reason)}",
            highlight=False,
        )
        for finding in result.findings:
            where = f"{finding.path}:{finding.line}" if finding.path and finding.line else finding.path or "-"
            STDOUT.print(f"    {shown(where)}: {shown(finding.message)}", highlight=False)
            STDOUT.print(f"        mend: {shown(finding.fix)}", highlight=False)
    skipped = [result.id for result in results if result.outcome == "not_applicable"]
    if skipped:
        STDOUT.print(f"not applicable at this level: {', '.join(skipped)}", highlight=False)
    STDOUT.print(f"verdict: [bold]{document.verdict.replace('_', ' ')}[/bold]")


def _show_topology(found: Topology) -> None:
    from rich.table import Table

    title = f"{found.scheduler} {found.version} in {found.root} ({found.method})"
    table = Table("pipeline", "schedule", "tasks", "retries", "where", title=title, title_justify="left")
    for pipeline in found.pipelines:
        retries = sorted({str(node.retries) for node in pipeline.nodes})
        table.add_row(
            shown(pipeline.id),
            shown(pipeline.schedule),
            str(len(pipeline.nodes)),
            ", ".join(retries),
            shown(f"{pipeline.path}:{pipeline.line}" if pipeline.line else pipeline.path),
        )
    STDOUT.print(table)
    for error in found.errors:
        STDOUT.print(
            f"could not be read: {shown(error.path)}:{error.line or 1}: {shown(error.message)}",
            highlight=False,
        )
    STDOUT.print(f"{len(found.pipelines)} pipelines, {len(found.errors)} errors")
