"""`make fidelity`: measure how true static topologies are, into docs/fidelity.md.

usage: python -m scripts.measure_fidelity [--only NAME ...] [--clone NAME=PATH ...] [--no-page] [--show NAME]

For each source it builds the environment as the product does, has the scheduler itself load the pipelines in the
sandbox, reads the same commit from source, and compares. Public repositories are cloned from GitHub, or from the
folder that `--clone` names. Results are kept in build/fidelity; the page shows those of all sources.
"""

import argparse
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pydantic import TypeAdapter

from meta_pipeline.cli.errors import UsageError
from meta_pipeline.cli.full import runtime_topologies
from meta_pipeline.delivery.topology import Topology, TopologyDocument
from meta_pipeline.policy import Policy
from meta_pipeline.schedulers.fidelity.compare import Comparison, compare, ordered
from meta_pipeline.schedulers.fidelity.literal import literal_files
from meta_pipeline.schedulers.survey import survey
from meta_pipeline.settings import HOME_VARIABLE
from meta_pipeline.workspace.repository import open_repository
from scripts.fidelity_sources import SOURCES, Omitted, Prepared, Source, SourceError

ROOT = Path(__file__).resolve().parent.parent
WORK = ROOT / "build" / "fidelity"


@dataclass(frozen=True)
class Measured:
    """What came out on one source. `silent` says of each scheduler that could not be asked why that is so."""

    name: str
    origin: str
    versions: tuple[str, ...]
    omitted: tuple[Omitted, ...]
    silent: tuple[str, ...]
    comparison: Comparison
    date: str


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
    return 1 if failed else 0


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
    for policy in _one_by_one(prepared.policy):
        try:
            runtime += runtime_topologies(prepared.folder, policy, prepared.commit)
        except UsageError as error:
            silent.append(str(error).replace(f"{prepared.folder}: ", ""))
    asked = {topology.scheduler for topology in runtime}
    judged = tuple(topology for topology in static if topology.scheduler in asked)
    _keep(prepared, judged, tuple(runtime))
    return Measured(
        name=source.name,
        origin=prepared.origin,
        versions=tuple(sorted({f"{topology.scheduler} {topology.version}" for topology in runtime})),
        omitted=source.omitted,
        silent=tuple(silent),
        comparison=compare(judged, tuple(runtime), literal_files(tree)),
        date=datetime.now(UTC).date().isoformat(),
    )


def _one_by_one(policy: Policy) -> Iterator[Policy]:
    """A policy for each scheduler, so that one that cannot be asked does not silence the other."""
    if policy.scheduler is not None and policy.scheduler.kind != "dbt":
        yield policy.model_copy(update={"dbt": ()})
    for project in policy.dbt_projects:
        yield policy.model_copy(update={"scheduler": None, "dbt": (project,)})


def _keep(prepared: Prepared, static: tuple[Topology, ...], runtime: tuple[Topology, ...]) -> None:
    """Both topologies as the product prints them, to look at."""
    for name, found in (("static", static), ("runtime", runtime)):
        path = prepared.folder.with_suffix(f".{name}.json")
        path.write_text(TopologyDocument(topologies=found).model_dump_json(indent=1))


def _shown(measured: Measured) -> Iterator[str]:
    yield f"{measured.name}: {measured.origin}; {', '.join(measured.versions)}"
    yield from (f"  could not be asked: {reason}" for reason in measured.silent)
    for each in measured.comparison.set_aside:
        yield f"  not loaded: {each.path} ({each.pipelines} pipelines set aside): {each.error}"
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
