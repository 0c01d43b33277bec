"""What every metric is measured in, and what proves it."""

from collections.abc import Mapping
from dataclasses import dataclass

from meta_pipeline.delivery.requirements import Metric, Verification


@dataclass(frozen=True, slots=True)
class Measured:
    """`unit` is the only unit of the metric's thresholds; `textual` ones are compared as text, not as numbers."""

    unit: str
    verification: Verification
    textual: bool = False


METRICS: Mapping[Metric, Measured] = {
    "retries": Measured("retries", "topology"),
    "retry_delay": Measured("seconds", "topology"),
    "retry_backoff": Measured("", "topology", textual=True),
    "schedule": Measured("cron", "topology", textual=True),
    "runtime": Measured("seconds", "dry_run"),
    "import_errors": Measured("errors", "parse"),
    "failed_tests": Measured("tests", "unit_tests"),
    "lint_findings": Measured("findings", "lint"),
    "failed_expectations": Measured("expectations", "data_quality"),
    "unexpected_values": Measured("rows", "data_quality"),
    "failed_dbt_tests": Measured("tests", "data_quality"),
    "column_description": Measured("", "contract", textual=True),
}
