"""The pages of docs/gates/: one a gate, written from its class and its examples, and their list."""

from collections.abc import Iterator, Mapping

from meta_pipeline.delivery.judgement import Finding, GateResult
from meta_pipeline.delivery.stages import STAGES, StageId
from meta_pipeline.gates.gate import Catalogue, Example, Gate, judge
from meta_pipeline.gates.lacking import MISSING

_LONGEST = 240

_HEAD = """# The gates

Written by `make docs` from the gates themselves; change the class, not these pages.

Every stage of a delivery ends at a border that these gates hold shut. `meta-pipeline check` judges any two commits by
those that need no delivery, and `meta-pipeline gates CHG004` prints one of them in the terminal. Gates of
[other packages](../operators/gates.md#write-a-gate-of-your-own) stand beside these.

A gate comes to one outcome, that of its heaviest finding:

| outcome | what it means | what it does |
|---|---|---|
| `passed` | it looked and found nothing that counts | |
| `not_applicable` | there is nothing here that it speaks about | |
| `warned` | something to know | informs |
| `needs_approval` | a named person must agree to this very finding | the delivery waits; `check` exits with 3 |
| `failed` | a finding that must be mended | the delivery is blocked; `check` exits with 1 |
| `could_not_run` | it gave no answer, which is never a pass | the delivery is blocked; `check` exits with 4 |

The tables give the outcome of a finding unless the gate says otherwise. [The policy has the last
word](../operators/gates.md), by gate, path and pipeline, and a signed waiver excepts findings for a time, except where
the last column says that nothing makes a finding milder.
"""


def gate_pages(gates: Catalogue) -> Mapping[str, str]:
    """Every page by its path under docs/."""
    return {
        "gates/README.md": "\n".join(
            [_HEAD, *(_stage(stage, found) for stage in STAGES if (found := gates.of_stage(stage)))]
        ),
        **{f"gates/{_page(gate)}": _gate(gate) for gate in gates.gates.values()},
    }


def _page(gate: Gate) -> str:
    return f"{gate.id}-{gate.name}.md"


def _stage(stage: StageId, gates: tuple[Gate, ...]) -> str:
    rows = [
        f"| [{gate.id} {gate.name}]({_page(gate)}) | `{gate.default}` | {_in_a_table(_demand(gate))} "
        f"| {'yes' if gate.may_be_waived else 'no'} |"
        for gate in gates
    ]
    head = ["| gate | a finding is | demands | may be milder |", "|---|---|---|---|"]
    return "\n".join([f"## {stage.capitalize()}", "", *head, *rows, ""])


def _demand(gate: Gate) -> str:
    """The first paragraph of the gate's rationale."""
    return gate.rationale.split("\n\n")[0]


def _gate(gate: Gate) -> str:
    judged = [(example, judge(gate, example.case)) for example in gate.examples()]
    rows = [
        f"| {_in_a_table(example.title)} | `{result.outcome}` | {_in_a_table(_says(result))} |"
        for example, result in judged
    ]
    milder = (
        "A policy or a signed waiver may make a finding milder."
        if gate.may_be_waived
        else "Nothing makes a finding milder: neither a policy nor a waiver."
    )
    return "\n".join(
        [
            f"# {gate.id} {gate.name}",
            "",
            gate.rationale,
            "",
            f"It belongs to the {gate.stage} stage and is shown on `{gate.subject}`.",
            f"A finding is `{gate.default}` unless the gate says otherwise. {milder}",
            "",
            *_needs(gate),
            *_in_full(judged),
            "## Examples",
            "",
            "They are its tests.",
            "",
            "| example | outcome | what it says |",
            "|---|---|---|",
            *rows,
            "",
            "[All gates](README.md)",
            "",
        ]
    )


def _needs(gate: Gate) -> Iterator[str]:
    if gate.needs:
        lacks = " or ".join(dict.fromkeys(MISSING[part] for part in gate.needs))
        yield f"It does not apply where {lacks}."
        yield ""
    if gate.catches:
        caught = ", ".join(f"`{fault}`" for fault in gate.catches)
        yield f"It must catch these faults of [the laboratory](../gate-lab-submit.md): {caught}."
        yield ""


def _in_full(judged: list[tuple[Example, GateResult]]) -> Iterator[str]:
    """The first finding of the heaviest kind, with all that it says."""
    for wanted in ("failed", "needs_approval", "warned"):
        for example, result in judged:
            if result.outcome == wanted and result.findings:
                yield from _finding(example, result.findings[0])
                return


def _finding(example: Example, finding: Finding) -> Iterator[str]:
    where = f"{finding.path}:{finding.line}" if finding.path and finding.line else finding.path
    yield "## A finding"
    yield ""
    yield f'Of the example "{example.title}":'
    yield ""
    yield "| | |"
    yield "|---|---|"
    if where:
        yield f"| where | `{where}` |"
    if finding.pipelines:
        yield f"| pipeline | `{', '.join(finding.pipelines)}` |"
    yield f"| what | {_in_a_table(finding.message)} |"
    yield f"| mend | {_in_a_table(finding.fix)} |"
    yield f"| outcome | `{finding.outcome}` |"
    yield ""


def _says(result: GateResult) -> str:
    said = " ".join(result.reason.split())
    return said if len(said) <= _LONGEST else f"{said[: _LONGEST - 3].rsplit(' ', 1)[0]} ..."


def _in_a_table(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")
