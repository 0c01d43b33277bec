"""One dbt project at base and head: base is built whole, head from there on what the change touches."""

import posixpath
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from pydantic import ValidationError

from meta_pipeline.delivery.change import Change
from meta_pipeline.delivery.evidence import Command, CommandRecord, Side
from meta_pipeline.delivery.model import Frozen
from meta_pipeline.delivery.outputs import Outputs
from meta_pipeline.delivery.reports import ReportKind, SideReport
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
from meta_pipeline.schedulers.dbt.troubles import first_words
from meta_pipeline.schedulers.runtime import PipelineRun
from meta_pipeline.validation.bench import Bench, Benches
from meta_pipeline.validation.dbt_outcome import Build, Outcome
from meta_pipeline.validation.lane import Part, tail
from meta_pipeline.validation.leftovers import fetch, keep, pack, unpack
from meta_pipeline.validation.memory import KEY_SCRATCH, memory_key, reused
from meta_pipeline.validation.outputs import outputs_command, read_outputs
from meta_pipeline.validation.turns import FIRST, SECOND, Turn, rerun_part, wrote_part
from meta_pipeline.workspace.scratch import scratch_folder
from meta_pipeline.workspace.worktree import Worktree

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
    look: CommandRecord
    wrote: Outputs


class DbtLane:
    """Builds the one project of a policy at both sides of a change, base first, as head begins where base ended."""

    kinds: tuple[ReportKind, ...] = ("parse", "dry_run", "data_quality", "data_diff", "rerun")

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
            base, wrote = self._base(benches.base, sides[0], remembered, archive)
            begins = (
                base.answer is not None
                and base.answer.results is not None
                and archive.is_file()
                and not self._all_differs(benches, sides)
            )
            select = MODIFIED if base.answer and base.answer.complete else WITH_ALL_BEFORE
            head, turns = self._after(benches.head, side, sides, archive if begins else None, select)
            before = Outcome(base, self.folder)
            after = Outcome(head, self.folder, before if begins else None)
            if turns is None:
                return {"base": before.parts(), side: after.parts()}
            rerun = self._rerun(after, *turns)
            at_base = None
            if (rerun.again or rerun.side.problems) and archive.is_file():
                at_base = self._base_again(benches.base, sides[0], archive, before, after, wrote)
        return {
            "base": (*before.parts(), _wrote(before, wrote), *([at_base] if at_base else [])),
            side: (*after.parts(), _wrote(after, turns[0]), rerun),
        }

    def _rerun(self, after: Outcome, first: Turn, second: Turn | None) -> Part:
        """What the second build of head came to."""
        if after.idle:
            return Part(kind="rerun", side=SideReport(records=first.records), idle=after.idle)
        return rerun_part(first, second or first, (after.project,), None)

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

    def _base(self, bench: Bench, commit: str, remembered: Folder, archive: Path) -> tuple[Build, Turn]:
        declared = declared_in(bench.mirror.tree(commit), self.folder)
        names = _names(declared)
        commands = [
            self.runtime.dry_run(self.policy, KEY_SCRATCH, names),
            outputs_command(KEY_SCRATCH, FIRST),
        ]
        key = memory_key(bench, commands, commit)
        with suppress(ValidationError):
            data = remembered.read(f"{key}.json")
            if data is not None and fetch(remembered, f"{key}.tar", archive):
                kept = _Kept.model_validate_json(data)
                build = Build(reused(bench, kept.record), kept.answer, "", declared)
                return build, turn_of(build, reused(bench, kept.look), kept.wrote)
        with (
            bench.mirror.worktree(commit) as worktree,
            scratch_folder() as scratch,
        ):
            command = self.runtime.dry_run(self.policy, scratch, names)
            record = bench.run(command, "base", worktree, scratch)
            answer, said = _answered(bench, record, scratch)
            packed = answer is not None and pack(worktree, manifest_file(scratch), archive)
            build = Build(record, answer, said, declared)
            turn = _looked(bench, build, worktree, scratch, FIRST)
        if packed and answer is not None and answer.results is not None and turn.wrote is not None:
            kept = _Kept(record=record, answer=answer, look=turn.records[-1], wrote=turn.wrote)
            keep(remembered, f"{key}.tar", archive)
            remembered.write(f"{key}.json", readable_json(kept))
        return build, turn

    def _base_again(
        self, bench: Bench, commit: str, archive: Path, before: Outcome, after: Outcome, first: Turn
    ) -> Part:
        """A second build at base of what head built: what it does too is not of the change."""
        tree = bench.mirror.tree(commit)
        built = {r.unique_id for r in before.results.values() if r.built}
        nodes = [one.split(".", 2)[2] for one in after.results if one in built]
        if not nodes:
            return Part(kind="rerun", side=SideReport(records=first.records), idle="base builds none of it")
        with (
            bench.mirror.worktree(commit) as worktree,
            scratch_folder() as scratch,
        ):
            unpack(archive, worktree, (tree, tree), scratch / "state")
            command = build_command(self.project, scratch, nodes=nodes)
            record = bench.run(command, "base", worktree, scratch)
            answer, said = _answered(bench, record, scratch)
            build = Build(record, answer, said, before.build.declared)
            second = _looked(bench, build, worktree, scratch, SECOND, before.build)
        return rerun_part(first, second, (before.project,), None)

    def _after(
        self, bench: Bench, side: Side, commits: tuple[str, str], archive: Path | None, select: str
    ) -> tuple[Build, tuple[Turn, Turn | None] | None]:
        """A build that begins where base ended, and the looks at what it wrote; at a neighbour nobody looks."""
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
            build = self._built(bench, command, side, worktree, scratch, declared)
            if side == "neighbour":
                return build, None
            first = _looked(bench, build, worktree, scratch, FIRST)
            if not first.succeeded:
                return build, (first, None)
            # The same nodes, with the warehouse as the first build left it.
            again = self._built(bench, command, side, worktree, scratch, declared)
            return build, (first, _looked(bench, again, worktree, scratch, SECOND, build))

    def _built(
        self,
        bench: Bench,
        command: Command,
        side: Side,
        worktree: Worktree,
        scratch: Path,
        declared: Topology | None,
    ) -> Build:
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


