"""A shipped target as a team would host it: a bare repository, and a checkout to push from."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from git import Repo

from meta_pipeline.policy import INBOX, POLICY_FILE, SIGNERS_FILE, read_policy
from tests.conftest import ROOT, commit

FIXTURES = ROOT / "target_repo_fixtures"
SIGNER = "approver@example.com"

Fixture = Literal["airflow2_legacy", "airflow_sales", "dagster_sales", "dbt_only", "prefect_orders"]


def target_name(fixture: Fixture) -> str:
    """The name that the fixture's own policy gives it."""
    return read_policy((FIXTURES / fixture / POLICY_FILE).read_text(encoding="utf-8")).target


@dataclass(frozen=True)
class ShippedTarget:
    """The fixture hosted in `folder`, where another can be hosted too."""

    folder: Path
    fixture: Fixture = "airflow_sales"

    @classmethod
    def make(cls, folder: Path, key: Path, fixture: Fixture = "airflow_sales") -> "ShippedTarget":
        """The fixture without an issue in its inbox; the public half of `key` may sign."""
        made = cls(folder, fixture)
        files: dict[str, str | bytes | None] = {
            str(path.relative_to(made.source)): path.read_bytes()
            for path in sorted(made.source.rglob("*"))
            if path.is_file() and path.parent != made.source / INBOX and "__pycache__" not in path.parts
        }
        public = key.with_suffix(".pub").read_text()
        files[SIGNERS_FILE] = f'{SIGNER} namespaces="meta-pipeline" {public}'
        checkout = Repo.init(folder / made.name, initial_branch="main")
        commit(checkout, files, "The pipelines")
        checkout.clone(str(made.origin), bare=True)
        checkout.create_remote("origin", str(made.origin))
        return made

    @property
    def name(self) -> str:
        """What deliveries to it begin with."""
        return target_name(self.fixture)

    @property
    def source(self) -> Path:
        """The fixture itself."""
        return FIXTURES / self.fixture

    @property
    def origin(self) -> Path:
        """The bare repository that deliveries are made to."""
        return self.folder / f"{self.name}.git"

    @property
    def checkout(self) -> Repo:
        """The team's own checkout of it."""
        return Repo(self.folder / self.name)

    def issue(self, number: str) -> Path:
        """A shipped issue, by its number."""
        (found,) = (self.source / INBOX).glob(f"{number}-*.md")
        return found

    def push_issues(self, *numbers: str) -> None:
        """Commit shipped issues, by their numbers, to the inbox on the default branch."""
        found = [self.issue(number) for number in numbers]
        self.push({f"{INBOX}/{path.name}": path.read_bytes() for path in found}, "Ask for changes")

    def push(self, files: dict[str, str | bytes | None], message: str) -> str:
        """Commit files on the default branch of the origin and give the commit's id."""
        checkout = self.checkout
        if checkout.remotes.origin.fetch():
            checkout.git.reset("--hard", "origin/main")
        made = commit(checkout, files, message)
        checkout.git.push("origin", "main")
        return made

    @property
    def main(self) -> str:
        """The commit that the origin's default branch is at."""
        return Repo(self.origin).commit("main").hexsha
