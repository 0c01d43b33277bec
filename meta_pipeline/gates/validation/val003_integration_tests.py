"""VAL003: the target's integration tests pass, and none went missing."""

from typing import ClassVar

from meta_pipeline.delivery.reports import ReportKind
from meta_pipeline.gates.validation.harness import HarnessGate


class IntegrationTests(HarnessGate):
    """No integration test fails at head that passes at base, and at least as many are collected.

    They run the pipelines' parts together, so they fail where every part is right by itself. They are judged as the
    unit tests are, by a report of their own: one harness that cannot run does not hide what the other says.
    """

    id: ClassVar[str] = "VAL003"
    name: ClassVar[str] = "integration-tests"
    subject: ClassVar[str] = "integration_test_report"
    kind: ClassVar[ReportKind] = "integration_tests"
