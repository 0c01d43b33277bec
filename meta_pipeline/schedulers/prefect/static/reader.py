"""The topology of a folder of flows."""

import posixpath
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from meta_pipeline.delivery.topology import UNRESOLVED, Pipeline, Topology, TopologyError
from meta_pipeline.delivery.tree import Tree, text_of
from meta_pipeline.schedulers.prefect.deployed import Deployed, FoundFlow, fields_of, flow_of, places
from meta_pipeline.schedulers.prefect.static.effective import deployed_of, pipeline_of
from meta_pipeline.schedulers.prefect.static.interpreter import FlowFile
from meta_pipeline.schedulers.prefect.static.project_files import (
    ProjectFile,
    is_project_file,
    read_project_file,
)
from meta_pipeline.schedulers.source.contents import ContentTest
from meta_pipeline.schedulers.source.known import NOTHING_KNOWN, Known
from meta_pipeline.schedulers.source.modules import Modules, Sources
from meta_pipeline.schedulers.source.readings import Readings

_CACHE_SIZE = 4096
_PREFECT = re.compile(rb"\bprefect", re.IGNORECASE)
_FLOW_WORD = re.compile(rb"flow", re.IGNORECASE)
_DEPLOYS = re.compile(rb"\ba?(?:serve|deploy|to_deployment)\s*\(|\bRunnerDeployment\b")
_ASIDE = re.compile(
    r"(?:^|/)(?:(?:\.git|\.venv|venv|node_modules|site-packages|__pycache__|_?tests?)/"
    r"|(?:test_[^/]*|[^/]*_test|conftest)\.py$)"
)
_PINNING = re.compile(
    r"(?:.*/)?(?:(?:requirements|constraints)[^/]*\.(?:txt|in)|(?:uv|poetry)\.lock|pyproject\.toml)"
)
_PIN = re.compile(
    r'(?:^|\s|["\'])prefect(?:\[[^\]]*\])?\s*==\s*(?P<plain>[\w.]+)|name = "prefect"\s+version = "(?P<locked>[\w.]+)"',
    re.MULTILINE,
)


@dataclass(frozen=True)
class Reading:
    """What one file gives; `consulted` is every path that was looked at, with its content then."""

    flows: tuple[FoundFlow, ...]
    deployments: tuple[Deployed, ...]
    errors: tuple[TopologyError, ...]
    consulted: Mapping[str, str | None]


@dataclass(frozen=True)
class _Gathered:
    """All that is read for one topology: its flows, those too whose names are taken, and every deployment."""

    flows: list[FoundFlow]
    known: list[FoundFlow]
    made: list[Deployed]
    projects: list[ProjectFile]
    errors: set[TopologyError]


_readings = Readings("prefect", Reading, _CACHE_SIZE)
_may_hold_flows = ContentTest(
    "may hold flows", lambda data: bool(_PREFECT.search(data) and _FLOW_WORD.search(data))
)
_deploys = ContentTest("deploys flows", lambda data: bool(_DEPLOYS.search(data)))


def read_topology(tree: Tree, root: str, known: Known = NOTHING_KNOWN) -> Topology:
    """The topology of the flows under `root`, a folder of the tree ("" for all of it).

    Imports start from the folder of the file itself, as Prefect has it, then from those that are `known`. Files
    elsewhere that deploy, in Python or YAML, are read for what they say about these flows. Nothing of the tree is run.
    """
    # What stands in for Variables is set in the environment too when Prefect is asked.
    known = known.with_set(known.variables)
    root = _normal(root)
    gathered = _gather(tree, root, known)
    pipelines, more = _deployed(tree, root, gathered)
    errors = gathered.errors | more | _endless(pipelines)
    ordered = sorted(errors, key=lambda error: (error.path, error.line or 0, error.message))
    return Topology(
        scheduler="prefect",
        version=_version(tree),
        method="static",
        root=root or ".",
        pipelines=pipelines,
        errors=tuple(ordered),
    )


