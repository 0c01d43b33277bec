"""Verdicts made by hand, with what a hostile change would have in its names and messages."""

from meta_pipeline.cli.check_formats.judged import Judged
from meta_pipeline.cli.judged_documents import CheckDocument, FindingDocument, GateDocument, WaivedDocument
from meta_pipeline.delivery.judgement import Decision, Outcome

HOSTILE_PATH = "dags/a|b`c\n::error::x,y:%0A<img src=x>\x1b[31m\u202e.py"
HOSTILE_MESSAGE = (
    "pipeline `x|y` </details><script>alert(1)</script>\n::warning::forged\r\n# Approved\n"
    "[click](https://example.com) @example-user #12 ![i](http://example.com/i.png) \x1b[2J *b* __b__ $x$ 100%"
)


def finding(
    path: str | None = "dags/a.py", line: int | None = 3, message: str = "it is removed"
) -> FindingDocument:
    return FindingDocument(path=path, line=line, message=message, fix="keep it")


def gate(id_: str, outcome: Outcome, *findings: FindingDocument, reason: str = "because") -> GateDocument:
    return GateDocument(
        id=id_,
        name="destructive-change",
        stage="implementation",
        outcome=outcome,
        reason=reason,
        seconds=0.1,
        findings=findings,
    )


def judged(verdict: Decision, *gates: GateDocument, gone: str = "", notes: tuple[str, ...] = ()) -> Judged:
    document = CheckDocument(
        verdict=verdict, base="b" * 40, head="a" * 40, level="static", notes=notes, gates=gates
    )
    return Judged(document, "mend what failed", frozenset({gone} if gone else ()))


def waived(found: FindingDocument) -> FindingDocument:
    by = WaivedDocument(by="owner@example.com", why="agreed", until="2026-12-31", file="waivers/1.yaml")
    return found.model_copy(update={"waived": by, "outcome": "failed"})
