"""CHG004: nothing is destroyed that the plan does not name."""

import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import ClassVar

from meta_pipeline.contracts.places import DEFAULT_CONTRACTS, matches
from meta_pipeline.delivery.change import Change
from meta_pipeline.delivery.plan import Plan, TopologyEdit
from meta_pipeline.delivery.stages import StageId
from meta_pipeline.delivery.tree import FileChange
from meta_pipeline.gates import specimens
from meta_pipeline.gates.case import Case
from meta_pipeline.gates.change.commands import destructive_commands, former_text
from meta_pipeline.gates.change.deployments_gone import deployments_gone
from meta_pipeline.gates.change.flows_gone import flows_gone, steps_gone
from meta_pipeline.gates.change.handwork import is_work
from meta_pipeline.gates.change.removals import removed_topology
from meta_pipeline.gates.gate import Example, Gate, Opinion, Strength
from meta_pipeline.gates.sql.destructions import new_destructions
from meta_pipeline.gates.weighing import Weighed, weigh, weighed
from meta_pipeline.policy import Policy

_MANY_FILES = 10
_FEW_FILES = 3
_LARGE_SHARE = 0.2
_DEPLOYED = "name: shop\ndeployments:\n- name: daily\n  entrypoint: flows/sales.py:sales\n"


