"""REV005: the documents that people work by say what is true after the change."""

import re
from collections.abc import Iterator
from typing import ClassVar

from meta_pipeline.delivery.change import Change
from meta_pipeline.delivery.differences.difference import Difference
from meta_pipeline.delivery.file_kinds import is_document, is_test
from meta_pipeline.delivery.judgement import Finding
from meta_pipeline.delivery.stages import StageId
from meta_pipeline.delivery.topology import pipelines_of
from meta_pipeline.delivery.tree import text_of
from meta_pipeline.gates import specimens
from meta_pipeline.gates.case import Case
from meta_pipeline.gates.gate import Example, Gate, Opinion, Strength
from meta_pipeline.gates.weighing import summary
from meta_pipeline.policy import Policy

_WORKED_BY = ("runbook", "readme")


class DocumentsUpdated(Gate):
    """Where the policy names a change log, a runbook or a README, they keep up with the change.

    The change log has an entry for every change that runs. Neither runbook nor README speaks of a pipeline or task that
    is gone or has another name. A new pipeline stands in the runbook where the others do: at night people search it for
    the name in the alert.
    """

    id: ClassVar[str] = "REV005"
    name: ClassVar[str] = "documents-updated"
    stage: ClassVar[StageId] = "review"
    subject: ClassVar[str] = "review_verdict"
    default: ClassVar[Strength] = "needs_approval"
    needs: ClassVar[tuple[str, ...]] = ("change", "packet")

    def judge(self, case: Case) -> Opinion:
        assert case.change is not None
        named = {
            what: path
            for what, path in case.policy.references.items()
            if what in ("changelog", *_WORKED_BY) and case.change.base.read(path) is not None
        }
        if not named:
            return self.not_applicable("the policy names no change log, runbook or README of this repository")
        findings = [*_unlogged(case.change, named.get("changelog")), *_stale(case.change, named)]
        if findings:
            return self.found(summary(findings), findings)
        return self.passed(f"{', '.join(sorted(named.values()))} are up to date")

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        documents = {"CHANGELOG.md": "# Changes\n", "runbook.md": "`sales_daily`: call sales-data.\n"}
        policy = Policy(references={"changelog": "CHANGELOG.md", "runbook": "runbook.md"})
        logged = {**documents, "CHANGELOG.md": "# Changes\n- The load retries.\n"}
        old, new = specimens.pipeline(), specimens.pipeline(id="sales_hourly")
        code = {specimens.DAG_FILE: "retries = 2\n"}

        def case(change: Change, given: Policy = policy) -> Case:
            packet = specimens.packet()
            return Case(given, change=change, packet=packet)

        def changed(after: dict[str, str], **topologies: object) -> Change:
            return specimens.change(documents, {**after, **code}, **topologies)  # type: ignore[arg-type]

        return (
            Example("an entry in the change log", case(changed(logged, base=(old,), head=(old,))), "passed"),
            Example("only a document changes", case(specimens.change(documents, logged)), "passed"),
            Example("the policy names none", case(changed(documents), Policy()), "not_applicable"),
            Example("no entry in the change log", case(changed(documents)), "needs_approval", "CHANGELOG.md"),
            Example(
                "the runbook speaks of a DAG that has another name",
                case(changed(logged, base=(old,), head=(new,))),
                "needs_approval",
                "runbook.md",
            ),
            Example(
                "a new DAG that the runbook does not name",
                case(changed(logged, base=(old,), head=(old, new))),
                "needs_approval",
                "sales_hourly",
            ),
        )


def _unlogged(change: Change, log: str | None) -> Iterator[Finding]:
    touched = [file.path for file in change.files]
    runs = [path for path in touched if not is_document(path) and not is_test(path)]
    if log is not None and runs and log not in touched:
        yield Finding(
            path=log,
            line=None,
            message=f"{log} has no entry for this change of {runs[0]}"
            + (f" and {len(runs) - 1} more files." if len(runs) > 1 else "."),
            fix="Add a line that says what changes for whoever uses the pipelines, or approve that none is needed.",
        )


def _stale(change: Change, named: dict[str, str]) -> Iterator[Finding]:
    gone = [
        d
        for d in change.differences
        if d.change in ("removed", "renamed") and d.level in ("pipeline", "node")
    ]
    for what in _WORKED_BY:
        if what not in named:
            continue
        path, text = named[what], text_of(change.head, named[what]) or ""
        for difference in gone:
            line = _line_of(difference.node or difference.pipeline, text)
            if line is not None and not _is_still_there(difference, change):
                yield Finding(
                    path=path,
                    line=line,
                    message=f"{path} still speaks of {difference.node or difference.pipeline}: {difference.sentence}.",
                    fix="Say what holds now, or take it out.",
                )
    if "runbook" in named:
        yield from _unknown_to(named["runbook"], change)


def _is_still_there(difference: Difference, change: Change) -> bool:
    """Another pipeline may have a task of that name."""
    name = difference.node or difference.pipeline
    after = pipelines_of(change.head_topologies)
    return name in after or any(pipeline.node(name) for pipeline in after.values())


def _unknown_to(runbook: str, change: Change) -> Iterator[Finding]:
    text = text_of(change.head, runbook) or ""
    before, after = pipelines_of(change.base_topologies), pipelines_of(change.head_topologies)
    listed = [name for name in before if _line_of(name, text) is not None]
    if 2 * len(listed) < len(before) or not before:
        return
    for name in sorted(after.keys() - before.keys()):
        if _line_of(name, text) is None:
            yield Finding(
                path=after[name].path,
                line=after[name].line,
                message=f"{runbook} names the other pipelines and not the new {name}.",
                fix=f"Say in {runbook} what to do when {name} fails, and who is to be called.",
            )


def _line_of(name: str, text: str) -> int | None:
    match = re.search(rf"(?<![\w.-]){re.escape(name)}(?![\w-])", text)
    return text.count("\n", 0, match.start()) + 1 if match else None
