"""Tests of data that a change takes away or loosens: dbt's, those of Great Expectations, and Dagster's asset checks."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import PurePosixPath

from meta_pipeline.delivery.change import Change
from meta_pipeline.delivery.tree import FileChange, text_of
from meta_pipeline.delivery.yaml_source import Located, Unreadable, read_yaml
from meta_pipeline.gates.gate import Strength
from meta_pipeline.gates.testing.dagster_checks import AssetCheck, asset_checks_in
from meta_pipeline.gates.testing.dbt_tests import (
    DbtTest,
    Stated,
    accepts_only_more_values,
    looser_arguments,
    looser_test,
    same_test,
    spelled,
    stated_in,
)
from meta_pipeline.gates.testing.expectations import Expectation, expectations_in
from meta_pipeline.gates.weighing import Weighed, weighed

_REF = re.compile(
    r"""(?:ref\(\s*(?:['"][\w.-]+['"]\s*,\s*)?|source\(\s*['"][\w.-]+['"]\s*,\s*)['"]([\w.-]+)['"]"""
)
_EMPTY_SQL = re.compile(
    r"\b(?:(?:where|and)\s+\(?\s*(?:(\d+)\s*=\s*(?!\1\b)\d+|(\d+)\s*(?:<>|!=)\s*\2|false)|limit\s+0)\b",
    re.IGNORECASE,
)
_OFF = re.compile(r"enabled\s*=\s*false", re.IGNORECASE)
_WARNS = re.compile(r"severity\s*=\s*['\"]warn['\"]", re.IGNORECASE)
_FIX = "keep the test as it was, or tell who approves the change why the demand has changed"


def weakened_data_tests(change: Change) -> Iterator[Weighed]:
    """All of them, each at the line of head, or of base where it is gone."""
    yield from _dbt(change)
    yield from _singular(change)
    yield from _projects(change)
    yield from _expectations(change)
    yield from _asset_checks(change)


def _dbt(change: Change) -> Iterator[Weighed]:
    files = [file for file in change.files if file.path.endswith((".yml", ".yaml"))]
    before = [stated_in(file.path, _text(file.old)) for file in files]
    after = [stated_in(file.path, _text(file.new)) for file in files]
    if not any(stated.tests or stated.unit_tests for stated in before):
        return
    gone = _Gone(change, after)
    held: defaultdict[tuple[str, str | None, str], list[DbtTest]] = defaultdict(list)
    for stated in after:
        for test in stated.tests:
            held[same_test(test)].append(test)
    fresh = _fresh(before, after)
    lost = []
    for test in (test for stated in before for test in stated.tests):
        matches = held[same_test(test)]
        match = next(
            (one for one in matches if spelled(one) == spelled(test)), matches[0] if matches else None
        )
        if match is None:
            lost.append(test)
            continue
        matches.remove(match)
        for said in looser_test(test, match):
            yield _loosened(f"the test {test.name} on {test.subject} {said}", said, match.path, match.line)
    for test in lost:
        if test.switched_off or gone.is_gone(test):
            continue
        replaced = fresh[test.owner, test.column] > 0
        fresh[test.owner, test.column] -= 1
        yield weighed(
            "warned" if replaced else "needs_approval",
            f"the test {test.name} on {test.subject} is gone"
            + (", where another comes in its place" if replaced else ": what it would catch goes unseen"),
            _FIX,
            path=test.path,
            line=test.line,
        )
    yield from _unit_tests(files, before, after, gone)


def _fresh(before: list[Stated], after: list[Stated]) -> Counter[tuple[str, str | None]]:
    """How many tests of a new kind each column got: one may stand in for one that went."""
    old = {same_test(test) for stated in before for test in stated.tests}
    return Counter(
        (test.owner, test.column)
        for stated in after
        for test in stated.tests
        if same_test(test) not in old and not test.switched_off
    )


class _Gone:
    """Which models, sources and columns the change removes too, so that their tests may go."""

    def __init__(self, change: Change, after: list[Stated]) -> None:
        self._change = change
        self._owners = frozenset(owner for stated in after for owner in stated.owners)
        self._columns = frozenset(column for stated in after for column in stated.columns)

    @cached_property
    def _built(self) -> Mapping[str, str]:
        """The file of each name that may build something."""
        return {
            PurePosixPath(path).stem: path
            for path in self._change.head.entries()
            if path.endswith((".sql", ".py", ".csv"))
        }

    def owner_is_gone(self, owner: str) -> bool:
        name = owner.rsplit(".", 1)[0] if re.search(r"\.v\d", owner) else owner
        if "." in name:  # a table of a source
            return name not in self._owners and not self._is_read(name.rsplit(".", 1)[-1])
        return name not in self._built and (name not in self._owners)

    def is_gone(self, test: DbtTest) -> bool:
        if self.owner_is_gone(test.owner):
            return True
        if test.column is None or (test.owner, test.column) in self._columns:
            return False
        path = self._built.get(test.owner)
        sql = text_of(self._change.head, path) if path else None
        if sql is None or "*" in re.sub(r"count\(\s*\*\s*\)|/\*|\*/", "", sql):
            return False
        return re.search(rf"\b{re.escape(test.column)}\b", sql, re.IGNORECASE) is None

    def _is_read(self, table: str) -> bool:
        word = re.compile(rf"source\([^)]*['\"]{re.escape(table)}['\"]\s*\)")
        return any(
            word.search(text_of(self._change.head, path) or "")
            for path in self._built.values()
            if path.endswith(".sql")
        )


def _unit_tests(
    files: list[FileChange], before: list[Stated], after: list[Stated], gone: _Gone
) -> Iterator[Weighed]:
    kept = {name for stated in after for name in stated.unit_tests or ()}
    for file, stated in zip(files, before, strict=True):
        for name, (line, model) in (stated.unit_tests or {}).items():
            if name and name not in kept and not gone.owner_is_gone(model):
                yield weighed(
                    "needs_approval",
                    f"the unit test {name} of the model {model} is gone: nothing sees any more when its logic breaks",
                    _FIX,
                    path=file.path,
                    line=line,
                )


def _singular(change: Change) -> Iterator[Weighed]:
    """Tests that are a query of their own, and the queries of generic ones."""
    queries = [
        file
        for file in change.files
        if file.path.endswith(".sql") and file.old is not None and "tests" in file.path.split("/")[:-1]
    ]
    if not queries:
        return
    kept = change.base.entries().keys() & change.head.entries().keys()
    projects = {str(PurePosixPath(path).parent) for path in kept if path.endswith("dbt_project.yml")}
    names = {PurePosixPath(path).name for path in change.head.entries()}
    for file in queries:
        pure = PurePosixPath(file.path)
        if not any(str(parent) in projects for parent in pure.parents):
            continue
        old, new = _text(file.old), _text(file.new)
        if file.new is None or not re.sub(r"--.*|\s", "", new):
            if file.new is None and (pure.name in names or _moved(change, file)):
                continue
            if not _subjects_left(change, old) or not re.sub(r"--.*|\s", "", old):
                continue
            yield weighed(
                "needs_approval",
                f"the test {pure.stem} is gone, and what it looks at is still there: what it would catch goes unseen",
                _FIX,
                path=file.path,
                line=1,
            )
            continue
        for pattern, said in (
            (_EMPTY_SQL, "can find no row any more"),
            (_OFF, "is switched off"),
            (_WARNS, "only warns where it failed"),
        ):
            if pattern.search(new) and not pattern.search(old):
                line = next((line.number for line in file.added if pattern.search(line.text)), 1)
                yield _loosened(f"the test {pure.stem} {said}", said, file.path, line)


def _subjects_left(change: Change, sql: str) -> bool:
    """Whether any model or source of a query is there at head; true where it names none."""
    named = set(_REF.findall(sql))
    if not named:
        return True
    stems = {PurePosixPath(path).stem for path in change.head.entries()}
    return bool(named & stems) or "source(" in sql


def _moved(change: Change, file: FileChange) -> bool:
    entry = change.base.entries()[file.path].content
    return any(other.content == entry for other in change.head.entries().values())


def _projects(change: Change) -> Iterator[Weighed]:
    """What `dbt_project.yml` says to all tests at once."""

    def settings(value: Located, at: str = "") -> Iterator[tuple[str, str, int]]:
        for key, item in value.pairs():
            if isinstance(item.value, dict):
                yield from settings(item, f"{at}{key}.")
            else:
                yield f"{at}{key.lstrip('+')}", item.text, item.line

    for file in change.files:
        if PurePosixPath(file.path).name != "dbt_project.yml" or file.old is None or file.new is None:
            continue
        sides = [read_yaml(_text(side), file.path) for side in (file.old, file.new)]
        read = [
            {}
            if isinstance(side, Unreadable)
            else {
                key: (text, line)
                for block in ("tests", "data_tests", "unit_tests")
                for key, text, line in settings(side.get(block))
            }
            for side in sides
        ]
        for key, (text, line) in read[1].items():
            name = key.rsplit(".", 1)[-1]
            weak = (name == "enabled" and text == "False") or (name == "severity" and text.lower() == "warn")
            if (weak or name in ("where", "error_if", "limit")) and read[0].get(key, ("", 0))[0] != text:
                yield _loosened(
                    f"{file.path} sets {key} to {text.lower()} for all tests below it", "", file.path, line
                )


def _expectations(change: Change) -> Iterator[Weighed]:
    files = [file for file in change.files if file.path.endswith((".json", ".yml", ".yaml", ".py"))]
    before = {file.path: expectations_in(file.path, _text(file.old)) for file in files if file.old}
    if not any(before.values()):
        return
    after = {file.path: expectations_in(file.path, _text(file.new)) for file in files if file.new}
    held: defaultdict[tuple[str, str], list[tuple[str, Expectation]]] = defaultdict(list)
    for path, found in after.items():
        for one in found:
            held[one.key].append((path, one))
    for path, found in before.items():
        for one in found:
            matches = held[one.key]
            match = next((m for m in matches if m[0] == path), matches[0] if matches else None)
            if match is None:
                yield weighed(
                    "needs_approval",
                    f"the expectation {one.kind}"
                    + (f" on {one.column}" if one.column else "")
                    + " is gone: what it "
                    "would catch goes unseen",
                    _FIX,
                    path=path,
                    line=one.line,
                )
                continue
            matches.remove(match)
            for said in _looser_expectation(one, match[1]):
                yield _loosened(
                    f"the expectation {one.kind}" + (f" on {one.column}" if one.column else "") + f" {said}",
                    said,
                    match[0],
                    match[1].line,
                )


def _looser_expectation(before: Expectation, after: Expectation) -> Iterator[str]:
    rank = {"critical": 2, "warning": 1, "info": 0}
    old, new = (rank.get(str(one.arguments.get("severity", "critical")), 2) for one in (before, after))
    if new < old:
        yield f"is of severity {after.arguments['severity']}"
    yield from looser_arguments(before.arguments, after.arguments)


def _asset_checks(change: Change) -> Iterator[Weighed]:
    files = [file for file in change.files if file.path.endswith(".py")]
    before = [(file, check) for file in files for check in asset_checks_in(_text(file.old))]
    if before:
        after: dict[str, tuple[FileChange, AssetCheck]] = {
            check.name: (file, check) for file in files for check in asset_checks_in(_text(file.new))
        }
        for _, check in before:
            if check.name in after:
                yield from _looser_check(check, *after[check.name])
    removed = [difference for difference in change.differences if difference.change == "removed"]
    gone = {difference.node for difference in removed}
    for difference in removed:
        asset = (difference.node or "").partition(":")[0]
        if difference.kind == "asset_check" and asset not in gone:
            yield weighed(
                "needs_approval",
                f"{difference.sentence}; what it would catch goes unseen",
                _FIX,
                path=difference.path,
                line=difference.line,
            )


def _looser_check(before: AssetCheck, file: FileChange, after: AssetCheck) -> Iterator[Weighed]:
    said = None
    if before.can_fail and not after.can_fail:
        said = "always passes"
    elif before.blocking and not after.blocking:
        said = "no longer blocks: what is downstream is built on data that failed it"
    elif after.warns > before.warns and after.errors <= before.errors:
        said = "only warns where it failed"
    if said:
        yield weighed(
            "failed" if not after.can_fail else "needs_approval",
            f"the asset check {after.name} {said}",
            _FIX,
            path=file.path,
            line=after.line,
        )


def _loosened(message: str, said: str, path: str, line: int) -> Weighed:
    strength: Strength = "warned" if accepts_only_more_values(said) else "needs_approval"
    return weighed(strength, message, _FIX, path=path, line=line)


def _text(data: bytes | None) -> str:
    return (data or b"").decode("utf-8", errors="replace")
