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
    r"|\{\{\s*var\(\s*[\"'](?:ds|dt|\w*(?:date|day|_ts|timestamp)\w*)[\"'][^{}]*\}\}"
)
_CLOCK = (
    r"(?:\bcurrent_date\b(?:\(\))?|\bcurrent_timestamp\b(?:\(\))?|\bgetdate\(\)|\bsysdate\b|\bnow\(\)|\btoday\(\)"
    r"|\b(?:datetime\.)?(?:datetime|date|pendulum|timezone|dt|DateTime)\.(?:now|utcnow|today|yesterday)\([^()]*\)"
    r"|\bpd\.Timestamp\.(?:now|today)\([^()]*\)|\btime\.time\(\))"
)
# A template that asks the clock counts as a whole, with what it makes of the time.
_OF_CLOCK = re.compile(rf"\{{\{{[^{{}}]*{_CLOCK}[^{{}}]*\}}\}}|{_CLOCK}", re.IGNORECASE)
_ONLY_TOLD = re.compile(r"\b(?:log(?:ger|ging)?\b|print\(|start_date\s*[=:]|assert\b)")
_MADE_OF_TIME = re.compile(
    r"\.(?:isoformat|strftime|date|format|replace|astimezone|timestamp|to_\w+_string|in_timezone|subtract|add)\([^()]*\)"
)
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

    @property
    def is_of_variable(self) -> bool:
        """Whether it named a variable of dbt, which may have been the end of a calendar as well."""
        return re.match(r"\{\{\s*var\(", self.before) is not None


def clocks_for_runs(file: FileChange) -> Iterator[ClockForRun]:
    """Each added line of a file that is a removed one with the clock in the place of the run's date."""
    if not file.path.endswith(_SUFFIXES):
        return
    of_run = [line for line in file.removed if _OF_RUN.search(line.text)]
    for added in file.added:
        if not _OF_CLOCK.search(added.text):
            continue
        removed = next((line for line in of_run if _is_same(line, added)), None)
        if removed is not None:
            of_run.remove(removed)
            kept = [match.group() for match in _OF_RUN.finditer(added.text)]
            dates = [match.group() for match in _OF_RUN.finditer(removed.text)]
            now = _OF_CLOCK.search(added.text)
            assert now is not None
            yield ClockForRun(added.number, next((d for d in dates if d not in kept), dates[0]), now.group())


def _is_same(removed: Line, added: Line) -> bool:
    """Whether two lines differ only in that one asks the clock more often, and names the run's date less often."""
    sides = removed.text, added.text
    dates, clocks = ([len(form.findall(text)) for text in sides] for form in (_OF_RUN, _OF_CLOCK))
    if _ONLY_TOLD.search(added.text) or dates[1] >= dates[0] or clocks[1] <= clocks[0]:
        return False
    left, right = (
        _MEANT.sub("", _MADE_OF_TIME.sub("", _OF_CLOCK.sub("", _OF_RUN.sub("", text)))) for text in sides
    )
    return SequenceMatcher(a=left, b=right).ratio() >= _ALIKE