def deployments_of(tree: Tree, root: str, flow: str) -> tuple[Deployed, ...]:
    """The deployments of a flow below `root`, wherever in the tree they are written."""
    gathered = _gather(tree, _normal(root), NOTHING_KNOWN)
    own = [one for one in gathered.flows if one.pipeline.id == flow]
    every = [*gathered.made, *(one for project in gathered.projects for one in project.deployments)]
    return tuple(one for one in every if flow_of(one, own) is not None)


def deployments_in(tree: Tree, paths: Iterable[str]) -> tuple[Deployed, ...]:
    """The deployments that these files of a tree make, in Python or YAML; of other files, nothing."""
    sources = Sources(tree, ())
    found: list[Deployed] = []
    for path in paths:
        if is_project_file(path):
            found += read_project_file(tree, path).deployments
        elif path.endswith(".py") and _deploys.of(tree, path) and _may_hold_flows.of(tree, path):
            found += _read_file(path, sources, ("", "src"), NOTHING_KNOWN).deployments
    return tuple(found)


def _normal(path: str) -> str:
    return posixpath.normpath(path.strip("/") or ".").removeprefix(".").strip("/")


def _gather(tree: Tree, root: str, known: Known) -> _Gathered:
    sources = Sources(tree, ())
    roots = tuple(dict.fromkeys([*(each.strip("/") for each in known.imports), "", root, "src"]))
    within = _files(tree, root)
    readings = {path: _read_file(path, sources, roots, known) for path in within}
    for path in _deploying(tree, within):
        readings[path] = _read_file(path, sources, roots, known)
    flows, errors = _flows_of([readings[path] for path in within])
    return _Gathered(
        flows=flows,
        known=[flow for reading in readings.values() for flow in reading.flows],
        made=[deployment for reading in readings.values() for deployment in reading.deployments],
        projects=[
            read_project_file(tree, path)
            for path in sorted(tree.entries())
            if _counts(path, "", is_project_file)
        ],
        errors=errors,
    )


def _files(tree: Tree, root: str) -> list[str]:
    """The Python files under `root` that may hold flows; tests and what is installed stand aside."""
    return [
        path
        for path, entry in sorted(tree.entries().items())
        if entry.mode.startswith("100")
        and _counts(path, root, lambda each: each.endswith(".py"))
        and _may_hold_flows.of(tree, path)
    ]


def _counts(path: str, root: str, kind: Callable[[str], bool]) -> bool:
    prefix = f"{root}/" if root else ""
    return path.startswith(prefix) and kind(path) and not _ASIDE.search(path[len(prefix) :])


def _deploying(tree: Tree, within: list[str]) -> list[str]:
    """The Python files elsewhere that make deployments."""
    known = set(within)
    return [path for path in _files(tree, "") if path not in known and _deploys.of(tree, path)]


def _read_file(path: str, sources: Sources, roots: tuple[str, ...], known: Known) -> Reading:
    searched = tuple(dict.fromkeys([posixpath.dirname(path), *roots]))
    own = Sources.within(sources, searched)
    key = (path, sources.entries[path].content, searched, known)
    return _readings.of(key, own, lambda: _interpret(path, own, known))


def _interpret(path: str, sources: Sources, known: Known) -> Reading:
    modules = Modules(sources, "prefect")
    # Prefect runs a file that serves its flows as a script; one that only holds them is imported.
    code = FlowFile(path, modules, known, as_script=_deploys.of(sources.tree, path))
    flows = [flow for flow in code.read_flows() if not flow.imported]
    found: dict[tuple[str, str, int], FoundFlow] = {}
    for flow in flows:
        if not isinstance(flow.name, str):
            code.opaque(flow.site.path, flow.site.line, "the name of this flow is computed at run time")
            continue
        key = (flow.name, flow.site.path, flow.site.line)
        if key not in found:
            found[key] = FoundFlow(pipeline_of(flow, code.trace(flow)), flow.qualified)
    return Reading(
        flows=tuple(found.values()),
        deployments=tuple(deployed_of(each) for each in code.deployments),
        errors=tuple(code.errors),
        consulted=modules.consulted,
    )


