"""Lines that a change adds and that run a command which destroys something."""

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from meta_pipeline.delivery.change import Change
from meta_pipeline.delivery.file_kinds import is_test
from meta_pipeline.delivery.tree import FileChange
from meta_pipeline.gates.change.handwork import PROSE
from meta_pipeline.gates.gate import Strength
from meta_pipeline.gates.weighing import Weighed, weighed

_COMMANDS: tuple[tuple[str, Strength, re.Pattern[str]], ...] = (
    (
        "a force push, which cannot be undone",
        "failed",
        # The branch of a site's built pages is made anew each time.
        re.compile(r"\bgit\s+push\b(?!.*\bgh-pages\b).*(\s--force(?!-)|\s-\w*f\w*\b|\s--mirror\b|\s\+\w)"),
    ),
    (
        "the deletion of a DAG's history, which cannot be undone",
        "failed",
        re.compile(r"\bairflow\s+dags\s+delete\b"),
    ),
    (
        "a reset of Airflow's database, which cannot be undone",
        "failed",
        re.compile(r"\bairflow\s+db\s+reset\b"),
    ),
    (
        "the deletion of what Prefect holds, its deployments, work pools or run history, which cannot be undone",
        "failed",
        re.compile(
            r"\bprefect\s+((deployment|work-pool|flow|flow-run|block|variable)\s+delete|server\s+database\s+reset)\b"
        ),
    ),
    (
        "a full refresh, which rebuilds tables from nothing: what their sources no longer hold is lost",
        "needs_approval",
        re.compile(r"\bdbt\s+(run|build)\b.*\s--full-refresh\b"),
    ),
)
_OF_DATA = re.compile(
    r"\bgsutil\b[^|;&]*\srm\s[^|;&]*-\w*[rR]|\bgcloud\s+storage\s+rm\b[^|;&]*\s(-r|-R|--recursive)\b"
    r"|\baws\s+s3\s+(rm\b[^|;&]*--recursive|rb\b[^|;&]*--force)|\b(hdfs\s+dfs|hadoop\s+fs)\s+-(rm\s+[^|;&]*-\w*[rR]|rmr\b)"
    r"|\bbq\s+rm\b|\bdropdb\b|\bazcopy\s+(rm|remove)\b[^|;&]*--recursive"
    r"|\b(psql|mysql|sqlite3|duckdb|snowsql|clickhouse-client|beeline|sqlcmd|trino|presto|bq\s+query)\b.*"
    r"\b(drop\s+(table|schema|database)|truncate\s+table)\b",
    re.IGNORECASE,
)
"""Commands that delete what a warehouse or a store holds; in CI and in tests it is made to be thrown away."""
_PASSING = re.compile(r"te?mp\b|_tmp|tmp_|temporary|staging|scratch|\btests?\b|cache", re.IGNORECASE)


def destructive_commands(change: Change) -> Iterator[Weighed]:
    """The added lines that destroy by a command; prose, comments and lines of a moved file do not."""
    for file in change.files:
        if PurePosixPath(file.path).suffix.casefold() in PROSE:
            continue
        is_elsewhere = file.path.startswith(".") or is_test(file.path)
        known = frozenset((former_text(change, file) or "").splitlines()) if file.status == "added" else ()
        for line in file.added:
            # A list of arguments reads like the command typed in a shell.
            typed = re.sub(r"[\"',\[\]]+", " ", line.text)
            if typed.lstrip().startswith(("#", "--", "//")) or line.text in known:
                continue
            if _OF_DATA.search(typed) and not _PASSING.search(typed) and not is_elsewhere:
                yield weighed(
                    "needs_approval",
                    "the line deletes stored data, which a revert does not bring back",
                    "leave it out, or have a person confirm what it deletes",
                    path=file.path,
                    line=line.number,
                )
            for what, strength, pattern in _COMMANDS:
                if pattern.search(typed):
                    yield weighed(
                        strength,
                        f"the line runs {what}",
                        "leave it out; a person can run it by hand when it is needed",
                        path=file.path,
                        line=line.number,
                    )


def former_text(change: Change, file: FileChange) -> str | None:
    """The text that a changed file had before, also where it had another path with the same name."""
    old = file.old
    if old is None:
        name = PurePosixPath(file.path).name
        old = next(
            (
                one.old
                for one in change.files
                if one.status == "deleted" and PurePosixPath(one.path).name == name
            ),
            None,
        )
    return old.decode("utf-8", errors="replace") if old is not None else None
