"""What a dataset promises to those who read it, whatever file declares it, and how a promise changes."""

from typing import Literal

from meta_pipeline.delivery.model import Frozen

Bound = float | int | str


class ContractColumn(Frozen):
    """One column of a contract. A nested one is `outer.inner`.

    `type` is as it is written, a logical type where no physical one is given; `logical_type` may stand beside it.
    `allowed` are the only values that may occur, as text; `rules` are demands that are compared as text. `tags` hold
    classifications too. `has_default`: who writes a row may leave a required value out. `implied`: only rules name the
    column; nothing says that it must be there.
    """

    name: str
    type: str | None = None
    logical_type: str | None = None
    required: bool = False
    unique: bool = False
    has_default: bool = False
    implied: bool = False
    allowed: tuple[str, ...] | None = None
    minimum: Bound | None = None
    maximum: Bound | None = None
    rules: tuple[str, ...] = ()
    description: str = ""
    tags: tuple[str, ...] = ()
    expression: str | None = None
    """How the column is computed, where a query makes it: a renamed column keeps it."""
    made_at: int | None = None
    """The line of the contract's own file on which a query makes the column."""
    made_as: str | None = None
    """The type that the query casts the column to, which a declared `type` may hide."""
    path: str | None = None
    """The file that says this of the column, where it is not the contract's own."""
    line: int | None = None


DeclaredBy = Literal[
    "odcs",
    "dbt",
    "gx",
    "sql",
    "json_schema",
    "bigquery",
    "avro",
    "pydantic",
    "pandera",
    "sqlalchemy",
    "spark",
]


class Contract(Frozen):
    """The schema of one dataset, and the file and line that declare it. `enforced`: the platform refuses a breach.

    `key` are the columns of the primary key, in their order; empty where none is declared.
    """

    dataset: str
    declared_by: DeclaredBy
    path: str
    line: int | None = None
    enforced: bool = False
    description: str = ""
    key: tuple[str, ...] = ()
    columns: tuple[ContractColumn, ...] = ()

    @property
    def is_check(self) -> bool:
        """Whether it looks at data that is there already: a stricter check stops bad data and breaks no reader."""
        return self.declared_by == "gx"

    @property
    def is_for_writers(self) -> bool:
        """Whether what is written must meet it, so that a row without a new required value is refused."""
        return self.declared_by not in ("odcs", "dbt", "gx", "spark")

    def column(self, name: str) -> ContractColumn | None:
        return next((column for column in self.columns if column.name == name), None)


ChangeKind = Literal[
    "added",
    "dropped",
    "renamed",
    "retyped",
    "widened",
    "tightened",
    "loosened",
    "described",
    "rekeyed",
    "enforced",
    "unenforced",
]


class ContractChange(Frozen):
    """One difference between two versions of a contract. `sentence` says it to a person, without a full stop."""

    dataset: str
    column: str | None
    kind: ChangeKind
    breaking: bool
    sentence: str
    path: str
    line: int | None = None
