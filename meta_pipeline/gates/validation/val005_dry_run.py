"""VAL005: changed pipelines run in the scheduler's own dry run, within their service level."""

import re
from collections.abc import Iterator
from typing import ClassVar

from meta_pipeline.delivery.change import Change
from meta_pipeline.delivery.judgement import Finding
from meta_pipeline.delivery.reports import Problem, ReportKind, ValidationReport
from meta_pipeline.delivery.running import left_out, scheduled, touched_work, whole_pipelines
from meta_pipeline.delivery.topology import Topology, pipelines_of
from meta_pipeline.delivery.tree import MemoryTree
from meta_pipeline.gates import specimens
from meta_pipeline.gates.case import Case
from meta_pipeline.gates.gate import Example, Opinion
from meta_pipeline.gates.specimens import measure, problem, record, report, side
from meta_pipeline.gates.validation.reported import (
    ReportGate,
    chunks,
    failed_silently,
    findings_of,
    old_findings,
    old_problems,
)
from meta_pipeline.gates.weighing import Weighed, weigh, weighed
from meta_pipeline.policy import Policy, ServiceLevel

_STAND_IN = re.compile(
    r"conn_id \S+ isn't defined|Variable \S+ does not exist|environment variable \S+ which is not set"
)


class DryRun(ReportGate):
    """Every pipeline whose nodes changed runs to its end without retries, and within its service level.

    A dbt project is built at base, and at head from there on: what the change touches, and all downstream of it.
    A run that fails at base in the same way proves nothing about the change, and neither does a changed
    pipeline that was not run. A run that is too slow at base too only warns.
    """

    id: ClassVar[str] = "VAL005"
    name: ClassVar[str] = "dry-run"
    subject: ClassVar[str] = "dry_run_report"
    kind: ClassVar[ReportKind] = "dry_run"

    def judge_report(self, case: Case, report: ValidationReport) -> Opinion:
        evidence = chunks(report)
        found = [
            weighed(
                "failed", p.message, "mend the pipeline until its dry run ends well", path=p.path, line=p.line
            )
            for p in report.new_problems
        ]
        found += _too_slow(report, case.policy)
        old = old_problems(report)
        silence = failed_silently(report.head)
        not_run = _not_run(case.change, report, case.policy) if case.change else ()
        if not any(item.strength == "failed" for item in found) and (old or silence or not_run):
            if old:
                reason = f"the dry run fails at base too, so it proves nothing: {old[0].message}"
            else:
                reason = silence or _for_the_lack(not_run, case.change)
            return self.could_not_run(reason, findings=_for_the_policy(old), evidence=evidence)
        ran = [m for m in report.measures if m.name == "runtime" and m.side == "head"]
        times = ", ".join(f"{m.subject} in {float(m.value):.3g} s" for m in ran) or "every command ended well"
        return weigh(self, found, f"the dry run ended well: {times}", evidence=evidence)

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        ran = (record("dry_run"),)
        failing = side(problem("task sales_daily.load fails: relation does not exist"), records=ran)
        quick = measure("runtime", 42.0, "s", subject="sales_daily")
        wanting = side(problem("the run did not succeed: The conn_id `partner` isn't defined"), records=ran)
        slow = measure("runtime", 700.0, "s", subject="sales_daily")
        was_slow = measure("runtime", 690.0, "s", subject="sales_daily", at="base")
        promise = Policy(service_levels={"sales_daily": ServiceLevel(runtime_minutes=10)})
        unbuilt = problem(
            "dbt model shop.orders fails: Binder Error: Referenced column amount not found",
            "models/orders.sql",
        )
        remodelled = Change(
            base=MemoryTree.of({}),
            head=MemoryTree.of({}),
            base_topologies=(),
            head_topologies=(specimens.dbt_project(),),
        )
        longer = specimens.change(
            base=(specimens.pipeline(specimens.node(), id="stock_daily"),),
            head=(specimens.pipeline(specimens.node(timeout_s=60.0), id="stock_daily"),),
        )
        return (
            Example(
                "it runs", Case(Policy(), reports=report("dry_run", quick)), "passed", "sales_daily in 42 s"
            ),
            Example("it runs in time", Case(promise, reports=report("dry_run", quick)), "passed"),
            Example(
                "a task fails",
                Case(Policy(), reports=report("dry_run", head=failing)),
                "failed",
                "relation does not",
            ),
            Example(
                "a dbt project builds",
                Case(Policy(), reports=report("dry_run", measure("runtime", 12.0, "s", subject="shop"))),
                "passed",
                "shop in 12 s",
            ),
            Example(
                "a dbt model fails",
                Case(Policy(), reports=report("dry_run", head=side(unbuilt, records=ran))),
                "failed",
                "dbt model shop.orders fails",
            ),
            Example(
                "a dbt project that the policy does not name",
                Case(Policy(), change=remodelled, reports=report("dry_run", quick)),
                "could_not_run",
                "name it under dbt",
            ),
            Example(
                "it wants a connection at base too",
                Case(Policy(), reports=report("dry_run", base=wanting, head=wanting)),
                "could_not_run",
                "isn't defined",
            ),
            Example(
                "it takes longer than promised",
                Case(promise, reports=report("dry_run", slow)),
                "failed",
                "700 s; its service level is 600 s",
            ),
            Example(
                "it took longer than promised before",
                Case(promise, reports=report("dry_run", slow, was_slow)),
                "warned",
                "690 s at base",
            ),
            Example(
                "it fails at base in the same way",
                Case(Policy(), reports=report("dry_run", base=failing, head=failing)),
                "could_not_run",
                "proves nothing",
            ),
            Example(
                "a changed DAG was left out",
                Case(Policy(), change=longer, reports=report("dry_run", quick)),
                "could_not_run",
                "stock_daily",
            ),
        )


