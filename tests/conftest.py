"""What the tests of every package share: real git repositories, and marks for tests that need a system package."""

import shutil
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

import pytest
from filelock import FileLock
from git import Actor, Repo

ROOT = Path(__file__).resolve().parent.parent
AUTHOR = Actor("Test Author", "author@example.org")
COMMITTED_AT = datetime(2026, 1, 5, 12, tzinfo=UTC)

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)

# .ci/run fails where the reason of a skip names this script.
_MEND = "run scripts/install-system-packages as root"
requires_chromium = pytest.mark.skipif(CHROMIUM is None, reason=f"chromium is missing; {_MEND}")
requires_bubblewrap = pytest.mark.skipif(
    shutil.which("bwrap") is None, reason=f"bubblewrap is missing; {_MEND}"
)


class MakeRepository(Protocol):
    """Makes a repository with one commit on `main` out of path and content."""

    def __call__(self, files: Mapping[str, str | bytes], *, name: str = "repo") -> Repo: ...


def commit(repo: Repo, files: Mapping[str, str | bytes | None], message: str = "Change") -> str:
    """Write `files` (path to content; None removes the file), commit all of them and give the commit's id.

    Author, committer and dates are fixed, so equal content on an equal parent has an equal id.
    """
    root = Path(repo.working_dir)
    for name, content in files.items():
        path = root / name
        if content is None:
            path.unlink()
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    repo.git.add("--all", "--force")
    made = repo.index.commit(
        message,
        author=AUTHOR,
        committer=AUTHOR,
        author_date=COMMITTED_AT,
        commit_date=COMMITTED_AT,
        skip_hooks=True,
    )
    return made.hexsha


@pytest.fixture
def git_repo(tmp_path: Path) -> MakeRepository:
    """A factory: `git_repo({"dags/a.py": "..."}, name="sales")` is a repository with one commit on `main`."""

    def make(files: Mapping[str, str | bytes], *, name: str = "repo") -> Repo:
        repo = Repo.init(tmp_path / name, initial_branch="main")
        with (
            repo.config_writer() as config
        ):  # the tests' own `git commit` must not depend on the machine's settings
            config.set_value("user", "name", AUTHOR.name or "")
            config.set_value("user", "email", AUTHOR.email or "")
            config.set_value("commit", "gpgsign", "false")
            config.set_value("core", "autocrlf", "false")
        commit(repo, files, "Start")
        return repo

    return make


@pytest.fixture(scope="session")
def shared_environments() -> Path:
    """The folder whose target environments and base evidence all tests, and the next run, take up again.

    It holds the private key `signer_key` too: the key's public half is in a target's tree, and what was
    measured on a base is known by that tree.
    """
    folder = ROOT / "build" / "test-home"
    for name in ("environments", "base_evidence"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    with FileLock(folder / "key.lock"):
        if not (folder / "signer_key.pub").is_file():
            (folder / "signer_key").unlink(missing_ok=True)
            made = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "approver@example.com"]
            subprocess.run([*made, "-f", str(folder / "signer_key")], check=True, timeout=30)
    return folder


@pytest.fixture
def operator_home(tmp_path: Path, shared_environments: Path) -> Path:
    """A fresh folder for `META_PIPELINE_HOME` that reuses environments and base evidence."""
    home = tmp_path / "home"
    home.mkdir()
    for name in ("environments", "base_evidence"):
        (home / name).symlink_to(shared_environments / name)
    return home
