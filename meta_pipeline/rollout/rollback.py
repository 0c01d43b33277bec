"""The way back: the plan of a rollback, and its rehearsal in a copy of the repository."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from meta_pipeline.delivery.change_set import ChangeSet
from meta_pipeline.delivery.differences.compare import differences
from meta_pipeline.delivery.evidence import Command, CommandRecord
from meta_pipeline.delivery.model import digest
from meta_pipeline.delivery.plan import Plan
from meta_pipeline.delivery.rollback import Rehearsal, RollbackPlan
from meta_pipeline.policy import Policy
from meta_pipeline.schedulers.survey import survey
from meta_pipeline.validation.bench import SYSTEM_PATH, Bench
from meta_pipeline.validation.tests import test_lanes
from meta_pipeline.validation.work import run_lane
from meta_pipeline.workspace.git import Git
from meta_pipeline.workspace.process import run, split_command
from meta_pipeline.workspace.repository import Mirror, open_repository
from meta_pipeline.workspace.scratch import scratch_folder

UNRELATED_FILE = "LATER-WORK.md"
_IDENTITY = {
    "GIT_AUTHOR_NAME": "meta-pipeline",
    "GIT_AUTHOR_EMAIL": "meta-pipeline@localhost",
    "GIT_COMMITTER_NAME": "meta-pipeline",
    "GIT_COMMITTER_EMAIL": "meta-pipeline@localhost",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_TERMINAL_PROMPT": "0",
}


def plan_rollback(change_set: ChangeSet, plan: Plan, policy: Policy) -> RollbackPlan:
    """The commands that undo the change once it is on the default branch, and when to use them."""
    assert change_set.head is not None
    branch = policy.default_branch
    watched = [
        f"{metric.name}: {metric.threshold}" + (f" (read in {metric.source})" if metric.source else "")
        for step in plan.steps
        for metric in step.metrics
    ]
    return RollbackPlan(
        change_set=digest(change_set),
        commits=(change_set.head,),
        prerequisites=(
            f"a clean checkout of the repository whose 'origin' is where '{branch}' is deployed from",
            "no run of a touched pipeline in progress (pause it, or wait for its end)",
        ),
        commands=(
            f"git switch {branch}",
            f"git pull --ff-only origin {branch}",
            f"git revert --no-edit {change_set.head}",
            f"git push origin {branch}",
        ),
        abort_when=tuple(dict.fromkeys(watched))
        or ("a run of a touched pipeline fails for a reason that it did not fail for before",),
        retry_when=(
            "the cause is found and the target's own tests show it: hand in the issue again",
            (
                "a later commit touched the same lines, so that the revert stops with a conflict: "
                "run 'git revert --abort' and undo by hand"
            ),
        ),
    )


def rehearse(bench: Bench, change_set: ChangeSet, rollback: RollbackPlan) -> Rehearsal:
    """Run the printed commands verbatim on the merged state with one unrelated later commit.

    What is left must equal, in its tree and topology, the base with only that later commit; the target's
    own tests are run on it.
    """
    assert change_set.head is not None
    mirror, policy = bench.mirror, bench.policy
    expected = _with_later_work(mirror, change_set.base)
    later = _with_later_work(mirror, change_set.head)
    problems: list[str] = []
    with scratch_folder() as room:
        origin, checkout = _rehearsal_room(mirror, room, policy.default_branch, later)
        records = _play(bench, rollback.commands, checkout, room, later)
        failed = next((record for record in records if not record.succeeded), None)
        if failed is not None:
            problems.append(f"'{failed.command.shown_as}' ended with {failed.exit}")
        reverted = open_repository(origin).resolve(policy.default_branch)
        mirror.git.out(
            "fetch",
            "--quiet",
            "--no-write-fetch-head",
            str(origin),
            reverted,
            settings=("protocol.allow=always",),
        )
    trees = (mirror.tree(reverted), mirror.tree(expected))
    tree_equal = trees[0].tree_id == trees[1].tree_id
    if not tree_equal:
        problems.append("files differ from the state without the change")
    differing = differences(survey(trees[1], policy), survey(trees[0], policy))
    problems += [difference.sentence for difference in differing]
    tested, tests = _test(bench, reverted)
    problems += tested
    return Rehearsal(
        merged=change_set.head,
        later=later,
        reverted_tree=trees[0].tree_id,
        expected_tree=trees[1].tree_id,
        tree_equal=tree_equal,
        topology_equal=not differing,
        tests_pass=not tested if tests else None,
        problems=tuple(problems),
        records=(*records, *tests),
    )


def _with_later_work(mirror: Mirror, commit: str) -> str:
    """`commit` with one more commit that touches nothing of the change."""
    patch = mirror.write_tree_patch(commit, {UNRELATED_FILE: b"Work that was merged after the change.\n"})
    applied = mirror.commit_patch(
        commit,
        patch,
        "Later work",
        "meta-pipeline",
        "meta-pipeline@localhost",
        datetime(2000, 1, 1, tzinfo=UTC),
    )
    if not hasattr(applied, "head"):
        raise RuntimeError(f"the later commit of the rehearsal cannot be made on {commit}: {applied.reason}")
    return applied.head


def _rehearsal_room(mirror: Mirror, room: Path, branch: str, commit: str) -> tuple[Path, Path]:
    """A bare origin whose `branch` is at `commit`, and a clone of it; both borrow the mirror's objects."""
    origin, checkout = room / "origin.git", room / "checkout"
    git = Git(room)
    git.out("init", "--bare", "--quiet", "--template=", f"--initial-branch={branch}", str(origin))
    (origin / "objects" / "info").mkdir(parents=True, exist_ok=True)
    (origin / "objects" / "info" / "alternates").write_text(f"{mirror.git_dir / 'objects'}\n")
    git.out(f"--git-dir={origin}", "update-ref", f"refs/heads/{branch}", commit)
    git.out(
        "clone",
        "--quiet",
        "--shared",
        "--template=",
        str(origin),
        str(checkout),
        settings=("protocol.allow=always",),
    )
    return origin, checkout


