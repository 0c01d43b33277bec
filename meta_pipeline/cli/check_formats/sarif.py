"""The verdict as SARIF 2.1.0, which code scanning of GitHub and many editors read."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from importlib.metadata import version
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from meta_pipeline.cli.check_formats.escaping import visible
from meta_pipeline.cli.check_formats.judged import WEIGHTS, Judged
from meta_pipeline.cli.output import Exit
from meta_pipeline.delivery.model import digest
from meta_pipeline.policy import POLICY_FILE

if TYPE_CHECKING:
    from meta_pipeline.cli.judged_documents import FindingDocument
    from meta_pipeline.gates.gate import Gate

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LONGEST_MESSAGE = 1_000
Sarif = dict[str, Any]


def log(judged: Judged, gates: "Iterable[Gate]", status: Exit) -> str:
    """The log of one run: every gate that was asked is a rule, every finding of one that did not pass a result."""
    document = judged.document
    asked = {gate.id for gate in document.gates}
    rules = [_rule(gate) for gate in gates if gate.id in asked]
    index = {rule["id"]: number for number, rule in enumerate(rules)}
    silent = [gate for gate in document.gates if gate.outcome == "could_not_run"]
    return _written(
        rules=rules,
        invocation={
            "executionSuccessful": not silent,
            "exitCode": int(status),
            "exitCodeDescription": document.verdict,
            "toolExecutionNotifications": [
                *(_notification("error", gate.reason, index.get(gate.id), gate.id) for gate in silent),
                *(_notification("note", note) for note in document.notes),
            ],
        },
        results=list(_results(judged, index)),
        level=document.level,
        properties={"base": document.base, "head": document.head, "verdict": document.verdict},
    )


def error(message: str, status: Exit) -> str:
    """The log of a run that came to no verdict."""
    return _written(
        rules=[],
        invocation={
            "executionSuccessful": False,
            "exitCode": int(status),
            "toolConfigurationNotifications": [_notification("error", message)],
        },
        results=[],
        level="none",
        properties={},
    )


def _written(
    *, rules: list[Sarif], invocation: Sarif, results: list[Sarif], level: str, properties: Sarif
) -> str:
    driver = {"name": "meta-pipeline", "version": version("meta-pipeline"), "rules": rules}
    run = {
        "tool": {"driver": driver},
        "automationDetails": {"id": f"meta-pipeline/{level}/"},  # GitHub keeps the two levels apart by it
        "columnKind": "unicodeCodePoints",
        "invocations": [invocation],
        "results": results,
        "properties": properties,
    }
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _rule(gate: "Gate") -> Sarif:
    paragraphs = gate.rationale.split("\n\n")
    return {
        "id": gate.id,
        "name": gate.name,
        "shortDescription": {"text": " ".join(paragraphs[0].split())},
        "fullDescription": {"text": gate.rationale[:_LONGEST_MESSAGE]},
        "help": {
            "text": f"{gate.rationale}\n\nIts examples: meta-pipeline gates {gate.id}",
            "markdown": f"{gate.rationale}\n\nIts examples: `meta-pipeline gates {gate.id}`",
        },
        "defaultConfiguration": {"level": WEIGHTS[gate.default]},
        "properties": {"tags": ["pipelines", gate.stage]},
    }


def _results(judged: Judged, index: dict[str, int]) -> Iterator[Sarif]:
    met: Counter[str] = Counter()
    for told in (*judged.findings(), *judged.waived()):
        gate, finding = told.gate, told.finding
        if finding is None and gate.outcome == "could_not_run":
            continue  # it found nothing, and a notification says why
        message = gate.reason if finding is None else finding.message
        mend = "" if finding is None else f"\nMend: {finding.fix}"
        # Lines move with every edit above them; the same finding twice in a file is told apart by its turn.
        known = digest([gate.id, finding and finding.path, message])
        met[known] += 1
        yield {
            "ruleId": gate.id,
            **({"ruleIndex": index[gate.id]} if gate.id in index else {}),
            "level": told.weight,
            "message": {"text": visible(f"{message}{mend}", lines=True)},
            "locations": [_location(finding)],
            "partialFingerprints": {
                "metaPipelineFinding/v1": f"{known.removeprefix('sha256:')}:{met[known]}"
            },
            **_suppressed(finding),
            "properties": {"outcome": told.outcome},
        }


def _suppressed(finding: "FindingDocument | None") -> Sarif:
    """A waiver in SARIF's words: it stands in a file of its own, and a person who may has signed it."""
    if finding is None or finding.waived is None:
        return {}
    waived = finding.waived
    justification = visible(f"{waived.why} (by {waived.by} until {waived.until}, {waived.file})", lines=True)
    return {"suppressions": [{"kind": "external", "status": "accepted", "justification": justification}]}


def _location(finding: "FindingDocument | None") -> Sarif:
    """GitHub wants a place of each result: what concerns no one file is told at the policy's."""
    path = POLICY_FILE if finding is None or finding.path is None else finding.path
    line = finding.line if finding is not None and finding.path is not None else None
    return {
        "physicalLocation": {
            "artifactLocation": {"uri": quote(path), "uriBaseId": "%SRCROOT%"},
            "region": {"startLine": max(line or 1, 1)},
        }
    }


def _notification(level: str, message: str, rule: int | None = None, gate: str | None = None) -> Sarif:
    associated = (
        {} if gate is None else {"associatedRule": {"id": gate} | ({} if rule is None else {"index": rule})}
    )
    return {"level": level, "message": {"text": visible(message, lines=True)}, **associated}
