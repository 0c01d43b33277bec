"""CHG010: what readers of a dataset rely on stays, or its change is approved and noted."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

from meta_pipeline.delivery.change import Change
from meta_pipeline.delivery.contract import ChangeKind, Contract, ContractChange, DeclaredBy
from meta_pipeline.delivery.stages import StageId
from meta_pipeline.delivery.tree import Tree
from meta_pipeline.gates import specimens
from meta_pipeline.gates.case import Case
from meta_pipeline.gates.change.lines import ChangedLines
from meta_pipeline.gates.gate import Example, Gate, Opinion, Strength
from meta_pipeline.gates.testing.refused_values import refused_values
from meta_pipeline.gates.weighing import Weighed, weigh, weighed
from meta_pipeline.policy import Policy

if TYPE_CHECKING:
    from meta_pipeline.contracts.lineage.readers import ColumnReaders


class ContractCompatible(Gate):
    """No column of a published dataset is dropped, renamed, retyped or tightened unless a person approves it.

    Datasets are those of ODCS contracts (`*.odcs.yaml`, or `kind: DataContract`), of schema files of BigQuery and Avro,
    of JSON Schemas that lie among those of data, of tables and views that SQL files define for good (migrations are
    applied in their order), of pandera and Spark schemas, of SQLAlchemy's tables, of pydantic models in files called as
    data is, of suites of Great Expectations, of what assets say of their columns, of the files that the policy's
    `contracts` name, and the models and seeds of dbt projects, but for private, ephemeral and disabled ones. The
    columns of a dbt model are those that its query makes, and where the query cannot be read, those that its YAML
    declares. A wider type, an added column, a description, a dbt test or a stricter expectation breaks nobody; an
    added column that writers must fill breaks those, and a value that a dbt test accepted and refuses now asks a
    person. What an ODCS contract no longer promises is told, and asks a person where a column need no longer be
    there or unique.

    Readers need to know beforehand: where the policy's `references` name a `migrations` log, or else a `changelog`, a
    breaking change must add a line there that names the dataset and the column. The queries, tests and exposures of the
    repository that read a column are named.
    """

    id: ClassVar[str] = "CHG010"
    name: ClassVar[str] = "contract-compatible"
    stage: ClassVar[StageId] = "implementation"
    subject: ClassVar[str] = "patched_code"
    default: ClassVar = "needs_approval"
    needs: ClassVar[tuple[str, ...]] = ("change",)
    catches: ClassVar[tuple[str, ...]] = (
        "column-dropped",
        "column-renamed",
        "column-retyped",
    )

    def judge(self, case: Case) -> Opinion:
        from meta_pipeline.contracts.changes import ContractsOfChange

        assert case.change is not None
        contracts = ContractsOfChange.of(case.change, case.policy.contracts)
        touched, broken, undeclared = contracts.touched, contracts.broken(), contracts.undeclared()
        found = [*_in_schedulers(case.change), *refused_values(case.change)]
        if not touched and not broken and not undeclared and not found:
            return self.not_applicable(
                "the change touches no contract, schema, dbt model or seed that was there before"
            )
        # What compares columns loads a parser of SQL, which only a touched contract needs.
        from meta_pipeline.contracts.compatibility import contract_changes

        log = _Log.of(case.policy, case.change)
        found += [
            weighed(
                "needs_approval",
                f"the contract {item.path} can no longer be read: {item.message}",
                "mend the line, as nobody can tell what the dataset promises",
                path=item.path,
                line=item.line,
            )
            for item in broken
        ]
        found += [
            weighed(
                "needs_approval",
                f"the schema of {contract.dataset} is no longer declared; nobody can tell any more what it holds",
                "keep it where it was, or have the change approved",
                path=contract.path,
                line=contract.line,
            )
            for contract in undeclared
        ]
        compared = [(pair, contract_changes(pair.before, pair.after)) for pair in touched]
        lines = ChangedLines(case.change)
        breaking = [
            (pair, [_placed(change, lines) for change in changes if change.breaking])
            for pair, changes in compared
        ]
        found += [
            _loosened(change)
            for pair, changes in compared
            for change in changes
            if change.kind == "loosened" and pair.before.declared_by == "odcs"
        ]
        readers = _Readers(case.change.head)
        for pair, changes in breaking:
            told = readers.of(changes)
            found += [log.weighed(change, told.get(change.column)) for change in changes]
            if pair.before.declared_by in _NAMED_WITHIN and pair.before.dataset != pair.after.dataset:
                found.append(_renamed(pair.before, pair.after))
            if pair.doubt:
                found.append(
                    weighed(
                        "warned",
                        f"{pair.doubt}; a column that goes breaks those who read it",
                        "make sure that no column was dropped or renamed",
                        path=pair.after.path,
                        line=pair.after.line,
                    )
                )
        return weigh(self, found, f"{len(touched)} contract(s) are touched and none is broken")

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example("a column is added", _odcs(_COLUMNS, f"{_COLUMNS}{_NOTE}"), "passed"),
            Example("a type gets wider", _odcs(_COLUMNS, _COLUMNS.replace("INT", "BIGINT")), "passed"),
            Example(
                "a column is dropped",
                _odcs(_COLUMNS, "- {name: id, physicalType: INT}\n"),
                "needs_approval",
                "column amount of orders is dropped",
            ),
            Example(
                "a type gets narrower",
                _odcs(_COLUMNS, _COLUMNS.replace("INT", "SMALLINT")),
                "needs_approval",
                "from INT to SMALLINT, which is narrower",
            ),
            Example(
                "a column becomes required",
                _odcs(_COLUMNS, _COLUMNS.replace("id,", "id, required: true,")),
                "needs_approval",
                "becomes required",
            ),
            Example(
                "a column is dropped and the migration log says nothing",
                _odcs(_COLUMNS, "- {name: id, physicalType: INT}\n", policy=_LOGGED),
                "failed",
                "docs/migrations.md",
            ),
            Example(
                "a column is dropped and the migration log tells it",
                _odcs(
                    _COLUMNS,
                    "- {name: id, physicalType: INT}\n",
                    policy=_LOGGED,
                    log="- `orders.amount` is gone; read `payments.amount`\n",
                ),
                "needs_approval",
                "column amount of orders is dropped",
            ),
            Example(
                "a dbt model renames a column",
                _dbt("select id, total as amount from raw\n", "select id, total as revenue from raw\n"),
                "needs_approval",
                "column amount of orders is renamed to revenue",
            ),
            Example(
                "a dbt model is written anew with equal columns",
                _dbt(
                    "select id, total as amount from raw\n",
                    "with r as (select id, total as amount from raw)\nselect * from r\n",
                ),
                "passed",
            ),
            Example(
                "a macro hides the columns of a dbt model",
                _dbt("select id, a as amount from raw\n", "select {{ columns() }} from raw\n"),
                "warned",
                "cannot be compared",
            ),
            Example(
                "no contract is touched",
                Case(Policy(), change=specimens.change({}, {specimens.DAG_FILE: "x = 1\n"})),
                "not_applicable",
            ),
        )


_INSTEAD: Mapping[ChangeKind, str] = {
    "dropped": "keep the column as long as somebody reads it",
    "renamed": "keep the old name beside the new one until its readers have moved",
    "retyped": "add a column of the new type beside it",
    "tightened": "leave the rule as it was",
    "added": "give it a default, or let it be empty",
    "rekeyed": "keep the key as it was",
    "unenforced": "keep the contract enforced",
}


def _placed(change: ContractChange, lines: ChangedLines) -> ContractChange:
    """The change at the line that makes it, where it is of a contract as a whole and no line is known."""
    if change.line is not None or change.column is not None:
        return change
    spot = lines.near(change.path, None, "contract", [change.dataset])
    return change.model_copy(update={"path": spot.path, "line": spot.line})


_READ: frozenset[ChangeKind] = frozenset({"dropped", "renamed", "retyped"})


class _Readers:
    """Who in the head's tree reads a column that breaks, in words."""

    def __init__(self, head: Tree) -> None:
        self.head = head
        self._readers: ColumnReaders | None = None

    def of(self, changes: Sequence[ContractChange]) -> Mapping[str | None, str]:
        """What to say of the readers of a column that is dropped, renamed or retyped; nothing where none is known."""
        columns = [change.column for change in changes if change.column and change.kind in _READ]
        if not columns:
            return {}
        from meta_pipeline.contracts.lineage.reader import told
        from meta_pipeline.contracts.lineage.readers import ColumnReaders

        self._readers = self._readers or ColumnReaders(self.head)
        found = self._readers.of(changes[0].dataset, frozenset(columns))
        sentences = {column: told(found.get(column.casefold(), ())) for column in columns}
        return {column: sentence for column, sentence in sentences.items() if sentence}