def _wrote(outcome: Outcome, turn: Turn) -> Part:
    """One side of the comparison of data."""
    if outcome.idle:
        return Part(kind="data_diff", side=SideReport(records=turn.records), idle=outcome.idle)
    return wrote_part(turn, None)


def _looked(
    bench: Bench, build: Build, worktree: Worktree, scratch: Path, name: str, before: Build | None = None
) -> Turn:
    """Look at what a build wrote; `before` is the build that it repeats."""
    look = bench.run(
        outputs_command(scratch, name), "base" if build.record.side == "base" else "head", worktree, scratch
    )
    return turn_of(build, look, read_outputs(scratch, name), before)


def turn_of(build: Build, look: CommandRecord, wrote: Outputs | None, before: Build | None = None) -> Turn:
    """A build as one run of a pipeline.

    It succeeds where it built anything, or, where it repeats the build `before`, all that was built before.
    """
    results = build.answer.results or () if build.answer else ()
    built = {result.unique_id for result in results if result.built}
    wanted = (
        {r.unique_id for r in before.answer.results or () if r.built} if before and before.answer else built
    )
    lost = {result.unique_id: result for result in results if result.unique_id in wanted - built}
    words = "; ".join(f"{name.split('.', 2)[2]}: {first_words(one.message)}" for name, one in lost.items())
    run = PipelineRun(
        pipeline=Outcome(build, "").project,
        succeeded=bool(built) and wanted <= built,
        seconds=build.record.seconds,
        error=words or None,
    )
    return Turn(runs=(run,), records=(build.record, look), wrote=wrote)
