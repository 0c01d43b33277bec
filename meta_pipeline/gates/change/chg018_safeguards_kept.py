"""CHG018: what keeps existing pipelines safe stays."""

from typing import Any, ClassVar

from meta_pipeline.delivery.stages import StageId
from meta_pipeline.delivery.topology import Link, Node
from meta_pipeline.gates import specimens
from meta_pipeline.gates.case import Case
from meta_pipeline.gates.change.blocks_lost import blocks_lost
from meta_pipeline.gates.change.failures_passed import failures_passed
from meta_pipeline.gates.change.limits import limits_lost
from meta_pipeline.gates.change.ordering import order_lost, waits_broken
from meta_pipeline.gates.change.written import safeguards_unwritten
from meta_pipeline.gates.gate import Example, Gate, Opinion, Strength
from meta_pipeline.gates.weighing import weigh
from meta_pipeline.policy import Policy

_FLOW = "from prefect import flow\n\n\n@flow\ndef sales():\n    load({})\n"


class SafeguardsKept(Gate):
    """Time-outs, alerts, limits, order and waits of existing pipelines stay, or a person approves.

    Nobody misses a safeguard until the night it was there for. A time-out, a service level, an alert of failures, a
    pool, a limit of runs at once, or a wait on the past run that goes needs a person, and so does a limit that is
    more than twice as high, a trigger rule or a call of Prefect that goes on after failures, two tasks that stay
    and no longer wait for each other, and a wait that looks at another run of another pipeline. A wait for a run
    that is never there is surely a mistake and is refused. An alert that gives way to another, and a limit that is
    raised a little, is only told of. Settings of dbt ask a person too where they decide where data is written or read,
    or how its history and rows are kept: schema and alias, strategy and keys of snapshots and incremental models, types
    of seeds, tables of sources, macros in place of dbt's own. Schedules are CHG005's and retries CHG006's.
    """

    id: ClassVar[str] = "CHG018"
    name: ClassVar[str] = "safeguards-kept"
    stage: ClassVar[StageId] = "implementation"
    subject: ClassVar[str] = "patched_code"
    default: ClassVar[Strength] = "needs_approval"
    needs: ClassVar[tuple[str, ...]] = ("change",)
    catches: ClassVar[tuple[str, ...]] = (
        "edge-dropped",
        "alert-removed",
        "limit-removed",
        "sla-dropped",
    )

    def judge(self, case: Case) -> Opinion:
        assert case.change is not None
        found = [
            *limits_lost(case.change),
            *order_lost(case.change),
            *waits_broken(case.change),
            *safeguards_unwritten(case.change),
            *failures_passed(case.change),
            *blocks_lost(case.change),
        ]
        return weigh(self, found, "no safeguard of an existing pipeline is lost or loosened")

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        paged = ("on_failure_callback: page_on_call",)
        waits = Link(kind="waits_for", pipeline="orders_hourly", offset_s=0)
        return (
            Example("only the owner changes", _node({}, {"owner": "sales-data"}), "passed"),
            Example("a shorter time-out", _node({"timeout_s": 7200.0}, {"timeout_s": 3600.0}), "passed"),
            Example(
                "a time-out goes",
                _node({"timeout_s": 3600.0}, {}),
                "needs_approval",
                "is no longer ended by a time-out",
            ),
            Example(
                "a time-out is raised a little",
                _node({"timeout_s": 3600.0}, {"timeout_s": 5400.0}),
                "warned",
                "1 h 30 min",
            ),
            Example(
                "nobody is told of a failure any more",
                _node({"alerts": paged}, {}),
                "needs_approval",
                "a failure goes unseen",
            ),
            Example(
                "another callback takes over",
                _node({"alerts": paged}, {"alerts": ("on_failure_callback: post_to_chat",)}),
                "warned",
                "others are told now",
            ),
            Example(
                "runs may overlap",
                _pipeline({"active_runs": 1}, {"active_runs": 16}),
                "needs_approval",
                "16 of its runs at once",
            ),
            Example(
                "a task goes on after failures",
                _node({"trigger_rule": "all_success"}, {"trigger_rule": "all_done"}),
                "needs_approval",
                "what a failed task left behind",
            ),
            Example(
                "a flow goes on after the failure of a task",
                Case(
                    Policy(),
                    change=specimens.change(
                        {"flows/sales.py": _FLOW.format("")},
                        {"flows/sales.py": _FLOW.format("return_state=True")},
                    ),
                ),
                "needs_approval",
                "goes on where a failure stopped it before",
            ),
            Example(
                "two tasks no longer wait for each other",
                _order(("clean",), ()),
                "needs_approval",
                "load for clean",
            ),
            Example("a task comes in between", _order(("clean",), ("check",)), "passed"),
            Example(
                "a sensor waits for a run that is never there",
                _waiting(waits, waits.model_copy(update={"offset_s": 1800.0})),
                "failed",
                "does not exist at that time",
            ),
            Example(
                "a run no longer waits for the one before it",
                Case(
                    Policy(),
                    change=specimens.change(
                        {specimens.DAG_FILE: 'load = Load(task_id="load", depends_on_past=True)\n'},
                        {specimens.DAG_FILE: 'load = Load(task_id="load")\n'},
                    ),
                ),
                "needs_approval",
                "depends_on_past of load is gone",
            ),
        )


def _node(before: dict[str, Any], after: dict[str, Any]) -> Case:
    sides = [(specimens.pipeline(specimens.node(**fields)),) for fields in (before, after)]
    return Case(Policy(), change=specimens.change(base=sides[0], head=sides[1]))


def _pipeline(before: dict[str, Any], after: dict[str, Any]) -> Case:
    sides = [(specimens.pipeline(**fields),) for fields in (before, after)]
    return Case(Policy(), change=specimens.change(base=sides[0], head=sides[1]))


def _order(before: tuple[str, ...], after: tuple[str, ...]) -> Case:
    clean, check = specimens.node("clean"), specimens.node("check", upstream=("clean",))

    def dag(*others: Node, upstream: tuple[str, ...]) -> Any:
        return specimens.pipeline(clean, *others, specimens.node("load", upstream=upstream))

    change = specimens.change(base=(dag(upstream=before),), head=(dag(check, upstream=after),))
    return Case(Policy(), change=change)


def _waiting(before: Link, after: Link) -> Case:
    hourly = specimens.pipeline(id="orders_hourly", path="dags/orders.py", schedule="0 * * * *")
    sides = [
        (hourly, specimens.pipeline(specimens.node("wait", kind="sensor", links=(link,))))
        for link in (before, after)
    ]
    return Case(Policy(), change=specimens.change(base=sides[0], head=sides[1]))
