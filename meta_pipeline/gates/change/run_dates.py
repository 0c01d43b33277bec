"""Places where a change puts the clock in the place of the date of the run."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher

from meta_pipeline.delivery.tree import FileChange, Line

_OF_RUN = re.compile(
    r"\{\{[^{}]*\b(?:ds|ds_nodash|ts|ts_nodash|execution_date|logical_date|data_interval_(?:start|end)|macros\.ds_\w+)\b[^{}]*\}\}"
    r"|\b(?:context|kwargs|ctx)\s*\[\s*[\"'](?:ds|ds_nodash|ts|execution_date|logical_date|data_interval_\w+)[\"']\s*\]"
    r"|\b(?:context|dag_run|self|ctx|kwargs|ti)\.(?:partition_key|logical_date|execution_date|data_interval_\w+"
    r"|partition_time_window\.\w+|asset_partition_key\w*(?:\([^()]*\))?|partition_key_range\.\w+)"
    r"|\b(?:partition_key|logical_date|execution_date|data_interval_start|data_interval_end|scheduled_start_time)\b"
    r"|\{\{\s*var\(\s*[\"'](?:run_date|ds|start_date|end_date)[\"'][^{}]*\}\}"
)
_OF_CLOCK = re.compile(
    r"\bcurrent_date\b(?:\(\))?|\bcurrent_timestamp\b(?:\(\))?|\bgetdate\(\)|\bsysdate\b|\bnow\(\)|\btoday\(\)"
    r"|\b(?:datetime\.)?(?:datetime|date|pendulum|timezone|dt|DateTime)\.(?:now|utcnow|today|yesterday)\([^()]*\)"
    r"|\bpd\.Timestamp\.(?:now|today)\([^()]*\)|\btime\.time\(\)",
    re.IGNORECASE,
)
_ONLY_TOLD = re.compile(r"\b(?:log(?:ger|ging)?\b|print\(|start_date\s*[=:]|assert\b)")
_MEANT = re.compile(r"[\s'\"{}]+|(?:--|#).*$")
"""What two lines may differ in and say the same: white space, quotes, and a comment at their end."""
_ALIKE = 0.6
_SUFFIXES = (".py", ".sql", ".yml", ".yaml", ".sh", ".jinja", ".j2", ".hql")


@dataclass(frozen=True, slots=True)
class ClockForRun:
    """At `line` the text asks the clock (`now`) where it named the run's own date (`before`)."""

    line: int
    before: str
    now: str


def clocks_for_runs(file: FileChange) -> Iterator[ClockForRun]:
    """Each added line of a file that is a removed one with the clock in the place of the run's date."""
    if not file.path.endswith(_SUFFIXES):
        return
    of_run = [line for line in file.removed if _OF_RUN.search(line.text)]
    of_clock = [line for line in file.added if _OF_CLOCK.search(line.text) and not _OF_RUN.search(line.text)]
    for added in of_clock:
        removed = next((line for line in of_run if _is_same(line, added)), None)
        if removed is not None:
            of_run.remove(removed)
            before, now = _OF_RUN.search(removed.text), _OF_CLOCK.search(added.text)
            assert before is not None
            assert now is not None
            yield ClockForRun(added.number, before.group(), now.group())


def _is_same(removed: Line, added: Line) -> bool:
    if _ONLY_TOLD.search(added.text) or _OF_CLOCK.search(removed.text):
        return False
    left = _MEANT.sub("", _OF_RUN.sub("", removed.text))
    right = _MEANT.sub("", _OF_CLOCK.sub("", added.text))
    return SequenceMatcher(a=left, b=right).ratio() >= _ALIKE
