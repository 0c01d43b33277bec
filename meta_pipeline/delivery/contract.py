"""What a dataset promises to those who read it, whatever file declares it, and how a promise changes."""

from typing import Literal

from meta_pipeline.delivery.model import Frozen

Bound = float | int | str


class ContractColumn(Frozen):
    """One column of a contract. A nested one is `outer.inner`.

    `type` is as it is written, a logical type where no physical one is given. `allowed` are the only values that may
    occur, as text; `rules` are demands that are compared as text. `tags` hold classifications too.
    """

    name: str
    type: str | None = None
    required: bool = False
    unique: bool = False
    allowed: tuple[str, ...] | None = None
    minimum: Bound | None = None
    maximum: Bound | None = None
    rules: tuple[str, ...] = ()
    description: str = ""
    tags: tuple[str, ...] = ()
    expression: str | None = None
    """How the column is computed, where a query makes it: a renamed column keeps it."""
    path: str | None = None
    """The file that says this of the column, where it is not the contract's own."""
    line: int | None = None


class Contract(Frozen):
    """The schema of one dataset, and the file and line that declare it. `enforced`: the platform refuses a breach."""

    dataset: str
    declared_by: Literal["odcs", "dbt", "gx"]
    path: str
    line: int | None = None
    enforced: bool = False
    description: str = ""
    columns: tuple[ContractColumn, ...] = ()

    def column(self, name: str) -> ContractColumn | None:
        return next((column for column in self.columns if column.name == name), None)


ChangeKind = Literal[
    "added",
    "dropped",
    "renamed",
    "retyped",
    "tightened",
    "loosened",
    "described",
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
