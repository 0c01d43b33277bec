"""DSN004: what the plan needs of the platform is there, or is asked for."""

from collections.abc import Iterator
from typing import ClassVar

from meta_pipeline.delivery.judgement import Finding
from meta_pipeline.delivery.plan import Need
from meta_pipeline.delivery.requirements import Requirements
from meta_pipeline.delivery.stages import StageId
from meta_pipeline.gates import specimens
from meta_pipeline.gates.case import Case
from meta_pipeline.gates.gate import Example, Gate, Opinion, Strength
from meta_pipeline.gates.weighing import summary
from meta_pipeline.policy import DryRunPolicy, Policy


class InfrastructureReady(Gate):
    """Every Connection, Variable, pool, work pool, block and environment variable that the plan needs is used in the
    repository already, or the issue asks for it by name.

    Code that needs what the platform has not is red on its first night, and whoever can create it is asleep. A
    stand-in for dry runs in the policy counts as known: somebody thought of it.
    """

    id: ClassVar[str] = "DSN004"
    name: ClassVar[str] = "infrastructure-ready"
    stage: ClassVar[StageId] = "design"
    subject: ClassVar[str] = "plan"
    default: ClassVar[Strength] = "needs_approval"
    needs: ClassVar[tuple[str, ...]] = ("plan", "requirements")

    def judge(self, case: Case) -> Opinion:
        assert case.plan is not None
        assert case.requirements is not None
        said = _said(case.requirements)
        known = {
            *case.policy.dry_run.variables,
            *case.policy.dry_run.connections,
            *case.policy.environment.variables,
        }
        unknown = [need for need in case.plan.needs if need.name not in known and need.name not in said]
        if unknown:
            findings = list(map(_finding, unknown))
            return self.found(summary(findings), findings)
        if not case.plan.needs:
            return self.passed("the plan needs nothing of the platform that nothing here used before")
        return self.passed(f"all {len(case.plan.needs)} new needs are known to the issue or the policy")

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        need = Need(kind="Connection", name="refunds_db", path=specimens.DAG_FILE, line=7)
        pool = Need(kind="pool", name="slow_lane", path=specimens.DAG_FILE, line=9)

        def case(*needs: Need, asks: str = "", policy: Policy | None = None) -> Case:
            plan = specimens.plan().model_copy(update={"needs": needs})
            return Case(policy or Policy(), plan=plan, requirements=specimens.requirements(summary=asks))

        stand_in = DryRunPolicy(connections={"refunds_db": "sqlite:///refunds"})
        return (
            Example("nothing new", case(), "passed"),
            Example("the issue asks for it", case(need, asks="Create the Connection refunds_db."), "passed"),
            Example("the policy has a stand-in", case(need, policy=Policy(dry_run=stand_in)), "passed"),
            Example("a Connection that nobody spoke of", case(need), "needs_approval", "refunds_db"),
            Example(
                "one of two is asked for", case(need, pool, asks="refunds_db"), "needs_approval", "slow_lane"
            ),
        )


def _said(requirements: Requirements) -> str:
    return "\n".join(_sentences(requirements))


def _sentences(requirements: Requirements) -> Iterator[str]:
    yield requirements.title
    yield requirements.summary
    yield from (criterion.span.quote for criterion in requirements.criteria)
    yield from (span.quote for span in requirements.unmeasurable)
    yield from (touchpoint.name for touchpoint in requirements.touchpoints)
    yield from (answer.text for answer in requirements.answers)
    yield from (follow_up.answer or "" for follow_up in requirements.follow_ups)


def _finding(need: Need) -> Finding:
    return Finding(
        path=need.path,
        line=need.line,
        message=f"The {need.kind} {need.name} is used, which nothing in the repository used before, and the issue does "
        "not speak of it.",
        fix="Have it created in every environment before the rollout, and say so in the issue; or approve it.",
    )
