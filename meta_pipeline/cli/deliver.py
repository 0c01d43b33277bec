"""`deliver`: carries an issue through the stages, as far as it goes without a person."""

import getpass
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from meta_pipeline.authors.change import tried
from meta_pipeline.authors.patch import HumanPatch, read_patch
from meta_pipeline.cli.errors import UsageError
from meta_pipeline.cli.output import STDERR, Exit, exit_of_standing, leave, print_document, shown
from meta_pipeline.cli.runs import Runner, dagster_instance
from meta_pipeline.cli.status import delivery_document, show_delivery
from meta_pipeline.cli.targets import IssueFile, issue_file, watched
from meta_pipeline.delivery.change_set import Author
from meta_pipeline.delivery.issue import Issue
from meta_pipeline.delivery.ledger import opening
from meta_pipeline.delivery.model import digest, digest_bytes
from meta_pipeline.delivery.stages import STAGES, JobName, StageId
from meta_pipeline.delivery.states import STATES, Standing
from meta_pipeline.desk import Delivery, Desk, Request, needs_new_pins, tip_of
from meta_pipeline.gates.naming import require_gates_of_settings
from meta_pipeline.issues.inbox import read_issue
from meta_pipeline.policy import POLICY_FILE
from meta_pipeline.settings import Home
from meta_pipeline.workspace.patch import Rejected
from meta_pipeline.workspace.repository import open_repository

_RESUMES: dict[StageId, JobName] = {
    "discovery": "plan_delivery",
    "design": "plan_delivery",
    "implementation": "implement_delivery",
    "review": "implement_delivery",
    "rollout": "implement_delivery",
}


def deliver(
    repo: Path,
    issue: Path,
    *,
    author: Literal["recipes", "command", "agent"],
    patch: Path | None,
    until: StageId | None,
    as_json: bool,
) -> None:
    """Begin or resume the delivery of one issue and leave with the exit status of where it stands."""
    if author != "recipes":
        raise UsageError(
            f"--author {author} is not part of this version; use --author recipes, or hand in a --patch."
        )
    home = Home.of_environment()
    require_gates_of_settings(home)
    desk = Desk(home)
    target = watched(home, repo)
    mirror = desk.mirror(target)
    given = issue_file(mirror, target, issue)
    tip = tip_of(mirror, target)
    if mirror.tree(tip.commit).read(POLICY_FILE) is None and (repo / POLICY_FILE).exists():
        STDERR.print(
            f"note: {shown(repo / POLICY_FILE)} is not committed on '{shown(tip.policy.default_branch)}', so it does "
            "not count yet: this delivery goes by safe defaults",
            highlight=False,
        )
    if not tip.policy.all_schedulers:
        raise UsageError(
            f"{repo}: no scheduler was found: no Airflow, Dagster, Prefect or dbt project; "
            "name it as scheduler.kind and scheduler.paths in .meta-pipeline.yaml and commit it "
            f"('meta-pipeline init --repo {repo}' writes the file)."
        )
    wanted = read_issue(given.text, issue_path(given))
    if wanted.status == "closed":
        raise UsageError(f"{issue}: the issue is closed; set its status to open to deliver it.")
    delivery = desk.delivery(given.delivery(target.name))
    asked = _request(given, patch, repo, delivery.request)
    if asked is not None and patch is not None:
        _require_applies(delivery, asked, patch)
    if asked is not None:
        delivery.hand_in(asked)
    with dagster_instance(home) as instance:
        _carry(Journey(delivery, Runner(home, instance, delivery.record), wanted, asked, until))
    standing = delivery.standing()
    if as_json:
        print_document(delivery_document(delivery))
    else:
        show_delivery(delivery)
    leave(_exit(standing, until))


@dataclass(frozen=True)
class Journey:
    """One call of `deliver`."""

    delivery: Delivery
    runner: Runner
    wanted: Issue
    asked: Request | None
    until: StageId | None

    def is_new(self) -> bool:
        """Whether issue or patch, or policy or signers of an unsigned plan, are not those of the last opening."""
        opened = opening(self.delivery.record.entries())
        if opened is None:
            return True
        patch = self.asked.patch if self.asked else None
        return (
            opened.issue != digest(self.wanted)
            or opened.patch != (digest_bytes(patch.encode()) if patch else None)
            or needs_new_pins(
                self.delivery.standing(), opened, tip_of(self.delivery.mirror, self.delivery.target)
            )
        )


