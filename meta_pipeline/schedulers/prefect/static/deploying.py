"""Deployments that code makes: `serve`, `deploy`, `to_deployment`, `from_source` and `RunnerDeployment`."""

from dataclasses import dataclass

from meta_pipeline.schedulers.prefect.static.machine import Machine
from meta_pipeline.schedulers.prefect.static.values import Deployment, Work
from meta_pipeline.schedulers.prefect.static.works import keywords
from meta_pipeline.schedulers.source.machine import Arguments, Site
from meta_pipeline.schedulers.source.values import UNKNOWN, Thing

LOADS = ("from_source", "afrom_source")
_SERVES = ("serve", "aserve")
_DEPLOYS = ("deploy", "adeploy", "to_deployment", "ato_deployment")
_FROM_FLOW = ("from_flow", "afrom_flow")
_FROM_ENTRYPOINT = ("from_entrypoint", "from_storage", "afrom_storage")


@dataclass(frozen=True, eq=False)
class Sourced(Thing):
    """A flow that is known by its entrypoint: `path.py:function` or `package.module.function`."""

    entrypoint: object


def flow_method(
    machine: Machine, flow: "Work | Sourced", name: str, arguments: Arguments, site: Site
) -> object:
    """A method of a flow that makes a deployment."""
    if name in LOADS:
        return from_source(arguments)
    if name in _SERVES:
        return _made(machine, flow, keywords(arguments, "name", "interval", "cron"), site)
    if name in _DEPLOYS:
        second = "work_pool_name" if name.endswith("deploy") else "interval"
        return _made(machine, flow, keywords(arguments, "name", second), site)
    return UNKNOWN


def from_source(arguments: Arguments) -> Sourced:
    """`flow.from_source(source=..., entrypoint=...)`."""
    return Sourced(keywords(arguments, "source", "entrypoint").get("entrypoint", UNKNOWN))


def runner_deployment(machine: Machine, name: str, arguments: Arguments, site: Site) -> object:
    """`RunnerDeployment(...)` and its class methods."""
    if name in _FROM_FLOW:
        named = keywords(arguments, "flow", "name")
        return _made(machine, named.pop("flow", UNKNOWN), named, site)
    if name in _FROM_ENTRYPOINT:
        first = ("entrypoint", "name") if name == "from_entrypoint" else ("storage", "entrypoint", "name")
        named = keywords(arguments, *first)
        return _made(machine, Sourced(named.pop("entrypoint", UNKNOWN)), named, site)
    return UNKNOWN


def construct(machine: Machine, arguments: Arguments, site: Site) -> object:
    """`RunnerDeployment(name=..., flow_name=..., entrypoint=...)`."""
    named = keywords(arguments)
    flow = Sourced(named["entrypoint"]) if "entrypoint" in named else named.get("flow_name", UNKNOWN)
    return _made(machine, flow, named, site)


def deploy_all(machine: Machine, arguments: Arguments) -> object:
    """`serve(...)` and `deploy(..., work_pool_name=...)` of deployments that are made already."""
    pool = arguments.named.get("work_pool_name")
    for deployment in arguments.positional:
        if isinstance(deployment, Deployment) and pool is not None:
            deployment.arguments.setdefault("work_pool_name", pool)
    return None


def _made(machine: Machine, flow: object, named: dict[object, object], site: Site) -> Deployment:
    deployment = Deployment(flow, named, site)
    if machine.run is None:
        machine.deployments.append(deployment)
    return deployment