class DestructiveChange(Gate):
    """No pipeline, task or model, table, contract or mass of files goes away unless a person meant it.

    What is deleted by mistake is found missing when somebody needs it. Of two commits without a plan, what a revert
    brings back needs a person who confirms it: a removed pipeline, task or model, or one with a new name, as the
    scheduler knows a thing by its name alone and leaves its history behind; so does a deployment or a plain step of
    a flow of Prefect. Where there is a plan, a removal that it does not name is refused. Refused in any case are
    what a revert does not bring back, data that is dropped or emptied and commands that destroy; a mass of
    pipelines or files at once; a contract whose dataset stays; and what is gone because its file can no longer be
    read. Work that is seen to go on, in place, in another code location or in a subflow, is only told of. Emptying
    a table that the same file fills again is how a load is made to run twice, a moved file is not a deleted one,
    and temporary tables are free to go. Hooks of dbt and texts that its macros run count as SQL.
    """

    id: ClassVar[str] = "CHG004"
    name: ClassVar[str] = "destructive-change"
    stage: ClassVar[StageId] = "implementation"
    subject: ClassVar[str] = "patched_code"
    needs: ClassVar[tuple[str, ...]] = ("change",)
    catches: ClassVar[tuple[str, ...]] = (
        "where-lost",
        "pipeline-deleted",
    )

    def judge(self, case: Case) -> Opinion:
        assert case.change is not None
        found = [
            *removed_topology(case.change, case.plan),
            *flows_gone(case.change),
            *steps_gone(case.change),
            *deployments_gone(case.change),
            *_deleted_files(case.change, case.plan, case.policy),
            *_removed_contracts(case.change, case.plan, case.policy),
            *_destroyed_data(case.change),
            *destructive_commands(case.change),
        ]
        return weigh(self, found, "nothing is removed, dropped or emptied")

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        two = specimens.pipeline(specimens.node("clean"), specimens.node("load"))
        one = specimens.pipeline(specimens.node("load"))
        moved = specimens.pipeline(specimens.node("load"), path="dags/sales/daily.py")
        removal = specimens.change(base=(two,), head=(one,))
        edit = TopologyEdit(pipeline="sales_daily", node="clean", field="removed")
        renamed = specimens.change(base=(one,), head=(specimens.pipeline(specimens.node("load_orders")),))
        regrouped = specimens.change(
            base=(specimens.pipeline(specimens.node("load.orders"), specimens.node("load.items")),),
            head=(one,),
        )
        model = {"dbt_project.yml": "name: shop\n", "models/orders.sql": "select id from raw\n"}
        contract = {"contracts/daily_revenue.odcs.yaml": "kind: DataContract\n"}
        return (
            Example(
                "a DAG moves to another file",
                Case(
                    Policy(),
                    change=specimens.change(
                        {specimens.DAG_FILE: "x = 1\n"}, {moved.path: "x = 1\n"}, base=(one,), head=(moved,)
                    ),
                ),
                "passed",
            ),
            Example(
                "a load empties its own table first",
                _sql(
                    "TRUNCATE TABLE daily_revenue;\nINSERT INTO daily_revenue SELECT * FROM staged_revenue;\n"
                ),
                "passed",
            ),
            Example("one day is deleted", _sql("DELETE FROM orders WHERE ds = '{{ ds }}'\n"), "passed"),
            Example(
                "a task disappears",
                Case(Policy(), change=removal),
                "needs_approval",
                "sales_daily.clean is removed",
            ),
            Example(
                "a task disappears that the plan does not name",
                Case(Policy(), change=removal, plan=specimens.plan()),
                "failed",
                "sales_daily.clean is removed",
            ),
            Example(
                "a group gives way to a task of its name",
                Case(Policy(), change=regrouped),
                "warned",
                "the task load is there in place of its group",
            ),
            Example(
                "a task disappears as planned",
                Case(Policy(), change=removal, plan=specimens.plan(edits=(edit,))),
                "needs_approval",
                "sales_daily.clean is removed",
            ),
            Example(
                "a task gets another name",
                Case(Policy(), change=renamed),
                "needs_approval",
                "task sales_daily.load is now called load_orders; to the scheduler a new name is a new thing",
            ),
            Example(
                "a deployment of Prefect without a schedule is taken out",
                Case(
                    Policy(),
                    change=specimens.change({"prefect.yaml": _DEPLOYED}, {"prefect.yaml": "name: shop\n"}),
                ),
                "needs_approval",
                "the deployment daily of sales is gone",
            ),
            Example(
                "a table is dropped",
                _sql("DROP TABLE IF EXISTS sales.orders;\n"),
                "failed",
                "DROP of sales.orders",
            ),
            Example(
                "a table is emptied",
                _sql("DELETE FROM orders WHERE 1 = 1;\n"),
                "failed",
                "DELETE without WHERE",
            ),
            Example(
                "a task drops a table",
                Case(
                    Policy(),
                    change=specimens.change({}, {specimens.DAG_FILE: 'run(sql="DROP TABLE orders")\n'}),
                ),
                "failed",
                "DROP of orders",
            ),
            Example(
                "a contract is deleted",
                Case(Policy(), change=specimens.change(contract)),
                "failed",
                "contract",
            ),
            Example(
                "the description of a dbt model is deleted",
                Case(
                    Policy(),
                    change=specimens.change(
                        {**model, "models/orders.yml": "models: [{name: orders, columns: [{name: id}]}]\n"},
                        model,
                    ),
                ),
                "needs_approval",
                "the description of orders is deleted",
            ),
            Example(
                "the deployment deletes a work pool of Prefect",
                Case(
                    Policy(),
                    change=specimens.change({}, {"scripts/deploy.sh": "prefect work-pool delete batch\n"}),
                ),
                "failed",
                "what Prefect holds",
            ),
            Example(
                "the deployment pushes with force",
                Case(
                    Policy(),
                    change=specimens.change({}, {"scripts/deploy.sh": "git push --force origin main\n"}),
                ),
                "failed",
                "force push",
            ),
        )


def _sql(text: str) -> Case:
    return Case(Policy(), change=specimens.change({}, {"sales/sql/load.sql": text}))


def _deleted_files(change: Change, plan: Plan | None, policy: Policy) -> Iterator[Weighed]:
    deleted = _not_moved(change.files)
    named = plan.files if plan else frozenset()
    for file in deleted:
        if any(matches(file.path, pattern) for pattern in (*DEFAULT_CONTRACTS, *policy.contracts)):
            goes_too = plan is None and _dataset_goes_too(file, change)
            yield weighed(
                "needs_approval" if file.path in named or goes_too else "failed",
                f"the data contract {file.path} is deleted"
                + (" with what makes its dataset" if goes_too else "")
                + "; its readers rely on it",
                "keep the contract, or have a plan approved that names its removal",
                path=file.path,
            )
    yield from _mass(change, [file for file in deleted if is_work(file.path)], plan)


