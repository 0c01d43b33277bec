"""A bench on which real dbt runs in the real sandbox, by the dbt of the tests' own environment."""

import sys
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from git import Repo

from meta_pipeline.delivery.change import Change
from meta_pipeline.delivery.change_set import Author, ChangeSet
from meta_pipeline.delivery.evidence import CommandRecord
from meta_pipeline.delivery.model import digest
from meta_pipeline.delivery.reports import ReportKind, ValidationReport
from meta_pipeline.evidence.store import EvidenceStore, Folder
from meta_pipeline.policy import DbtPolicy, Policy, SchedulerPolicy
from meta_pipeline.schedulers.survey import read_change
from meta_pipeline.validation.bench import Bench, Benches
from meta_pipeline.validation.validate import validate
from meta_pipeline.workspace.environment import Built
from meta_pipeline.workspace.repository import Mirror
from meta_pipeline.workspace.sandbox import detect_sandbox
from tests.conftest import commit

POLICY = Policy(scheduler=SchedulerPolicy(kind="dbt", paths=(".",)), dbt=(DbtPolicy(project="."),))
PACKAGES = tuple((name, version(name)) for name in ("dbt-core", "dbt-duckdb"))
OURS = Built(Path(sys.prefix), Path(sys.executable), digest(PACKAGES), PACKAGES)


@dataclass(frozen=True)
class Shop:
    """A repository with a dbt project at its root, and what is remembered of its bases. `ran` are its commands."""

    folder: Path
    repo: Repo
    base: str
    ran: list[CommandRecord]

    @classmethod
    def make(cls, folder: Path, files: dict[str, str | bytes]) -> "Shop":
        repo = Repo.init(folder / "repo", initial_branch="main")
        return cls(folder, repo, commit(repo, files, "Start"), [])

    @property
    def mirror(self) -> Mirror:
        return Mirror.open(self.folder / "home", "shop", str(self.folder / "repo"))

    @property
    def builds(self) -> list[CommandRecord]:
        """The first build of each side, base before head."""
        built = [record for record in self.ran if record.command.name.startswith("dbt-build")]
        return [next(record for record in built if record.side == side) for side in ("base", "head")]

    def bench(self, policy: Policy = POLICY) -> Bench:
        evidence = EvidenceStore.at(str(self.folder / "evidence"))
        return Bench(
            self.folder, self.base, self.mirror, evidence, policy, OURS, detect_sandbox(), self.ran.append
        )

    def changed(
        self,
        files: dict[str, str | bytes | None],
        policy: Policy = POLICY,
        wanted: tuple[ReportKind, ...] = ("parse", "dry_run", "data_quality"),
    ) -> dict[ReportKind, ValidationReport]:
        """The reports of a change that writes these files on the base."""
        self.repo.git.reset("--hard", self.base)
        head = commit(self.repo, files)
        bench = self.bench(policy)
        change = read_change(bench.mirror.tree(self.base), bench.mirror.tree(head), policy)
        change_set = ChangeSet(
            plan="",
            base=self.base,
            patch=bench.mirror.diff(self.base, head),
            author=Author(kind="patch", identity="author@example.com"),
            message="",
            head=head,
        )
        remembered = Folder.at(str(self.folder / "base_evidence"))
        self.ran.clear()
        return validate(Benches(bench, bench), change_set, change, remembered, wanted)

    def judged(self, files: dict[str, str | bytes | None]) -> Change:
        """The same change as it is read from source."""
        self.repo.git.reset("--hard", self.base)
        head = commit(self.repo, files)
        return read_change(self.mirror.tree(self.base), self.mirror.tree(head), POLICY)
