"""Which test at head is which at base, and which of them are gone though what they tested is not."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cached_property
from pathlib import PurePosixPath

from meta_pipeline.delivery.change import Change
from meta_pipeline.gates.testing.python_tests import PythonTest, is_test_file, parsed, tests_of

_ALIKE = 0.6
_MOST_PAIRS = 2000
"""Beyond so many pairs, tests of other names are no longer compared by their bodies."""


@dataclass(frozen=True)
class Paired:
    """A test before and after; `after` is None for one that is gone."""

    before: PythonTest
    after: PythonTest | None


class Tests:
    """The Python tests of the files that a change touches."""

    def __init__(self, change: Change) -> None:
        self._files = [file for file in change.files if file.path.endswith(".py")]

    @cached_property
    def pairs(self) -> tuple[Paired, ...]:
        """Every test of base with what became of it: in its file, under its name elsewhere, or by its body."""
        before = [test for file in self._files for test in tests_of(file.path, _text(file.old))]
        after = [test for file in self._files for test in tests_of(file.path, _text(file.new))]
        by_place = {(test.path, test.name): test for test in after}
        free = dict(by_place)
        found: dict[int, PythonTest] = {}
        for number, test in enumerate(before):
            if match := free.pop((test.path, test.name), None):
                found[number] = match
        by_name: defaultdict[str, list[PythonTest]] = defaultdict(list)
        for test in free.values():
            by_name[test.node.name].append(test)
        for number, test in enumerate(before):
            if number not in found and by_name[test.node.name]:
                found[number] = by_name[test.node.name].pop()
                free.pop((found[number].path, found[number].name))
        left = [number for number in range(len(before)) if number not in found]
        if len(left) * len(free) <= _MOST_PAIRS:
            for number in left:
                match = _most_alike(before[number], free.values())
                if match is not None:
                    found[number] = match
                    free.pop((match.path, match.name))
        return tuple(Paired(test, found.get(number)) for number, test in enumerate(before))

    @cached_property
    def removed_names(self) -> frozenset[str]:
        """What the code of the change defined at base and no longer does: functions, classes, modules."""
        before: set[str] = set()
        after: set[str] = set()
        for file in self._files:
            if is_test_file(file.path):
                continue
            before |= _defined(_text(file.old))
            after |= _defined(_text(file.new))
            stem = PurePosixPath(file.path).stem
            stem = PurePosixPath(file.path).parent.name if stem == "__init__" else stem
            if file.status == "deleted":
                before.add(stem)
            else:
                after.add(stem)
        return frozenset(name for name in before - after if len(name) > 2 and not name.startswith("__"))

    @cached_property
    def removed_parameters(self) -> frozenset[str]:
        """Parameters that functions of the change took at base, and none takes any more."""
        code = [file for file in self._files if not is_test_file(file.path)]
        before = {name for file in code for name in _parameters(_text(file.old))}
        return frozenset(before - {name for file in code for name in _parameters(_text(file.new))})

    def subject_is_gone(self, test: PythonTest, change: Change) -> bool:
        """Whether the test is about something that the change removes too."""
        about = test.words | _imported(_text(change.base.read(test.path)), test.words)
        return bool(about & self.removed_names)


def _text(data: bytes | None) -> str:
    return (data or b"").decode("utf-8", errors="replace")


def _most_alike(test: PythonTest, others: Iterable[PythonTest]) -> PythonTest | None:
    body = test.body
    best, score = None, _ALIKE
    for other in others:
        matcher = SequenceMatcher(None, body, other.body, autojunk=False)
        if (
            matcher.real_quick_ratio() > score
            and matcher.quick_ratio() > score
            and (ratio := matcher.ratio()) > score
        ):
            best, score = other, ratio
    return best


def _defined(text: str) -> set[str]:
    """Names that a module gives to others: functions, classes, constants, and the ids of DAGs and tasks."""
    module = parsed(text) if text else None
    names: set[str] = set()
    for node in ast.walk(module) if module else ():
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.keyword) and node.arg in ("dag_id", "task_id", "name"):
            names |= _text_in(node.value)
        elif isinstance(node, ast.Call) and node.args:
            names |= _text_in(node.args[0])
    for statement in module.body if module else ():
        if isinstance(statement, ast.Assign):
            names |= {target.id for target in statement.targets if isinstance(target, ast.Name)}
    return names


def _text_in(value: ast.expr) -> set[str]:
    given = value.value if isinstance(value, ast.Constant) else None
    return {given} if isinstance(given, str) and given.isidentifier() else set()


def _parameters(text: str) -> set[str]:
    module = parsed(text) if text else None
    return {node.arg for node in ast.walk(module) if isinstance(node, ast.arg)} if module else set()


def _imported(text: str, words: frozenset[str]) -> frozenset[str]:
    """The last parts of the modules from which a test file imports what the test says."""
    module = parsed(text)
    found: set[str] = set()
    for node in ast.walk(module) if module else ():
        if isinstance(node, ast.ImportFrom):
            if words & {alias.asname or alias.name for alias in node.names}:
                found |= set(re.split(r"\.", node.module or ""))
                found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.Import):
            for alias in node.names:
                if words & {alias.asname or alias.name.split(".")[0]}:
                    found |= set(alias.name.split("."))
    return frozenset(found)
