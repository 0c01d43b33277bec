"""What a stack said of a case: which gates stopped it, and at which lines."""

import json
from collections.abc import Iterable, Iterator
from typing import Any, Literal

from meta_pipeline.delivery.model import Frozen
from meta_pipeline.lab.mutation import Place

_STOPPING = ("failed", "needs_approval", "could_not_run")
_STOPPING_LEVELS = ("error", "warning")


class Pointed(Frozen):
    """One finding of a gate that stops: where, and what it says."""

    gate: str
    path: str | None
    line: int | None
    message: str = ""

    def names(self, place: Place) -> bool:
        """Whether it names a line of the place; a finding of many lines names its first."""
        return self.path == place.path and self.line is not None and place.first <= self.line <= place.last


class Answer(Frozen):
    """What came out of one case with one stack.

    `unable` is what a stack says where it cannot judge the case, `broke` an exit status that it does not declare, or no
    answer in time; `said` then tells why. `gates` are those that stopped the change, or could not judge it; `notes`
    what the stack says of itself, such as what it could not look at.
    """

    case: str
    stack: str
    outcome: Literal["passed", "stopped", "unable", "broke"]
    exit: int | None
    seconds: float
    gates: tuple[str, ...] = ()
    findings: tuple[Pointed, ...] = ()
    notes: tuple[str, ...] = ()
    said: str = ""

    def points_at(self, places: Iterable[Place]) -> bool:
        """Whether a finding of a gate that stops names one of these lines."""
        return any(finding.names(place) for finding in self.findings for place in places)


class UnreadableOutputError(ValueError):
    """The output is not what the stack declares; the text says why."""


def read_output(
    output: bytes, form: Literal["check", "sarif", "none"]
) -> tuple[tuple[Pointed, ...], tuple[str, ...]]:
    """The findings of the gates that stop, and the stack's notes; raises `UnreadableOutputError`."""
    if form == "none":
        return (), ()
    try:
        document = json.loads(output)
        if form == "check":
            return tuple(_of_check(document)), ()
        return tuple(_of_sarif(document)), tuple(_notes(document))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UnreadableOutputError(
            f"its standard output is no {'check document' if form == 'check' else 'SARIF 2.1.0'} ({error})"
        ) from error


def _of_check(document: Any) -> Iterator[Pointed]:
    for gate in document["gates"]:
        if gate["outcome"] not in _STOPPING:
            continue
        if not gate["findings"]:
            yield Pointed(gate=gate["id"], path=None, line=None, message=gate["reason"])
        for finding in gate["findings"]:
            yield Pointed(
                gate=gate["id"], path=finding["path"], line=finding["line"], message=finding["message"]
            )


def _of_sarif(document: Any) -> Iterator[Pointed]:
    """Results of the levels error and warning, which is the default; notes stop nothing."""
    for run in document["runs"]:
        for result in run.get("results", ()):
            if result.get("level", "warning") not in _STOPPING_LEVELS:
                continue
            place = (result.get("locations") or [{}])[0].get("physicalLocation", {})
            uri = place.get("artifactLocation", {}).get("uri")
            yield Pointed(
                gate=str(result.get("ruleId") or run["tool"]["driver"]["name"]),
                path=uri.removeprefix("./") if uri else None,
                line=place.get("region", {}).get("startLine"),
                message=str(result["message"].get("text", "")),
            )


def _notes(document: Any) -> Iterator[str]:
    for run in document["runs"]:
        for invocation in run.get("invocations", ()):
            for told in invocation.get("toolExecutionNotifications", ()):
                yield str(told["message"].get("text", ""))
