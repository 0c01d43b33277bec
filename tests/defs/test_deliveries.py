"""Whole deliveries: what is blocked and why, what a person settles, and what goes on from there."""

import subprocess
from pathlib import Path

import pytest
from git import Repo
from ruamel.yaml import YAML

from meta_pipeline.delivery.plan import Plan
from meta_pipeline.delivery.requirements import Requirements
from meta_pipeline.policy import INBOX, POLICY_FILE
from tests.defs.conftest import new_workshop
from tests.defs.workshop import Workshop

pytestmark = pytest.mark.timeout(900)

TASK = "python_callable=build_daily_revenue,\n"
RETRIES_TWO = f"""{TASK}        retries=2,
        retry_delay=timedelta(minutes=5),
        retry_exponential_backoff=True,
"""


def keep_only(workshop: Workshop, *checks: str) -> None:
    """A policy with only these of the team's checks, so that a test waits for no other."""
    file = Path(workshop.target.checkout.working_dir, POLICY_FILE)
    policy = YAML(typ="safe").load(file.read_text())
    policy["commands"] = {name: text for name, text in policy["commands"].items() if name in checks}
    if "data_quality" not in checks:
        del policy["data_quality"]
    with file.open("w") as out:
        YAML().dump(policy, out)
    workshop.target.push({POLICY_FILE: file.read_bytes()}, "Fewer checks")


def patch_of(workshop: Workshop, path: str, old: str, new: str) -> str:
    """The patch that replaces `old` in one file, as `git diff` writes it."""
    checkout = workshop.target.checkout
    file = Path(checkout.working_dir, path)
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))
    patch = checkout.git.diff() + "\n"
    file.write_text(text)
    return str(patch)


def issue_text(workshop: Workshop, number: str) -> str:
    return next(Path(workshop.target.checkout.working_dir, INBOX).glob(f"{number}-*.md")).read_text()


def state(workshop: Workshop) -> str:
    return workshop.standing.state


def guidance(workshop: Workshop) -> str:
    """The newest request for guidance in the delivery's thread."""
    thread = Path(workshop.delivery.record.folder.path("thread"))
    return max(thread.glob("guidance-*.md"), key=lambda path: path.stat().st_mtime_ns).read_text()


def test_a_change_that_misses_a_criterion_is_blocked(tmp_path: Path, shared_environments: Path) -> None:
    inbox = new_workshop(tmp_path, shared_environments, "0001")
    keep_only(inbox)
    workshop = inbox.of("file-1")
    workshop.hand_in(
        issue_text(inbox, "0001").replace("- Failed expectations of checkpoint `daily_revenue` are 0\n", ""),
        patch_of(inbox, "dags/sales_daily.py", TASK, RETRIES_TWO),
    )
    run = workshop.run("plan_delivery")
    assert run.success, run.why
    workshop.sign("design")
    run = workshop.run("implement_delivery")
    assert not run.success
    assert run.is_blocked, run.why
    assert "REV002" in run.why
    check = run.checks["REV002"]
    assert not check.passed
    assert "retries" in str(check.metadata["findings"].value)
    assert "review_verdict" not in run.made
    assert (workshop.standing.state, workshop.standing.stage) == ("blocked", "review")
    assert "REV002" in guidance(workshop)
    refs = workshop.refs
    merge = workshop.materialize("merge")
    assert "blocked by REV002" in merge.why
    assert (workshop.refs, workshop.effects) == (refs, ["branch_published"])


def test_an_expectation_that_the_data_does_not_meet_is_blocked(
    tmp_path: Path, shared_environments: Path
) -> None:
    workshop = new_workshop(tmp_path, shared_environments, "0003")
    keep_only(workshop, "data_quality")
    run = workshop.run("plan_delivery")
    assert run.success, run.why
    workshop.sign("design")
    run = workshop.run("implement_delivery")
    assert (run.success, run.is_blocked) == (False, True)
    assert not run.checks["VAL006"].passed
    assert (workshop.standing.state, workshop.standing.stage) == ("blocked", "implementation")
    assert "VAL006" in str(workshop.standing.why)
    assert "VAL006" in guidance(workshop)
    assert not workshop.materialize("merge").success


