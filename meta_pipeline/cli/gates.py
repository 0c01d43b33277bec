"""`gates`: the catalogue, or one gate with its reasons and examples."""

from rich.table import Table

from meta_pipeline.cli.documents import ExampleListing, GateListing, GatesDocument
from meta_pipeline.cli.errors import UsageError
from meta_pipeline.cli.output import STDOUT, Exit, leave, print_document, shown
from meta_pipeline.delivery.stages import STAGES
from meta_pipeline.gates.catalogue import catalogue
from meta_pipeline.gates.gate import Catalogue, Gate
from meta_pipeline.gates.packages import Unloadable


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
    if any(gate.unloadable for gate in listing):
        leave(Exit.COULD_NOT_RUN)


def _listing() -> list[GateListing]:
    """The gates in the order in which a delivery meets them."""
    known = catalogue()
    found = sorted(known.gates.values(), key=lambda gate: (STAGES.index(gate.stage), gate.id))
    return [
        GateListing(
            id=gate.id,
            name=gate.name,
            stage=gate.stage,
            shown_on=gate.subject,
            default=gate.default,
            may_be_waived=gate.may_be_waived,
            package=known.packages.get(gate.id, "meta-pipeline"),
            unloadable=gate.reason if isinstance(gate, Unloadable) else None,
            rationale=gate.rationale,
            examples=_examples(gate, known),
        )
        for gate in found
    ]


def _examples(gate: Gate, known: Catalogue) -> tuple[ExampleListing, ...]:
    try:
        return tuple(ExampleListing(title=e.title, outcome=e.outcome) for e in gate.examples())
    except Exception as error:
        raise UsageError(
            f"the examples of {gate.id} cannot be made: {type(error).__name__}: {error}; "
            f"mend its package, {known.packages.get(gate.id, 'meta-pipeline')}."
        ) from error


def _is(listed: GateListing, wanted: str) -> bool:
    return wanted.upper() == listed.id.upper() or wanted.lower() == listed.name


def _show_all(listing: tuple[GateListing, ...]) -> None:
    foreign = any(gate.package != "meta-pipeline" for gate in listing)
    table = Table("gate", "name", "stage", "a finding is", "demands", *(["package"] if foreign else []))
    for gate in listing:
        demand = gate.unloadable or " ".join(gate.rationale.split("\n\n")[0].split())
        finding = "could not run" if gate.unloadable else gate.default.replace("_", " ")
        package = [shown(gate.package)] if foreign else []
        table.add_row(gate.id, gate.name, gate.stage, finding, shown(demand), *package)
    STDOUT.print(table)
    STDOUT.print(
        "next: read one of them with 'meta-pipeline gates CHG004', or judge a change by all with: "
        "meta-pipeline check --repo PATH --base main --head my-branch",
        highlight=False,
    )


def _show_one(gate: GateListing) -> None:
    STDOUT.print(f"[bold]{gate.id} {gate.name}[/bold] ({gate.stage}, shown on {gate.shown_on})\n")
    STDOUT.print(shown(gate.rationale), highlight=False)
    if gate.package != "meta-pipeline":
        STDOUT.print(f"\nIt comes from {shown(gate.package)}.", highlight=False)
    if gate.unloadable:
        STDOUT.print(f"[red]could not run[/red]: {shown(gate.unloadable)}", highlight=False)
        return
    table = Table("example", "outcome", title="Examples, which are its tests", title_justify="left")
    for example in gate.examples:
        table.add_row(shown(example.title), example.outcome.replace("_", " "))
    STDOUT.print("")
    STDOUT.print(table)
    milder = "a signed waiver may except one" if gate.may_be_waived else "nothing makes it milder"
    STDOUT.print(
        f"A finding is '{gate.default}'. A policy may say otherwise, as with 'gates: {{{gate.id}: failed}}' "
        f"in .meta-pipeline.yaml; {milder}.",
        highlight=False,
    )
