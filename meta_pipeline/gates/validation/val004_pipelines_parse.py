"""VAL004: the real scheduler imports every pipeline."""

from typing import ClassVar

from meta_pipeline.delivery.reports import Problem, ReportKind, ValidationReport
from meta_pipeline.gates import specimens
from meta_pipeline.gates.case import Case
from meta_pipeline.gates.gate import Example, Opinion
from meta_pipeline.gates.specimens import problem, record, report, side
from meta_pipeline.gates.validation.reported import ReportGate, chunks
from meta_pipeline.policy import Policy

_FIX = "mend the file until it can be read at head as at base"


class PipelinesParse(ReportGate):
    """The scheduler itself, in the target's own environment, imports every pipeline as it did at base.

    A pipeline that cannot be imported vanishes from the scheduler without a failed run. dbt parses every file
    of its project likewise. Import errors, cycles and double ids that were there before only warn.
    """

    id: ClassVar[str] = "VAL004"
    name: ClassVar[str] = "pipelines-parse"
    subject: ClassVar[str] = "parse_report"
    kind: ClassVar[ReportKind] = "parse"

    def judge_report(self, case: Case, report: ValidationReport) -> Opinion:
        found = self.compared(report, _FIX, "problem(s) of import were there")
        if found is not None:
            return found
        count = sum(len(topology.pipelines) for topology in report.topologies if topology.scheduler != "dbt")
        said = [
            f"dbt parses {pipeline.id} and sees {len(pipeline.nodes)} node(s)"
            for topology in report.topologies
            if topology.scheduler == "dbt"
            for pipeline in topology.pipelines
        ]
        if count or not said:
            said.insert(0, f"the scheduler imports every file and sees {count} pipeline(s)")
        return self.passed("; ".join(said), evidence=chunks(report))

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        broken = problem("ModuleNotFoundError: No module named 'sales.extract'")
        uncompiled = problem(
            "Compilation Error: Model 'model.shop.orders' depends on a node named 'stg_order' which was not found",
            path="models/orders.sql",
        )
        twice = problem("the DAG id sales_daily is also in dags/sales_weekly.py", path="dags/sales_daily.py")
        return (
            Example(
                "every file is imported",
                Case(Policy(), reports=report("parse")),
                "passed",
                "imports every file",
            ),
            Example(
                "an import error is mended",
                Case(Policy(), reports=report("parse", base=side(broken))),
                "passed",
            ),
            Example(
                "dbt parses a project",
                Case(Policy(), reports=report("parse", topologies=(specimens.dbt_project(),))),
                "passed",
                "dbt parses shop and sees 2 node(s)",
            ),
            Example(
                "a model that dbt cannot compile",
                _case(base=(), head=(uncompiled,)),
                "failed",
                "not found",
            ),
            Example("a new import error", _case(base=(), head=(broken,)), "failed", "ModuleNotFoundError"),
            Example("a DAG id that is taken", _case(base=(), head=(twice,)), "failed", "also in"),
            Example(
                "an import error at base too", _case(base=(broken,), head=(broken,)), "warned", "there before"
            ),
            Example(
                "no scheduler to ask",
                Case(Policy(), reports=report("parse", head=side(could_not_run="Airflow is not installed"))),
                "could_not_run",
                "not installed",
            ),
        )


def _case(*, base: tuple[Problem, ...], head: tuple[Problem, ...]) -> Case:
    before = side(*base, records=(record("parse", "base"),))
    after = side(*head, records=(record("parse"),))
    return Case(Policy(), reports=report("parse", base=before, head=after))
