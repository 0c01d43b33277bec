"""Small readable parts that gates build their examples from: a sales team's DAG, `sales_daily`, and its delivery."""

from collections.abc import Mapping
from typing import Any, Literal

from meta_pipeline.delivery.change import Change
from meta_pipeline.delivery.change_set import Author, ChangeSet
from meta_pipeline.delivery.context import Dataset, Manifest, RepoContext
from meta_pipeline.delivery.evidence import Command, CommandRecord, Side
from meta_pipeline.delivery.model import chunk_id, digest
from meta_pipeline.delivery.plan import Metric, Plan, Step, TopologyEdit
from meta_pipeline.delivery.reports import Measure, Problem, ReportKind, SideReport, ValidationReport
from meta_pipeline.delivery.requirements import Criterion, Requirements, Span
from meta_pipeline.delivery.rollback import Rehearsal, RollbackPlan
from meta_pipeline.delivery.signoff import SignOff
from meta_pipeline.delivery.stages import StageId
from meta_pipeline.delivery.topology import Node, Pipeline, Topology
from meta_pipeline.delivery.tree import MemoryTree
from meta_pipeline.gates.case import Packet

Files = Mapping[str, str | bytes]
Reports = Mapping[ReportKind, ValidationReport]

DAG_FILE = "dags/sales_daily.py"
ISSUE_FILE = ".meta-pipeline/issues/0001-retry-the-load.md"
BASE_COMMIT = "b" * 40
HEAD_COMMIT = "c" * 40
AUTHOR = "someone@example.com"
SIGNER = "reviewer@example.com"


def node(node_id: str = "load", **fields: Any) -> Node:
    """A task of `sales_daily`; it retries twice unless the fields say otherwise."""
    given: dict[str, Any] = {"id": node_id, "kind": "task", "retries": 2, "path": DAG_FILE, "line": 1}
    return Node(**given | fields)


def pipeline(*nodes: Node, **fields: Any) -> Pipeline:
    """The DAG `sales_daily`, every day at five, unless the fields say otherwise."""
    given: dict[str, Any] = {
        "id": "sales_daily",
        "path": DAG_FILE,
        "line": 1,
        "schedule": "0 5 * * *",
        "nodes": nodes,
    }
    return Pipeline(**given | fields)


def topology(*pipelines: Pipeline, method: Literal["runtime", "static"] = "static") -> Topology:
    """What Airflow sees in `dags/`."""
    return Topology(scheduler="airflow", version="3.0.0", method=method, root="dags", pipelines=pipelines)


def dbt_project() -> Topology:
    """What dbt sees of the project `shop`: one model and a test on it."""
    model = Node(id="orders", kind="model", path="models/orders.sql", line=1, writes=("orders",))
    test = Node(id="not_null_orders_id", kind="test", path="models/schema.yml", line=7, upstream=("orders",))
    pipeline_ = Pipeline(id="shop", path="dbt_project.yml", line=1, nodes=(test, model))
    return Topology(scheduler="dbt", version="1.11.0", method="runtime", root=".", pipelines=(pipeline_,))


def change(
    before: Files | None = None,
    after: Files | None = None,
    *,
    base: tuple[Pipeline, ...] = (),
    head: tuple[Pipeline, ...] = (),
    before_modes: Mapping[str, str] | None = None,
    after_modes: Mapping[str, str] | None = None,
) -> Change:
    """Files before and after, and the pipelines that each holds; `*_modes` are git modes of special files."""
    return Change(
        base=MemoryTree.of(before or {}, before_modes),
        head=MemoryTree.of(after or {}, after_modes),
        base_topologies=(topology(*base),),
        head_topologies=(topology(*head),),
    )


def change_set(**fields: Any) -> ChangeSet:
    """A patch that applies, by `AUTHOR`."""
    given: dict[str, Any] = {
        "plan": digest("plan"),
        "base": BASE_COMMIT,
        "patch": "",
        "author": Author(kind="patch", identity=AUTHOR),
        "message": "Retry the load",
        "head": HEAD_COMMIT,
    }
    return ChangeSet(**given | fields)


def step(number: int = 1, *files: str, **fields: Any) -> Step:
    """A step that names its files; `DAG_FILE` when none is given."""
    given: dict[str, Any] = {
        "number": number,
        "title": "Retry the load",
        "files": files or (DAG_FILE,),
        "data_flow": "orders -> daily_revenue, unchanged",
        "verification": "the parsed DAG shows two retries",
        "rollback": "revert the commit",
    }
    return Step(**given | fields)


def metric(**fields: Any) -> Metric:
    """A metric to watch after the change."""
    given: dict[str, Any] = {
        "name": "run time of sales_daily",
        "source": "Airflow: dagrun.duration.success",
        "threshold": "10 minutes",
        "alert": "sales-daily-late",
    }
    return Metric(**given | fields)


def plan(*steps: Step, edits: tuple[TopologyEdit, ...] = (), **fields: Any) -> Plan:
    """A recipe's plan; one step on `DAG_FILE` when no step is given."""
    given: dict[str, Any] = {
        "requirements": digest("requirements"),
        "author": "recipes",
        "summary": "Retry the load",
        "steps": steps or (step(),),
        "edits": edits,
    }
    return Plan(**given | fields)


