"""What a run of dbt means for the reports: parsed nodes, built nodes, and the outcome of each test."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from meta_pipeline.delivery.evidence import CommandRecord
from meta_pipeline.delivery.reports import Measure, Problem, SideReport
from meta_pipeline.delivery.topology import Node, Topology
from meta_pipeline.schedulers.dbt.answer import Answer, Result, Row
from meta_pipeline.schedulers.dbt.manifest import Resource, topology_of
from meta_pipeline.schedulers.dbt.troubles import Trouble, first_words, trouble_of
from meta_pipeline.validation.lane import Part, occurrences, parsed_part, unfinished

_EXPECTATIONS: Mapping[str, str] = {
    "not_null": "expect_column_values_to_not_be_null",
    "unique": "expect_column_values_to_be_unique",
    "accepted_values": "expect_column_values_to_be_in_set",
    "accepted_range": "expect_column_values_to_be_between",
    "relationships": "relationships",
}
"""The expectations of Great Expectations that generic tests of dbt check too."""
_NUMBER = re.compile(r"\d+")
_MOST_NAMES = 10


@dataclass(frozen=True)
class Build:
    """One run of dbt at one side. `said` is the end of its output.

    `declared` is the project as read from source, which knows lines.
    """

    record: CommandRecord
    answer: Answer | None
    said: str
    declared: Topology | None

    @cached_property
    def trouble(self) -> Trouble | None:
        """Why nothing was built, where nothing was."""
        shown = f"'{self.record.command.shown_as}'"
        if self.answer is None:
            reason = unfinished(self.record) or f"{shown} gave no answer: {self.said}"
            return Trouble(could_not_run=reason)
        trouble = trouble_of(self.answer, self.said, self.declared)
        if trouble is None or trouble.could_not_run is None:
            return trouble
        return Trouble(
            could_not_run=unfinished(self.record) or f"{shown} builds nothing: {trouble.could_not_run}"
        )


@dataclass(frozen=True)
class _Tested:
    """The outcome of one test, and the record that it is read from."""

    resource: Resource
    result: Result
    node: Node | None
    node_id: str
    subject: str
    rows: tuple[Row, ...]
    chunk_id: str

    @property
    def rows_failing(self) -> int:
        return self.result.failures or 0

    def problem(self, project: str) -> Problem:
        count = f"{self.rows_failing} failing row{'' if self.rows_failing == 1 else 's'}"
        sample = "; ".join(", ".join(f"{name}={value}" for name, value in row.items()) for row in self.rows)
        upstream = self.node.upstream if self.node else ()
        where = f": {self.subject}" if self.subject != self.node_id else ""
        where = where or (f" on {', '.join(upstream)}" if upstream else "")
        return Problem(
            path=self.node.path if self.node else None,
            line=self.node.line if self.node else None,
            message=f"dbt test {self.node_id}{where} has {count}{f', such as {sample}' if sample else ''}",
            key=f"{project}|{self.node_id}",
            severity="warning" if self.result.status == "warn" else "error",
        )


def _parse_part(build: Build, folder: str) -> Part:
    """What dbt makes of the project's files: its topology, or why there is none."""
    record, trouble = build.record, build.trouble
    if trouble and trouble.could_not_run and (build.answer is None or build.answer.manifest is None):
        return Part(kind="parse", side=SideReport(records=(record,), could_not_run=trouble.could_not_run))
    errors = trouble.errors if trouble else ()
    manifest = build.answer.manifest if build.answer else None
    version = build.answer.version if build.answer else "unresolved"
    topology = topology_of(manifest, folder, build.declared, errors, version)
    return parsed_part(record, (topology,), folder)


