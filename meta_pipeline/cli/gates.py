"""`gates`: the catalogue, or one gate with its reasons and examples."""

from rich.table import Table

from meta_pipeline.cli.documents import ExampleListing, GateListing, GatesDocument
from meta_pipeline.cli.errors import UsageError
from meta_pipeline.cli.output import STDOUT, print_document, shown
from meta_pipeline.delivery.stages import STAGES
from meta_pipeline.gates.catalogue import catalogue


def gates(wanted: str | None, *, as_json: bool) -> None:
    """Print every gate, or the one whose id or name is `wanted`; raises `UsageError` where there is none."""
    listing = tuple(listed for listed in _listing() if wanted is None or _is(listed, wanted))
    if not listing:
        raise UsageError(f"there is no gate '{wanted}'; 'meta-pipeline gates' lists them.")
    if as_json:
        print_document(GatesDocument(gates=listing))
    elif wanted is None:
        _show_all(listing)
    else:
        _show_one(listing[0])


def _listing() -> list[GateListing]:
    """The gates in the order in which a delivery meets them."""
    found = sorted(catalogue().gates.values(), key=lambda gate: (STAGES.index(gate.stage), gate.id))
    return [
        GateListing(
            id=gate.id,
            name=gate.name,
            stage=gate.stage,
            shown_on=gate.subject,
            default=gate.default,
            rationale=gate.rationale,
            examples=tuple(ExampleListing(title=e.title, outcome=e.outcome) for e in gate.examples()),
        )
        for gate in found
    ]


def _is(listed: GateListing, wanted: str) -> bool:
    return wanted.upper() == listed.id or wanted.lower() == listed.name


def _show_all(listing: tuple[GateListing, ...]) -> None:
    table = Table("gate", "name", "stage", "a finding is", "demands")
    for gate in listing:
        demand = " ".join(gate.rationale.split("\n\n")[0].split())
        table.add_row(gate.id, gate.name, gate.stage, gate.default.replace("_", " "), shown(demand))
    STDOUT.print(table)
    STDOUT.print(
        "next: read one of them with 'meta-pipeline gates CHG004', or judge a change by all with: "
        "meta-pipeline check --repo PATH --base main --head my-branch",
        highlight=False,
    )


def _show_one(gate: GateListing) -> None:
    STDOUT.print(f"[bold]{gate.id} {gate.name}[/bold] ({gate.stage}, shown on {gate.shown_on})\n")
    STDOUT.print(shown(gate.rationale), highlight=False)
    table = Table("example", "outcome", title="Examples, which are its tests", title_justify="left")
    for example in gate.examples:
        table.add_row(shown(example.title), example.outcome.replace("_", " "))
    STDOUT.print("")
    STDOUT.print(table)
    STDOUT.print(
        f"A finding is '{gate.default}'. A policy may say otherwise, as with 'gates: {{{gate.id}: failed}}' "
        "in .meta-pipeline.yaml.",
        highlight=False,
    )
