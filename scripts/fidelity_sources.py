"""What fidelity is measured on: the examples inside Airflow's own packages, and public repositories."""

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from meta_pipeline.cli.reading import policy_of
from meta_pipeline.delivery.tree import SUBMODULE, SYMLINK, MemoryTree, Tree
from meta_pipeline.policy import EnvironmentPolicy, Policy, SchedulerPolicy
from meta_pipeline.workspace.environment import Built, build_environment
from meta_pipeline.workspace.repository import open_repository
from meta_pipeline.workspace.sandbox import detect_sandbox

_REQUIREMENTS = "requirements.txt"
_LOCK = "requirements.lock"


class SourceError(RuntimeError):
    """A source cannot be had; the text says why and how to mend it."""


@dataclass(frozen=True)
class Prepared:
    """A repository to measure: `commit` is in `folder`; `origin` is what a reader can look up.

    `missing` are files that a clone lacks, as their content is kept elsewhere.
    """

    folder: Path
    commit: str
    origin: str
    policy: Policy
    missing: tuple[str, ...] = ()


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
    """All example DAGs inside the packages of one release, in the DAG folder of a repository with a lock of them."""

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
        # What is installed, as a lock says it: it decides the imports that an example can do without.
        (folder / _LOCK).write_text("".join(f"{name}=={version}\n" for name, version in built.packages))
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
    """The files of a repository at one commit, with the policy that is detected but for `environment` and `dry_run`."""

    name: str
    url: str
    commit: str
    environment: Mapping[str, object] = field(default_factory=dict)
    dry_run: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    omitted: tuple[Omitted, ...] = ()

    def prepare(self, work: Path, home: Path, clone: str | None) -> Prepared:
        folder = _fresh(work / self.name)
        with tempfile.TemporaryDirectory(prefix="meta-pipeline-fidelity-") as there:
            cloned = Path(there) / "clone"
            _git(Path(there), "clone", "--quiet", "--no-checkout", clone or self.url, str(cloned))
            repository = open_repository(cloned)
            tree = repository.tree(self.commit)
            policy = policy_of(repository, tree).model_copy(update={"target": "fidelity"})
            missing = _export(tree, folder)
        for left_out in self.omitted:
            file = folder / left_out.file
            file.write_text(without_lines(file.read_text(), left_out.pattern))
        changes = {
            "environment": policy.environment.model_copy(update=dict(self.environment)),
            "dry_run": policy.dry_run.model_copy(update=dict(self.dry_run)),
        }
        commit = _committed(folder, f"As at {self.commit}")
        origin = f"{self.url} at {self.commit[:12]}"
        return Prepared(folder, commit, origin, policy.model_copy(update=changes), missing)


def _export(tree: Tree, folder: Path) -> tuple[str, ...]:
    """Write the files of a tree; gives those that the clone has no content of."""
    missing = []
    for path, entry in tree.entries().items():
        data = tree.read(path)
        if data is None or entry.mode == SUBMODULE:
            missing.append(path)
            continue
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        if entry.mode == SYMLINK:
            file.symlink_to(data.decode())
        else:
            file.write_bytes(data)
            file.chmod(0o755 if entry.mode.endswith("755") else 0o644)
    return tuple(missing)


def without_lines(text: str, pattern: str) -> str:
    """The lines of a file but those that the pattern finds, with what is indented below them or goes on from them."""
    kept = []
    depth: int | None = None
    goes_on = False
    for line in text.splitlines(keepends=True):
        indented = len(line) - len(line.lstrip())
        below = depth is not None and (goes_on or not line.strip() or indented > depth)
        if not below:
            depth = indented if re.search(pattern, line) else None
        goes_on = line.rstrip().endswith("\\")
        if depth is None:
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
    # The examples of the providers of that day are for Airflow 3 already.
    AirflowExamples("2.11.0", "2025-07-01"),
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
        # It has no lock for its six projects; this is a day whose releases all of them can be loaded with.
        environment={"resolve_as_of": "2025-10-01"},
        dry_run={
            "variables": {
                # As `dagster dev` sets it, for the manifest of the dbt project to be made.
                "DAGSTER_IS_DEV_CLI": "1",
                **{
                    f"AZURE_POWERBI_{name}_ID": "00000000-0000-0000-0000-000000000000"
                    for name in ("CLIENT", "TENANT", "WORKSPACE")
                },
                "AZURE_POWERBI_CLIENT_SECRET": "none",
            }
        },
        omitted=(
            Omitted(
                "dbt_project/packages.yml",
                "",
                "packages of dbt come from hub.getdbt.com, which a sandbox cannot reach",
            ),
            Omitted("dbt_project/package-lock.yml", "", "the same"),
            Omitted(
                "dbt_project/models/CLEANED/schema.yml",
                r'^\s*- name: "company"',
                "a column whose test comes from such a package",
            ),
        ),
    ),
    PublicRepository(
        "telemetry-airflow",
        "https://github.com/mozilla/telemetry-airflow",
        "a5be2ecbbf7f894e52d414573090fe2d1b93898d",
        # Its image installs both files one after the other, without a look at what conflicts.
        environment={"requirements": ("requirements.txt", "requirements-override.txt")},
        dry_run={
            "variables": {
                "glean_dictionary_netlify_build_webhook_id": "none",
                "lookml_generator_release_str": "v0",
                "bugzilla_quicksearch_api_key": "none",
            },
            "connections": {
                "adm_sftp": '{"conn_type": "sftp", "host": "adm.example.com", "extra": {"known_hosts": "none"}}',
                "merino_elasticsearch_prod": "http://prod.example.com",
                "merino_elasticsearch_stage": "http://stage.example.com",
            },
        },
        omitted=(
            Omitted(
                "requirements.txt",
                r"^(apache-airflow-providers-(google|common-compat)|google-cloud-build)==",
                "requirements-override.txt has other versions, which its image installs over these",
            ),
        ),
    ),
    PublicRepository(
        "splash_flows",
        "https://github.com/als-computing/splash_flows",
        "164845279ff6f84f878ed63f7ca4f1fec335acaf",
        # Its requirements are hardly pinned, so those of the day of the commit are taken.
        environment={"python": "3.11", "requirements": ("requirements.txt",), "resolve_as_of": "2026-02-02"},
        omitted=(
            Omitted(
                "requirements.txt",
                r"@ git\+",
                "these two come from git repositories, not from the package index",
            ),
        ),
    ),
)
