"""`make demo`: deliver a shipped issue against a shipped target, from its inbox to its merge, as its user would.

`TARGET` names the fixture; each has its own deliveries, and a demo leaves those of the others alone.
The demo plays the target's team: it makes a repository of the fixture, a signing key, and the two
sign-offs. All that it makes lies in the folder `META_PIPELINE_HOME`. Each run begins afresh; target
environments and what was measured on the base are kept.
"""

import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from git import Actor, Repo

from meta_pipeline.policy import INBOX, POLICY_FILE, SIGNERS_FILE, read_policy

ROOT = Path(__file__).resolve().parent.parent
FIXTURES = ROOT / "target_repo_fixtures"
FIXTURE = "airflow_sales"
ISSUE = "0001"
SIGNER = "approver@example.com"
NEEDS_APPROVAL = 3


@dataclass(frozen=True)
class Demo:
    """The delivery of one fixture's first issue; `home` is where meta-pipeline keeps its state."""

    fixture: str
    home: Path

    @cached_property
    def target(self) -> str:
        """The name that the fixture's policy gives it."""
        return read_policy((self._source / POLICY_FILE).read_text(encoding="utf-8")).target

    @property
    def issue(self) -> Path:
        """The issue that is delivered."""
        (found,) = (self._source / INBOX).glob(f"{ISSUE}-*.md")
        return found

    @property
    def delivery(self) -> str:
        return f"{self.target}/inbox-{ISSUE}"

    @property
    def origin(self) -> Path:
        """The team's repository."""
        return self.home / "demo" / f"{self.fixture}.git"

    @property
    def key(self) -> Path:
        """The private key that the demo's team signs with."""
        return self.home / "demo_key"

    @property
    def _source(self) -> Path:
        return FIXTURES / self.fixture

    def forget(self) -> None:
        """Remove this fixture's former repository and deliveries, also from the Dagster instance."""
        shutil.rmtree(self.origin, ignore_errors=True)
        for part in ("deliveries", "signals", "lineage"):
            shutil.rmtree(self.home / part / self.target, ignore_errors=True)
        (self.home / "lineage" / f"{self.target}.json").unlink(missing_ok=True)
        shutil.rmtree(self.home / "mirrors" / f"{self.target}.git", ignore_errors=True)
        if not Path(os.environ["DAGSTER_HOME"], "history").is_dir():
            return
        import dagster as dg  # it takes two seconds, and a first demo has nothing to forget

        partitions = f"deliveries_{self.target}"
        with dg.DagsterInstance.get() as instance:
            instance.wipe_assets([key for key in instance.all_asset_keys() if key.path[0] == self.target])
            for partition in instance.get_dynamic_partitions(partitions):
                instance.delete_dynamic_partition(partitions, partition)
            for run in instance.get_runs():
                if run.tags.get("meta_pipeline/delivery", "").startswith(f"{self.target}/"):
                    instance.delete_run(run.run_id)

    def make_key(self) -> None:
        """A key that only the demo trusts, made once: what was measured on the base is known by the base's files."""
        if not self.key.is_file():
            self.home.mkdir(parents=True, exist_ok=True)
            made = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", SIGNER, "-f", str(self.key)]
            subprocess.run(made, check=True)

    def make_origin(self) -> None:
        """A bare repository, as a team's origin is, that holds the fixture and the key's public half."""
        checkout = self.origin.with_suffix(".checkout")
        shutil.rmtree(checkout, ignore_errors=True)
        shutil.copytree(self._source, checkout)
        public = self.key.with_suffix(".pub").read_text()
        (checkout / SIGNERS_FILE).write_text(f'{SIGNER} namespaces="meta-pipeline" {public}')
        repository = Repo.init(checkout, initial_branch="main")
        repository.git.add("--all")
        team = Actor(f"The {self.target} team", f"{self.target}-team@example.com")
        repository.index.commit(f"The {self.target} pipelines", author=team, committer=team)
        repository.clone(str(self.origin), bare=True)
        shutil.rmtree(checkout)

    def run(self) -> int:
        """Carry the issue to its merge; the exit status of the last step."""
        deliver = ["deliver", "--repo", str(self.origin), "--issue", str(self.issue)]
        for step, wanted in (
            (deliver, NEEDS_APPROVAL),
            (["approve", self.delivery, "design", "--key", str(self.key)], 0),
            (deliver, NEEDS_APPROVAL),
            (["approve", self.delivery, "review", "--key", str(self.key)], 0),
            (deliver, 0),
        ):
            status = meta_pipeline(step)
            if status != wanted:
                print(f"demo: 'meta-pipeline {step[0]}' ended with {status}, not {wanted}", file=sys.stderr)
                return status or 1
        return 0

    def show(self, seconds: float) -> None:
        """Where to look now."""
        commit = Repo(self.origin).commit("main")
        target, partition = self.delivery.split("/")
        page = f"assets/{target}/rollout_notes?view=partitions&partition={partition}"
        print(f"\nmerged:  {commit.hexsha} {commit.summary!s}")
        print(f"summary: {self.home / 'deliveries' / self.delivery / 'summary.md'}")
        print(f"took:    {seconds:.0f} s")
        print("look:    make ui")
        print(f"         then open http://127.0.0.1:3000/{page}")


def meta_pipeline(arguments: list[str]) -> int:
    """Run the command as its user would, and return its exit status."""
    print(f"\n$ meta-pipeline {' '.join(arguments)}", flush=True)
    return subprocess.run([sys.executable, "-m", "meta_pipeline", *arguments], check=False).returncode


def main() -> int:
    """Run the demo; returns the exit status of its last step."""
    started = time.monotonic()
    fixture = os.environ.get("TARGET") or FIXTURE
    shipped = sorted(path.parent.name for path in FIXTURES.glob(f"*/{POLICY_FILE}"))
    if fixture not in shipped:
        print(f"demo: TARGET={fixture} is not shipped; write one of {', '.join(shipped)}", file=sys.stderr)
        return 2
    demo = Demo(fixture, Path(os.environ["META_PIPELINE_HOME"]))
    demo.forget()
    demo.make_key()
    demo.make_origin()
    status = demo.run()
    if status == 0:
        demo.show(time.monotonic() - started)
    return status


if __name__ == "__main__":
    sys.exit(main())