def _mass(change: Change, deleted: list[FileChange], plan: Plan | None) -> Iterator[Weighed]:
    """Many files that go at once: a large share of all is refused, any other mass a person confirms."""
    if len(deleted) < _FEW_FILES:
        return
    tracked = sum(is_work(path) for path in change.base.entries())
    is_large = len(deleted) > _LARGE_SHARE * tracked
    if len(deleted) < _MANY_FILES and not is_large:
        return
    some = ", ".join(file.path for file in deleted[:3])
    if plan is None:
        strength: Strength = "failed" if is_large else "needs_approval"
        fix = "keep them, or have a person confirm that none of them is needed any more"
    else:
        strength = "needs_approval" if all(file.path in plan.files for file in deleted) else "failed"
        fix = "keep them, or have a plan approved that names each"
    yield weighed(
        strength,
        f"{len(deleted)} of {tracked} files are deleted, such as {some}",
        fix,
        path=deleted[0].path,
    )


def _dataset_goes_too(file: FileChange, change: Change) -> bool:
    """Whether something that is removed bears the name of the dataset that a deleted contract is of."""
    text = (file.old or b"").decode("utf-8", errors="replace")
    removed = [one for one in change.differences if one.change == "removed"]
    gone = {one.pipeline for one in removed if one.node is None}
    held = [one for topology in change.base_topologies for one in topology.pipelines if one.id in gone]
    names = {
        re.split(r"[./:]", name)[-1]
        for name in (
            *(one.node or one.pipeline for one in removed),
            *(node.id for one in held for node in one.nodes),
        )
    }
    return any(re.search(rf"(?<![\w]){re.escape(name)}(?![\w])", text) for name in names if name)


def _removed_contracts(change: Change, plan: Plan | None, policy: Policy) -> Iterator[Weighed]:
    from meta_pipeline.contracts.changes import ContractsOfChange  # its readers load parsers

    named = plan.files if plan else frozenset()
    for contract in ContractsOfChange.of(change, policy.contracts).removed():
        is_description = contract.declared_by == "dbt" and not contract.enforced
        is_asked = contract.path in named or (plan is None and is_description)
        yield weighed(
            "needs_approval" if is_asked else "failed",
            f"the {'description' if is_description else 'contract'} of {contract.dataset} is deleted from "
            f"{contract.path}, and the dataset stays; nobody can tell any more what its readers rely on",
            "keep it, or have a plan approved that names the file",
            path=contract.path,
            line=contract.line,
        )


def _not_moved(files: tuple[FileChange, ...]) -> list[FileChange]:
    """The deleted files that no added file carries on, by content or by name."""
    contents = {file.new for file in files if file.status == "added"}
    names = {PurePosixPath(file.path).name for file in files if file.status == "added"}
    return [
        file
        for file in files
        if file.status == "deleted"
        and file.old not in contents
        and PurePosixPath(file.path).name not in names
    ]


def _destroyed_data(change: Change) -> Iterator[Weighed]:
    for file in change.files:
        if not file.is_binary and file.new is not None:
            new = file.new.decode("utf-8", errors="replace")
            for destruction in new_destructions(file.path, former_text(change, file), new):
                if destruction.refilled:
                    yield weighed(
                        "needs_approval",
                        f"{destruction.verb} of {destruction.table} takes the rows of former runs before it is filled "
                        "again; they were kept so far",
                        "delete only the rows that this run writes, or have a person confirm that each run makes all",
                        path=file.path,
                        line=destruction.line,
                    )
                    continue
                yield weighed(
                    "failed",
                    f"{destruction.verb} of {destruction.table} destroys data that a revert does not bring back",
                    "limit it with WHERE, fill the table in the same file, or let a person run it by hand",
                    path=file.path,
                    line=destruction.line,
                )
