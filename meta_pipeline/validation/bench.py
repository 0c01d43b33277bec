"""The bench on which one change is validated: runs a command in a fresh checkout and records what it did."""

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from meta_pipeline.delivery.evidence import Command, CommandRecord, Side
from meta_pipeline.evidence.store import EvidenceStore
from meta_pipeline.policy import EnvironmentPolicy, Policy
from meta_pipeline.schedulers.registry import ADAPTERS
from meta_pipeline.validation.checkpoints import PROBE as CHECKPOINT_PROBE
from meta_pipeline.validation.outputs import PROBE as OUTPUTS_PROBE
from meta_pipeline.workspace.environment import Built, CannotBuild, build_environment, tool_versions
from meta_pipeline.workspace.process import run
from meta_pipeline.workspace.repository import Mirror
from meta_pipeline.workspace.sandbox import Sandbox, detect_sandbox, interpreter_folders
from meta_pipeline.workspace.scratch import scratch_folder
from meta_pipeline.workspace.warm import WarmProcess, Warmth, warm_process
from meta_pipeline.workspace.worktree import Worktree

PROBES = (
    *(probe for adapter in ADAPTERS.values() for probe in adapter.runtime.probes),
    CHECKPOINT_PROBE,
    OUTPUTS_PROBE,
)
"""The scripts of ours that run in the sandbox."""

_TOOLS = ("apache-airflow", "dagster", "dbt-core", "great-expectations", "prefect", "pytest", "ruff")
SYSTEM_PATH = "/usr/local/bin:/usr/bin:/bin"


@dataclass(frozen=True)
class Bench:
    """What every command of one validation has in common. `note` is told of each command that ended.

    `environment` is what the files of `commit` ask for; environments are kept below `home`. Commands of the
    scheduler's probe go through the process `warm`, where there is one.
    """

    home: Path
    commit: str
    mirror: Mirror
    evidence: EvidenceStore
    policy: Policy
    environment: Built
    sandbox: Sandbox
    note: Callable[[CommandRecord], None] | None = None
    warm: WarmProcess | None = None

    @contextmanager
    def checkout(self, commit: str, *, preloaded: bool = False) -> Iterator[tuple[Worktree, Path]]:
        """A fresh checkout, and a scratch folder; where the scheduler is `preloaded` if there is such a process."""
        with ExitStack() as stack:
            room = stack.enter_context(self.warm.turn()) if self.warm is not None and preloaded else None
            worktree = stack.enter_context(self.mirror.worktree(commit, room))
            yield worktree, stack.enter_context(scratch_folder(room))

    def within(self, environment: EnvironmentPolicy | None) -> "Bench | CannotBuild":
        """The same bench in another environment of the policy; None is its own."""
        if environment is None or environment == self.policy.environment:
            return self
        built = build_environment(self.home, self.mirror.tree(self.commit), environment, self.sandbox)
        if isinstance(built, CannotBuild):
            return built
        policy = self.policy.model_copy(update={"environment": environment})
        return replace(self, policy=policy, environment=built)

    def run(self, command: Command, side: Side, worktree: Worktree, scratch: Path) -> CommandRecord:
        """Run `command` in `worktree`; `scratch` is a folder of ours that it may write to. Stores its outputs."""
        started = datetime.now(UTC)
        command = self._limited(command)
        variables = self._variables(worktree.path)
        ran = self.warm.run(command, cwd=worktree.path, variables=variables) if self.warm else None
        if ran is None:
            ran = run(
                command,
                cwd=worktree.path,
                path=self._path,
                variables=variables,
                sandbox=self._walls.opened(
                    read_only=(*_own(command), *([worktree.path] if command.reads_only else [])),
                    writable=(*([] if command.reads_only else [worktree.path]), scratch),
                ),
            )
        record = CommandRecord(
            command=command,
            side=side,
            tree=self.mirror.tree_id(worktree.commit),
            environment=self.environment.digest,
            tools=tool_versions(self.environment, _TOOLS),
            sandbox=self.sandbox.kind,
            cwd=".",
            exit=ran.exit,
            ended_by=ran.ended_by,
            seconds=round(ran.seconds, 2),
            started_at=started.isoformat(timespec="seconds"),
            stdout=self.evidence.put(ran.stdout, f"standard output of {command.shown_as}").digest,
            stderr=self.evidence.put(ran.stderr, f"standard error of {command.shown_as}").digest,
            dirtied=() if command.reads_only else worktree.dirtied(),
        )
        self.keep(record)
        return record

    def keep(self, record: CommandRecord) -> None:
        """Store a record and tell of it."""
        self.evidence.put_model(record, record.command.shown_as, "command")
        if self.note is not None:
            self.note(record)

    def output(self, record: CommandRecord) -> str:
        """Standard output and standard error of a record, as text."""
        both = self.evidence.get(record.stdout) + b"\n" + self.evidence.get(record.stderr)
        return both.decode("utf-8", errors="replace")

    @contextmanager
    def serving(self, policy: Policy) -> Iterator["Bench | CannotBuild"]:
        """The bench for the policy's one scheduler: in its environment, with a warm process where that may be.

        A scheduler can be warm where it can be imported before its checkout.
        """
        own = self.within(policy.environment)
        runtime = ADAPTERS[policy.scheduler.kind].runtime if policy.scheduler else None
        if isinstance(own, CannotBuild) or runtime is None or not runtime.preloads:
            yield own
            return
        with own.warmed(runtime.preloads) as warm:
            yield warm

    @contextmanager
    def warmed(self, modules: tuple[str, ...]) -> Iterator["Bench"]:
        """The same bench with a warm process that imports these modules of its environment."""
        given = self._variables(Path("/"))
        # It leads into a checkout, whose modules must not be imported before it is forked for one.
        variables = {name: value for name, value in given.items() if name != "PYTHONPATH"}
        warmth = Warmth(self.environment.python, modules, self._path, variables, self._walls)
        with warm_process(warmth) as warm:
            yield replace(self, warm=warm)

    @property
    def _path(self) -> str:
        return f"{self.environment.programs}:{SYSTEM_PATH}"

    @property
    def _walls(self) -> Sandbox:
        """The sandbox of every command, in which no checkout can be seen yet."""
        return self.sandbox.opened(read_only=(*self.environment.folders, self.mirror.git_dir, *PROBES))

    def _limited(self, command: Command) -> Command:
        seconds = self.policy.limits.seconds
        return command if seconds is None else command.model_copy(update={"seconds": seconds})

    def _variables(self, root: Path) -> Mapping[str, str]:
        variables = dict(self.policy.environment.variables)
        if "PYTHONPATH" in variables:
            entries = variables["PYTHONPATH"].split(os.pathsep)
            variables["PYTHONPATH"] = os.pathsep.join(str((root / entry).resolve()) for entry in entries)
        return {
            "VIRTUAL_ENV": str(self.environment.path),
            "PYTHONDONTWRITEBYTECODE": "1",
            "TZ": "UTC",
            "LANG": "C.UTF-8",
        } | variables