def _flows_of(readings: Iterable[Reading]) -> tuple[list[FoundFlow], set[TopologyError]]:
    """All flows, and all errors; the second flow of one name is an error."""
    found: dict[str, FoundFlow] = {}
    errors: set[TopologyError] = set()
    for reading in readings:
        errors |= set(reading.errors)
        for flow in reading.flows:
            first = found.setdefault(flow.pipeline.id, flow)
            if (first.pipeline.path, first.pipeline.line) != (flow.pipeline.path, flow.pipeline.line):
                taken = f"{first.pipeline.path}:{first.pipeline.line}"
                message = (
                    f"the flow name '{flow.pipeline.id}' is taken by {taken}; give one of them another name"
                )
                errors.add(TopologyError(path=flow.pipeline.path, line=flow.pipeline.line, message=message))
    return list(found.values()), errors


def _deployed(tree: Tree, root: str, gathered: _Gathered) -> tuple[tuple[Pipeline, ...], set[TopologyError]]:
    """The pipelines with what their deployments say, in the order of their ids."""
    flows = gathered.flows
    errors: set[TopologyError] = set()
    own: dict[str, list[Deployed]] = {flow.pipeline.id: [] for flow in flows}
    prefix = f"{root}/" if root else ""
    for project in gathered.projects:
        mine = project.path.startswith(prefix)
        for deployment in project.deployments:
            flow = flow_of(deployment, flows)
            if flow is not None:
                own[flow.pipeline.id].append(deployment)
                mine = True
            elif flow_of(deployment, gathered.known) is None and (
                mine or any(place.startswith(prefix) for place in places(deployment.entry, project.path))
            ):
                errors |= _unmatched(tree, deployment, project.path)
        errors |= set(project.errors) if mine else set()
    for deployment in gathered.made:
        flow = flow_of(deployment, flows)
        if flow is not None:
            own[flow.pipeline.id].append(deployment)
        elif deployment.path.startswith(prefix) and not (deployment.entry.path or deployment.entry.flow):
            message = "which flow is deployed here, only a run can tell"
            errors.add(
                TopologyError(path=deployment.path, line=deployment.line, message=message, opaque=True)
            )
    pipelines = [flow.pipeline.model_copy(update=fields_of(own[flow.pipeline.id])) for flow in flows]
    return tuple(sorted(pipelines, key=lambda pipeline: pipeline.id)), errors


def _unmatched(tree: Tree, deployment: Deployed, path: str) -> set[TopologyError]:
    """What is wrong with a deployment whose flow is not found."""
    entry = deployment.entry
    if not entry.path:
        return set()
    there = [place for place in places(entry, path) if place in tree.entries()]
    if there:
        message = (
            f"the deployment '{deployment.name}' names '{entry.function}', which is no flow of {there[0]}"
        )
    else:
        message = f"the deployment '{deployment.name}' names {entry.path}, which is not there"
    return {TopologyError(path=path, line=deployment.line, message=message)}


def _endless(pipelines: Iterable[Pipeline]) -> set[TopologyError]:
    """Flows that call each other: nothing but a condition ends such a run."""
    by_id = {pipeline.id: pipeline for pipeline in pipelines}
    calls = {
        pipeline.id: sorted(
            {link.pipeline for node in pipeline.nodes for link in node.links if node.kind == "flow"}
        )
        for pipeline in by_id.values()
    }
    errors = set()
    for start, flow in by_id.items():
        seen: set[str] = set()
        waiting = list(calls[start])
        while waiting:
            each = waiting.pop()
            if each not in seen:
                seen.add(each)
                waiting += calls.get(each, ())
        if start in seen:
            message = (
                f"the flow '{start}' calls itself, directly or through others; only a condition ends its run"
            )
            errors.add(TopologyError(path=flow.path, line=flow.line, message=message, opaque=True))
    return errors


def _version(tree: Tree) -> str:
    """The release of Prefect that the files nearest to the root pin."""
    named = sorted(
        (path for path in tree.entries() if _PINNING.fullmatch(path)), key=lambda path: path.count("/")
    )
    for path in named:
        match = _PIN.search(text_of(tree, path) or "")
        if match:
            return match["plain"] or match["locked"]
    return UNRESOLVED
