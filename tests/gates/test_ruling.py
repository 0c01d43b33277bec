"""What policies make of each finding of a gate."""

from typing import ClassVar

import pytest

from meta_pipeline.delivery.judgement import Finding
from meta_pipeline.delivery.stages import StageId
from meta_pipeline.delivery.topology import Pipeline
from meta_pipeline.gates import specimens
from meta_pipeline.gates.case import Case
from meta_pipeline.gates.gate import Example, Gate, Opinion, judge
from meta_pipeline.gates.weighing import weigh, weighed
from meta_pipeline.policy import JoinedPolicy, Policy, read_policy
from meta_pipeline.settings import Target


class Finds(Gate):
    """A gate that finds one thing in each of two files and a third about a pipeline."""

    id: ClassVar[str] = "CHG005"
    name: ClassVar[str] = "finds"
    stage: ClassVar[StageId] = "implementation"
    subject: ClassVar[str] = "patched_code"

    def judge(self, case: Case) -> Opinion:
        found = [
            weighed("needs_approval", "the first", "mend it", path="dags/legacy/old.py", line=1),
            weighed("failed", "the second", "mend it", path="dags/new.py", line=2),
            weighed("warned", "the third", "mend it", pipeline="backfill_orders"),
        ]
        return weigh(self, found, "nothing")

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return ()


class Signs(Finds):
    """A gate that nobody can make milder."""

    may_be_waived: ClassVar[bool] = False


def outcomes(policy: Policy, gate: Gate | None = None) -> tuple[str, dict[str, str | None]]:
    result = judge(gate or Finds(), Case(policy))
    return result.outcome, {finding.message: finding.outcome for finding in result.findings}


def rules(text: str) -> Policy:
    return read_policy(f"version: 1\ngates:\n  CHG005: {text}\n")


def test_every_finding_has_the_outcome_that_its_gate_gave_it() -> None:
    assert outcomes(Policy()) == (
        "failed",
        {"the second": "failed", "the first": "needs_approval", "the third": "warned"},
    )


def test_the_short_form_says_what_all_findings_come_to() -> None:
    assert outcomes(rules("warned"))[0] == "warned"
    assert set(outcomes(rules("failed"))[1].values()) == {"failed"}


def test_a_place_says_what_the_findings_in_it_come_to() -> None:
    policy = rules(
        "{where: [{paths: [dags/new.py], outcome: warned}, {pipelines: [back*], outcome: failed}]}"
    )

    assert outcomes(policy) == (
        "failed",
        {"the third": "failed", "the first": "needs_approval", "the second": "warned"},
    )


@pytest.mark.parametrize("pattern", ["dags/legacy/**", "dags/legacy/", "legacy", "*.py", "/dags"])
def test_paths_are_written_as_in_a_gitignore(pattern: str) -> None:
    policy = rules(f"{{where: [{{paths: ['{pattern}'], outcome: warned}}]}}")

    assert outcomes(policy)[1]["the first"] == "warned"


def test_the_first_place_that_fits_decides() -> None:
    policy = rules("{where: [{paths: [dags/], outcome: warned}, {paths: [dags/new.py], outcome: failed}]}")

    assert outcomes(policy)[1]["the second"] == "warned"


def test_where_paths_and_pipelines_are_given_both_must_fit() -> None:
    policy = rules("{where: [{paths: [dags/], pipelines: ['*'], outcome: failed}]}")

    assert outcomes(policy)[1]["the first"] == "needs_approval"  # its file holds no pipeline
    assert outcomes(policy)[1]["the third"] == "warned"  # it has no file


def test_a_finding_that_names_no_pipeline_is_about_all_that_its_file_holds() -> None:
    legacy = specimens.pipeline(path="dags/legacy/old.py")
    other = specimens.pipeline(id="stock_daily", path="dags/legacy/old.py")
    policy = rules("{where: [{pipelines: [sales_*], outcome: warned}]}")

    def first(*pipelines: Pipeline) -> str | None:
        result = judge(Finds(), Case(policy, change=specimens.change(base=pipelines, head=pipelines)))
        return next(finding.outcome for finding in result.findings if finding.message == "the first")

    assert first(legacy) == "warned"
    assert first(legacy, other) == "needs_approval"


def test_what_a_policy_changed_is_said_in_the_reason() -> None:
    result = judge(Finds(), Case(rules("{where: [{paths: [dags/new.py], outcome: warned}]}")))

    assert result.outcome == "needs_approval"
    assert result.reason.startswith("the first (and 2 more)")
    assert "policy" in result.reason
    assert "policy" not in judge(Finds(), Case(Policy())).reason


def test_the_target_tightens_what_the_operator_says_and_does_not_loosen_it() -> None:
    operator = Target(name="sales", repository="/srv/sales", gates={"CHG005": "needs_approval"}).gates

    def joined(text: str) -> Policy:
        return JoinedPolicy(**dict(rules(text)), operator=operator)

    assert outcomes(JoinedPolicy(operator=operator))[0] == "needs_approval"
    assert outcomes(joined("warned"))[0] == "needs_approval"
    assert outcomes(joined("failed"))[0] == "failed"


def test_a_gate_that_nobody_can_make_milder_can_be_made_stricter() -> None:
    assert outcomes(rules("warned"), Signs()) == outcomes(Policy(), Signs())
    assert set(outcomes(rules("failed"), Signs())[1].values()) == {"failed"}


def test_a_policy_has_no_word_on_a_gate_that_could_not_run() -> None:
    class Lacks(Finds):
        """A gate whose tool is missing."""

        def judge(self, case: Case) -> Opinion:
            finding = Finding(path=None, line=None, message="no ruff", fix="install ruff")
            return self.could_not_run("there is no ruff", findings=[finding])

    assert outcomes(rules("warned"), Lacks()) == ("could_not_run", {"no ruff": None})
