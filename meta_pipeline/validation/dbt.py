"""One dbt project at base and head: base is built whole, head from there on what the change touches."""

import posixpath
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from pydantic import ValidationError

from meta_pipeline.delivery.change import Change
from meta_pipeline.delivery.evidence import CommandRecord, Side
from meta_pipeline.delivery.model import Frozen
from meta_pipeline.delivery.reports import ReportKind
from meta_pipeline.delivery.topology import Topology
from meta_pipeline.delivery.tree import Tree
from meta_pipeline.delivery.yaml_source import Unreadable
from meta_pipeline.evidence.store import Folder, readable_json
from meta_pipeline.policy import Policy
from meta_pipeline.schedulers.dbt.answer import Answer, read_answer
from meta_pipeline.schedulers.dbt.commands import (
    MODIFIED,
    WITH_ALL_BEFORE,
    answer_file,
    build_command,
    manifest_file,
)
from meta_pipeline.schedulers.dbt.project import read_project
from meta_pipeline.schedulers.dbt.runtime import DbtRuntime, declared_in, folder_of, project_of
from meta_pipeline.validation.bench import Bench, Benches
from meta_pipeline.validation.dbt_outcome import Build, Outcome
from meta_pipeline.validation.lane import Part, tail
from meta_pipeline.validation.leftovers import fetch, keep, pack, unpack
from meta_pipeline.validation.memory import KEY_SCRATCH, memory_key, reused
from meta_pipeline.workspace.scratch import scratch_folder

_PROJECT_FILES = (
    "dbt_project.yml",
    "dbt_project.yaml",
    "packages.yml",
    "dependencies.yml",
    "package-lock.yml",
    "selectors.yml",
    "profiles.yml",
    ".dbtignore",
)


class _Kept(Frozen):
    """The build of a base, as it is remembered."""

    record: CommandRecord
    answer: Answer


class DbtLane:
    """Builds the one project of a policy at both sides of a change, base first, as head begins where base ended."""

    kinds: tuple[ReportKind, ...] = ("parse", "dry_run", "data_quality")

    def __init__(self, policy: Policy, runtime: DbtRuntime) -> None:
        self.policy = policy
        self.runtime = runtime
        self.project = project_of(policy)
        self.folder = folder_of(self.project.project)

    def touched(self, benches: Benches, change: Change) -> bool:
        """Whether the change can make any difference to what dbt builds."""
        if benches.base.environment.digest != benches.head.environment.digest:
            return True
        folders = {self.project.profiles or self.folder}
        paths: set[str] = set()
        for tree in (change.base, change.head):
            project = read_project(tree, self.folder)
            if project is None or isinstance(project, Unreadable):
                folders.add(self.folder)
                continue
            paths |= {path for several in project.paths.values() for path in several}
        files = {
            posixpath.normpath(posixpath.join(folder, name))
            for folder in (self.folder, *folders)
            for name in _PROJECT_FILES
        }
        return any(
            file.path in files or any(path == "." or file.path.startswith(f"{path}/") for path in paths)
            for file in change.files
        )

    def run(
        self, benches: Benches, commits: Mapping[Side, str], remembered: Folder
    ) -> Mapping[Side, tuple[Part, ...]]:
        """The parts of both sides: of the base, and of the one other side that `commits` names."""
        (side,) = commits.keys() - {"base"}
        sides = commits["base"], commits[side]
        with scratch_folder() as folder:
            archive = folder / "base.tar"
            base = self._base(benches.base, sides[0], remembered, archive)
            begins = (
                base.answer is not None
                and base.answer.results is not None
                and archive.is_file()
                and not self._all_differs(benches, sides)
            )
            select = MODIFIED if base.answer and base.answer.complete else WITH_ALL_BEFORE
            head = self._after(benches.head, side, sides, archive if begins else None, select)
        before = Outcome(base, self.folder)
        after = Outcome(head, self.folder, before if begins else None)
        return {"base": before.parts(), side: after.parts()}

    def _all_differs(self, benches: Benches, commits: tuple[str, str]) -> bool:
        """Whether something changes that dbt does not compare, and that all it builds may depend on."""
        if benches.base.environment.digest != benches.head.environment.digest:
            return True
        trees = tuple(benches.head.mirror.tree(commit) for commit in commits)
        profiles = posixpath.normpath(posixpath.join(self.project.profiles or self.folder, "profiles.yml"))
        seen = [(self._variables(tree), tree.read(profiles)) for tree in trees]
        return seen[0] != seen[1]

    def _variables(self, tree: Tree) -> object:
        project = read_project(tree, self.folder)
        return (
            None
            if project is None or isinstance(project, Unreadable)
            else project.settings.get("vars").plain()
        )

    def _base(self, bench: Bench, commit: str, remembered: Folder, archive: Path) -> Build:
        declared = declared_in(bench.mirror.tree(commit), self.folder)
        names = _names(declared)
        key = memory_key(bench, [self.runtime.dry_run(self.policy, KEY_SCRATCH, names)], commit)
        with suppress(ValidationError):
            data = remembered.read(f"{key}.json")
            if data is not None and fetch(remembered, f"{key}.tar", archive):
                kept = _Kept.model_validate_json(data)
                return Build(reused(bench, kept.record), kept.answer, "", declared)
        with (
            bench.mirror.worktree(commit) as worktree,
            scratch_folder() as scratch,
        ):
            command = self.runtime.dry_run(self.policy, scratch, names)
            record = bench.run(command, "base", worktree, scratch)
            answer, said = _answered(bench, record, scratch)
            packed = answer is not None and pack(worktree, manifest_file(scratch), archive)
        if packed and answer is not None and answer.results is not None:
            keep(remembered, f"{key}.tar", archive)
            remembered.write(f"{key}.json", readable_json(_Kept(record=record, answer=answer)))
        return Build(record, answer, said, declared)

    def _after(
        self, bench: Bench, side: Side, commits: tuple[str, str], archive: Path | None, select: str
    ) -> Build:
        trees = bench.mirror.tree(commits[0]), bench.mirror.tree(commits[1])
        declared = declared_in(trees[1], self.folder)
        nodes = [node for name in _names(declared) for node in self.policy.dry_run.nodes.get(name, ())]
        with (
            bench.mirror.worktree(commits[1]) as worktree,
            scratch_folder() as scratch,
        ):
            state = scratch / "state" if archive else None
            if archive and state:
                unpack(archive, worktree, trees, state)
            command = build_command(self.project, scratch, state=state, select=select, nodes=nodes, rows=True)
            record = bench.run(command, side, worktree, scratch)
            answer, said = _answered(bench, record, scratch)
        return Build(record, answer, said, declared)


def _names(declared: Topology | None) -> tuple[str, ...]:
    """What the project is called, as `dry_run.nodes` of the policy calls it."""
    return tuple(pipeline.id for pipeline in declared.pipelines) if declared else ()


def _answered(bench: Bench, record: CommandRecord, scratch: Path) -> tuple[Answer | None, str]:
    """What dbt answered, and the end of its output."""
    try:
        return read_answer(answer_file(scratch)), tail(bench.output(record))
    except (OSError, ValueError) as error:
        return None, tail(bench.output(record)) or str(error)
