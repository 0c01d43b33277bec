"""Two runs' outputs held against each other: schema, rows, and the values of equal rows."""

import base64
import zlib
from array import array
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence

from meta_pipeline.delivery.outputs import Output, OutputDifference, Outputs

_LONGEST = 64 * 1024 * 1024
Rows = Sequence[tuple[int, ...]]


def differences(
    before: Outputs, after: Outputs, unstable: Mapping[str, tuple[str, ...]] | None = None
) -> tuple[OutputDifference, ...]:
    """One for each output of either run, equal ones too, by name.

    `unstable` are columns, by output, that are not compared, as they differ at each run; see `unstable_of`.
    """
    ignored = unstable or {}
    old = {output.name: output for output in before.outputs}
    new = {output.name: output for output in after.outputs}
    names = sorted({*old, *new})
    return tuple(_difference(name, old.get(name), new.get(name), ignored.get(name, ())) for name in names)


def _difference(
    name: str, old: Output | None, new: Output | None, unstable: tuple[str, ...]
) -> OutputDifference:
    if old is None or new is None:
        return OutputDifference(
            output=name,
            appeared=old is None,
            gone=new is None,
            rows_before=old.rows if old else None,
            rows_after=new.rows if new else None,
        )
    if old.rows is None or new.rows is None:
        differ = old.digest != new.digest and not unstable
        return OutputDifference(
            output=name, rows_before=old.rows, rows_after=new.rows, bytes_differ=differ, unstable=unstable
        )
    was = {column.name: column for column in old.columns}
    now = {column.name: column for column in new.columns}
    both = [column for column in was if column in now and column not in unstable]
    found = OutputDifference(
        output=name,
        rows_before=old.rows,
        rows_after=new.rows,
        lost_columns=tuple(column for column in was if column not in now),
        new_columns=tuple(column for column in now if column not in was),
        retyped_columns=tuple(column for column in both if was[column].type != now[column].type),
        unstable=tuple(column for column in was if column in now and column in unstable),
    )
    if old.rows == new.rows and all(was[column].sum == now[column].sum for column in both):
        rows = _rows(old, both), _rows(new, both)
        # Equal sums of all columns are told apart only by which value stands beside which.
        if rows[0] is None or rows[1] is None or Counter(rows[0]) == Counter(rows[1]):
            return found
    return found.model_copy(update=dict(_values(old, new, both)))


def _values(old: Output, new: Output, columns: list[str]) -> Iterator[tuple[str, object]]:
    """How the rows differ, as fields of a difference."""
    was, now = _rows(old, columns), _rows(new, columns)
    sums = {column.name: column.sum for column in new.columns}
    unlike_sums = {c.name for c in old.columns if c.name in columns and c.sum != sums[c.name]}
    as_many = unlike_sums if old.rows == new.rows else set()
    if was is None or now is None:
        yield "changed_columns", _in_order(columns, as_many)
        return
    key = _key(was, now, columns)
    if key is None:
        left, right = Counter(was), Counter(now)
        yield "removed", (left - right).total()
        yield "added", (right - left).total()
        yield "changed_columns", _in_order(columns, as_many)
        return
    left_rows, right_rows = {row[key]: row for row in was}, {row[key]: row for row in now}
    shared = left_rows.keys() & right_rows.keys()
    unlike = [(left_rows[one], right_rows[one]) for one in shared if left_rows[one] != right_rows[one]]
    yield "key", columns[key]
    yield "removed", len(left_rows) - len(shared)
    yield "added", len(right_rows) - len(shared)
    yield "changed", len(unlike)
    differing = {name for n, name in enumerate(columns) if any(a[n] != b[n] for a, b in unlike)}
    yield "changed_columns", _in_order(columns, differing | as_many)


def _in_order(columns: list[str], chosen: Collection[str]) -> tuple[str, ...]:
    return tuple(column for column in columns if column in chosen)


def _key(was: Rows, now: Rows, columns: list[str]) -> int | None:
    """The place of the column that tells rows apart in both, and has most values in common, the first of several."""
    shared: dict[int, int] = {}
    for place in range(len(columns)):
        left, right = {row[place] for row in was}, {row[place] for row in now}
        if (len(left), len(right)) == (len(was), len(now)) and left & right:
            shared[place] = len(left & right)
    return max(shared, key=lambda place: shared[place], default=None)


def _rows(output: Output, columns: Sequence[str]) -> Rows | None:
    """The numbers of these columns, row by row; None where they were not kept."""
    if output.cells is None or output.rows is None:
        return None
    unpacked = zlib.decompressobj().decompress(base64.b64decode(output.cells), _LONGEST)
    cells = array("Q", unpacked[: len(unpacked) // 8 * 8])
    width = len(output.columns)
    if len(cells) != output.rows * width:
        return None
    places = [next(n for n, column in enumerate(output.columns) if column.name == name) for name in columns]
    return [tuple(cells[start + n] for n in places) for start in range(0, len(cells), width)] if width else []


def unstable_of(again: Sequence[OutputDifference]) -> Mapping[str, tuple[str, ...]]:
    """The columns, by output, that a second run of the same commit filled otherwise; all are where its rows differ.

    An output that cannot be read and has other bytes is unstable by the name of no column, `*`.
    """
    found: dict[str, tuple[str, ...]] = {}
    for one in again:
        if one.bytes_differ:
            found[one.output] = ("*",)
        elif one.changed_columns:
            found[one.output] = one.changed_columns
    return found
