"""VAL002: the target's unit tests pass, and none went missing."""

from typing import ClassVar

from meta_pipeline.delivery.reports import ReportKind
from meta_pipeline.gates.validation.harness import HarnessGate


class UnitTests(HarnessGate):
    """No unit test fails at head that passes at base, and at least as many are collected.

    A test that is gone or newly skipped cannot fail, so the counts are compared: fewer collected fails,
    more skipped needs a person. Where the change touches tests, those of base are run on the code of head too: what
    they say against it needs a person. Tests that fail at base too only warn, unless every test does: then they
    prove nothing about the change.
    """

    id: ClassVar[str] = "VAL002"
    name: ClassVar[str] = "unit-tests"
    subject: ClassVar[str] = "test_report"
    kind: ClassVar[ReportKind] = "tests"
