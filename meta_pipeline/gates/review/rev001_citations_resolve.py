"""REV001: what the review packet claims can be looked up."""

from collections.abc import Iterator
from typing import ClassVar

from meta_pipeline.delivery.change import Change
from meta_pipeline.delivery.citations import chunks_cited, cite_chunk, cite_file, files_cited
from meta_pipeline.delivery.stages import StageId
from meta_pipeline.gates import specimens
from meta_pipeline.gates.case import Case, Packet
from meta_pipeline.gates.gate import Example, Gate, Opinion
from meta_pipeline.gates.weighing import Weighed, weigh, weighed
from meta_pipeline.policy import Policy


class CitationsResolve(Gate):
    """The packet cites every changed file and every command, and each citation leads to what it names.

    A reviewer signs what the packet shows. A changed file that it leaves out is signed unseen, and a
    citation that leads nowhere is a claim without proof.
    """

    id: ClassVar[str] = "REV001"
    name: ClassVar[str] = "citations-resolve"
    stage: ClassVar[StageId] = "review"
    subject: ClassVar[str] = "review_verdict"
    needs: ClassVar[tuple[str, ...]] = ("packet", "change")
    may_be_waived: ClassVar[bool] = False

    def judge(self, case: Case) -> Opinion:
        assert case.packet is not None
        assert case.change is not None
        files, chunks = files_cited(case.packet.markdown), chunks_cited(case.packet.markdown)
        found = [
            *_unproved_files(case.change, files),
            *_unproved_chunks(case.packet, chunks),
        ]
        clean = f"{len(files)} file(s) and {len(chunks)} stored fact(s) are cited, and each is there"
        return weigh(self, found, clean, evidence=sorted(case.packet.known_chunks & set(chunks)))

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        known = "0123456789ab"
        file, chunk = cite_file(specimens.DAG_FILE), cite_chunk(known)
        return (
            Example(
                "file and command are cited", _case(f"{file} retries; {chunk} shows it.", known), "passed"
            ),
            Example(
                "a file that did not change may be cited",
                _case(f"{file}, as F:README.md says. {chunk}", known),
                "passed",
            ),
            Example(
                "the changed file is not cited", _case(f"Only {chunk}.", known), "failed", "is not cited"
            ),
            Example("the command is not cited", _case(f"Only {file}.", known), "failed", known),
            Example(
                "a file that is nowhere",
                _case(f"{file} {chunk} F:dags/none.py", known),
                "failed",
                "dags/none.py",
            ),
            Example(
                "a fact that nobody stored",
                _case(f"{file} {chunk} {cite_chunk('ffffffffffff')}", known),
                "failed",
                "ffffffffffff",
            ),
        )


def _case(markdown: str, known: str) -> Case:
    readme = {"README.md": "# Sales\n"}
    change = specimens.change(readme, readme | {specimens.DAG_FILE: "x = 1\n"})
    return Case(Policy(), change=change, packet=Packet(markdown, frozenset({known}), frozenset({known})))


def _unproved_files(change: Change, cited: tuple[str, ...]) -> Iterator[Weighed]:
    changed = [file.path for file in change.files]
    for path in changed:
        if path not in cited:
            yield weighed(
                "failed",
                f"the changed file {path} is not cited",
                f"say what changed in {cite_file(path)}",
                path=path,
            )
    there = change.base.entries().keys() | change.head.entries().keys()
    for path in cited:
        if path not in there:
            yield weighed(
                "failed",
                f"the packet cites F:{path}, which is neither in base nor in head",
                "cite a file that is there",
            )


def _unproved_chunks(packet: Packet, cited: tuple[str, ...]) -> Iterator[Weighed]:
    for chunk in sorted(packet.must_cite_chunks - set(cited)):
        yield weighed(
            "failed",
            f"the fact {chunk} belongs to the proof and is not cited",
            f"say what {cite_chunk(chunk)} shows",
        )
    for chunk in cited:
        if chunk not in packet.known_chunks:
            yield weighed(
                "failed",
                f"the packet cites chunk_id {chunk}, which nobody stored",
                "cite a fact of this delivery",
            )