_NAMED_WITHIN: frozenset[DeclaredBy] = frozenset({"odcs", "sql", "avro", "sqlalchemy"})
"""Whose datasets are called as the file says, and not as the file or a class is."""


def _renamed(before: Contract, after: Contract) -> Weighed:
    return weighed(
        "needs_approval",
        f"{before.dataset} is now called {after.dataset}; its readers ask for the former name",
        f"keep the name, or leave a view called {before.dataset} until its readers have moved",
        path=after.path,
        line=after.line,
    )


def _loosened(change: ContractChange) -> Weighed:
    """A promise that is taken back breaks no schema, and breaks who built on it where the promise was a plain one."""
    is_plain = change.sentence.endswith(("is no longer required", "is no longer unique"))
    return weighed(
        "needs_approval" if is_plain else "warned",
        f"{change.sentence}; readers may meet values that they did not before",
        "keep the promise, or have somebody confirm that the readers bear it"
        if is_plain
        else "tell the readers",
        path=change.path,
        line=change.line,
    )


def _in_schedulers(change: Change) -> Iterator[Weighed]:
    """Columns that assets and tasks say their datasets have; those of dbt are compared with its contracts."""
    for one in change.differences:
        is_column = one.level == "column" and one.column is not None and one.scheduler != "dbt"
        if is_column and one.change in ("removed", "changed") and one.is_known:
            yield weighed(
                "needs_approval",
                f"{one.sentence}; its readers rely on it",
                "keep the column as long as somebody reads it, or have the change approved",
                path=one.path,
                line=one.line,
            )


