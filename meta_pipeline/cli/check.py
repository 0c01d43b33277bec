"""`check`: judgement without a delivery."""

import shlex
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from meta_pipeline.cli.documents import CheckDocument, GateDocument
from meta_pipeline.cli.output import STDOUT, exit_of_results, leave, print_document, shown
from meta_pipeline.cli.reading import opened, policy_of, signers_at
from meta_pipeline.delivery.judgement import GateResult, decide
from meta_pipeline.gates.case import Case
from meta_pipeline.gates.catalogue import catalogue
from meta_pipeline.gates.judging import judge_all
from meta_pipeline.gates.naming import require_gates_of_policy
from meta_pipeline.gates.waiving import waivers_in
from meta_pipeline.policy import POLICY_FILE
from meta_pipeline.schedulers.survey import also_in, read_change

_COLOURS = {
    "passed": "green",
    "failed": "red",
    "could_not_run": "red",
    "needs_approval": "yellow",
    "warned": "yellow",
}


def check(repo: Path, base: str, head: str, *, level: Literal["static", "full"], as_json: bool) -> None:
    """Judge the change from `base` to `head` by the policy of `base`, and leave with the verdict's exit status."""
    repository = opened(repo)
    trees = repository.tree(base), repository.tree(head)
    policy = policy_of(repository, trees[0])
    is_written = trees[0].read(POLICY_FILE) is not None
    require_gates_of_policy(policy, trees[0])
    change = read_change(*trees, policy if is_written else also_in(policy, trees[1]))
    case = Case(
        policy,
        change=change,
        waivers=waivers_in(trees[0], signers_at(trees[0], policy), policy.target, datetime.now(UTC).date()),
        authors=repository.authors(trees[0].commit, trees[1].commit),
    )
    if level == "full":
        from meta_pipeline.cli.full import judge_full

        results = judge_full(repo, case, trees[0].commit, trees[1].commit)
    else:
        results = judge_all(catalogue().gates.values(), case)
    decision = decide(results)
    document = CheckDocument(
        verdict=decision,
        base=trees[0].commit,
        head=trees[1].commit,
        level=level,
        gates=tuple(GateDocument.of(result) for result in results),
    )
    if as_json:
        print_document(document)
    else:
        _show_check(document, results)
        if not is_written:
            STDOUT.print(
                f"note: {base} has no {POLICY_FILE}, so safe defaults were used; write one with: "
                f"meta-pipeline init --repo {shown(repo)}",
                highlight=False,
            )
        STDOUT.print(f"next: {shown(_next(repo, base, head, document))}", highlight=False)
    leave(exit_of_results(decision, results))


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
            if finding.waived is None:
                STDOUT.print(f"        mend: {shown(finding.fix)}", highlight=False)
            else:
                STDOUT.print(f"        {shown(finding.waived.sentence)}", highlight=False)
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
