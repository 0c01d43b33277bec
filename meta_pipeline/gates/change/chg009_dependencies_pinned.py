"""CHG009: manifest and lock agree, and a new dependency is the same tomorrow."""

import re
from collections.abc import Iterator
from typing import ClassVar

from meta_pipeline.delivery.change import Change
from meta_pipeline.delivery.dependencies.agreement import (
    Disagreement,
    disagreements,
    lock_of,
    manifest_at,
    touched_manifests,
)
from meta_pipeline.delivery.dependencies.locks import kind_of_lock, read_lock
from meta_pipeline.delivery.dependencies.manifests import kind_of
from meta_pipeline.delivery.stages import StageId
from meta_pipeline.delivery.tree import text_of
from meta_pipeline.gates import specimens
from meta_pipeline.gates.case import Case
from meta_pipeline.gates.change.unpinned import unpinned
from meta_pipeline.gates.gate import Example, Gate, Opinion, Strength
from meta_pipeline.gates.weighing import Weighed, weigh, weighed
from meta_pipeline.policy import Policy

_CONSTRAINTS = re.compile(r"/constraints-(?P<version>\d[\w.]*)/")


class DependenciesPinned(Gate):
    """Manifest and lock agree, and a new dependency is the same tomorrow as today.

    A lock that does not hold what its manifest asks for installs something else than was meant, or nothing at all.
    A requirement that names no release changes under a pipeline that nobody touched. What the repository does at base
    is the measure: ranges beside a lock are sound, and so is a range where nothing was ever pinned. Read are
    requirement files and what pip-compile makes of them, pyproject.toml with the locks of uv, Poetry and PDM, Pipfiles,
    setup files, conda environments, dbt packages, and what a Dockerfile installs with pip.
    """

    id: ClassVar[str] = "CHG009"
    name: ClassVar[str] = "dependencies-pinned"
    stage: ClassVar[StageId] = "implementation"
    subject: ClassVar[str] = "patched_code"
    needs: ClassVar[tuple[str, ...]] = ("change",)
    catches: ClassVar[tuple[str, ...]] = ("lock-stale",)

    def judge(self, case: Case) -> Opinion:
        assert case.change is not None
        paths = frozenset(file.path for file in case.change.files)
        if not any(kind_of(path) or kind_of_lock(path) for path in paths):
            return self.not_applicable("the change touches no dependency manifest and no lock")
        found = [
            *_stale(case.change, paths),
            *_unreadable(case.change),
            *_lost_locks(case.change),
            *_other_constraints(case.change),
            *unpinned(case.change),
        ]
        return weigh(self, found, "manifests and locks agree, and nothing new is left to chance")

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        pinned = "pandas==2.2.3\nsqlalchemy==2.0.36\n"
        project = '[project]\nname = "sales"\ndependencies = ["pandas>=2.2"]\n'
        lock = '[[package]]\nname = "pandas"\nversion = "2.2.3"\nsource = { registry = "packages.example.com" }\n'
        both = {"pyproject.toml": project, "uv.lock": lock}
        wanting = project.replace('"pandas>=2.2"', '"pandas>=2.2", "duckdb>=1.1"')
        compiled = {
            "requirements.in": "pandas==2.2.3\n",
            "requirements.txt": "pandas==2.2.3\n    # via -r x\n",
        }
        return (
            Example(
                "a pinned release moves",
                _case({"requirements.txt": pinned}, {"requirements.txt": pinned.replace("2.2.3", "2.3.0")}),
                "passed",
            ),
            Example(
                "a new dependency with its lock",
                _case(
                    both,
                    {
                        "pyproject.toml": wanting,
                        "uv.lock": lock + lock.replace("pandas", "duckdb").replace("2.2.3", "1.1.3"),
                    },
                ),
                "passed",
            ),
            Example("no manifest is touched", _case({}, {"dags/a.py": "x = 1\n"}), "not_applicable"),
            Example(
                "a new dependency without its lock",
                _case(both, both | {"pyproject.toml": wanting}),
                "failed",
                "'duckdb>=1.1' of pyproject.toml is not in uv.lock",
            ),
            Example(
                "the compiled file is not compiled again",
                _case(compiled, compiled | {"requirements.in": "pandas==2.3.0\n"}),
                "failed",
                "requirements.txt holds 2.2.3",
            ),
            Example(
                "a new dependency without a release, among pinned ones",
                _case({"requirements.txt": pinned}, {"requirements.txt": pinned + "duckdb\n"}),
                "needs_approval",
                "'duckdb' in requirements.txt is not pinned",
            ),
            Example(
                "a pin is taken away",
                _case({"requirements.txt": pinned}, {"requirements.txt": pinned.replace("==2.2.3", "")}),
                "needs_approval",
                "was pinned as 'pandas==2.2.3'",
            ),
            Example(
                "a dbt package on a branch",
                _case(
                    {},
                    {
                        "packages.yml": "packages:\n  - git: https://example.com/dbt-utils.git\n    revision: main\n"
                    },
                ),
                "needs_approval",
                "the branch 'main'",
            ),
        )


