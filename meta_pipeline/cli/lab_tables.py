"""The laboratory's scores and cases as tables in a terminal."""

import shlex
from collections.abc import Sequence

from rich.table import Table

from meta_pipeline.cli.output import STDOUT, shown
from meta_pipeline.lab.answers import Answer
from meta_pipeline.lab.scoring import Judged, Rate, Score, Scores
from meta_pipeline.lab.seeded import SeededCase


def tell_scores(scores: Sequence[Scores], cases: Sequence[SeededCase], *, details: bool) -> None:
    """Totals of each stack; with `details` also each class, each gate, and every case that went wrong."""
    for each in scores:
        _tell_totals(each, len(cases))
        if details:
            _tell_sights(each)
            _tell_classes(each)
            _tell_gates(each)
            _tell_wrong(each)
    if not details:
        STDOUT.print("Single cases of the scored part are not shown, as gates must not be tuned on them.")


def tell_case(case: SeededCase, diff: str) -> None:
    """One case with its change."""
    STDOUT.print(f"{shown(case.id)}: {shown(case.says)}", highlight=False)
    kind = "a fault" if case.is_harmful else "harmless"
    STDOUT.print(f"{kind}, {case.scheduler}, {shown(case.repository)}: {shown(case.path)}", highlight=False)
    for place in case.places:
        STDOUT.print(f"place: {shown(place.path)}:{place.first}-{place.last} ({place.side})", highlight=False)
    STDOUT.print(shown(diff), highlight=False)


def tell_answer(name: str, answer: Answer | None, command: Sequence[str]) -> None:
    """What a stack said of a case, and the command that asks it again."""
    if answer is None:
        STDOUT.print(f"{name}: not asked", highlight=False)
    else:
        said = f"{name}: {answer.outcome} (exit {answer.exit}, {answer.seconds:.1f} s) {shown(answer.said)}"
        STDOUT.print(said, highlight=False)
        for finding in answer.findings:
            where = f"{finding.path}:{finding.line}" if finding.line else finding.path or "-"
            STDOUT.print(
                f"    {shown(finding.gate)} {shown(where)}: {shown(finding.message)}", highlight=False
            )
    STDOUT.print(f"again: {shown(shlex.join(command))}", highlight=False)


def _tell_totals(scores: Scores, asked: int) -> None:
    unable = f"; {len(scores.unable)} more cannot be judged here" if scores.unable else ""
    STDOUT.print(
        f"\n[bold]{shown(scores.stack)}[/bold]: {len(scores.judged)} of {asked} cases answered{unable}"
    )
    table = _table("")
    for name, score in [("all", scores.whole), *sorted(scores.by_scheduler.items())]:
        _add(table, name, score)
    STDOUT.print(table)


def _tell_sights(scores: Scores) -> None:
    table = _table("shown by")
    for name in ("source", "load", "run"):
        if name in scores.by_sight:
            _add(table, name, scores.by_sight[name])
    STDOUT.print(table)


def _tell_classes(scores: Scores) -> None:
    table = _table("class")
    for name, score in sorted(scores.by_class.items(), key=lambda item: (not item[1].caught.total, item[0])):
        _add(table, name, score)
    STDOUT.print(table)


def _tell_gates(scores: Scores) -> None:
    table = Table(
        "gate", "faults stopped", "it alone", "at the line", "twins stopped", box=None, pad_edge=False
    )
    for name, gate in scores.by_gate.items():
        table.add_row(
            shown(name), str(gate.caught.hits), str(gate.alone), _rate(gate.located), str(gate.alarms.hits)
        )
    STDOUT.print(table)


def _tell_wrong(scores: Scores) -> None:
    for title, found in (("wrong", scores.wrong), ("caught at another line", scores.unlocated)):
        for each in found:
            STDOUT.print(f"{title}: {shown(_line(each))}", highlight=False)


def _line(each: Judged) -> str:
    what = f"{each.case.id} [{each.case.scheduler} {each.case.repository}:{each.case.path}] {each.case.says}"
    said = "; ".join(
        f"{finding.gate} {finding.path}:{finding.line} {finding.message}" for finding in each.answer.findings
    )
    return f"{each.answer.outcome} {what}" + (f" << {said[:400]}" if said else "")


def _table(first: str) -> Table:
    return Table(
        first, "caught", "of", "rate", "95 %", "at the line", "alarms", "of", "rate", "95 %", "broke", "seconds",
        box=None, pad_edge=False,
    )  # fmt: skip


def _add(table: Table, name: str, score: Score) -> None:
    table.add_row(
        name,
        *_counted(score.caught),
        _rate(score.located),
        *_counted(score.alarms),
        str(score.broke or ""),
        f"{score.seconds:.2f}",
    )


def _counted(rate: Rate) -> tuple[str, str, str, str]:
    if not rate.total:
        return "", "", "", ""
    low, high = rate.interval
    return str(rate.hits), str(rate.total), _rate(rate), f"{low:.3f}-{high:.3f}"


def _rate(rate: Rate) -> str:
    return "" if rate.value is None else f"{rate.value:.3f}"