class _Log:
    """The migration log of a policy, and what a change adds to it."""

    def __init__(self, path: str | None, added: str) -> None:
        self.path = path
        self.added = added

    @classmethod
    def of(cls, policy: Policy, change: Change) -> "_Log":
        references: Mapping[str, str] = policy.references
        path = references.get("migrations") or references.get("changelog")
        lines = (line.text for file in change.files if file.path == path for line in file.added)
        return cls(path, "\n".join(lines))

    def weighed(self, change: ContractChange, readers: str | None) -> Weighed:
        """A breaking change blocks only where there is a log that does not tell it. `readers` says who reads it."""
        strength: Strength = "needs_approval"
        fix = f"{_INSTEAD.get(change.kind, 'leave it as it was')}, or have the change approved"
        message = f"{change.sentence}; {readers or 'its readers rely on it'}"
        if self.path is not None and not self._tells(change):
            strength = "failed"
            message = f"{message} and {self.path} says nothing of it"
            named = f"{change.dataset} and {change.column}" if change.column else change.dataset
            fix = f"{fix} and add a line to {self.path} that names {named} and says what readers must do"
        return weighed(strength, message, fix, path=change.path, line=change.line)

    def _tells(self, change: ContractChange) -> bool:
        return all(
            re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", self.added, re.IGNORECASE)
            for name in _named(change)
        )


def _named(change: ContractChange) -> Iterator[str]:
    """The names that an entry must hold; a version of a model is told under the model's own name too."""
    yield change.dataset.partition(".v")[0]
    if change.column:
        yield change.column


_COLUMNS = "- {name: id, physicalType: INT}\n- {name: amount, physicalType: DOUBLE}\n"
_NOTE = "- {name: note, physicalType: VARCHAR}\n"
_LOGGED = Policy(references={"migrations": "docs/migrations.md"})


def _odcs(before: str, after: str, *, policy: Policy | None = None, log: str = "") -> Case:
    def files(columns: str, log: str) -> specimens.Files:
        indented = columns.replace("- {", "      - {")
        text = f"kind: DataContract\nschema:\n  - name: orders\n    properties:\n{indented}"
        return {"contracts/orders.odcs.yaml": text, "docs/migrations.md": f"# Migrations\n{log}"}

    return Case(policy or Policy(), change=specimens.change(files(before, ""), files(after, log)))


def _dbt(before: str, after: str) -> Case:
    def files(sql: str) -> specimens.Files:
        return {"dbt_project.yml": "name: shop\n", "models/orders.sql": sql}

    return Case(Policy(), change=specimens.change(files(before), files(after)))
