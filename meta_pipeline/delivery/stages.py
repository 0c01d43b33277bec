"""The stage graph as data: which artifacts a stage makes, from what, and which job makes them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

StageId = Literal["discovery", "design", "implementation", "review", "rollout"]
STAGES: tuple[StageId, ...] = get_args(StageId)

JobName = Literal["plan_delivery", "implement_delivery", "roll_out_delivery"]


@dataclass(frozen=True, slots=True)
class Artifact:
    """One asset of a delivery. `optional` ones are made only when a human has decided."""

    name: str
    stage: StageId
    inputs: tuple[str, ...]
    description: str
    optional: bool = False


REPORTS = (
    "lint_report",
    "test_report",
    "integration_test_report",
    "parse_report",
    "dry_run_report",
    "data_quality_report",
    "data_diff_report",
    "rerun_report",
)

ARTIFACTS: tuple[Artifact, ...] = (
    Artifact("issue", "discovery", (), "The change request as its author wrote it."),
    Artifact("repo_context", "discovery", ("issue",), "What the repository holds at the base commit."),
    Artifact(
        "requirements",
        "discovery",
        ("issue", "repo_context"),
        "Measurable criteria, touchpoints and open questions.",
    ),
    Artifact(
        "dependency_audit",
        "design",
        ("repo_context", "requirements"),
        "The manifests and locks at base, and what the change means for them.",
    ),
    Artifact(
        "plan",
        "design",
        ("requirements", "repo_context", "dependency_audit"),
        "Numbered steps with files, verification and rollback.",
    ),
    Artifact(
        "plan_signoff", "design", ("requirements", "plan"), "A human's approval of this very plan.", True
    ),
    Artifact(
        "patched_code",
        "implementation",
        ("requirements", "plan", "plan_signoff"),
        "The patch on its base commit, and the commit they make.",
    ),
    *(
        Artifact(name, "implementation", ("patched_code",), description)
        for name, description in (
            ("lint_report", "The target's own lint command at base and head."),
            ("test_report", "The target's own unit tests at base and head."),
            ("integration_test_report", "The target's own integration tests at base and head."),
            ("parse_report", "What the real scheduler imports at base and head."),
            ("dry_run_report", "The changed pipelines, run by the scheduler's own dry run."),
            ("data_quality_report", "Great Expectations checkpoints on what the dry run wrote."),
            (
                "data_diff_report",
                "What the changed pipelines write at head, held against what they write at base.",
            ),
            ("rerun_report", "What a second run of the changed pipelines does to what the first one wrote."),
        )
    ),
    Artifact(
        "implementation_verdict",
        "implementation",
        ("patched_code", *REPORTS),
        "The decision over every implementation gate.",
    ),
    Artifact(
        "rollback_plan",
        "review",
        ("requirements", "plan", "patched_code", "implementation_verdict"),
        "The commands that undo the change, rehearsed.",
    ),
    Artifact(
        "review_packet",
        "review",
        ("requirements", "plan", "patched_code", *REPORTS, "implementation_verdict", "rollback_plan"),
        "What a reviewer reads before signing.",
    ),
    Artifact(
        "review_verdict",
        "review",
        ("requirements", "plan", "patched_code", *REPORTS, "rollback_plan", "review_packet"),
        "The decision over every review gate.",
    ),
    Artifact(
        "review_signoff",
        "review",
        ("patched_code", "rollback_plan", "review_verdict"),
        "A human's approval of this very change.",
        True,
    ),
    Artifact(
        "merge",
        "rollout",
        ("requirements", "plan", "patched_code", "rollback_plan", "review_signoff"),
        "The default branch moved to the reviewed commit.",
        optional=True,
    ),
    Artifact(
        "rollout_notes",
        "rollout",
        ("requirements", "plan", "patched_code", *REPORTS, "rollback_plan", "merge"),
        "What was delivered, how to watch it, how to undo it.",
    ),
)

ABSENT_IN_ROLLOUT = ("deployment", "observation")
"""Stage 5 artifacts that the design names and this version does not make; `status` says so."""


JOBS: Mapping[JobName, tuple[str, ...]] = {
    "plan_delivery": ("issue", "repo_context", "requirements", "dependency_audit", "plan", "plan_signoff"),
    "implement_delivery": (
        "plan_signoff",
        "patched_code",
        *REPORTS,
        "implementation_verdict",
        "rollback_plan",
        "review_packet",
        "review_verdict",
        "review_signoff",
    ),
    "roll_out_delivery": ("review_signoff", "merge", "rollout_notes"),
}
"""What each job makes. A sign-off ends one job, where it shows as waiting, and begins the next, where it is there."""


def artifact(name: str) -> Artifact:
    """The artifact with this name; raises `KeyError` where there is none."""
    for candidate in ARTIFACTS:
        if candidate.name == name:
            return candidate
    raise KeyError(name)