class Outcome:
    """One side's outcome. `before` is that of the base which this run began with: what it did not build is as there."""

    def __init__(self, build: Build, folder: str, before: "Outcome | None" = None) -> None:
        self.build = build
        self.folder = folder
        self.before = before
        self.record = build.record
        self.manifest = build.answer.manifest if build.answer else None
        self.results = {r.unique_id: r for r in (build.answer.results or () if build.answer else ())}
        self.ids = self.manifest.ids() if self.manifest else {}
        known = build.declared.pipelines if build.declared else ()
        self.declared = known[0] if known else None

    @property
    def project(self) -> str:
        if self.manifest:
            return self.manifest.project
        return self.declared.id if self.declared else self.folder

    def parts(self) -> tuple[Part, ...]:
        parse = _parse_part(self.build, self.folder)
        if self.build.trouble:
            reason = self.build.trouble.could_not_run or (
                f"dbt cannot read {self.project}: {self.build.trouble.errors[0].message}"
            )
            side = SideReport(records=(self.record,), could_not_run=reason)
            return (parse, Part(kind="dry_run", side=side), Part(kind="data_quality", side=side))
        return (parse, self._dry_run(), self._data_quality())

    @property
    def idle(self) -> str | None:
        """Why there was nothing to build, where there was nothing."""
        if self.before is None or self.results:
            return None
        same = f"every model, seed, snapshot and test of {self.project} is as it was"
        return f"'{self.record.command.shown_as}' selects nothing: {same}"

    def _dry_run(self) -> Part:
        failed = [
            result
            for result in self.results.values()
            if result.status in ("error", "runtime error") or (result.status == "fail" and not result.is_test)
        ]
        skipped = sorted(
            self.ids.get(result.unique_id, result.unique_id)
            for result in self.results.values()
            if result.status == "skipped" and not result.is_test
        )
        problems = occurrences([*map(self._failure, failed), *self._not_reached(skipped)])
        measure = self._measure(
            "runtime", self.project, round(self.seconds, 2), "seconds", self.record.chunk_id
        )
        side = SideReport(records=(self.record,), problems=problems)
        return Part(kind="dry_run", side=side, measures=() if problems else (measure,), idle=self.idle)

    @property
    def seconds(self) -> float:
        """At most this: the run's time, and what base spent on each node that did not have to be built again."""
        spent = self.build.answer.seconds if self.build.answer else 0.0
        if self.before is None:
            return spent
        carried = (r.seconds for r in self.before.results.values() if r.unique_id not in self.results)
        return spent + sum(carried)

    def _failure(self, result: Result) -> Problem:
        node = self._node(result.unique_id)
        name = self.ids.get(result.unique_id, result.unique_id)
        kind = "test" if result.is_test else result.unique_id.split(".", 1)[0]
        words = first_words(result.message)
        return Problem(
            path=node.path if node else None,
            line=node.line if node else None,
            message=f"dbt {kind} {self.project}.{name} fails: {words}",
            key=f"{self.project}|{name}|{_NUMBER.sub('N', words)}",
        )

    def _not_reached(self, names: list[str]) -> Iterator[Problem]:
        if names:
            shown = ", ".join(names[:_MOST_NAMES]) + (" and more" if len(names) > _MOST_NAMES else "")
            yield Problem(
                path=self.declared.path if self.declared else None,
                line=None,
                message=f"dbt skips {shown} of {self.project}, as something upstream of it fails",
                key=f"{self.project}|skipped|{'|'.join(names)}",
            )

    def _node(self, unique_id: str) -> Node | None:
        node_id = self.ids.get(unique_id)
        return self.declared.node(node_id) if self.declared and node_id else None

    def _data_quality(self) -> Part:
        tested = sorted(self.tested().values(), key=lambda one: one.node_id)
        wrong = [one for one in tested if one.result.status in ("fail", "warn")]
        problems = occurrences([one.problem(self.project) for one in wrong])
        side = SideReport(records=(self.record,), problems=problems)
        return Part(kind="data_quality", side=side, measures=tuple(self._measures(tested)), idle=self.idle)

    def tested(self) -> dict[str, _Tested]:
        """Each test's outcome; one that did not run again is as it was at base, for its data is the same."""
        if self.manifest is None:
            return {}
        found = {}
        carried = self.before.tested() if self.before else {}
        for resource in self.manifest.resources:
            result = self.results.get(resource.unique_id)
            if resource.kind not in ("test", "unit_test") or resource.package != self.project:
                continue
            if result is None:
                old = carried.get(resource.unique_id)
                if old:
                    found[resource.unique_id] = old
            elif result.status in ("pass", "fail", "warn"):
                found[resource.unique_id] = self._tested(resource, result)
        return found

    def _tested(self, resource: Resource, result: Result) -> _Tested:
        assert self.build.answer is not None
        node_id = self.ids.get(resource.unique_id, resource.name)
        return _Tested(
            resource=resource,
            result=result,
            node=self._node(resource.unique_id),
            node_id=node_id,
            subject=self._subject(resource) or node_id,
            rows=self.build.answer.rows.get(resource.unique_id, ()),
            chunk_id=self.record.chunk_id,
        )

    def _subject(self, resource: Resource) -> str | None:
        """`model.column`, or the model alone; None for a test that is a file of its own."""
        on = resource.attached or next(iter(resource.depends_on), None) if resource.test else None
        if on is None:
            return None
        name = self.ids.get(on) or on.split(".", 2)[2]
        column = resource.column or (resource.test.arguments.get("column_name") if resource.test else None)
        return f"{name}.{column}" if column else name

    def _measures(self, tested: list[_Tested]) -> Iterator[Measure]:
        rows: dict[tuple[str, str], tuple[int, str]] = {}
        for one in tested:
            test = one.resource.test
            called = test.name if test else None
            subject = f"{one.subject}:{called}" if called else one.node_id
            named = [("failing_rows", subject)]
            expectation = _EXPECTATIONS.get(called or "") or (
                called if (called or "").startswith("expect_") else None
            )
            if expectation:
                named.append(("unexpected_values", f"{one.subject}:{expectation}"))
            for key in named:
                # Several tests may say the same of one column, each of other rows: the worst counts.
                rows[key] = max(rows.get(key, (0, one.chunk_id)), (one.rows_failing, one.chunk_id))
        for (name, subject), (value, chunk_id) in rows.items():
            yield self._measure(name, subject, value, "rows", chunk_id)
        for name, status in (("failed_tests", "fail"), ("warning_tests", "warn")):
            count = sum(one.result.status == status for one in tested)
            yield self._measure(name, self.project, count, "tests", self.record.chunk_id)
        yield self._measure("tests_run", self.project, len(tested), "tests", self.record.chunk_id)

    def _measure(self, name: str, subject: str, value: float, unit: str, chunk_id: str) -> Measure:
        side = "base" if self.record.side == "base" else "head"
        return Measure(name=name, subject=subject, value=value, unit=unit, side=side, chunk_id=chunk_id)
