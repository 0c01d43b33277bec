"""`make demo`: deliver a shipped issue against a shipped target, from its inbox to its merge, as its user would.

The demo plays the target's team: it makes a repository of the fixture, a signing key, and the two
sign-offs. All that it makes lies in the folder `META_PIPELINE_HOME`. Each run begins afresh; target
environments and what was measured on the base are kept.
"""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from git import Actor, Repo

ROOT = Path(__file__).resolve().parent.parent
FIXTURES = ROOT / "target_repo_fixtures"
FIXTURE = os.environ.get("TARGET", "airflow_sales")
HOME = Path(os.environ["META_PIPELINE_HOME"])
ISSUE = "0001-retry-the-revenue-load.md"
SIGNER = "approver@example.com"
NEEDS_APPROVAL = 3


def main() -> int:
    """Run the demo; returns the exit status of its last step."""
    started = time.monotonic()
    room = HOME / "demo"
    forget_former_demo(room)
    key = signing_key()
    origin = make_target(room, key)
    issue = FIXTURES / FIXTURE / ".meta-pipeline" / "issues" / ISSUE
    delivery = f"{target_name()}/inbox-{ISSUE[:4]}"
    deliver = ["deliver", "--repo", str(origin), "--issue", str(issue)]
    for step, wanted in (
        (deliver, NEEDS_APPROVAL),
        (["approve", delivery, "design", "--key", str(key)], 0),
        (deliver, NEEDS_APPROVAL),
        (["approve", delivery, "review", "--key", str(key)], 0),
        (deliver, 0),
    ):
        status = meta_pipeline(step)
        if status != wanted:
            print(f"demo: 'meta-pipeline {step[0]}' ended with {status}, not {wanted}", file=sys.stderr)
            return status or 1
    show(origin, delivery, time.monotonic() - started)
    return 0


def target_name() -> str:
    """The name that the fixture's policy gives it."""
    text = (FIXTURES / FIXTURE / ".meta-pipeline.yaml").read_text()
    return next(line.split(":")[1].strip() for line in text.splitlines() if line.startswith("target:"))


def forget_former_demo(room: Path) -> None:
    """Remove the former demo's repository and deliveries, also from the Dagster instance."""
    target = target_name()
    shutil.rmtree(room, ignore_errors=True)
    for part in ("deliveries", "signals"):
        shutil.rmtree(HOME / part / target, ignore_errors=True)
    shutil.rmtree(HOME / "mirrors" / f"{target}.git", ignore_errors=True)
    if not (ROOT / "history").is_dir():
        return
    import dagster as dg  # it takes two seconds, and a first demo has nothing to forget

    partitions = f"deliveries_{target}"
    with dg.DagsterInstance.get() as instance:
        instance.wipe_assets([key for key in instance.all_asset_keys() if key.path[0] == target])
        for partition in instance.get_dynamic_partitions(partitions):
            instance.delete_dynamic_partition(partitions, partition)
        for run in instance.get_runs():
            if run.tags.get("meta_pipeline/delivery", "").startswith(f"{target}/"):
                instance.delete_run(run.run_id)


def signing_key() -> Path:
    """A key that only the demo trusts, made once: what was measured on the base is known by the base's files."""
    key = HOME / "demo_key"
    if key.is_file():
        return key
    HOME.mkdir(parents=True, exist_ok=True)
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", SIGNER, "-f", str(key)], check=True)
    return key


def make_target(room: Path, key: Path) -> Path:
    """A bare repository, as a team's origin is, that holds the fixture and the key's public half."""
    checkout = room / "checkout"
    shutil.copytree(FIXTURES / FIXTURE, checkout)
    signers = checkout / ".meta-pipeline" / "allowed_signers"
    public = key.with_suffix(".pub").read_text()
    signers.write_text(f'{SIGNER} namespaces="meta-pipeline" {public}')
    repository = Repo.init(checkout, initial_branch="main")
    repository.git.add("--all")
    team = Actor("The sales team", "sales-data@example.com")
    repository.index.commit("The sales pipelines", author=team, committer=team)
    origin = room / f"{FIXTURE}.git"
    repository.clone(str(origin), bare=True)
    shutil.rmtree(checkout)
    return origin


def meta_pipeline(arguments: list[str]) -> int:
    """Run the command as its user would, and return its exit status."""
    print(f"\n$ meta-pipeline {' '.join(arguments)}", flush=True)
    return subprocess.run([sys.executable, "-m", "meta_pipeline", *arguments], check=False).returncode


def show(origin: Path, delivery: str, seconds: float) -> None:
    """Where to look now."""
    commit = Repo(origin).commit("main")
    folder = HOME / "deliveries" / delivery
    target, partition = delivery.split("/")
    print(f"\nmerged:  {commit.hexsha} {commit.summary!s}")
    print(f"summary: {folder / 'summary.md'}")
    print(f"took:    {seconds:.0f} s")
    print("look:    make ui")
    print(
        f"         then open http://127.0.0.1:3000/assets/{target}/rollout_notes?view=partitions&partition={partition}"
    )


if __name__ == "__main__":
    sys.exit(main())