def _play(
    bench: Bench, commands: Sequence[str], checkout: Path, room: Path, commit: str
) -> tuple[CommandRecord, ...]:
    """Run the commands in order until one fails."""
    records: list[CommandRecord] = []
    sandbox = bench.sandbox.opened(read_only=(bench.mirror.git_dir,), writable=(room,))
    for number, text in enumerate(commands, start=1):
        command = Command(name=f"rollback-{number}", argv=split_command(text), shown_as=text, seconds=120)
        started = datetime.now(UTC)
        ran = run(command, cwd=checkout, path=SYSTEM_PATH, variables=_IDENTITY, sandbox=sandbox)
        record = CommandRecord(
            command=command,
            side="reverted",
            tree=bench.mirror.tree_id(commit),
            environment=bench.environment.digest,
            sandbox=sandbox.kind,
            cwd=".",
            exit=ran.exit,
            ended_by=ran.ended_by,
            seconds=round(ran.seconds, 2),
            started_at=started.isoformat(timespec="seconds"),
            stdout=bench.evidence.put(ran.stdout, f"standard output of {text}").digest,
            stderr=bench.evidence.put(ran.stderr, f"standard error of {text}").digest,
        )
        bench.keep(record)
        records.append(record)
        if not record.succeeded:
            break
    return tuple(records)


def _test(bench: Bench, commit: str) -> tuple[list[str], tuple[CommandRecord, ...]]:
    """What the target's tests say of the reverted state that they did not say of the base."""
    said: list[str] = []
    records: list[CommandRecord] = []
    for lane in test_lanes(bench.policy.commands):
        for part in run_lane(bench, lane, "reverted", commit):
            could_not_run = part.side.could_not_run
            said += [could_not_run] if could_not_run else [problem.message for problem in part.side.problems]
            records += part.side.records
    return said, tuple(records)
