"""The report of what runs at base and head write, and that of a second run, from what the lanes told."""

import posixpath
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Literal

from meta_pipeline.delivery.outputs import OutputDifference
from meta_pipeline.delivery.reports import Measure, SideReport, ValidationReport
from meta_pipeline.delivery.topology import Topology
from meta_pipeline.validation.lane import Part
from meta_pipeline.validation.output_differences import differences, unstable_of

_NO_DATA = "the runs leave no data in the checkout: no new or changed CSV, JSON or Parquet file, and no database file"
_MOST_MEASURED = 100
_NO_ROWS: Mapping[str, object] = dict.fromkeys(("rows_before", "rows_after", "added", "removed", "changed"))


def data_diff_report(
    change_set: str, base: Part | None, head: Part | None, rerun: Part | None, absent: str | None
) -> ValidationReport:
    """Base's outputs beside head's; what differs when head is run twice says nothing about the change."""
    found = ValidationReport(
        kind="data_diff",
        change_set=change_set,
        base=base.side if base else SideReport(),
        head=head.side if head else SideReport(),
    )

    def idle(reason: str | None) -> ValidationReport:
        return found.model_copy(update={"not_applicable": reason})

    if head is None or head.idle:
        return idle(head.idle if head else absent)
    if head.side.could_not_run:
        return found
    if base is None:
        return idle("all that is run is new: base has nothing to compare it with")
    if base.idle:
        return idle(base.idle)
    if base.side.could_not_run or base.wrote is None or head.wrote is None:
        reason = f"at base: {base.side.could_not_run or 'nothing was told of what the run wrote'}"
        return found.model_copy(update={"head": head.side.model_copy(update={"could_not_run": reason})})
    if not base.wrote.outputs and not head.wrote.outputs:
        return idle(_NO_DATA)
    again = rerun.again if rerun else ()
    told = differences(base.wrote, head.wrote, unstable_of(again))
    moving = {one.output for one in again if one.grown or one.appeared or one.gone}
    everything_ran = set(base.ran) <= set(head.ran)
    only = head.ran[0] if len({*base.ran, *head.ran}) == 1 else None
    outputs = [
        one.model_copy(
            update={"pipeline": only, **({**_NO_ROWS, "changed_columns": ()} if one.output in moving else {})}
        )
        for one in told
        if everything_ran or not one.gone
    ]
    chunks = {"base": base.side.records[-1].chunk_id, "head": head.side.records[-1].chunk_id}
    return found.model_copy(
        update={
            "outputs": tuple(one for one in outputs if not one.is_equal),
            "measures": tuple(_rows(outputs, chunks)),
        }
    )


def _rows(outputs: Sequence[OutputDifference], chunks: Mapping[str, str]) -> Iterator[Measure]:
    for one in outputs[:_MOST_MEASURED]:
        sides: tuple[tuple[Literal["base", "head"], int | None], ...] = (
            ("base", one.rows_before),
            ("head", one.rows_after),
        )
        for side, rows in sides:
            if rows is not None:
                yield Measure(
                    name="rows", subject=one.output, value=rows, unit="rows", side=side, chunk_id=chunks[side]
                )


def rerun_report(
    change_set: str, base: Part | None, head: Part | None, first: Part | None, absent: str | None
) -> ValidationReport:
    """What a second run did; `first` is what the first one wrote. `base` is there where head's does something."""
    found = ValidationReport(
        kind="rerun",
        change_set=change_set,
        base=base.side if base else SideReport(),
        head=head.side if head else SideReport(),
        outputs=head.again if head else (),
        outputs_at_base=base.again if base else (),
    )
    if head is None or head.idle:
        return found.model_copy(update={"not_applicable": head.idle if head else absent})
    if head.side.could_not_run or head.side.problems or head.again:
        return found
    nothing = first is not None and first.wrote is not None and not first.wrote.outputs
    return found.model_copy(update={"not_applicable": _NO_DATA}) if nothing else found


def with_writers(report: ValidationReport, topologies: Iterable[Topology]) -> ValidationReport:
    """The same report with the nodes that write its outputs, as far as their names tell."""
    writers = {
        name.casefold(): (pipeline.id, node.id)
        for topology in topologies
        for pipeline in topology.pipelines
        for node in pipeline.nodes
        for name in node.writes
    }

    def named(one: OutputDifference) -> OutputDifference:
        for name in _names(one.output):
            if name in writers:
                pipeline, node = writers[name]
                return one.model_copy(update={"pipeline": pipeline, "node": node})
        return one

    return report.model_copy(
        update={
            "outputs": tuple(map(named, report.outputs)),
            "outputs_at_base": tuple(map(named, report.outputs_at_base)),
        }
    )


def _names(output: str) -> tuple[str, ...]:
    """What a node may call an output, the longest name first."""
    path, _, table = output.casefold().partition(":")
    if table:
        return (f"{posixpath.splitext(posixpath.basename(path))[0]}.{table}", table, table.rpartition(".")[2])
    folder = posixpath.dirname(path) if "*" in posixpath.basename(path) else ""
    return tuple(filter(None, (path, folder, posixpath.splitext(posixpath.basename(path))[0])))
