"""The target's lint command."""

import re
from collections.abc import Sequence
from pathlib import Path

from meta_pipeline.delivery.evidence import Command, CommandRecord
from meta_pipeline.delivery.reports import Measure, Problem, SideReport
from meta_pipeline.validation.lane import Lane, Part, occurrences, tail, unfinished
from meta_pipeline.workspace.process import split_command

# `path:line: text` or `path:line:column: text`: what ruff, flake8, mypy, yamllint -f parsable and grep print.
_COMPLAINT = re.compile(r"^(?P<path>[^\s:]+):(?P<line>\d+)(?::\d+)?:? (?P<message>.+)$", re.MULTILINE)
# sqlfluff names a file once, and its findings below: `L:  12 | P:   1 | LT01 | text`, which may go on in more lines.
_SQL_FILE = re.compile(r"^== \[(?P<path>.+)\] FAIL$")
_SQL_COMPLAINT = re.compile(r"^L:\s*(?P<line>\d+) \| P:\s*\d+ \|\s*(?P<message>\S+ \| .+)$")
_UNFORMATTED = re.compile(r"^(?P<message>would reformat|Would reformat):? (?P<path>\S+)$", re.MULTILINE)


class LintLane(Lane):
    """Runs `command` and reads its complaints."""

    kinds = ("lint",)

    def __init__(self, command: str) -> None:
        self.command = command

    def commands(self, scratch: Path) -> tuple[Command, ...]:
        return (
            Command(
                name="lint",
                argv=split_command(self.command),
                shown_as=self.command,
                variables=(("RUFF_NO_CACHE", "true"), ("RUFF_OUTPUT_FORMAT", "concise")),
            ),
        )

    def read(
        self, records: Sequence[CommandRecord], outputs: Sequence[str], scratch: Path
    ) -> tuple[Part, ...]:
        record, output = records[0], outputs[0]
        stopped = unfinished(record)
        if stopped:
            return (Part(kind="lint", side=SideReport(records=(record,), could_not_run=stopped)),)
        problems = () if record.succeeded else occurrences(complaints(output))
        if not record.succeeded and not problems:
            message = f"'{self.command}' ended with {record.exit}: {tail(output)}"
            problems = (Problem(path=None, line=None, message=message, key=f"exit:{record.exit}"),)
        found = Measure(
            name="lint_findings",
            subject="",
            value=len(problems),
            unit="findings",
            side="base" if record.side == "base" else "head",
            chunk_id=record.chunk_id,
        )
        return (Part(kind="lint", side=SideReport(records=(record,), problems=problems), measures=(found,)),)


def complaints(output: str) -> list[Problem]:
    """The complaints in the output of a linter; line numbers are left out of the keys, as edits move lines."""
    found = [
        Problem(
            path=match["path"].removeprefix("./"),
            line=int(match["line"]),
            message=match["message"].strip(),
            key=f"{match['path']}|{match['message'].strip()}",
        )
        for match in _COMPLAINT.finditer(output)
    ]
    found += [
        Problem(
            path=match["path"], line=None, message="would be reformatted", key=f"{match['path']}|reformat"
        )
        for match in _UNFORMATTED.finditer(output)
    ]
    return found + _of_sqlfluff(output)


def _of_sqlfluff(output: str) -> list[Problem]:
    found = []
    path = None
    for line in output.splitlines():
        if file := _SQL_FILE.match(line):
            path = file["path"]
        elif path and (match := _SQL_COMPLAINT.match(line)):
            message = " ".join(match["message"].split())
            found.append(
                Problem(path=path, line=int(match["line"]), message=message, key=f"{path}|{message}")
            )
    return found