def _own(command: Command) -> tuple[Path, ...]:
    """Our own interpreter with its packages, for a command that runs by it."""
    return (
        (Path(sys.prefix), *interpreter_folders(Path(sys.executable)))
        if command.argv[0] == sys.executable
        else ()
    )


@dataclass(frozen=True)
class Benches:
    """One bench for each side: a change of the requirements gives each its own environment."""

    base: Bench
    head: Bench

    def of(self, side: Side) -> Bench:
        return self.base if side == "base" else self.head

    def within(self, environment: EnvironmentPolicy | None) -> "Benches | CannotBuild":
        """Both benches in another environment of the policy."""
        return _both(self.base.within(environment), self.head.within(environment))

    @contextmanager
    def serving(self, policy: Policy) -> Iterator["Benches | CannotBuild"]:
        """Both for the policy's one scheduler, each with a warm process: neither may touch what the other is given."""
        with self.base.serving(policy) as base, self.head.serving(policy) as head:
            yield _both(base, head)


def set_up(
    home: Path,
    mirror: Mirror,
    evidence: EvidenceStore,
    policy: Policy,
    commit: str,
    note: Callable[[CommandRecord], None] | None = None,
) -> Bench | CannotBuild:
    """The bench for one commit, in the environment that its files ask for; environments are kept below `home`."""
    sandbox = detect_sandbox()
    built = build_environment(home, mirror.tree(commit), policy.environment, sandbox)
    if isinstance(built, CannotBuild):
        return built
    return Bench(home, commit, mirror, evidence, policy, built, sandbox, note)


def set_up_both(
    home: Path,
    mirror: Mirror,
    evidence: EvidenceStore,
    policy: Policy,
    commits: tuple[str, str],
    note: Callable[[CommandRecord], None] | None = None,
) -> Benches | CannotBuild:
    """The benches for base and head."""
    return _both(*(set_up(home, mirror, evidence, policy, commit, note) for commit in commits))


def _both(base: Bench | CannotBuild, head: Bench | CannotBuild) -> Benches | CannotBuild:
    if isinstance(base, CannotBuild):
        return base
    return head if isinstance(head, CannotBuild) else Benches(base, head)