def span(quote: str = "The load retries at least twice", **fields: Any) -> Span:
    """Where the issue says something."""
    given: dict[str, Any] = {"source": ISSUE_FILE, "line": 12, "quote": quote}
    return Span(**given | fields)


def criterion(**fields: Any) -> Criterion:
    """`retries of sales_daily.load >= 2 count`, unless the fields say otherwise."""
    given: dict[str, Any] = {
        "id": "C1",
        "metric": "retries",
        "subject": "sales_daily.load",
        "comparator": ">=",
        "threshold": 2,
        "unit": "count",
        "verification": "topology",
        "span": span(),
    }
    return Criterion(**given | fields)


def requirements(*criteria: Criterion, **fields: Any) -> Requirements:
    """A digested issue with these criteria."""
    given: dict[str, Any] = {
        "issue": digest("issue"),
        "title": "Retry the load",
        "summary": "The load fails on short outages of the warehouse.",
        "criteria": criteria,
    }
    return Requirements(**given | fields)


def repo_context(
    *pipelines: Pipeline,
    datasets: tuple[Dataset, ...] = (),
    manifests: tuple[Manifest, ...] = (),
    files: tuple[str, ...] = (DAG_FILE,),
) -> RepoContext:
    """The repository at the base commit."""
    topologies = (topology(*pipelines),)
    return RepoContext(
        base=BASE_COMMIT, topologies=topologies, datasets=datasets, manifests=manifests, files=files
    )


def record(name: str = "lint", side: Side = "head", **fields: Any) -> CommandRecord:
    """A command that ran and ended well; `exit`, `ended_by` and `dirtied` say otherwise."""
    given: dict[str, Any] = {
        "command": Command(name=name, argv=("make", name), shown_as=f"make {name}"),
        "side": side,
        "tree": "a" * 40,
        "environment": digest("environment"),
        "sandbox": "bubblewrap",
        "cwd": ".",
        "exit": 0,
        "seconds": 1.0,
        "started_at": "2026-01-05T08:00:00+00:00",
        "stdout": digest("standard output"),
        "stderr": digest("standard error"),
    }
    return CommandRecord(**given | fields)


def problem(message: str, path: str | None = DAG_FILE, line: int | None = 1) -> Problem:
    """A complaint of a tool; its key is its path and message."""
    return Problem(path=path, line=line, message=message, key=f"{path}: {message}")


def side(
    *problems: Problem, records: tuple[CommandRecord, ...] = (), could_not_run: str | None = None
) -> SideReport:
    """What a tool said about base or head."""
    return SideReport(problems=problems, records=records, could_not_run=could_not_run)


def measure(
    name: str,
    value: float | str,
    unit: str = "count",
    *,
    subject: str = "",
    at: Literal["base", "head"] = "head",
) -> Measure:
    """One measured number, with a made-up chunk of evidence."""
    evidence = chunk_id(digest([name, subject, at]))
    return Measure(name=name, subject=subject, value=value, unit=unit, side=at, chunk_id=evidence)


def report(
    kind: ReportKind,
    *measures: Measure,
    base: SideReport | None = None,
    head: SideReport | None = None,
    **fields: Any,
) -> Reports:
    """The `reports` of a case, with this one report; a side that is not given is one clean run."""
    given: dict[str, Any] = {
        "kind": kind,
        "change_set": digest("change set"),
        "base": base or side(records=(record(kind, "base"),)),
        "head": head or side(records=(record(kind, "head"),)),
        "measures": measures,
    }
    return {kind: ValidationReport(**given | fields)}


def packet(markdown: str = "# For review\n") -> Packet:
    """A review packet with this text, which cites nothing."""
    return Packet(markdown, frozenset(), frozenset())


def rehearsal(**fields: Any) -> Rehearsal:
    """A rehearsal in which everything came out as without the change."""
    given: dict[str, Any] = {
        "merged": HEAD_COMMIT,
        "later": "d" * 40,
        "reverted_tree": "e" * 40,
        "expected_tree": "e" * 40,
        "tree_equal": True,
        "topology_equal": True,
        "tests_pass": True,
    }
    return Rehearsal(**given | fields)


def rollback(**fields: Any) -> RollbackPlan:
    """A rehearsed way back from `HEAD_COMMIT`."""
    given: dict[str, Any] = {
        "change_set": digest("change set"),
        "commits": (HEAD_COMMIT,),
        "prerequisites": ("no run of sales_daily is going on",),
        "commands": ("git switch main", f"git revert --no-edit {HEAD_COMMIT}"),
        "abort_when": ("git revert reports a conflict",),
        "retry_when": ("the push is refused because main moved",),
        "rehearsal": rehearsal(),
    }
    return RollbackPlan(**given | fields)


def sign_off(
    signed: str,
    *,
    stage: StageId = "review",
    signer: str = SIGNER,
    decision: Literal["approved", "rejected"] = "approved",
    reason: str | None = None,
) -> SignOff:
    """A verified decision on the digest `signed`."""
    return SignOff(
        delivery="sales/inbox-0001",
        stage=stage,
        digest=signed,
        decision=decision,
        signer=signer,
        signature="(verified before it came here)",
        reason=reason,
    )
