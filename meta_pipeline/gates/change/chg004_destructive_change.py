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
from meta_pipeline.gates.change.removals import removed_topology, strength_of
from meta_pipeline.gates.gate import Example, Gate, Opinion
from meta_pipeline.gates.sql.destructions import new_destructions
from meta_pipeline.gates.weighing import Weighed, weigh, weighed
from meta_pipeline.policy import Policy

_MANY_FILES = 10
_FEW_FILES = 3
_LARGE_SHARE = 0.2
_COMMANDS = (
    ("a force push", re.compile(r"\bgit\s+push\b.*(\s--force(?!-)|\s-\w*f\w*\b|\s--mirror\b|\s\+\w)")),
    ("the deletion of a DAG's history", re.compile(r"\bairflow\s+dags\s+delete\b")),
    ("a reset of Airflow's database", re.compile(r"\bairflow\s+db\s+reset\b")),
    (
        "the deletion of what Prefect holds, its deployments, work pools or run history",
        re.compile(
            r"\bprefect\s+((deployment|work-pool|flow|flow-run|block|variable)\s+delete|server\s+database\s+reset)\b"
        ),
    ),
    (
        "a full refresh, which rebuilds tables from nothing",
        re.compile(r"\bdbt\s+(run|build|seed)\b.*\s--full-refresh\b"),
    ),
)
_PROSE = frozenset({".md", ".rst", ".txt", ".adoc", ".html"})


class DestructiveChange(Gate):
    """No pipeline, task or model, table, contract or mass of files goes away unless the plan says so.

    What is deleted by mistake is found missing when somebody needs it. A removal that the plan names still
    needs a person; any other is refused. A new name counts as a removal: the scheduler knows a thing by its name
    alone, so that its history stays behind. Emptying a table that the same file fills again is how a load is made
    to run twice, a moved file is not a deleted one, and temporary tables are free to go.
    """

    id: ClassVar[str] = "CHG004"
    name: ClassVar[str] = "destructive-change"
    stage: ClassVar[StageId] = "implementation"
    subject: ClassVar[str] = "patched_code"
    needs: ClassVar[tuple[str, ...]] = ("change",)

    def judge(self, case: Case) -> Opinion:
        assert case.change is not None
        found = [
            *removed_topology(case.change, case.plan),
            *_deleted_files(case.change, case.plan, case.policy),
            *_removed_contracts(case.change, case.plan, case.policy),
            *_destroyed_data(case.change),
            *_destructive_commands(case.change),
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
                "a task disappears", Case(Policy(), change=removal), "failed", "sales_daily.clean is removed"
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
                "failed",
                "task sales_daily.load is now called load_orders; to the scheduler it is a new one",
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
                "failed",
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
            yield weighed(
                strength_of(is_named=file.path in named),
                f"the data contract {file.path} is deleted; its readers rely on it",
                "keep the contract, or have a plan approved that names its removal",
                path=file.path,
            )
    tracked = len(change.base.entries())
    if len(deleted) >= _MANY_FILES or (len(deleted) >= _FEW_FILES and len(deleted) > _LARGE_SHARE * tracked):
        some = ", ".join(file.path for file in deleted[:3])
        yield weighed(
            strength_of(is_named=all(file.path in named for file in deleted)),
            f"{len(deleted)} of {tracked} files are deleted, such as {some}",
            "keep them, or have a plan approved that names each",
            path=deleted[0].path,
        )


def _removed_contracts(change: Change, plan: Plan | None, policy: Policy) -> Iterator[Weighed]:
    from meta_pipeline.contracts.changes import ContractsOfChange  # its readers load parsers

    named = plan.files if plan else frozenset()
    for contract in ContractsOfChange(change, policy.contracts).removed():
        what = "description" if contract.declared_by == "dbt" and not contract.enforced else "contract"
        yield weighed(
            strength_of(is_named=contract.path in named),
            f"the {what} of {contract.dataset} is deleted from {contract.path}, and the dataset stays; "
            "nobody can tell any more what its readers rely on",
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
            old = file.old.decode("utf-8", errors="replace") if file.old is not None else None
            for destruction in new_destructions(file.path, old, file.new.decode("utf-8", errors="replace")):
                yield weighed(
                    "failed",
                    f"{destruction.verb} of {destruction.table} destroys data that a revert does not bring back",
                    "limit it with WHERE, fill the table in the same file, or let a person run it by hand",
                    path=file.path,
                    line=destruction.line,
                )


def _destructive_commands(change: Change) -> Iterator[Weighed]:
    for file in change.files:
        if PurePosixPath(file.path).suffix.casefold() in _PROSE:
            continue
        for line in file.added:
            # A list of arguments reads like the command typed in a shell.
            typed = re.sub(r"[\"',\[\]]+", " ", line.text)
            for what, pattern in _COMMANDS:
                if not typed.lstrip().startswith(("#", "--", "//")) and pattern.search(typed):
                    yield weighed(
                        "failed",
                        f"the line runs {what}, which cannot be undone",
                        "leave it out; a person can run it by hand when it is needed",
                        path=file.path,
                        line=line.number,
                    )
