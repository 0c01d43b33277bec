"""The log as SARIF 2.1.0 asks. No package ships its schema, so the part that we write is spelled out here."""

import json
from typing import Any

import jsonschema

from meta_pipeline.cli.check_formats import sarif
from meta_pipeline.cli.check_formats.judged import Judged
from meta_pipeline.cli.output import Exit
from meta_pipeline.gates.catalogue import catalogue
from tests.cli.check_formats.made import HOSTILE_MESSAGE, HOSTILE_PATH, finding, gate, judged, waived


def _object(required: str, **properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "required": required.split(),
        "properties": properties,
        "additionalProperties": False,
    }


def _list(items: Any) -> dict[str, Any]:
    return {"type": "array", "items": items}


TEXT: dict[str, Any] = {"type": "string", "minLength": 1}
LEVEL = {"enum": ["none", "note", "warning", "error"]}
MESSAGE = _object("text", text=TEXT, markdown=TEXT)
INDEX = {"type": "integer", "minimum": 0}
BAG = {"type": "object"}
NOTIFICATION = _object(
    "message", message=MESSAGE, level=LEVEL, associatedRule=_object("id", id=TEXT, index=INDEX)
)
RULE = _object(
    "id",
    id=TEXT,
    name=TEXT,
    shortDescription=MESSAGE,
    fullDescription=MESSAGE,
    help=MESSAGE,
    defaultConfiguration=_object("", level=LEVEL),
    properties=BAG,
)
PLACE = _object(
    "artifactLocation region",
    artifactLocation=_object(
        "uri uriBaseId", uri={"pattern": r"^([A-Za-z0-9._~/-]|%[0-9A-F]{2})+$"}, uriBaseId=TEXT
    ),
    region=_object("startLine", startLine={"type": "integer", "minimum": 1}),
)
RESULT = _object(
    "message ruleId locations partialFingerprints",
    ruleId=TEXT,
    ruleIndex=INDEX,
    level=LEVEL,
    message=MESSAGE,
    locations={**_list(_object("physicalLocation", physicalLocation=PLACE)), "minItems": 1},
    partialFingerprints={"type": "object", "additionalProperties": TEXT},
    suppressions=_list(
        _object(
            "kind",
            kind={"enum": ["inSource", "external"]},
            status={"enum": ["accepted", "underReview", "rejected"]},
            justification=TEXT,
        )
    ),
    properties=BAG,
)
RUN = _object(
    "tool results invocations",
    tool=_object("driver", driver=_object("name version rules", name=TEXT, version=TEXT, rules=_list(RULE))),
    automationDetails=_object("id", id=TEXT),
    columnKind={"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
    invocations=_list(
        _object(
            "executionSuccessful",
            executionSuccessful={"type": "boolean"},
            exitCode={"type": "integer"},
            exitCodeDescription=TEXT,
            toolExecutionNotifications=_list(NOTIFICATION),
            toolConfigurationNotifications=_list(NOTIFICATION),
        )
    ),
    results=_list(RESULT),
    properties=BAG,
)
LOG = _object("version runs", **{"$schema": TEXT, "version": {"const": "2.1.0"}, "runs": _list(RUN)})


def run_of(text: str) -> dict[str, Any]:
    log = json.loads(text)
    jsonschema.validate(log, LOG)
    (run,) = log["runs"]
    assert isinstance(run, dict)
    return run


def logged(found: Judged, status: Exit = Exit.BLOCKED) -> dict[str, Any]:
    return run_of(sarif.log(found, catalogue().gates.values(), status))


def test_every_gate_that_was_asked_is_a_rule_with_its_rationale() -> None:
    asked = [gate(id_, "passed") for id_ in catalogue().gates]
    rules = logged(judged("pass", *asked), Exit.PASS)["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == list(catalogue().gates)
    (rule,) = [rule for rule in rules if rule["id"] == "CHG004"]
    assert rule["help"]["text"].startswith(catalogue().gates["CHG004"].rationale)
    assert "\n" not in rule["shortDescription"]["text"]
    assert rule["defaultConfiguration"] == {"level": "error"}
    assert [each["id"] for each in logged(judged("pass", asked[0]))["tool"]["driver"]["rules"]] == ["CHG001"]


def test_a_result_has_its_level_its_place_and_its_rule() -> None:
    run = logged(
        judged(
            "blocked",
            gate("CHG004", "failed", finding(), finding(path=None, line=None)),
            gate("CHG005", "needs_approval", finding(line=None)),
            gate("CHG006", "warned", reason="only told"),
            gate("CHG001", "passed"),
        )
    )
    rules = run["tool"]["driver"]["rules"]
    told = [
        (
            rules[result["ruleIndex"]]["id"],
            result["level"],
            result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"],
            result["locations"][0]["physicalLocation"]["region"]["startLine"],
            result["message"]["text"],
        )
        for result in run["results"]
    ]
    assert told == [
        ("CHG004", "error", "dags/a.py", 3, "it is removed\nMend: keep it"),
        ("CHG004", "error", ".meta-pipeline.yaml", 1, "it is removed\nMend: keep it"),
        ("CHG005", "warning", "dags/a.py", 1, "it is removed\nMend: keep it"),
        ("CHG006", "note", ".meta-pipeline.yaml", 1, "only told"),
    ]
    assert run["properties"] == {"base": "b" * 40, "head": "a" * 40, "verdict": "blocked"}
    assert run["invocations"][0]["exitCode"] == 1


def test_a_fingerprint_outlives_moved_lines_and_tells_twins_apart() -> None:
    def fingerprints(*lines: int) -> list[str]:
        found = judged("blocked", gate("CHG004", "failed", *(finding(line=line) for line in lines)))
        return [
            result["partialFingerprints"]["metaPipelineFinding/v1"] for result in logged(found)["results"]
        ]

    assert fingerprints(3, 9) == fingerprints(13, 19)
    assert len(set(fingerprints(3, 9))) == 2


def test_a_gate_that_could_not_run_is_no_result_and_no_success() -> None:
    run = logged(
        judged("blocked", gate("CHG003", "could_not_run", reason="ruff is missing")), Exit.COULD_NOT_RUN
    )
    (invocation,) = run["invocations"]
    assert (run["results"], invocation["executionSuccessful"], invocation["exitCode"]) == ([], False, 4)
    (notification,) = invocation["toolExecutionNotifications"]
    assert (notification["associatedRule"]["id"], notification["message"]["text"]) == (
        "CHG003",
        "ruff is missing",
    )


def test_hostile_names_are_escaped() -> None:
    run = logged(
        judged("blocked", gate("CHG004", "failed", finding(path=HOSTILE_PATH, message=HOSTILE_MESSAGE)))
    )
    (result,) = run["results"]
    assert "\x1b" not in result["message"]["text"]


def test_an_error_is_a_run_that_failed() -> None:
    run = run_of(sarif.error("shop has no commit 'x'; name another.", Exit.USAGE))
    (invocation,) = run["invocations"]
    assert (run["results"], invocation["executionSuccessful"], invocation["exitCode"]) == ([], False, 2)
    assert invocation["toolConfigurationNotifications"][0]["message"]["text"].startswith("shop has no commit")


def test_a_waived_finding_is_a_suppressed_result() -> None:
    run = logged(judged("pass", gate("CHG004", "passed", waived(finding()))), Exit.PASS)
    (result,) = run["results"]
    assert (result["ruleId"], result["level"]) == ("CHG004", "error")
    (suppression,) = result["suppressions"]
    assert suppression["justification"] == "agreed (by owner@example.com until 2026-12-31, waivers/1.yaml)"


def test_each_finding_has_its_own_level() -> None:
    milder = finding().model_copy(update={"outcome": "warned"})
    results = logged(judged("blocked", gate("CHG004", "failed", finding(), milder)))["results"]
    assert [result["level"] for result in results] == ["error", "note"]
