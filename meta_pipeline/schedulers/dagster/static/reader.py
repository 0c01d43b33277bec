"""The topologies of the Dagster code locations of a folder."""

import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass

from meta_pipeline.delivery.topology import UNRESOLVED, Topology, TopologyError
from meta_pipeline.delivery.tree import Tree, text_of
from meta_pipeline.schedulers.dagster.static.code import LocationCode
from meta_pipeline.schedulers.dagster.static.effective import Location, Seen, seen_in
from meta_pipeline.schedulers.dagster.static.gathering import gathered, loose, merged
from meta_pipeline.schedulers.dagster.static.loading import definitions_in, defs_folder
from meta_pipeline.schedulers.dagster.static.locations import CodeLocation, code_locations
from meta_pipeline.schedulers.dagster.static.values import Definitions
from meta_pipeline.schedulers.source.known import NOTHING_KNOWN, Known
from meta_pipeline.schedulers.source.limits import TooMuchToReadError
from meta_pipeline.schedulers.source.machine import Site
from meta_pipeline.schedulers.source.modules import Modules, Sources
from meta_pipeline.schedulers.source.readings import Readings

_CACHE_SIZE = 512
_PIN = re.compile(
    r'(?:^|\s|")dagster==(?P<plain>[\w.]+)|name = "dagster"\s+version = "(?P<locked>[\w.]+)"', re.MULTILINE
)
_PINNING = re.compile(r"(?:requirements|constraints)[^/]*\.(?:txt|in)|uv\.lock|poetry\.lock|pyproject\.toml")


@dataclass(frozen=True)
class Reading:
    """What one code location gives; `consulted` is every path that was looked at, with its content then."""

    seen: Seen
    errors: tuple[TopologyError, ...]
    consulted: Mapping[str, str | None]


_readings = Readings("dagster", Reading, _CACHE_SIZE)


def read_topologies(tree: Tree, root: str, known: Known = NOTHING_KNOWN) -> tuple[Topology, ...]:
    """One topology for each code location below `root`, a folder of the tree ("" for all of it).

    Imports start from the folders of the location itself, then from those that are `known`. Nothing of the tree is
    run. A workspace file that names what is not there is an error of the first topology.
    """
    # Dagster has no Variables and Connections of its own: what stands in for them is set in the environment.
    known = known.with_set(known.variables, known.connections)
    folder = posixpath.normpath(root.strip("/") or ".").removeprefix(".").strip("/")
    sources = Sources(tree, ())
    found = code_locations(sources, folder, known.imports)
    topologies = [_topology(sources, location, known) for location in found.locations]
    if found.errors:
        first, *rest = topologies or [_empty(sources, folder)]
        topologies = [first.model_copy(update={"errors": (*found.errors, *first.errors)}), *rest]
    return tuple(topologies)


def _empty(sources: Sources, root: str) -> Topology:
    return Topology(scheduler="dagster", version=_version(sources, root), method="static", root=root or ".")


def _topology(sources: Sources, location: CodeLocation, known: Known) -> Topology:
    own = Sources.within(sources, location.searched)
    reading = _readings.of((location, known), own, lambda: _read(location, own, known))
    empty = _empty(
        sources, posixpath.dirname(location.root) if location.root.endswith(".py") else location.root
    )
    return empty.model_copy(
        update={
            "root": location.root or ".",
            "pipelines": reading.seen.pipelines,
            "datasets": reading.seen.datasets,
            "errors": reading.errors,
        }
    )


def _read(location: CodeLocation, sources: Sources, known: Known) -> Reading:
    modules = Modules(sources, "dagster")
    code = _code(location, modules, known)
    place = Location(_definitions(code, location), code.errors)
    seen = seen_in(place)
    errors = sorted(code.errors, key=lambda error: (error.path, error.line or 0, error.message))
    return Reading(seen, tuple(errors), modules.consulted)


def _code(location: CodeLocation, modules: Modules, known: Known = NOTHING_KNOWN) -> LocationCode:
    file = location.file or f"{location.defs_folder}/"
    code = LocationCode(file, modules, location.defs_folder, known.environment)
    root = location.root
    code.home = posixpath.dirname(root) if root.endswith(".py") else root
    return code


def read_code(tree: Tree, root: str) -> tuple[LocationCode, Definitions] | None:
    """The code of the location whose folder is `root`, and what it defines; None where there is no such location."""
    sources = Sources(tree, ())
    folder = "" if root == "." else root
    for location in code_locations(sources, "", ()).locations:
        if location.root == folder:
            modules = Modules(Sources.within(sources, location.searched), "dagster")
            code = _code(location, modules)
            return code, _definitions(code, location)
    return None


def _definitions(code: LocationCode, location: CodeLocation) -> Definitions:
    site = Site(location.file or location.defs_folder or "", 1)
    try:
        if location.file is None:
            return defs_folder(code, location.defs_folder or "", site, stops_at_definitions=False)
        scope = code.read()
        found = definitions_in(code, scope, location.file)
        if found is None:
            things = loose(scope.names)
            if not things and not code.errors:
                code.error(
                    location.file, None, "no Definitions are found in this module; assign them to a name"
                )
            found = gathered(things, site)
    except TooMuchToReadError:
        code.error(site.path, None, "the code location takes too many steps to read")
        return merged([], site)
    except RecursionError:
        code.error(site.path, None, "the code is nested too deeply to read")
        return merged([], site)
    return found


def _version(sources: Sources, root: str) -> str:
    """The release of Dagster that the files nearest to the location pin."""
    folders = [root]
    while folders[-1]:
        folders.append(posixpath.dirname(folders[-1]))
    for folder in folders:
        prefix = f"{folder}/" if folder else ""
        for path in sources.below(folder):
            if _PINNING.fullmatch(path[len(prefix) :]) and (
                match := _PIN.search(text_of(sources.tree, path) or "")
            ):
                return match["plain"] or match["locked"]
    return UNRESOLVED
