"""The shipped Airflow target as a team would host it: a bare repository, and a checkout to push from."""

from dataclasses import dataclass
from pathlib import Path

from git import Repo

from tests.conftest import ROOT, commit

FIXTURE = ROOT / "target_repo_fixtures" / "airflow_sales"
INBOX = ".meta-pipeline/issues"
SIGNER = "approver@example.com"


@dataclass(frozen=True)
class SalesTarget:
    """`origin` is the bare repository that deliveries are made to; `checkout` is its team's own."""

    origin: Path
    checkout: Repo

    @classmethod
    def make(cls, folder: Path, key: Path) -> "SalesTarget":
        """The fixture without an issue in its inbox; the public half of `key` may sign."""
        files: dict[str, str | bytes | None] = {
            str(path.relative_to(FIXTURE)): path.read_bytes()
            for path in sorted(FIXTURE.rglob("*"))
            if path.is_file() and path.parent != FIXTURE / INBOX and "__pycache__" not in path.parts
        }
        public = key.with_suffix(".pub").read_text()
        files[".meta-pipeline/allowed_signers"] = f'{SIGNER} namespaces="meta-pipeline" {public}'
        checkout = Repo.init(folder / "checkout", initial_branch="main")
        commit(checkout, files, "The sales pipelines")
        origin = folder / "sales.git"
        checkout.clone(str(origin), bare=True)
        checkout.create_remote("origin", str(origin))
        return cls(origin, checkout)

    def push_issues(self, *numbers: str) -> None:
        """Commit shipped issues, by their numbers, to the inbox on the default branch."""
        found = [path for number in numbers for path in (FIXTURE / INBOX).glob(f"{number}-*.md")]
        assert len(found) == len(numbers)
        self.push({f"{INBOX}/{path.name}": path.read_bytes() for path in found}, "Ask for changes")

    def push(self, files: dict[str, str | bytes | None], message: str) -> str:
        """Commit files on the default branch of the origin and give the commit's id."""
        if self.checkout.remotes.origin.fetch():
            self.checkout.git.reset("--hard", "origin/main")
        made = commit(self.checkout, files, message)
        self.checkout.git.push("origin", "main")
        return made

    @property
    def main(self) -> str:
        """The commit that the origin's default branch is at."""
        return Repo(self.origin).commit("main").hexsha
