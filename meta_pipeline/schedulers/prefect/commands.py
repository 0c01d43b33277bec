"""The commands that let Prefect itself speak about a checkout, and what they wrote, as frozen types."""

import json
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

from pydantic import Field

from meta_pipeline.delivery.evidence import Command
from meta_pipeline.delivery.model import Frozen
from meta_pipeline.delivery.topology import SchedulerKind, Topology
from meta_pipeline.delivery.tree import Tree
from meta_pipeline.policy import Policy
from meta_pipeline.schedulers.prefect.deployed import Deployed, FoundFlow, fields_of, flow_of
from meta_pipeline.schedulers.runtime import (
    DRY_RUN_FILE,
    PARSE_SECONDS,
    PIPELINE_SECONDS,
    PipelineRun,
    read_document,
)

TOPOLOGY_FILE = "topology.json"
DEFAULT_FOLDER = "flows"
_SERVER_SECONDS = 240


class _Found(Frozen):
    """What the probe writes: pipelines without their deployments, and these beside them."""

    topologies: tuple[Topology, ...]
    functions: Mapping[str, str]
    deployments: tuple[Deployed, ...]


class _DryRun(Frozen):
    runs: tuple[PipelineRun, ...] = Field(min_length=1)
    complete: bool


class PrefectRuntime:
    """Prefect's own loading of flows, and runs of them on an ephemeral server with a PREFECT_HOME below scratch."""

    kind: SchedulerKind = "prefect"
    probes: tuple[Path, ...] = tuple(
        Path(__file__).with_name(f"{name}.py")
        for name in (
            *("probe", "probe_files", "probe_load", "probe_projects"),
            *("probe_run", "probe_stand_ins", "probe_symbols", "probe_trace"),
        )
    )

    preloads: tuple[str, ...] = ()
    """None: Prefect takes its settings, and with them its home below scratch, when it is imported."""

    def parse(self, policy: Policy, scratch: Path) -> Command:
        return Command(
            name="parse",
            argv=(
                *("python", str(self.probes[0]), "topology", *_folders(policy)),
                *("--output", str(scratch / TOPOLOGY_FILE)),
            ),
            shown_as=_typed_parse(policy),
            variables=_variables(policy, scratch, server=False),
            seconds=PARSE_SECONDS,
        )

    def topologies(self, scratch: Path, _source: Tree | None = None) -> tuple[Topology, ...]:
        found = read_document(_Found, scratch / TOPOLOGY_FILE, "topology that Prefect's probe wrote")
        return tuple(_deployed(topology, found) for topology in found.topologies)

    def dry_run(
        self, policy: Policy, scratch: Path, pipelines: Sequence[str], output: str = DRY_RUN_FILE
    ) -> Command:
        named = tuple(part for flow in pipelines for part in ("--flow", flow))
        return Command(
            name="dry_run",
            argv=(
                *("python", str(self.probes[0]), "dry-run", *_folders(policy), *named),
                *("--logical-date", policy.dry_run.logical_date, "--seconds", str(PIPELINE_SECONDS)),
                *("--output", str(scratch / output)),
            ),
            shown_as=_typed_runs(policy, pipelines),
            variables=_variables(policy, scratch, server=True),
            seconds=PARSE_SECONDS + (PIPELINE_SECONDS + _SERVER_SECONDS) * len(pipelines),
        )

    def runs(self, scratch: Path, output: str = DRY_RUN_FILE) -> tuple[PipelineRun, ...]:
        return read_document(_DryRun, scratch / output, "dry run that Prefect's probe wrote").runs


def _deployed(topology: Topology, found: _Found) -> Topology:
    flows = [FoundFlow(pipeline, found.functions.get(pipeline.id, "")) for pipeline in topology.pipelines]
    own: dict[str, list[Deployed]] = {}
    for deployment in found.deployments:
        flow = flow_of(deployment, flows)
        if flow is not None:
            own.setdefault(flow.pipeline.id, []).append(deployment)
    pipelines = [flow.pipeline.model_copy(update=fields_of(own.get(flow.pipeline.id, ()))) for flow in flows]
    return topology.model_copy(update={"pipelines": tuple(pipelines)})


def _paths(policy: Policy) -> tuple[str, ...]:
    return (policy.scheduler.paths if policy.scheduler else ()) or (DEFAULT_FOLDER,)


def _folders(policy: Policy) -> tuple[str, ...]:
    return tuple(part for path in _paths(policy) for part in ("--folder", path))


def _typed_parse(policy: Policy) -> str:
    """Prefect has no command that only loads flows; this is its own function for it, for each file."""
    return _typed(policy, "print(load(sys.argv[1]))")


def _typed_runs(policy: Policy, flows: Sequence[str]) -> str:
    """Nor has it one that runs a flow by its name without a deployment."""
    given = {flow: dict(policy.dry_run.parameters.get(flow, {})) for flow in flows}
    return _typed(
        policy,
        f"given = {given}; [each(**given[each.name]) for each in load(sys.argv[1]) if each.name in given]",
    )


def _typed(policy: Policy, what: str) -> str:
    names = " ".join(shlex.quote(path) for path in _paths(policy))
    code = shlex.quote(f"import sys; from prefect.flows import load_flows_from_script as load; {what}")
    return f"find {names} -name '*.py' -exec python -c {code} {{}} ';'"


def _variables(policy: Policy, scratch: Path, *, server: bool) -> tuple[tuple[str, str], ...]:
    """The stand-ins of the target's dry runs, and a Prefect that keeps to itself and calls nobody."""
    chosen = policy.dry_run
    settings = {
        "PREFECT_HOME": str(scratch / "prefect"),
        "PREFECT_PROFILES_PATH": str(scratch / "prefect" / "profiles.toml"),
        "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "true" if server else "false",
        "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": str(_SERVER_SECONDS // 2),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_LOGGING_TO_API_ENABLED": "false",
        "DO_NOT_TRACK": "1",
        "PREFECT_STAND_IN_VARIABLES": json.dumps(dict(chosen.variables)),
        "PREFECT_STAND_IN_BLOCKS": json.dumps(dict(chosen.connections)),
        "PREFECT_FLOW_PARAMETERS": json.dumps({flow: dict(held) for flow, held in chosen.parameters.items()}),
        "PREFECT_CHOSEN_NODES": json.dumps({flow: list(nodes) for flow, nodes in chosen.nodes.items()}),
    }
    return tuple(sorted({**chosen.variables, **settings}.items()))
