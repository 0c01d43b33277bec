"""Write the generated pages of docs/: the gate catalogue, and the JSON Schemas of what people write and of what
commands print under `--json`.

usage: python -m scripts.generate_docs
"""

import json
from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel

from meta_pipeline.cli import documents
from meta_pipeline.cli.topology_documents import TopologyDiffDocument
from meta_pipeline.delivery.stages import STAGES
from meta_pipeline.delivery.topology import TopologyDocument
from meta_pipeline.gates.catalogue import own_gates
from meta_pipeline.gates.gate import Catalogue, Gate
from meta_pipeline.policy import Policy
from meta_pipeline.settings import Settings

DOCS = Path(__file__).parent.parent / "docs"

DOCUMENTS: Mapping[str, type[BaseModel]] = {
    "check": documents.CheckDocument,
    "deliver": documents.DeliveryDocument,
    "decide": documents.DoneDocument,
    "doctor": documents.DoctorDocument,
    "error": documents.ErrorDocument,
    "gates": documents.GatesDocument,
    "init": documents.InitDocument,
    "status": documents.StatusDocument,
    "topology": TopologyDocument,
    "topology-diff": TopologyDiffDocument,
    "waive": documents.WaiveDocument,
}
"""What commands print under `--json`: `deliver` also for one delivery's `status`, `decide` for a person's decisions."""

_HEAD = """# The gates

Written by `make docs` from the gates themselves; change the class, not this page.

Every stage of a delivery ends at a border that these gates hold shut. `meta-pipeline check` judges any two commits by
those that need no delivery, and `meta-pipeline gates CHG004` prints one of them in the terminal.

A gate comes to one outcome:

| outcome | what it means | what it does |
|---|---|---|
| `passed` | it looked and found nothing | |
| `not_applicable` | there is nothing here that it speaks about | |
| `warned` | something to know | informs |
| `needs_approval` | a named person must agree to this very finding | the delivery waits; `check` exits with 3 |
| `failed` | a finding that must be mended | the delivery is blocked; `check` exits with 1 |
| `could_not_run` | its tool gave no answer, which is never a pass | the delivery is blocked; `check` exits with 4 |

The table gives the outcome of a finding unless the gate says otherwise. The policy has the last word, by gate, path and
pipeline (`gates` in `.meta-pipeline.yaml`). The examples are the gate's tests.
"""


def pages(gates: Catalogue) -> Mapping[str, str]:
    """Every generated page: its path under docs/ and its text."""
    return {
        "gates.md": "\n".join(
            [_HEAD, _overview(gates), *(_stage(stage, gates.of_stage(stage)) for stage in STAGES)]
        ),
        "schemas/policy.json": _schema(
            Policy.model_json_schema(), "The policy of a target, .meta-pipeline.yaml"
        ),
        "schemas/settings.json": _schema(
            Settings.model_json_schema(), "The operator's settings, settings.yaml"
        ),
        **{
            f"schemas/{name}.json": _schema(
                document.model_json_schema(mode="serialization"), f"{name} --json"
            )
            for name, document in DOCUMENTS.items()
        },
    }


def _overview(gates: Catalogue) -> str:
    rows = [
        f"| [{gate.id} {gate.name}](#{gate.id.lower()}-{gate.name}) | {stage} | `{gate.default}` | {_demand(gate)} |"
        for stage in STAGES
        for gate in gates.of_stage(stage)
    ]
    return "\n".join(["| gate | stage | a finding is | demands |", "|---|---|---|---|", *rows, ""])


def _demand(gate: Gate) -> str:
    """The first paragraph of the gate's rationale, on one line of a table."""
    return " ".join(gate.rationale.split("\n\n")[0].split()).replace("|", "\\|")


def _stage(stage: str, gates: tuple[Gate, ...]) -> str:
    return "\n".join([f"## {stage.capitalize()}", "", *(_gate(gate) for gate in gates)])


def _gate(gate: Gate) -> str:
    examples = [f"| {example.title} | `{example.outcome}` |" for example in gate.examples()]
    return "\n".join(
        [
            f"### {gate.id} {gate.name}",
            "",
            gate.rationale,
            "",
            f"Looks at `{gate.subject}`; a finding is `{gate.default}`.",
            "",
            "| example | outcome |",
            "|---|---|",
            *examples,
            "",
        ]
    )


def _schema(schema: Mapping[str, object], title: str) -> str:
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    return json.dumps(head | dict(schema) | {"title": title}, indent=2, sort_keys=True) + "\n"


def main() -> None:
    for name, text in pages(own_gates()).items():
        page = DOCS / name
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(text, encoding="utf-8")
        print(f"wrote docs/{name}")


if __name__ == "__main__":
    main()
