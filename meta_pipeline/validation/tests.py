"""The target's tests."""

from collections.abc import Sequence
from pathlib import Path
from xml.etree.ElementTree import ParseError

from meta_pipeline.delivery.evidence import Command, CommandRecord
from meta_pipeline.delivery.model import Frozen
from meta_pipeline.delivery.reports import Measure, Problem, SideReport
from meta_pipeline.validation.lane import Lane, Part, occurrences, tail, unfinished
from meta_pipeline.workspace.process import split_command
from meta_pipeline.workspace.written import read_written

_NOTHING_COLLECTED = 5
"""pytest's exit status for a run that found no test."""


class Counted(Frozen):
    """What a JUnit report says: counts, and a problem for each failed test."""

    collected: int
    skipped: int
    failed: tuple[Problem, ...]


class TestsLane(Lane):
    """Runs test commands and reads the JUnit reports that pytest writes."""

    kinds = ("tests",)

    def __init__(self, commands: Sequence[str]) -> None:
        self.texts = tuple(commands)

    def commands(self, scratch: Path) -> tuple[Command, ...]:
        return tuple(
            Command(
                name=f"tests-{number}",
                argv=split_command(text),
                shown_as=text,
                variables=(
                    ("PYTEST_ADDOPTS", f"--junitxml={scratch / f'junit-{number}.xml'} -p no:cacheprovider"),
                    ("AIRFLOW_HOME", str(scratch / "airflow")),
                    ("AIRFLOW__CORE__LOAD_EXAMPLES", "False"),
                ),
                seconds=1200,
            )
            for number, text in enumerate(self.texts, start=1)
        )

    def read(
        self, records: Sequence[CommandRecord], outputs: Sequence[str], scratch: Path
    ) -> tuple[Part, ...]:
        problems: list[Problem] = []
        collected = skipped = 0
        for number, (record, output) in enumerate(zip(records, outputs, strict=True), start=1):
            stopped = unfinished(record)
            if stopped:
                return (Part(kind="tests", side=SideReport(records=tuple(records), could_not_run=stopped)),)
            counted = read_junit(scratch / f"junit-{number}.xml")
            if counted is None:
                if not record.succeeded and record.exit != _NOTHING_COLLECTED:
                    reason = f"'{record.command.shown_as}' ended with {record.exit} and wrote no report: {tail(output)}"
                    return (
                        Part(kind="tests", side=SideReport(records=tuple(records), could_not_run=reason)),
                    )
                continue
            collected += counted.collected
            skipped += counted.skipped
            problems += counted.failed
            if not record.succeeded and not counted.failed and record.exit != _NOTHING_COLLECTED:
                message = f"'{record.command.shown_as}' ended with {record.exit}: {tail(output)}"
                problems.append(Problem(path=None, line=None, message=message, key=f"exit:{record.exit}"))
        numbered = occurrences(problems)
        counts = {"tests_collected": collected, "tests_skipped": skipped, "tests_failed": len(numbered)}
        measures = tuple(
            Measure(
                name=name,
                subject="",
                value=value,
                unit="tests",
                side="base" if records[0].side == "base" else "head",
                chunk_id=records[0].chunk_id,
            )
            for name, value in counts.items()
        )
        side = SideReport(records=tuple(records), problems=numbered)
        return (Part(kind="tests", side=side, measures=measures),)


def read_junit(path: Path) -> Counted | None:
    """The counts of a JUnit file; None where there is none or it cannot be read."""
    from defusedxml import ElementTree
    from defusedxml.common import DefusedXmlException

    try:
        root = ElementTree.fromstring(read_written(path))
    except (OSError, ValueError, ParseError, DefusedXmlException):
        return None
    cases = list(root.iter("testcase"))
    failed = []
    skipped = 0
    for case in cases:
        name = f"{case.get('classname', '')}::{case.get('name', '')}".removeprefix("::")
        trouble = case.find("failure") if case.find("failure") is not None else case.find("error")
        if trouble is not None:
            message = (trouble.get("message") or "failed").splitlines()[0][:300]
            failed.append(Problem(path=case.get("file"), line=None, message=f"{name}: {message}", key=name))
        elif case.find("skipped") is not None:
            skipped += 1
    return Counted(collected=len(cases), skipped=skipped, failed=tuple(failed))
