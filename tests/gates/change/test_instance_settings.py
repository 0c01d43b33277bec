"""CHG018 and CHG006 on the settings of a Dagster instance, in each place where teams write them."""

import pytest

from meta_pipeline.gates import specimens
from meta_pipeline.gates.case import Case
from meta_pipeline.gates.change.chg006_retries_present import RetriesPresent
from meta_pipeline.gates.change.chg018_safeguards_kept import SafeguardsKept
from meta_pipeline.gates.gate import Gate, judge
from meta_pipeline.policy import Policy

INSTANCE = """\
run_coordinator:
  module: dagster.core.run_coordinator
  class: QueuedRunCoordinator
  config:
    max_concurrent_runs: 4
    tag_concurrency_limits:
      - key: warehouse
        limit: 1
      - key: team
        value: {applyLimitPerUniqueValue: true}
        limit: 2
run_monitoring:
  enabled: true
  max_runtime_seconds: 7200
run_retries:
  enabled: true
  max_retries: 3
"""
CHART = """\
dagsterDaemon:
  runCoordinator:
    config:
      queuedRunCoordinator:
        maxConcurrentRuns: 8
        tagConcurrencyLimits:
          - {key: warehouse, limit: 1}
"""


def looked_at(gate: Gate, path: str, before: str, after: str) -> tuple[str, list[int | None]]:
    result = judge(gate, Case(Policy(), change=specimens.change({path: before}, {path: after})))
    return result.outcome, [finding.line for finding in result.findings]


@pytest.mark.parametrize(
    "before,after,outcome,line",
    [
        ("    max_concurrent_runs: 4\n", "", "needs_approval", 5),
        ("max_concurrent_runs: 4", "max_concurrent_runs: 40", "needs_approval", 5),
        ("max_concurrent_runs: 4", "max_concurrent_runs: -1", "needs_approval", 5),
        ("max_concurrent_runs: 4", "max_concurrent_runs: 6", "warned", 5),
        ("max_concurrent_runs: 4", "max_concurrent_runs: 2", "passed", None),
        ("      - key: warehouse\n        limit: 1\n", "", "needs_approval", 7),
        ("        limit: 2\n", "        limit: 20\n", "needs_approval", 9),
        ("  enabled: true\n  max_runtime", "  enabled: false\n  max_runtime", "needs_approval", 13),
        ("  max_runtime_seconds: 7200\n", "", "needs_approval", 14),
        ("class: QueuedRunCoordinator", "class: DefaultRunCoordinator", "needs_approval", 3),
    ],
)
def test_limits_of_an_instance(before: str, after: str, outcome: str, line: int | None) -> None:
    changed = INSTANCE.replace(before, after)

    assert looked_at(SafeguardsKept(), "dagster.yaml", INSTANCE, changed) == (outcome, [line] if line else [])


def test_a_section_that_moves_keeps_its_limits() -> None:
    runs = INSTANCE[INSTANCE.index("    max_") : INSTANCE.index("run_monitoring")]
    moved = "concurrency:\n  runs:\n" + runs + INSTANCE[INSTANCE.index("run_monitoring") :]

    assert looked_at(SafeguardsKept(), "dagster.yaml", INSTANCE, moved)[0] == "passed"
    change = specimens.change({"a/dagster.yaml": INSTANCE}, {"b/dagster.yaml": INSTANCE})
    assert judge(SafeguardsKept(), Case(Policy(), change=change)).outcome == "passed"
    gone = specimens.change({"a/dagster.yaml": INSTANCE})
    assert judge(SafeguardsKept(), Case(Policy(), change=gone)).outcome == "needs_approval"


def test_limits_in_the_values_of_a_chart() -> None:
    lost = CHART.replace("          - {key: warehouse, limit: 1}\n", "          []\n")

    assert looked_at(SafeguardsKept(), "deploy/values.yaml", CHART, lost) == ("needs_approval", [7])


@pytest.mark.parametrize(
    "before,after,outcome,line",
    [
        ("run_retries:\n  enabled: true\n  max_retries: 3\n", "", "failed", 16),
        ("run_retries:\n  enabled: true", "run_retries:\n  enabled: false", "failed", 16),
        ("max_retries: 3", "max_retries: 1", "needs_approval", 17),
        ("  max_retries: 3\n", "", "needs_approval", 17),
        ("max_retries: 3", "max_retries: 5", "not_applicable", None),
    ],
)
def test_retries_of_an_instance(before: str, after: str, outcome: str, line: int | None) -> None:
    changed = INSTANCE.replace(before, after)

    assert looked_at(RetriesPresent(), "dagster.yaml", INSTANCE, changed) == (outcome, [line] if line else [])
