"""Accounts of made-up changes, small and large, as the packet and the summary tell of them."""

from collections.abc import Mapping

from meta_pipeline.delivery.ids import DeliveryId
from meta_pipeline.delivery.judgement import Finding, GateResult, verdict_of
from meta_pipeline.delivery.ledger import Concluded, Event, Signed
from meta_pipeline.delivery.packet import Merged
from meta_pipeline.delivery.reports import ReportKind, ValidationReport
from meta_pipeline.delivery.requirements import FollowUp
from meta_pipeline.delivery.topology import Pipeline
from meta_pipeline.gates import specimens
from meta_pipeline.messages.packet import Account
from meta_pipeline.policy import Policy
from tests.delivery.stories import SUBJECT, chained, opened

MERGED = Merged(
    change_set=SUBJECT,
    branch="main",
    base=specimens.BASE_COMMIT,
    commit=specimens.HEAD_COMMIT,
    by="meta-pipeline",
)
KINDS: tuple[ReportKind, ...] = (
    "lint",
    "tests",
    "integration_tests",
    "parse",
    "dry_run",
    "data_quality",
    "data_diff",
    "rerun",
)
TOPICS = ("upstream_schema", "environments", "dashboards", "backfill")


def account(
    *,
    files: int = 1,
    criteria: int = 1,
    steps: int = 1,
    noted: int = 0,
    watched: bool = True,
    says: str = "it",
) -> Account:
    """An account of a change of this size; `says` is what others wrote, wherever they could."""
    before = {f"dags/pipeline_{n:02}.py": "x = 1\n" * 20 for n in range(files)}
    after = {path: text + "y = 2\n" * 5 for path, text in before.items()}
    pipelines = [pipeline(n, retries=1, says=says) for n in range(files)]
    changed = [pipeline(n, retries=3, says=says) for n in range(files)]
    wanted = tuple(
        specimens.criterion(id=f"C{n + 1}", subject=f"pipeline_{n:02}.load", span=specimens.span(says))
        for n in range(criteria)
    )
    follow_ups = tuple(
        FollowUp.model_validate({"topic": topic, "answer": f"{says} stays as it is", "given_by": "policy"})
        for topic in TOPICS
    )
    plan = specimens.plan(
        *(
            specimens.step(
                n + 1,
                *before,
                title=f"{says}: step {n + 1}",
                metrics=(specimens.metric(name=says, **({} if watched else {"source": "", "alert": ""})),),
            )
            for n in range(steps)
        ),
        risks=(says,),
    )
    return Account(
        DeliveryId.parse("sales/inbox-0001"),
        Policy(),
        specimens.requirements(*wanted, title=says, summary=f"{says} fails.", follow_ups=follow_ups),
        plan,
        specimens.change_set(),
        specimens.change(before, after, base=tuple(pipelines), head=tuple(changed)),
        reports(files),
        specimens.rollback(rehearsal=specimens.rehearsal(records=(specimens.record("revert", "reverted"),))),
        chained([opened(), *judged(noted, says), Signed(signoff=specimens.sign_off(SUBJECT))]),
    )


def pipeline(number: int, *, retries: int, says: str) -> Pipeline:
    load = specimens.node(retries=retries, path=f"dags/pipeline_{number:02}.py")
    return specimens.pipeline(load, id=f"pipeline_{number:02}", path=load.path, owner=f"{says} {retries}")


def reports(files: int) -> Mapping[ReportKind, ValidationReport]:
    found: dict[ReportKind, ValidationReport] = {}
    for kind in KINDS:
        found |= specimens.report(kind)
    seen = tuple(pipeline(n, retries=3, says="") for n in range(files))
    parse = found["parse"].model_copy(update={"topologies": (specimens.topology(*seen, method="runtime"),)})
    return {**found, "parse": parse}


def judged(noted: int, says: str) -> list[Event]:
    """Every stage passed; the implementation has this many findings for a human's eye."""
    results = [
        GateResult(
            id=f"CHG{n:03}",
            name="a-gate",
            stage="implementation",
            outcome="needs_approval",
            reason=says,
            findings=(Finding(path="dags/pipeline_00.py", line=n + 1, message=says, fix="look at it"),),
        )
        for n in range(noted)
    ]
    return [Concluded(verdict=verdict_of("implementation", SUBJECT, results))]
