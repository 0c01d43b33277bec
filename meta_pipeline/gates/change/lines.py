"""At which line a change did what a gate finds in the topology: where a person looks, and what a review marks.

A topology knows where a pipeline or node is defined. What changes it may stand elsewhere: at another argument of the
call, in a dictionary of defaults, in a constant of another module, in YAML.
"""

import ast
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from meta_pipeline.delivery.change import Change
from meta_pipeline.delivery.differences.difference import Difference
from meta_pipeline.delivery.file_kinds import is_test
from meta_pipeline.delivery.tree import text_of
from meta_pipeline.gates.change.hunks import Hunk, hunks_of
from meta_pipeline.gates.change.reaching import function_at, module_of

_SOURCE = (".py", ".yaml", ".yml", ".toml", ".json", ".sql", ".cfg", ".ini")
_WORDS: Mapping[str, str] = {
    "schedule": r"schedul|cron|interval|timetable|rrule|automation|every|@?(?:hourly|daily|weekly|monthly)",
    "automation": r"automation|materiali|eager|on_cron|on_missing|cron|fresh",
    "partitions": r"partition|start_date|end_offset|timezone|cron",
    "timezone": r"time_?zone|\btz|zoneinfo|utc",
    "start_date": r"start_date|datetime|days_ago|now|today|start",
    "catchup": r"catchup",
    "paused": r"paused|active|status",
    "retries": r"retr",
    "retry_delay_s": r"retr|delay|backoff",
    "retry_backoff": r"backoff|retr|delay",
    "timeout_s": r"timeout|max_runtime",
    "sla_s": r"\bsla|deadline|fresh",
    "active_runs": r"max_active|concurren|limit|max_concurrent",
    "concurrency": r"max_active|concurren|limit|pool|max_concurrent",
    "pool": r"pool|concurren",
    "trigger_rule": r"trigger_rule|allow_failure|return_state|blocking",
    "alerts": r"on_fail|on_crash|on_|email|callback|notif|alert|hook",
    "owner": r"owner",
    "contract": r"contract|enforced",
    "upstream": r">>|<<|set_(?:up|down)stream|chain|wait_for|deps|\bins?\b",
}
"""How source speaks of a field of the topology; a field that is not listed is called as it is."""
_OFF = re.compile(r"\b(?:enabled|active)\b['\"]?\s*[:=]\s*['\"]?(?:false|no|off|0)\b", re.IGNORECASE)
_OF_DEFINITION, _OF_FIELD, _OF_NAME, _OF_REST, _OF_FILE = 8, 6, 4, 3, 1


@dataclass(frozen=True, slots=True)
class Spot:
    """A line of a file at head, or at base where `is_gone`."""

    path: str
    line: int | None
    is_gone: bool = False


