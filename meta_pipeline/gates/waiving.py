"""Which waivers of a base commit count: those that an allowed signer signed, and whose day has not passed."""

from datetime import date

from meta_pipeline.delivery.tree import Tree
from meta_pipeline.delivery.waiver import WAIVERS, Granted, Refused, Waiver, Waivers
from meta_pipeline.evidence.signing import Signers, SigningError
from meta_pipeline.gates.catalogue import catalogue
from meta_pipeline.gates.naming import no_such_gate
from meta_pipeline.written import MistakeError, read_written

SIGNATURE = ".sig"


def waivers_in(tree: Tree, signers: Signers, target: str, today: date) -> Waivers:
    """The waivers in `tree`, the base commit of a change to the target; `today` is a date in UTC."""
    granted: list[Granted] = []
    refused: list[Refused] = []
    for file in sorted(tree.entries()):
        if file.startswith(f"{WAIVERS}/") and file.endswith(".yaml"):
            found = _judged(file, tree, signers, target, today)
            if isinstance(found, Granted):
                granted.append(found)
            else:
                refused.append(found)
    return Waivers(tuple(granted), tuple(refused))


def why_not_waived(gate: str) -> str | None:
    """Why nobody can waive what this gate finds; None where that can be done."""
    if (said := no_such_gate(gate)) is not None:
        return said
    found = catalogue().gates[gate]
    return None if found.may_be_waived else f"what {gate} {found.name} finds cannot be waived by anybody"


def read_waiver(text: str, file: str) -> Waiver:
    """The waiver that a file holds; raises `MistakeError`."""
    return read_written(text, file, Waiver, called="a waiver", begin="version: 1")


def _judged(file: str, tree: Tree, signers: Signers, target: str, today: date) -> Granted | Refused:
    anew = "remove it, or write it anew with 'meta-pipeline waive'"
    try:
        waiver = read_waiver((tree.read(file) or b"").decode("utf-8", "replace"), file)
    except MistakeError as error:
        return Refused(file, f"it cannot be read ({error})", anew)
    if (said := why_not_waived(waiver.gate)) is not None:
        return Refused(file, said, "remove it")
    if waiver.target != target:
        return Refused(file, f"it is for the target '{waiver.target}', and this is '{target}'", anew)
    if waiver.until < today:
        return Refused(
            file, f"its last day was {waiver.until}", "remove it, or have it signed until a later day"
        )
    signature = tree.read(f"{file}{SIGNATURE}")
    if signature is None:
        return Refused(file, f"nobody signed it: there is no {file}{SIGNATURE}", anew)
    try:
        by = signers.verify(waiver.statement, signature.decode("utf-8", "replace"))
    except SigningError as error:
        return Refused(
            file, f"its signature does not count ({error})", "have it signed by somebody who may sign"
        )
    return Granted(waiver, by, file)
