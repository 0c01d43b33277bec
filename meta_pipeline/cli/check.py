"""`check`: judgement without a delivery."""

import shlex
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, NoReturn

from meta_pipeline.cli.check_formats.judged import Judged
from meta_pipeline.cli.check_formats.printing import Form, print_judged
from meta_pipeline.cli.judged_documents import CheckDocument, GateDocument
from meta_pipeline.cli.output import exit_of_results, leave
from meta_pipeline.cli.reading import default_policy, opened, signers_at, written_policy
from meta_pipeline.cli.sides import Sides, named_sides, staged_sides
from meta_pipeline.delivery.judgement import decide
from meta_pipeline.gates.case import Case
from meta_pipeline.gates.catalogue import catalogue
from meta_pipeline.gates.judging import judge_all
from meta_pipeline.gates.naming import require_gates_of_policy
from meta_pipeline.gates.waiving import waivers_in
from meta_pipeline.policy import POLICY_FILE
from meta_pipeline.schedulers.survey import also_in, read_change
from meta_pipeline.workspace.git import GitFault
from meta_pipeline.workspace.repository import Repository

_SOURCE = tuple(".py .sql .yml .yaml .toml .cfg .ini .json .ipynb .txt .lock .sh .j2 .jinja .tf".split())
Level = Literal["static", "full"]


def check(repo: Path, base: str, head: str, *, level: Level, form: Form) -> NoReturn:
    """Judge what `head` brings by the policy of `base`, and leave with the verdict's exit status."""
    repository = opened(repo)
    with named_sides(repository, base, head) as sides:
        _check(repository, sides, level, form)


def check_staged(repo: Path, base: str | None, *, form: Form) -> NoReturn:
    """The same for what is staged, by source alone."""
    repository = opened(repo)
    with staged_sides(repository, base) as sides:
        _check(repository, sides, "static", form)


def _check(repository: Repository, sides: Sides, level: Level, form: Form) -> NoReturn:
    written = written_policy(sides.rules)
    policy = written or default_policy(repository, sides.base)
    require_gates_of_policy(policy, sides.rules)
    read_by = policy if written else also_in(policy, sides.head)
    change = read_change(sides.base, sides.head, read_by)
    signers = signers_at(sides.rules, policy)
    case = Case(
        policy,
        change=change,
        waivers=waivers_in(sides.rules, signers, policy.target, datetime.now(UTC).date()),
        authors=repository.authors(sides.base.commit, sides.tip),
    )
    if level == "full":
        from meta_pipeline.cli.full import judge_full

        results = judge_full(Path(repository.path), case, sides.base.commit, sides.head.commit, read_by)
    else:
        results = judge_all(catalogue().gates.values(), case)
    _require_source(repository, sides)
    decision = decide(results)
    status = exit_of_results(decision, results)
    document = CheckDocument(
        verdict=decision,
        base=sides.base.commit,
        head=sides.head.commit,
        level=level,
        notes=sides.notes if written else (*sides.notes, _without_policy(repository, sides)),
        gates=tuple(GateDocument.of(result) for result in results),
    )
    held = sides.head.entries()
    gone = frozenset(
        finding.path
        for gate in document.gates
        for finding in gate.findings
        if finding.path is not None and finding.path not in held
    )
    print_judged(Judged(document, _next(repository, sides, document), gone), form, status)
    leave(status)


def _require_source(repository: Repository, sides: Sides) -> None:
    """Raise `GitFault` where a gate read a file of source as absent that is only not here; of data CHG001 tells."""
    lacked = repository.blobs.lacked
    missing = {
        path: None
        for tree in (sides.head, sides.base, sides.rules)
        if lacked
        for path, entry in tree.entries().items()
        if entry.content in lacked and path.endswith(_SOURCE)
    }
    if missing:
        raise GitFault(
            f"{repository.path} lacks the contents of {len(missing)} file(s) that the gates read, such as "
            f"{next(iter(missing))}: it is a partial clone or damaged; run 'git fetch --refetch' in it without a "
            "filter, or use a full clone."
        )


def _without_policy(repository: Repository, sides: Sides) -> str:
    return (
        f"{sides.named} has no {POLICY_FILE}, so safe defaults were used; write one with: "
        f"meta-pipeline init --repo {repository.path}"
    )


def _next(repository: Repository, sides: Sides, document: CheckDocument) -> str:
    """What a person does with the verdict."""
    again = shlex.join(("meta-pipeline", "check", "--repo", repository.path, *sides.asked))
    again += " --level full" if document.level == "full" else ""
    outcomes = {gate.outcome for gate in document.gates}
    done = "stage it" if sides.is_staged else "commit"
    if "failed" in outcomes:
        return f"mend what failed, as each finding says, {done}, then: {again}"
    if "could_not_run" in outcomes:
        return f"see why it could not run above, and what this machine lacks with: meta-pipeline doctor; then: {again}"
    if document.verdict == "needs_approval":
        return "have a person who may approve it read the findings above; a delivery would wait for their signature"
    if sides.is_staged:
        return "commit it; every gate that applies to its source has passed"
    if document.level == "static":
        return f"judge it by the repository's own linter, tests and dry runs too: {again} --level full"
    return "merge it; every gate that applies has passed"
