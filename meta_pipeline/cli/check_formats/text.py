"""The verdict for a person at a terminal."""

from meta_pipeline.cli.check_formats.escaping import visible
from meta_pipeline.cli.check_formats.judged import Judged
from meta_pipeline.cli.output import STDOUT, shown

_COLOURS = {
    "passed": "green",
    "failed": "red",
    "could_not_run": "red",
    "needs_approval": "yellow",
    "warned": "yellow",
}


def show(judged: Judged) -> None:
    """Print it, with colours where the terminal has them."""
    document = judged.document
    for gate in document.gates:
        if gate.outcome == "not_applicable":
            continue
        colour = _COLOURS[gate.outcome]
        outcome = gate.outcome.replace("_", " ")
        _say(f"{gate.id} {gate.name}: [{colour}]{outcome}[/{colour}] {_plain(gate.reason)}")
        for finding in gate.findings:
            where = f"{finding.path}:{finding.line}" if finding.path and finding.line else finding.path or "-"
            _say(f"    {shown(visible(where))}: {_plain(finding.message)}")
            waived = finding.waived
            _say(f"        {_plain(waived.sentence)}" if waived else f"        mend: {_plain(finding.fix)}")
    skipped = [gate.id for gate in document.gates if gate.outcome == "not_applicable"]
    if skipped:
        _say(f"nothing to judge here for: {', '.join(skipped)}")
    _say(f"verdict: [bold]{document.verdict.replace('_', ' ')}[/bold]")
    for note in document.notes:
        _say(f"note: {_plain(note)}")
    _say(f"next: {_plain(judged.next)}")


def _say(line: str) -> None:
    STDOUT.print(line, highlight=False)


def _plain(text: str) -> str:
    return shown(visible(text, lines=True))
