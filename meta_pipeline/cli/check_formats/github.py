"""The verdict as workflow commands of GitHub Actions, which it shows beside the lines of a pull request."""

from collections import Counter
from collections.abc import Iterator

from meta_pipeline.cli.check_formats.escaping import command_data, command_line, command_property
from meta_pipeline.cli.check_formats.judged import Judged

_MOST_OF_A_KIND = 10
"""GitHub shows so many errors, so many warnings and so many notices of one step, and drops the others unseen."""
_COMMANDS = {"error": "error", "warning": "warning", "note": "notice"}


def commands(judged: Judged, *, summary: bool) -> Iterator[str]:
    """The lines to print. `summary`: whether all findings stand in the summary of the step as well."""
    given: Counter[str] = Counter()
    for told in judged.findings():
        gate, finding = told.gate, told.finding
        command = _COMMANDS[told.weight]
        given[command] += 1
        if given[command] > _MOST_OF_A_KIND:
            continue
        message, place = gate.reason, ""
        if finding is not None:
            message = f"{finding.message}\nmend: {finding.fix}"
            if finding.path is not None:
                place = f"file={command_property(finding.path)},"
                place += f"line={finding.line}," if finding.line else ""
        title = command_property(f"{gate.id} {gate.name}: {told.outcome.replace('_', ' ')}")
        yield f"::{command} {place}title={title}::{command_data(message)}"
    left = sum(max(0, count - _MOST_OF_A_KIND) for count in given.values())
    if left:
        where = (
            "in the summary of this step"
            if summary
            else "in the other forms of check, such as --format markdown"
        )
        yield f"{left} more than GitHub shows beside the code; all of them are {where}"
    for note in judged.document.notes:
        yield f"note: {command_line(note)}"
    yield f"verdict: {judged.document.verdict.replace('_', ' ')}"
    yield f"next: {command_line(judged.next)}"


def error(message: str) -> str:
    """The command that shows why there is no verdict."""
    return f"::error title=meta-pipeline::{command_data(message)}"
