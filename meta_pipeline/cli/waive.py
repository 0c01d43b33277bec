"""`waive`: somebody who may sign takes findings of a gate upon themselves, in a file of the repository."""

import os
import re
import shlex
from datetime import UTC, date, datetime
from pathlib import Path

from pydantic import ValidationError
from ruamel.yaml import YAML

from meta_pipeline.cli.documents import WaiveDocument
from meta_pipeline.cli.errors import UsageError
from meta_pipeline.cli.output import STDOUT, print_document, shown
from meta_pipeline.cli.reading import policy_of, signers_at
from meta_pipeline.delivery.waiver import WAIVERS, Waiver
from meta_pipeline.evidence.signing import sign
from meta_pipeline.gates.waiving import SIGNATURE, why_not_waived
from meta_pipeline.workspace.repository import open_repository

_NOT_IN_A_NAME = re.compile(r"[^a-z0-9]+")
_LONGEST_NAME = 60


def waive(
    repo: Path,
    gate: str,
    key: Path,
    *,
    path: str | None,
    pipeline: str | None,
    message: str | None,
    until: str,
    why: str,
    as_json: bool,
) -> None:
    """Write a waiver and its signature into the checkout; raises `UsageError` where it would not count."""
    if (said := why_not_waived(gate)) is not None:
        raise UsageError(f"{said}.")
    repository = open_repository(repo)
    if repository.is_bare():
        raise UsageError(
            f"{repo} has no checkout to write a waiver into; run waive in the root of a checkout."
        )
    tree = repository.tree("HEAD")
    policy = policy_of(repository, tree)
    waiver = _waiver(policy.target, gate, path, pipeline, message, _day(until), why)
    signature = sign(waiver.statement, key)
    by = signers_at(tree, policy).verify(waiver.statement, signature)
    file = f"{WAIVERS}/{_name(waiver)}.yaml"
    _write(repo, file, waiver, by, signature)
    following = (
        f"git -C {shlex.quote(str(repo))} add {WAIVERS} && git -C {shlex.quote(str(repo))} commit -m "
        f"{shlex.quote(f'Waive {gate} until {waiver.until}')}; it counts once it is in the base of a change"
    )
    if as_json:
        print_document(
            WaiveDocument(
                written=str(repo / file),
                signature=str(repo / f"{file}{SIGNATURE}"),
                by=by,
                next_action=following,
            )
        )
        return
    STDOUT.print(
        f"wrote {shown(repo / file)}, signed by {shown(by)}, and its signature beside it", highlight=False
    )
    STDOUT.print(f"next: {shown(following)}", highlight=False)


def _day(until: str) -> date:
    today = datetime.now(UTC).date()
    try:
        day = date.fromisoformat(until)
    except ValueError as error:
        raise UsageError(f"--until {until} is no day; write it as {today.isoformat()}.") from error
    if day < today:
        raise UsageError(
            f"--until {until} has passed, so that the waiver would never count; name a later day."
        )
    return day


def _waiver(
    target: str,
    gate: str,
    path: str | None,
    pipeline: str | None,
    message: str | None,
    until: date,
    why: str,
) -> Waiver:
    try:
        return Waiver(
            target=target, gate=gate, path=path, pipeline=pipeline, message=message, until=until, why=why
        )
    except ValidationError as error:
        said = error.errors()[0]["msg"].removeprefix("Value error, ")
        raise UsageError(f"the waiver says too little: {said}, as an option.") from error


def _name(waiver: Waiver) -> str:
    """The gate and what is waived, as a file name."""
    what = "-".join(filter(None, (waiver.gate, waiver.pipeline, waiver.path, waiver.message)))
    return _NOT_IN_A_NAME.sub("-", what.lower())[:_LONGEST_NAME].strip("-")


def _write(repo: Path, file: str, waiver: Waiver, by: str, signature: str) -> None:
    """Write both files, over nothing."""
    place = repo / file
    if os.path.lexists(place):
        raise UsageError(f"{place} is there already; remove it and its signature to have it signed anew.")
    place.parent.mkdir(parents=True, exist_ok=True)
    yaml = YAML()
    yaml.default_flow_style = False
    with place.open("w", encoding="utf-8") as written:
        written.write(f"# Signed by {by}; a change of any value makes the signature void.\n")
        yaml.dump(waiver.model_dump(exclude_none=True), written)
    place.with_name(place.name + SIGNATURE).write_text(signature, encoding="utf-8")
