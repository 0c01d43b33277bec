"""What a run of a target wrote, without its values, and how two runs differ in it."""

from typing import Self

from pydantic import model_validator

from meta_pipeline.delivery.model import Frozen


class OutputColumn(Frozen):
    """One column; `type` is None in a format that has none, `sum` one number for all of its values, in any order."""

    name: str
    type: str | None
    sum: str


class Output(Frozen):
    """One dataset that a run wrote: files of one pattern of names, or `file:table`.

    `cells` are numbers for its values, row by row: 64 bits each, compressed, in base 64; None for a large one.
    `digest` is that of the bytes where the format cannot be read; there are then no columns and no rows.
    """

    name: str
    columns: tuple[OutputColumn, ...] = ()
    rows: int | None = None
    cells: str | None = None
    digest: str | None = None


class Outputs(Frozen):
    """All that a run wrote in its checkout; `left_out` counts what was beyond the most that is looked at."""

    outputs: tuple[Output, ...] = ()
    left_out: int = 0


class OutputDifference(Frozen):
    """How one output differs between two runs. Rows are counts; None where they cannot be known.

    `pipeline` and `node` write it, where that is known. `key` is the column by which rows were matched, None where
    whole rows were; `changed` counts rows with an equal key and another value, in `changed_columns`. `unstable` are
    columns with other values at each run, which were not compared. `appeared` and `gone` are outputs of one run only.
    """

    output: str
    pipeline: str | None = None
    node: str | None = None
    rows_before: int | None = None
    rows_after: int | None = None
    lost_columns: tuple[str, ...] = ()
    new_columns: tuple[str, ...] = ()
    retyped_columns: tuple[str, ...] = ()
    key: str | None = None
    added: int | None = None
    removed: int | None = None
    changed: int | None = None
    changed_columns: tuple[str, ...] = ()
    unstable: tuple[str, ...] = ()
    appeared: bool = False
    gone: bool = False
    bytes_differ: bool = False

    @model_validator(mode="after")
    def _is_of_one_run_at_most(self) -> Self:
        if self.appeared and self.gone:
            raise ValueError(f"{self.output} cannot be in neither run; leave it out")
        return self

    @property
    def emptied(self) -> bool:
        return bool(self.rows_before) and self.rows_after == 0

    @property
    def grown(self) -> int:
        """How many more rows there are after than before."""
        return (self.rows_after or 0) - (self.rows_before or 0)

    @property
    def is_equal(self) -> bool:
        """Whether nothing differs, but perhaps what differs at each run."""
        told = (
            *(self.lost_columns, self.new_columns, self.retyped_columns, self.changed_columns),
            *(
                self.added,
                self.removed,
                self.changed,
                self.appeared,
                self.gone,
                self.bytes_differ,
                self.grown,
            ),
        )
        return not any(told)

    @property
    def columns_in_words(self) -> str:
        """Which columns differ, and how, for a cell of a table."""
        told = (
            ("lost", self.lost_columns),
            ("new", self.new_columns),
            ("other type", self.retyped_columns),
            ("other values", self.changed_columns),
            ("not compared", self.unstable),
        )
        return "; ".join(f"{what}: {', '.join(columns)}" for what, columns in told if columns)

    @property
    def rows_in_words(self) -> str:
        """How many rows differ, and how they were matched, for a cell of a table."""
        if self.appeared or self.gone:
            return "written by one run only"
        if self.bytes_differ:
            return "other bytes"
        counts = (("added", self.added), ("removed", self.removed), ("changed", self.changed))
        told = ", ".join(f"{count} {what}" for what, count in counts if count)
        return f"{told} (by {self.key or 'whole rows'})" if told else ""