class ChangedLines:
    """The lines of one change, and which of them make a difference of the topologies."""

    def __init__(self, change: Change) -> None:
        self.change = change

    def of(self, difference: Difference) -> Spot:
        """Where a change of a field is made."""
        names = [one for one in (difference.node, difference.pipeline) if one]
        return self.near(difference.path, difference.line, difference.field, names)

    def near(self, path: str, line: int | None, field: str, names: Collection[str] = ()) -> Spot:
        """Where the definition at a line gets another value of a field; the line itself where nothing else fits.

        The changed lines of the definition itself come first, then those that name the field, its pipeline or node,
        or something that the definition refers to.
        """
        own = Spot(path, line)
        if not self._hunks or path not in self.change.head.entries():
            return own
        first, last = self._span(path, line)
        rests_on = self._names_in(path, first, last)
        words = re.compile(_WORDS.get(field, re.escape(field)), re.IGNORECASE)
        called = _any_of(names)
        best: tuple[int, Hunk] | None = None
        for hunk in self._hunks:
            if hunk.file.path != path and not self._may_bear_on(hunk, path, rests_on):
                continue
            score = self._score(hunk, path, (first, last), words, called, rests_on)
            if score and (best is None or score > best[0]):
                best = score, hunk
        if best is None:
            return own
        hunk = best[1]
        if hunk.added:
            return _first_of(hunk, words, within=(first, last) if hunk.file.path == path else None)
        if hunk.file.path == path and first <= hunk.at <= last + 1:
            return replace(own, line=self._innermost(path, hunk.at) or line)
        around = self._innermost(hunk.file.path, hunk.at)
        return Spot(hunk.file.path, around or hunk.removed[0].number, is_gone=around is None)

    def gone(self, path: str, line: int | None, names: Collection[str]) -> Spot:
        """Where something that is no more was taken away: its own line at base if that went, or the line that named it.

        What is still written, and only no longer called or listed, went at the call or the list.
        """
        own = Spot(path, line, is_gone=True)
        if path not in self.change.head.entries():
            return own
        mine = [hunk for hunk in self._hunks if hunk.file.path == path]
        if any(one.number == line for hunk in mine for one in hunk.removed):
            return own
        # A task may have another name than the function by which a flow calls it.
        function = function_at(self.change.base, path, line)
        spoken = [*names, *(name.rpartition(".")[2] for name in names), *([function] if function else [])]
        called = _any_of(spoken)
        for hunk in (*mine, *(hunk for hunk in self._hunks if hunk.file.path != path)):
            lost = next((one for one in hunk.removed if called and called.search(one.text)), None)
            if lost is not None:
                if hunk.added:
                    return Spot(hunk.file.path, hunk.added[0].number)
                return Spot(hunk.file.path, lost.number, is_gone=True)
        return self._switched_off(path, called) or own

    def _switched_off(self, path: str, called: re.Pattern[str] | None) -> Spot | None:
        """The added line that turns off what is written as before: in its file, where it is named, or in a folder."""
        for hunk in sorted(self._hunks, key=lambda hunk: hunk.file.path != path):
            off = next((one for one in hunk.added if _OFF.search(one.text)), None)
            if off is None:
                continue
            is_of_folder = hunk.file.path.endswith("dbt_project.yml")
            if hunk.file.path == path or is_of_folder or (called and called.search(self._around(hunk)[1])):
                return Spot(hunk.file.path, off.number)
        return None

    def _may_bear_on(self, hunk: Hunk, path: str, rests_on: frozenset[str]) -> bool:
        """Whether a hunk of another file can change a definition in `path`, whatever words it shares with it.

        Tests do not, and a new module of Python does only by a name that the definition refers to.
        """
        other = hunk.file.path
        if is_test(other) and not is_test(path):
            return False
        is_new_module = hunk.file.old is None and other.endswith(".py")
        return not is_new_module or not rests_on.isdisjoint(self._around(hunk)[0])

    def _score(
        self,
        hunk: Hunk,
        path: str,
        span: tuple[int, int],
        words: re.Pattern[str],
        called: re.Pattern[str] | None,
        rests_on: frozenset[str],
    ) -> int:
        score = 0
        is_of_definition = hunk.file.path == path and _touches(hunk, span)
        speaks = words.search(hunk.text) is not None
        if is_of_definition:
            score += _OF_DEFINITION
        if speaks:
            score += _OF_FIELD
        bound, around = self._around(hunk)
        if not rests_on.isdisjoint(bound):
            score += _OF_REST
        if called is not None and (called.search(hunk.text) or called.search(around)):
            score += _OF_NAME
        if not score and len(self._hunks) > 1:
            return 0
        return score + (_OF_FILE if hunk.file.path == path else 0) + 1

    @cached_property
    def _hunks(self) -> tuple[Hunk, ...]:
        return tuple(
            hunk
            for file in self.change.files
            if file.path.endswith(_SOURCE) and file.new is not None and not file.is_binary
            for hunk in hunks_of(file)
        )

    def _span(self, path: str, line: int | None) -> tuple[int, int]:
        """The lines of the definition at a line, without the statements in its body."""
        if line is None:
            return 0, -1
        spans = [(first, last) for first, last, _ in self._statements(path) if first <= line <= last]
        return max(spans, key=lambda span: (span[0], -span[1]), default=(line, line))

    def _statements(self, path: str) -> Iterator[tuple[int, int, ast.stmt]]:
        """First and last line of each statement of Python, of a compound one those before its body."""
        if not path.endswith(".py"):
            return
        for node in ast.walk(module_of(text_of(self.change.head, path) or "")):
            if isinstance(node, ast.stmt):
                decorators: list[ast.expr] = getattr(node, "decorator_list", [])
                first = min([node.lineno, *(one.lineno for one in decorators)])
                body: list[ast.stmt] = getattr(node, "body", [])
                last = node.end_lineno or node.lineno
                if body:
                    inner = [body[0].lineno, *(one.lineno for one in getattr(body[0], "decorator_list", []))]
                    last = max(first, min(inner) - 1, node.lineno)
                yield first, last, node

    def _names_in(self, path: str, first: int, last: int) -> frozenset[str]:
        """The names that the code of these lines refers to, and those that these rest on in the module."""
        if not path.endswith(".py") or last < first:
            return frozenset()
        module = module_of(text_of(self.change.head, path) or "")
        return frozenset(
            node.id
            for node in ast.walk(module)
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and first <= node.lineno <= last
        )

    def _around(self, hunk: Hunk) -> tuple[frozenset[str], str]:
        """The names that the statement around a hunk binds, and the text of it."""
        path = hunk.file.path
        lines = (text_of(self.change.head, path) or "").split("\n")
        if not path.endswith(".py"):
            return frozenset(), "\n".join(lines[max(0, hunk.at - 6) : hunk.at + 5])
        spans = [
            (first, last, node)
            for first, last, node in self._statements(path)
            if first <= hunk.at <= last or first < hunk.at <= last + 1
        ]
        if not spans:
            return frozenset(), ""
        first, last, node = max(spans, key=lambda span: span[0])
        targets: list[ast.expr] = []
        if isinstance(node, ast.Assign):
            targets = node.targets
        elif isinstance(node, ast.AnnAssign):
            targets = [node.target]
        bound = frozenset(one.id for one in targets if isinstance(one, ast.Name))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            bound = frozenset({node.name})
        return bound, "\n".join(lines[first - 1 : last])

    def _innermost(self, path: str, at: int) -> int | None:
        """The first line of the innermost call or mapping around the place at which lines went."""
        if not path.endswith(".py"):
            return None
        held = [
            node
            for node in ast.walk(module_of(text_of(self.change.head, path) or ""))
            if isinstance(node, ast.Call | ast.Dict | ast.List)
            and node.lineno < at <= (node.end_lineno or node.lineno)
        ]
        return max((node.lineno for node in held), default=None)


def _touches(hunk: Hunk, span: tuple[int, int]) -> bool:
    first, last = span
    if hunk.added:
        return any(first <= one.number <= last for one in hunk.added)
    return first < hunk.at <= last + 1 if last > first else hunk.at == first


def _first_of(hunk: Hunk, words: re.Pattern[str], within: tuple[int, int] | None) -> Spot:
    """The added line that names the field, of those in the definition where there are some."""
    lines = hunk.added
    if within is not None:
        lines = tuple(one for one in lines if within[0] <= one.number <= within[1]) or lines
    told = next((one for one in lines if words.search(one.text)), lines[0])
    return Spot(hunk.file.path, told.number)


def _any_of(names: Collection[str]) -> re.Pattern[str] | None:
    """A pattern of whole words; the last part of a dotted name counts as well."""
    words = {part for name in names for part in (name, re.split(r"[./:]", name)[-1]) if len(part) > 1}
    if not words:
        return None
    return re.compile(r"(?<!\w)(?:" + "|".join(map(re.escape, sorted(words))) + r")(?!\w)")
