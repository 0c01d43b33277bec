"""What fidelity is measured on: the examples inside Airflow's own packages, and public repositories."""

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from meta_pipeline.cli.check import policy_of
from meta_pipeline.delivery.tree import MemoryTree
from meta_pipeline.policy import EnvironmentPolicy, Policy, SchedulerPolicy
from meta_pipeline.workspace.environment import Built, build_environment
from meta_pipeline.workspace.repository import open_repository
from meta_pipeline.workspace.sandbox import detect_sandbox

_REQUIREMENTS = "requirements.txt"


class SourceError(RuntimeError):
    """A source cannot be had; the text says why and how to mend it."""


@dataclass(frozen=True)
class Prepared:
    """A repository to measure: `commit` is in `folder`; `origin` is what a reader can look up."""

    folder: Path
    commit: str
    origin: str
    policy: Policy


@dataclass(frozen=True)
class Omitted:
    """Requirements that are left out: every line of the file that the pattern finds, and why."""

    file: str
    pattern: str
    reason: str


class Source(Protocol):
    """Something to measure. `omitted` is what its environment lacks."""

    @property
    def name(self) -> str: ...
    @property
    def omitted(self) -> tuple[Omitted, ...]: ...
    def prepare(self, work: Path, home: Path, clone: str | None) -> Prepared:
        """Make the repository below `work`, environments below `home`; raises `SourceError`."""
        ...


@dataclass(frozen=True)
class AirflowExamples:
    """All example DAGs inside the packages of one release, copied into the DAG folder of a repository."""

    release: str
    as_of: str
    providers: tuple[str, ...] = ()
    omitted: tuple[Omitted, ...] = ()

    @property
    def name(self) -> str:
        return f"airflow-{self.release}-examples"

    def prepare(self, work: Path, home: Path, clone: str | None) -> Prepared:
        text = "".join(
            f"{line}\n"
            for line in (
                f"apache-airflow=={self.release}",
                *(f"apache-airflow-providers-{name}" for name in self.providers),
            )
        )
        policy = Policy(
            target="examples",
            scheduler=SchedulerPolicy(kind="airflow", paths=("dags",)),
            environment=EnvironmentPolicy(requirements=(_REQUIREMENTS,), resolve_as_of=self.as_of),
        )
        tree = MemoryTree.of({_REQUIREMENTS: text})
        built = build_environment(home, tree, policy.environment, detect_sandbox())
        if not isinstance(built, Built):
            raise SourceError(f"{self.name}: {built.reason}")
        folder = _fresh(work / self.name)
        (folder / _REQUIREMENTS).write_text(text)
        installed = {name: version for name, version in built.packages if name.startswith("apache-airflow")}
        for examples in sorted(built.path.glob("lib/python*/site-packages/airflow/**/example_dags")):
            parts = examples.parts[examples.parts.index("airflow", len(built.path.parts)) + 1 : -1]
            shutil.copytree(
                examples,
                folder / "dags" / ("_".join(("examples", *(parts[1:] or ("core",))))),
                ignore=shutil.ignore_patterns("__pycache__"),
            )
        commit = _committed(folder, "The examples")
        shown = [f"{name} {version}" for name, version in installed.items() if self._brings(name, folder)]
        return Prepared(folder, commit, ", ".join(shown), policy)

    def _brings(self, package: str, folder: Path) -> bool:
        provider = package.removeprefix("apache-airflow-providers-").replace("-", "_")
        return package == "apache-airflow" or (folder / "dags" / f"examples_{provider}").is_dir()


@dataclass(frozen=True)
class PublicRepository:
    """A repository at one commit, with the policy that is detected but for what `environment` says otherwise."""

    name: str
    url: str
    commit: str
    environment: Mapping[str, object] = field(default_factory=dict)
    omitted: tuple[Omitted, ...] = ()

    def prepare(self, work: Path, home: Path, clone: str | None) -> Prepared:
        folder = work / self.name
        shutil.rmtree(folder, ignore_errors=True)
        _git(work, "clone", "--quiet", "--no-checkout", clone or self.url, str(folder))
        _git(folder, "-c", "advice.detachedHead=false", "checkout", "--quiet", "--force", self.commit)
        policy = policy_of(repository := open_repository(folder), repository.tree(self.commit))
        environment = policy.environment.model_copy(update=dict(self.environment))
        commit = self.commit
        for left_out in self.omitted:
            file = folder / left_out.file
            file.write_text(_without(file.read_text(), left_out.pattern))
        if self.omitted:
            commit = _committed(folder, "Without what cannot be installed")
        return Prepared(
            folder,
            commit,
            f"{self.url} at {self.commit[:12]}",
            policy.model_copy(update={"environment": environment}),
        )


def _without(text: str, pattern: str) -> str:
    """The lines of a requirement file but those that the pattern finds, with the lines that go on from them."""
    kept = []
    goes_on = False
    for line in text.splitlines(keepends=True):
        left_out = goes_on or re.search(pattern, line) is not None
        goes_on = left_out and line.rstrip().endswith("\\")
        if not left_out:
            kept.append(line)
    return "".join(kept)


def _fresh(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    _git(folder, "init", "--quiet", "--initial-branch=main")
    return folder


def _committed(folder: Path, message: str) -> str:
    """Commit all files with a fixed author and date, so that an equal tree has an equal id."""
    _git(folder, "add", "--all", "--force")
    who = ("-c", "user.name=Fidelity", "-c", "user.email=fidelity@example.com", "-c", "commit.gpgsign=false")
    day = "2026-01-05T12:00:00Z"
    _git(
        folder,
        *who,
        "commit",
        "--quiet",
        f"--date={day}",
        "--message",
        message,
        variables={"GIT_COMMITTER_DATE": day},
    )
    return _git(folder, "rev-parse", "HEAD")


def _git(folder: Path, *arguments: str, variables: Mapping[str, str] | None = None) -> str:
    done = subprocess.run(
        ["git", "-C", str(folder), *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **(variables or {})},
    )
    if done.returncode:
        said = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise SourceError(f"git {arguments[0]} failed: {said}; see that the repository can be reached.")
    return done.stdout.strip()


SOURCES: tuple[Source, ...] = (
    AirflowExamples("2.9.3", "2024-09-01"),
    AirflowExamples("2.10.5", "2025-03-01", ("standard", "common-sql")),
    AirflowExamples("2.11.0", "2025-07-01", ("standard", "common-sql", "edge3")),
    AirflowExamples("3.0.6", "2025-10-01", ("standard", "common-sql", "edge3")),
    AirflowExamples(
        "3.3.2", "2026-11-01", ("standard", "common-sql", "common-ai", "edge3", "informatica", "openai")
    ),
    PublicRepository(
        "jaffle_shop_duckdb",
        "https://github.com/dbt-labs/jaffle_shop_duckdb",
        "9b13827913b230a045b0a71736a00e2053fbcb16",
    ),
    PublicRepository(
        "hooli-data-eng-pipelines",
        "https://github.com/dagster-io/hooli-data-eng-pipelines",
        "272eb866ec22fc27abba873b64da25a9f81bc05a",
    ),
    PublicRepository(
        "telemetry-airflow",
        "https://github.com/mozilla/telemetry-airflow",
        "a5be2ecbbf7f894e52d414573090fe2d1b93898d",
    ),
    PublicRepository(
        "splash_flows",
        "https://github.com/als-computing/splash_flows",
        "164845279ff6f84f878ed63f7ca4f1fec335acaf",
    ),
)
