"""The page docs/fidelity.md: what `measure_fidelity` found, with short notes of people on single mismatches."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import jinja2
from ruamel.yaml import YAML

from meta_pipeline.schedulers.fidelity.compare import FIRST_FIELDS, Comparison, Mismatch, Tally, ordered
from meta_pipeline.schedulers.fidelity.facts import Place
from scripts.fidelity_sources import Omitted

SCRIPTS = Path(__file__).resolve().parent
NOTES = SCRIPTS / "fidelity_notes.yaml"
_MOST_SHOWN = 110
_SCRATCH = re.compile(r"/?(?:[\w.-]+/)+scratch/\w+/worktrees/\w+/\w+(?:/|\b)")
_FLAT_SCRATCH = re.compile(r"\w*_scratch_[0-9a-f]+_worktrees_\w+?_[0-9a-f]{16}_")
_ADDRESS = re.compile(r" at 0x[0-9a-f]+")


@dataclass(frozen=True)
class Measured:
    """What came out on one source.

    `missing` are files that the clone lacks; `silent` says of each scheduler that could not be asked why that is so.
    """

    name: str
    origin: str
    versions: tuple[str, ...]
    omitted: tuple[Omitted, ...]
    missing: tuple[str, ...]
    silent: tuple[str, ...]
    comparison: Comparison
    date: str
    ours: str


@dataclass(frozen=True)
class Row:
    """Mismatches of one field that are alike; `note` is a person's, beside what the machine found."""

    field: str
    outcome: str
    places: tuple[str, ...]
    runtime: str
    static: str
    path: str
    reason: str
    note: str


def without_scratch(text: str) -> str:
    """The text without the folder that the checkout happened to lie in."""
    return _ADDRESS.sub("", _FLAT_SCRATCH.sub("", _SCRATCH.sub("", text)))


def page(results: Sequence[Measured], notes: Mapping[str, str]) -> str:
    """The page on these sources."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(SCRIPTS),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,  # noqa: S701  the page is Markdown
    )
    environment.filters |= {"part": _part, "cell": _cell}
    fields = summed(result.comparison.fields for result in results)
    return environment.get_template("fidelity.md.j2").render(
        results=results,
        first=FIRST_FIELDS,
        fields=fields,
        literal=summed(result.comparison.literal for result in results),
        ordered=ordered(fields),
        imperfect=imperfect,
        rows=lambda result: rows(result, notes),
        empty=Tally(),
        stale=stale(results, notes),
    )


def read_notes() -> Mapping[str, str]:
    """Notes of people, by the source and the key of a mismatch."""
    found = YAML(typ="safe").load(NOTES.read_text(encoding="utf-8")) if NOTES.is_file() else None
    return {
        f"{source}: {key}": str(note) for source, keys in (found or {}).items() for key, note in keys.items()
    }


def stale(results: Iterable[Measured], notes: Mapping[str, str]) -> tuple[str, ...]:
    """The notes on measured sources that no mismatch has any more."""
    there = {result.name: {mismatch.key for mismatch in result.comparison.mismatches} for result in results}
    return tuple(
        key
        for key in notes
        if (source := key.partition(": ")[0]) in there and key.partition(": ")[2] not in there[source]
    )


def summed(tallies: Iterable[Mapping[str, Tally]]) -> dict[str, Tally]:
    """The tallies of several sources as one."""
    found: dict[str, Tally] = {}
    for each in tallies:
        for name, tally in each.items():
            found.setdefault(name, Tally()).add(tally)
    return found


def imperfect(comparison: Comparison) -> tuple[str, ...]:
    """The fields of a source in which something is not as the scheduler has it."""
    return tuple(
        name
        for name in ordered(comparison.fields)
        if (tally := comparison.fields[name]).same != tally.runtime or tally.same != tally.static
    )


def rows(result: Measured, notes: Mapping[str, str]) -> list[Row]:
    """The mismatches, those that are alike in one row."""
    alike: dict[tuple[str, ...], list[Mismatch]] = {}
    for each in result.comparison.mismatches:
        said = (each.field, each.outcome, _shown(each.runtime), _shown(each.static), each.path, each.reason)
        note = notes.get(f"{result.name}: {each.key}", "")
        alike.setdefault((*said, note), []).append(each)
    return [
        Row(field, outcome, tuple(_named(each.place) for each in found), runtime, static, path, reason, note)
        for (field, outcome, runtime, static, path, reason, note), found in alike.items()
    ]


def _named(place: Place) -> str:
    return f"{place.pipeline}.{place.node}" if place.node else place.pipeline


def _shown(value: str | None) -> str:
    text = "nothing" if value is None else value
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}..."


def _part(value: float | None) -> str:
    """A share with four digits, that rounds to 1 only where it is."""
    if value is None:
        return "-"
    return "1" if value == 1 else f"{min(value, 0.9999):.4f}"


def _cell(text: str) -> str:
    shown = " ".join(text.split()).replace("|", "\\|").replace("`", "'")
    return shown if len(shown) <= 2 * _MOST_SHOWN else f"{shown[: 2 * _MOST_SHOWN]}..."
