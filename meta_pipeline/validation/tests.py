"""The target's tests."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal
from xml.etree.ElementTree import ParseError

from meta_pipeline.delivery.evidence import Command, CommandRecord
from meta_pipeline.delivery.model import Frozen
from meta_pipeline.delivery.reports import Measure, Problem, SideReport
from meta_pipeline.policy import CommandsPolicy
from meta_pipeline.validation.lane import Lane, Part, occurrences, tail, unfinished
from meta_pipeline.workspace.process import split_command
from meta_pipeline.workspace.written import read_written

_NOTHING_COLLECTED = 5
"""pytest's exit status for a run that found no test."""
_JUNIT = "junit.xml"


class Counted(Frozen):
    """What a JUnit report says: counts, and a problem for each failed test."""

    collected: int
    skipped: int
    failed: tuple[Problem, ...]


TestKind = Literal["tests", "integration_tests"]


class TestsLane(Lane):
    """Runs a test command and reads the JUnit report that pytest writes."""

    def __init__(self, kind: TestKind, text: str) -> None:
        self.kind = kind
        self.kinds = (kind,)
        self.text = text

    def commands(self, scratch: Path) -> tuple[Command, ...]:
        return (
            Command(
                name=self.kind,
                argv=split_command(self.text),
                shown_as=self.text,
                variables=(
                    ("PYTEST_ADDOPTS", f"--junitxml={scratch / _JUNIT} -p no:cacheprovider"),
                    ("AIRFLOW_HOME", str(scratch / "airflow")),
                    ("AIRFLOW__CORE__LOAD_EXAMPLES", "False"),
                ),
                seconds=1200,
            ),
        )

    def read(
        self, records: Sequence[CommandRecord], outputs: Sequence[str], scratch: Path
    ) -> tuple[Part, ...]:
        record, output = records[0], outputs[0]
        shown = f"'{record.command.shown_as}'"
        stopped = unfinished(record)
        counted = None if stopped else read_junit(scratch / _JUNIT)
        if counted is None:
            if not stopped and (record.succeeded or record.exit == _NOTHING_COLLECTED):
                counted = Counted(collected=0, skipped=0, failed=())
            else:
                reason = stopped or f"{shown} ended with {record.exit} and wrote no report: {tail(output)}"
                return (Part(kind=self.kind, side=SideReport(records=(record,), could_not_run=reason)),)
        problems = list(counted.failed)
        if not record.succeeded and not problems and record.exit != _NOTHING_COLLECTED:
            message = f"{shown} ended with {record.exit}: {tail(output)}"
            problems.append(Problem(path=None, line=None, message=message, key=f"exit:{record.exit}"))
        numbered = occurrences(problems)
        counts = {
            "tests_collected": counted.collected,
            "tests_skipped": counted.skipped,
            "tests_failed": len(numbered),
        }
        measures = tuple(
            Measure(
                name=name,
                subject="",
                value=value,
                unit="tests",
                side="base" if record.side == "base" else "head",
                chunk_id=record.chunk_id,
            )
            for name, value in counts.items()
        )
        return (
            Part(kind=self.kind, side=SideReport(records=(record,), problems=numbered), measures=measures),
        )


def test_lanes(commands: CommandsPolicy) -> tuple[TestsLane, ...]:
    """A lane for each test command of the policy."""
    given: tuple[tuple[TestKind, str | None], ...] = (
        ("tests", commands.unit_tests),
        ("integration_tests", commands.integration_tests),
    )
    return tuple(TestsLane(kind, text) for kind, text in given if text)


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
