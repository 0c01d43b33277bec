"""`check` and `topology`: judgement without a delivery."""

import shlex
from pathlib import Path
from typing import Literal

from meta_pipeline.cli.documents import CheckDocument, GateDocument
from meta_pipeline.cli.output import STDERR, STDOUT, exit_of_results, leave, print_document, shown
from meta_pipeline.delivery.judgement import GateResult, decide
from meta_pipeline.delivery.topology import UNRESOLVED, Topology, TopologyDocument
from meta_pipeline.gates.case import Case
from meta_pipeline.gates.catalogue import catalogue
from meta_pipeline.gates.gate import judge
from meta_pipeline.policy import POLICY_FILE, Policy, read_policy
from meta_pipeline.schedulers.source.store import keep_readings_in
from meta_pipeline.schedulers.survey import not_read, read_change, survey
from meta_pipeline.settings import Home
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
    keep_readings_in(Home.of_environment().readings, str(repo.resolve()))
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
    for note in not_read(trees[1], policy):
        STDERR.print(f"note: {shown(note)}", highlight=False)
    if as_json:
        print_document(document)
    else:
        _show_check(document, results)
        if trees[0].read(POLICY_FILE) is None:
            STDOUT.print(
                f"note: {base} has no {POLICY_FILE}, so safe defaults were used; write one with: "
                f"meta-pipeline init --repo {shown(repo)}",
                highlight=False,
            )
        STDOUT.print(f"next: {shown(_next(repo, base, head, document))}", highlight=False)
    leave(exit_of_results(decision, results))


def topology(repo: Path, rev: str, *, level: Literal["static", "full"], as_json: bool) -> None:
    """Print the topologies of one commit."""
    keep_readings_in(Home.of_environment().readings, str(repo.resolve()))
    repository = open_repository(repo)
    tree = repository.tree(rev)
    policy = policy_of(repository, tree)
    if level == "full":
        from meta_pipeline.cli.full import runtime_topologies

        found = runtime_topologies(repo, policy, tree.commit)
    else:
        found = survey(tree, policy)
    notes = not_read(tree, policy)
    for note in notes:
        STDERR.print(f"note: {shown(note)}", highlight=False)
    if as_json:
        print_document(TopologyDocument(topologies=found))
        return
    for topology_found in found:
        _show_topology(topology_found)
    STDOUT.print(
        _after_topology(repo, tree, found, policy.default_branch, unread=bool(notes)), highlight=False
    )


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
        STDOUT.print(f"nothing to judge here for: {', '.join(skipped)}", highlight=False)
    STDOUT.print(f"verdict: [bold]{document.verdict.replace('_', ' ')}[/bold]")


def _next(repo: Path, base: str, head: str, document: CheckDocument) -> str:
    """What a person does with the verdict."""
    again = shlex.join(("meta-pipeline", "check", "--repo", str(repo), "--base", base, "--head", head))
    again += " --level full" if document.level == "full" else ""
    outcomes = {gate.outcome for gate in document.gates}
    if "failed" in outcomes:
        return f"mend what failed, as each finding says, commit, then: {again}"
    if "could_not_run" in outcomes:
        return f"see why it could not run above, and what this machine lacks with: meta-pipeline doctor; then: {again}"
    if document.verdict == "needs_approval":
        return "have a person who may approve it read the findings above; a delivery would wait for their signature"
    if document.level == "static":
        return f"judge it by the repository's own linter, tests and dry runs too: {again} --level full"
    return "merge it; every gate that applies has passed"


def _after_topology(
    repo: Path, tree: GitTree, found: tuple[Topology, ...], branch: str, *, unread: bool
) -> str:
    judge = f"meta-pipeline check --repo {shown(repo)} --base {shown(branch)} --head my-branch"
    has_policy = tree.read(POLICY_FILE) is not None
    if not any(topology.pipelines or topology.errors for topology in found):
        if unread:
            return f"next: judge a change by its files: {judge}"
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


def _places(count: int) -> str:
    return "place that" if count == 1 else "places that"


def _show_topology(found: Topology) -> None:
    from rich.table import Table

    how = "read from source" if found.method == "static" else "as the scheduler itself loads them"
    version = "" if found.version == UNRESOLVED else f" {found.version}"
    title = f"{found.scheduler}{version} in {found.root}, {how}"
    table = Table("pipeline", "schedule", "tasks", "retries", "where", title=title, title_justify="left")
    for pipeline in found.pipelines:
        retries = sorted({str(node.retries) for node in pipeline.nodes})
        table.add_row(
            shown(pipeline.id),
            shown(pipeline.schedule or "-"),
            str(len(pipeline.nodes)),
            ", ".join(retries),
            shown(f"{pipeline.path}:{pipeline.line}" if pipeline.line else pipeline.path),
        )
    STDOUT.print(table if found.pipelines else title, highlight=False)
    for error in found.errors:
        STDOUT.print(
            f"could not be read: {shown(error.path)}:{error.line or 1}: {shown(error.message)}",
            highlight=False,
        )
    count, errors = len(found.pipelines), len(found.errors)
    STDOUT.print(
        f"{count} {'pipeline' if count == 1 else 'pipelines'}, "
        f"{'all files read' if not errors else f'{errors} {_places(errors)} could not be read'}",
        highlight=False,
    )