def test_questions_are_answered_and_a_schedule_change_is_signed(
    tmp_path: Path, shared_environments: Path
) -> None:
    workshop = new_workshop(tmp_path, shared_environments, "0002")
    keep_only(workshop)
    run = workshop.run("plan_delivery")
    assert (run.success, run.is_blocked) == (False, True)
    assert state(workshop) == "blocked"
    questions = workshop.delivery.record.load("requirements", Requirements).open_questions
    assert questions
    for question in questions:
        assert question.text in guidance(workshop)
        workshop.answer(question.id, "`store_inventory` runs every 2 hours")
    assert state(workshop) == "planning"
    run = workshop.run("plan_delivery")
    assert run.success, run.why
    edits = workshop.delivery.record.load("plan", Plan).edits
    assert [(edit.pipeline, edit.field) for edit in edits] == [("store_inventory", "schedule")]
    workshop.sign("design")
    run = workshop.run("implement_delivery")
    assert run.success, run.why
    assert (run.checks["CHG005"].passed, run.checks["CHG005"].severity.value) == (False, "WARN")
    standing = workshop.standing
    assert standing.state == "awaiting_review_signoff"
    packet = Path(workshop.delivery.record.folder.path("artifacts/review_packet.json")).read_text()
    assert "CHG005" in packet
    assert "pipeline store_inventory now runs every 2 hours" in packet


def test_an_issue_that_no_recipe_fits_asks_for_guidance(workshop: Workshop) -> None:
    workshop.hand_in(
        "---\ntitle: Speed\nrequester: sales-data\n---\n\n### What should change\n\n"
        "`sales_daily` should be quicker.\n\n### Acceptance criteria\n\n"
        "- Run time of `sales_daily` is at most 2 minutes\n"
    )
    run = workshop.run("plan_delivery")
    assert (run.success, run.is_blocked) == (False, True)
    assert not run.checks["DSN001"].passed
    text = guidance(workshop)
    for recipe in ("set_retries", "set_schedule", "add_gx_expectation"):
        assert recipe in text
    assert "plan" not in run.made


def test_an_edited_issue_voids_the_plan_sign_off(planned: Workshop) -> None:
    planned.sign("design")
    assert planned.standing.state == "implementing"
    path = next(Path(planned.target.checkout.working_dir, INBOX).glob("0001-*.md"))
    planned.target.push(
        {f"{INBOX}/{path.name}": path.read_text().replace("at least 3", "at least 4")}, "Ask for more"
    )
    run = planned.run("plan_delivery")
    assert run.success, run.why
    assert "plan_signoff" not in run.made
    standing = planned.standing
    assert (standing.state, standing.revision) == ("awaiting_plan_signoff", 2)
    assert "0 of 1 sign-offs" in planned.materialize("patched_code").why


def test_a_checked_out_branch_is_left_to_a_person(proved: Workshop) -> None:
    # The team hosts its repository as an ordinary checkout, and somebody is at work in it.
    origin = proved.target.origin
    bare = proved.root / "bare.git"
    origin.rename(bare)
    repo = Repo.clone_from(str(bare), str(origin))
    work = origin / "dags" / "sales_daily.py"
    work.write_text(work.read_text() + "# at work\n")
    (origin / "notes.txt").write_text("mine\n")
    repo.index.add(["notes.txt"])
    before = state_of(repo)

    proved.sign("review")
    run = proved.run("roll_out_delivery")
    assert run.success, run.why
    assert run.made == ["review_signoff"]
    assert state_of(repo) == before
    standing = proved.standing
    assert standing.state == "rolling_out"
    command = str(standing.why).split("merge it there with: ")[1]
    assert command == f"git -C {origin} merge --ff-only meta-pipeline/inbox-0001"
    assert proved.run("roll_out_delivery").success
    assert proved.effects.count("merge_awaited") == 1

    work.write_text(work.read_text().removesuffix("# at work\n"))
    subprocess.run(command.split(), check=True, capture_output=True)
    run = proved.run("roll_out_delivery")
    assert run.success, run.why
    assert run.made == ["review_signoff", "merge", "rollout_notes"]
    assert proved.standing.state == "delivered"
    assert proved.effects == ["branch_published", "merge_awaited", "merged"]
    assert (origin / "notes.txt").read_text() == "mine\n"


def state_of(repo: Repo) -> tuple[str, str, str, str]:
    """The branch, its commit, the index and the working tree."""
    root = Path(repo.working_dir)
    return (
        repo.head.ref.name,
        repo.head.commit.hexsha,
        (root / ".git" / "index").read_bytes().hex(),
        "".join(
            f"{path}:{path.read_bytes()!r}"
            for path in sorted(root.rglob("*"))
            if path.is_file() and ".git" not in path.relative_to(root).parts
        ),
    )
