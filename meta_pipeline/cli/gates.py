"""`gates`: the catalogue."""

from rich.table import Table

from meta_pipeline.cli.documents import GateListing, GatesDocument
from meta_pipeline.cli.output import STDOUT, print_document, shown
from meta_pipeline.gates.catalogue import catalogue


def gates(*, as_json: bool) -> None:
    """Print the catalogue."""
    listing = tuple(
        GateListing(
            id=gate.id,
            name=gate.name,
            stage=gate.stage,
            shown_on=gate.subject,
            default=gate.default,
            rationale=gate.rationale,
        )
        for gate in catalogue().gates.values()
    )
    if as_json:
        print_document(GatesDocument(gates=listing))
        return
    table = Table("gate", "name", "stage", "default", "demands")
    for gate in listing:
        table.add_row(gate.id, gate.name, gate.stage, gate.default, shown(gate.rationale.split("\n\n")[0]))
    STDOUT.print(table)
    STDOUT.print(
        "next: judge a change by these with: meta-pipeline check --repo PATH --base main --head my-branch",
        highlight=False,
    )