def _carry(journey: Journey) -> None:
    """Run jobs until a person is needed, nothing moves any more, or `until` is reached."""
    STDERR.print(f"[bold]{journey.delivery.id}[/bold]")
    job: JobName | None = "plan_delivery" if journey.is_new() else _resume(journey.delivery.standing())
    while job is not None:
        before = journey.delivery.record.entries()
        journey.runner.run(job, journey.until)
        after = journey.delivery.record.entries()
        if not after:
            leave(Exit.COULD_NOT_RUN)
        standing = journey.delivery.standing()
        following = STATES[standing.state].job
        if len(before) == len(after) or following == job or _is_past(standing.stage, journey.until):
            return
        job = following


def _resume(standing: Standing) -> JobName | None:
    """The job that tries again where a delivery stopped; None where only a person can move it."""
    if standing.state in ("blocked", "failed"):
        return _RESUMES[standing.stage]
    return STATES[standing.state].job


def _is_past(stage: StageId, until: StageId | None) -> bool:
    return until is not None and STAGES.index(stage) > STAGES.index(until)


def _exit(standing: Standing, until: StageId | None) -> Exit:
    if _is_past(standing.stage, until) and standing.state not in ("blocked", "failed"):
        return Exit.PASS
    return exit_of_standing(standing)


def issue_path(given: IssueFile) -> str:
    """How the issue's file is named in requirements: below the inbox, or by its name alone."""
    return f".meta-pipeline/issues/{given.path.name}" if given.committed else given.path.name


def _request(given: IssueFile, patch: Path | None, repo: Path, former: Request | None) -> Request | None:
    """What is handed in beside the inbox: an issue that is not committed there, a patch, or nothing.

    A patch that was handed in before stays until another one takes its place.
    """
    text: str | None = None
    if patch is not None:
        text = _patch_text(patch)
        try:
            human = read_patch(text, str(patch))
        except ValueError as error:
            raise UsageError(str(error)) from error
        author = Author(kind="patch", identity=_identity(human, repo))
    elif former is not None:
        text, author = former.patch, former.author
    elif given.committed:
        return None
    else:
        author = Author(kind="recipes", identity="meta-pipeline recipes")
    return Request(issue_path=issue_path(given), issue_text=given.text, author=author, patch=text)


def _patch_text(patch: Path) -> str:
    try:
        return patch.read_bytes().decode()
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise UsageError(
            f"{patch}:{line}: the patch holds bytes that are not UTF-8; convert that file to UTF-8, "
            "or mark it as binary in .gitattributes and make the patch with 'git diff --binary'."
        ) from error
    except OSError as error:
        raise UsageError(
            f"{patch}: the patch cannot be read ({error.strerror}); name a file of 'git diff'."
        ) from error


def _require_applies(delivery: Delivery, asked: Request, source: Path) -> None:
    """Raise `UsageError` for a new patch that does not apply: nobody should be asked to sign its plan."""
    former = delivery.request
    if asked.patch is None or (former is not None and former.patch == asked.patch):
        return  # known already: it may be merged by now, or its base moved, which the gates tell
    tip = tip_of(delivery.mirror, delivery.target)
    applied = tried(delivery.mirror, tip.commit, asked.patch)
    if isinstance(applied, Rejected):
        raise UsageError(
            f"{source} does not apply to '{tip.policy.default_branch}' at {tip.commit[:12]}: "
            f"{applied.reason.rstrip('.')}; make it anew there with 'git diff'."
        )


def _identity(patch: HumanPatch, repo: Path) -> str:
    """Who wrote a patch: its own header, or the user of the repository, or of the machine."""
    if patch.author_identity:
        return patch.author_identity
    said = open_repository(repo).git.run("config", "user.email").text.strip()
    return said or getpass.getuser()