def _case(before: specimens.Files, after: specimens.Files) -> Case:
    return Case(Policy(), change=specimens.change(before, after))


def _stale(change: Change, paths: frozenset[str]) -> Iterator[Weighed]:
    for path in touched_manifests(change.head, paths):
        known = {(one.wanted.name, bool(one.held)) for one in disagreements(change.base, path)}
        for one in disagreements(change.head, path):
            if (one.wanted.name, bool(one.held)) not in known:
                yield _weighed(one)


def _weighed(one: Disagreement) -> Weighed:
    if one.held:
        message = (
            f"'{one.wanted.asks}' of {one.manifest} and its lock disagree: {one.lock} holds "
            f"{' and '.join(one.held)}, which is installed instead or not at all"
        )
    else:
        message = f"'{one.wanted.asks}' of {one.manifest} is not in {one.lock}: who installs by the lock goes without"
    # A group that only some install is missed later, by somebody who sees why.
    strength: Strength = "needs_approval" if one.wanted.conditional and not one.held else "failed"
    fix = f"make {one.lock} again and commit it too"
    return weighed(strength, message, fix, path=one.manifest, line=one.wanted.line)


def _unreadable(change: Change) -> Iterator[Weighed]:
    for file in change.files:
        if file.new is None or not kind_of_lock(file.path) or file.path.endswith(".in"):
            continue
        readable = read_lock(file.path, text_of(change.head, file.path) or "") is not None
        was = file.old is None or read_lock(file.path, text_of(change.base, file.path) or "") is not None
        if was and not readable:
            yield weighed(
                "failed",
                f"{file.path} can no longer be read, so that nothing can be installed by it",
                "make the lock again",
                path=file.path,
                line=1,
            )


def _lost_locks(change: Change) -> Iterator[Weighed]:
    for file in change.files:
        if file.status != "deleted" or not kind_of_lock(file.path):
            continue
        for path in touched_manifests(change.base, frozenset({file.path})):
            before = manifest_at(change.base, path)
            after = manifest_at(change.head, path)
            lock = lock_of(change.base, before) if before else None
            if lock is None or lock.path != file.path or after is None:
                continue
            if after.wanted and lock_of(change.head, after) is None:
                yield weighed(
                    "needs_approval",
                    f"{file.path} is deleted, so that nothing holds the releases that {path} leaves open",
                    "keep the lock",
                    path=file.path,
                    line=1,
                )
                break


def _other_constraints(change: Change) -> Iterator[Weighed]:
    """A constraint file of Airflow is made for one release of it."""
    for file in change.files:
        after = manifest_at(change.head, file.path) if file.new is not None else None
        if after is None:
            continue
        airflow = next((one for one in after.wanted if one.name == "apache-airflow"), None)
        pins = [s.version for s in (airflow.allows or ()) if s.operator == "=="] if airflow else []
        for name, value, line in after.options:
            made_for = _CONSTRAINTS.search(value)
            if airflow is None or not pins or name not in ("-c", "--constraint") or not made_for:
                continue
            if made_for["version"] != pins[0] and not _disagreed(change, file.path):
                yield weighed(
                    "failed",
                    f"{file.path} installs Airflow {pins[0]} with the constraints of {made_for['version']}: its "
                    "providers are then of releases that were never tried together",
                    f"use the constraints of {pins[0]}",
                    path=file.path,
                    line=line,
                )


def _disagreed(change: Change, path: str) -> bool:
    before = manifest_at(change.base, path)
    if before is None:
        return False
    pins = {s.version for one in before.wanted if one.name == "apache-airflow" for s in one.allows or ()}
    made_for = {m["version"] for _, value, _ in before.options if (m := _CONSTRAINTS.search(value))}
    return bool(pins and made_for and not pins & made_for)