def _for_the_policy(problems: tuple[Problem, ...]) -> list[Finding]:
    """What keeps the base from running; a missing Connection or Variable wants a stand-in, not a change."""
    wanting = tuple(problem for problem in problems if _STAND_IN.search(problem.message))
    fix = "give it a stand-in under dry_run.connections or dry_run.variables in .meta-pipeline.yaml"
    rest = tuple(problem for problem in problems if problem not in wanting)
    return [*findings_of(wanting, fix), *old_findings(rest)]


def _for_the_lack(not_run: tuple[str, ...], change: Change | None) -> str:
    """That changed pipelines were not run, and how they can be where only the policy keeps them from it."""
    reason = f"the change touches {', '.join(not_run)}, which the dry run did not run"
    projects = pipelines_of(_dbt_projects(change)) if change else {}
    of_dbt = sorted(projects.keys() & set(not_run))
    if not of_dbt:
        return reason
    return f"{reason}; {', '.join(of_dbt)} is a dbt project: name it under dbt in .meta-pipeline.yaml"


def _too_slow(report: ValidationReport, policy: Policy) -> Iterator[Weighed]:
    for pipeline, level in policy.service_levels.items():
        most = level.runtime_minutes * 60
        head, base = (report.measure("runtime", pipeline, at) for at in ("head", "base"))
        if head is None or float(head.value) <= most:
            continue
        was_slow = base is not None and float(base.value) > most
        before = f", and took {float(base.value):g} s at base" if base is not None else ""
        yield weighed(
            "warned" if was_slow else "failed",
            f"{pipeline} runs for {float(head.value):g} s; its service level is {most:g} s{before}",
            "make the pipeline faster, or agree on another service level with its readers",
            pipeline=pipeline,
        )


def _not_run(change: Change, report: ValidationReport, policy: Policy) -> tuple[str, ...]:
    """The pipelines of head that are new or whose nodes differ, and that no run time tells of.

    An asset of Dagster is run where any job that selects it was.
    """
    kinds = {scheduler.kind for scheduler in policy.all_schedulers}
    there = (*scheduled(change.head_topologies, kinds), *_dbt_projects(change))
    telling = [d for d in change.differences if d.node is not None or d.field in ("added", "renamed")]
    measured = {m.subject for m in report.measures if m.name == "runtime" and m.side == "head"}
    pipelines = whole_pipelines(there, telling) - measured
    return tuple(sorted({*pipelines, *left_out(there, touched_work(there, telling), measured)}))


def _dbt_projects(change: Change) -> tuple[Topology, ...]:
    return tuple(topology for topology in change.head_topologies if topology.scheduler == "dbt")
