"""`make fidelity`: measure how true static topologies are, into docs/fidelity.md.

usage: python -m scripts.measure_fidelity [--only NAME ...] [--clone NAME=PATH ...] [--no-page]

For each source it builds the environment as the product does, has the scheduler itself load the pipelines in the
sandbox, reads the same commit from source, and compares. Public repositories are cloned from GitHub, or from the
folder that `--clone` names. Results are kept in build/fidelity; the page shows those of all sources.
"""

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from pydantic import TypeAdapter

from meta_pipeline.cli.errors import UsageError
from meta_pipeline.cli.full import runtime_topologies
from meta_pipeline.delivery.topology import Topology, TopologyDocument
from meta_pipeline.schedulers.fidelity.compare import Comparison, compare, ordered
from meta_pipeline.schedulers.fidelity.literal import literal_files
from meta_pipeline.schedulers.survey import survey
from meta_pipeline.settings import HOME_VARIABLE
from meta_pipeline.workspace.repository import open_repository
from scripts.fidelity_page import NOTES, Measured, page, read_notes, stale, without_scratch
from scripts.fidelity_sources import SOURCES, Prepared, Source, SourceError

ROOT = Path(__file__).resolve().parent.parent
WORK = ROOT / "build" / "fidelity"
PAGE = ROOT / "docs" / "fidelity.md"


RESULT = TypeAdapter(Measured)


def main() -> int:
    """Returns the exit status: 1 where a source could not be had or its scheduler not be asked."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    names = [source.name for source in SOURCES]
    parser.add_argument("--only", action="append", choices=names, help="measure this source alone")
    parser.add_argument("--clone", action="append", default=[], metavar="NAME=PATH", type=_clone)
    parser.add_argument("--no-page", action="store_true", help="leave docs/fidelity.md alone")
    options = parser.parse_args()
    clones = dict(options.clone)
    failed = False
    for source in SOURCES:
        if options.only and source.name not in options.only:
            continue
        started = time.monotonic()
        try:
            measured = measure(source, clones.get(source.name))
        except SourceError as error:
            print(f"{source.name}: {error}", file=sys.stderr)
            failed = True
            continue
        failed |= bool(measured.silent)
        results = WORK / "results"
        results.mkdir(parents=True, exist_ok=True)
        (results / f"{source.name}.json").write_bytes(RESULT.dump_json(measured, indent=1))
        print("\n".join(_shown(measured)))
        print(f"{source.name}: {time.monotonic() - started:.0f} s\n", flush=True)
    if not options.no_page:
        failed |= bool(_write_page())
    return 1 if failed else 0


def _write_page() -> tuple[str, ...]:
    """Write the page on all sources with results; gives the notes that are stale."""
    kept = [WORK / "results" / f"{source.name}.json" for source in SOURCES]
    results = [RESULT.validate_json(path.read_bytes()) for path in kept if path.is_file()]
    notes = read_notes()
    PAGE.write_text(page(results, notes), encoding="utf-8")
    print(f"wrote {PAGE.relative_to(ROOT)}")
    for key in stale(results, notes):
        print(f"{NOTES.relative_to(ROOT)}: no mismatch is '{key}' any more; remove the note", file=sys.stderr)
    return stale(results, notes)


def measure(source: Source, clone: str | None) -> Measured:
    """Compare static with runtime on one source; raises `SourceError`."""
    home = WORK / "home"
    home.mkdir(parents=True, exist_ok=True)
    os.environ[HOME_VARIABLE] = str(home)
    prepared = source.prepare(WORK, home, clone)
    tree = open_repository(prepared.folder).tree(prepared.commit)
    static = survey(tree, prepared.policy)
    runtime: list[Topology] = []
    silent = []
    # One at a time, so that one that cannot be asked does not silence the others.
    for policy in prepared.policy.for_each_scheduler():
        try:
            runtime += runtime_topologies(prepared.folder, policy, prepared.commit)
        except UsageError as error:
            silent.append(without_scratch(str(error).replace(f"{prepared.folder}: ", "")))
    asked = {topology.scheduler for topology in runtime}
    judged = tuple(topology for topology in static if topology.scheduler in asked)
    _keep(prepared, judged, tuple(runtime))
    return Measured(
        name=source.name,
        origin=prepared.origin,
        versions=tuple(sorted({f"{topology.scheduler} {topology.version}" for topology in runtime})),
        omitted=source.omitted,
        missing=prepared.missing,
        silent=tuple(silent),
        comparison=_clean(compare(judged, tuple(runtime), literal_files(tree))),
        date=datetime.now(UTC).date().isoformat(),
        ours=_commit(),
    )


def _clean(comparison: Comparison) -> Comparison:
    """The comparison without a trace of where the checkout lay."""
    return Comparison(
        comparison.fields,
        comparison.literal,
        tuple(
            replace(
                each,
                runtime=each.runtime and without_scratch(each.runtime),
                reason=without_scratch(each.reason),
                place=replace(each.place, node=without_scratch(each.place.node)),
            )
            for each in comparison.mismatches
        ),
        tuple(replace(each, error=without_scratch(each.error)) for each in comparison.set_aside),
        tuple(replace(each, reason=without_scratch(each.reason)) for each in comparison.untold),
    )


def _commit() -> str:
    said = subprocess.run(
        ["git", "-C", str(ROOT), "rev-parse", "--short=12", "HEAD"],
        capture_output=True,
        text=True,
        check=True,
    )
    return said.stdout.strip()


def _keep(prepared: Prepared, static: tuple[Topology, ...], runtime: tuple[Topology, ...]) -> None:
    """Both topologies as the product prints them, to look at."""
    for name, found in (("static", static), ("runtime", runtime)):
        path = prepared.folder.parent / f"{prepared.folder.name}.{name}.json"
        path.write_text(TopologyDocument(topologies=found).model_dump_json(indent=1))


def _shown(measured: Measured) -> Iterator[str]:
    yield f"{measured.name}: {measured.origin}; {', '.join(measured.versions)}"
    if measured.missing:
        yield f"  not in the clone: {', '.join(measured.missing)}"
    yield from (f"  could not be asked: {reason}" for reason in measured.silent)
    for each in measured.comparison.set_aside:
        yield f"  not loaded: {each.path} ({each.pipelines} pipelines set aside): {each.error}"
    for left in measured.comparison.untold:
        yield f"  nodes left out: {left.pipeline} ({left.path}; {left.runtime}, static {left.static}): {left.reason}"
    for name in ordered(measured.comparison.fields):
        tally = measured.comparison.fields[name]
        literal = measured.comparison.literal.get(name)
        yield (
            f"  {name:28} facts {tally.runtime:6}  recall {_part(tally.recall)}"
            f"  not default {tally.told:5} {_part(tally.told_recall)}  literal "
            f"{_part(literal.recall if literal else None)}  unresolved {_part(tally.unresolved_share)}"
            f"  precision {_part(tally.precision)}"
        )
    for mismatch in measured.comparison.mismatches:
        yield (
            f"  {mismatch.outcome:10} {mismatch.field} of {mismatch.place}: {mismatch.runtime}, static "
            f"{mismatch.static} [{mismatch.path}] {mismatch.reason}"
        )


def _part(value: float | None) -> str:
    return "     -" if value is None else f"{value:6.4f}"


def _clone(text: str) -> tuple[str, str]:
    name, _, path = text.partition("=")
    if name not in {source.name for source in SOURCES} or not path:
        raise argparse.ArgumentTypeError(f"'{text}' is no NAME=PATH of a source")
    return name, path


if __name__ == "__main__":
    sys.exit(main())
