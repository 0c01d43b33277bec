"""Write the generated pages of docs/: the gate catalogue, and the JSON Schemas of what people write and of what
commands print under `--json`.

usage: python -m scripts.generate_docs
"""

import json
from collections.abc import Collection, Mapping
from pathlib import Path

from pydantic import BaseModel

from meta_pipeline.cli import documents
from meta_pipeline.cli.judged_documents import CheckDocument
from meta_pipeline.cli.topology_documents import TopologyDiffDocument
from meta_pipeline.delivery.topology import TopologyDocument
from meta_pipeline.gates.catalogue import own_gates
from meta_pipeline.gates.gate import Catalogue
from meta_pipeline.policy import Policy
from meta_pipeline.settings import Settings
from scripts.gate_pages import gate_pages

DOCS = Path(__file__).parent.parent / "docs"

DOCUMENTS: Mapping[str, type[BaseModel]] = {
    "check": CheckDocument,
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


def pages(gates: Catalogue) -> Mapping[str, str]:
    """Every generated page: its path under docs/ and its text."""
    return {
        **gate_pages(gates),
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


def _schema(schema: Mapping[str, object], title: str) -> str:
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    return json.dumps(head | dict(schema) | {"title": title}, indent=2, sort_keys=True) + "\n"


def left_over(names: Collection[str]) -> list[Path]:
    """The files in folders of generated pages that are none of the pages `names`: of a gate that is gone, say."""
    folders = {(DOCS / name).parent for name in names}
    return sorted(
        page for folder in folders for page in folder.glob("*") if str(page.relative_to(DOCS)) not in names
    )


def main() -> None:
    made = pages(own_gates())
    for name, text in made.items():
        page = DOCS / name
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(text, encoding="utf-8")
    for page in left_over(made):
        page.unlink()
        print(f"removed docs/{page.relative_to(DOCS)}")
    print(f"wrote {len(made)} pages of docs/")


if __name__ == "__main__":
    main()
