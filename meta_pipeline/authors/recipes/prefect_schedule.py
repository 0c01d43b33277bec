"""The schedule of one flow of Prefect, in the file that deploys it: `prefect.yaml` or Python."""

from collections.abc import Mapping

import libcst as cst
from yaml.nodes import MappingNode, ScalarNode, SequenceNode

from meta_pipeline.authors.recipes.entries import argument, with_entries
from meta_pipeline.authors.recipes.python_source import PythonSource, Splice, dotted
from meta_pipeline.authors.recipes.recipe import RecipeError
from meta_pipeline.authors.recipes.yaml_source import YamlSource
from meta_pipeline.delivery.model import Frozen
from meta_pipeline.delivery.tree import Tree
from meta_pipeline.schedulers.prefect.deployed import Deployed
from meta_pipeline.schedulers.prefect.static.reader import deployments_of

_MAKERS = ("serve", "deploy", "to_deployment", "from_flow")
_OBJECTS = ("Cron", "CronSchedule")


class PrefectSchedule(Frozen):
    """A flow below `root`, and the cron of its one deployment; a schedule that is new gets the zone."""

    root: str
    flow: str
    cron: str
    timezone: str | None = None


def set_deployment_cron(tree: Tree, wanted: PrefectSchedule) -> Mapping[str, bytes]:
    """New content by path; raises `RecipeError` on a form that is not supported."""
    found = deployments_of(tree, wanted.root, wanted.flow)
    scheduled = [one for one in found if one.timings] or list(found)
    if not scheduled:
        raise RecipeError(
            wanted.root, 1, f"nothing deploys the flow {wanted.flow}; add a deployment to prefect.yaml."
        )
    deployment, *others = scheduled
    if others:
        raise RecipeError(
            others[0].path,
            others[0].line,
            f"the flow {wanted.flow} has several deployments; change the one that is meant.",
        )
    if len(deployment.timings) > 1:
        raise RecipeError(
            deployment.path,
            deployment.line,
            f"the deployment {deployment.name} has several schedules; change the one that is meant.",
        )
    if deployment.timings and deployment.timings[0].text == wanted.cron:
        return {}
    if deployment.path.endswith((".yaml", ".yml")):
        return _in_yaml(tree, deployment, wanted)
    return _in_python(tree, deployment, wanted)


def _in_yaml(tree: Tree, deployment: Deployed, wanted: PrefectSchedule) -> Mapping[str, bytes]:
    source = YamlSource.open(tree, deployment.path)
    mapping = _mapping_at(source, deployment)
    held = next((value for key, value in mapping.value if key.value == "schedules"), None)
    if held is None or (isinstance(held, (SequenceNode, ScalarNode)) and not held.value):
        item = {"cron": wanted.cron, **({"timezone": wanted.timezone} if wanted.timezone else {})}
        return source.with_item(mapping, "schedules", item).written(tree)
    (one,) = held.value if isinstance(held, SequenceNode) and len(held.value) == 1 else (None,)
    crons = [value for key, value in one.value if key.value == "cron"] if isinstance(one, MappingNode) else []
    if not isinstance(one, MappingNode) or len(crons) != 1:
        raise source.error(held, "the schedule here is no cron; write it as `cron:` by hand.")
    old = crons[0]
    if not mapping.start_mark.index <= old.start_mark.index < mapping.end_mark.index:
        raise source.error(old, "this schedule is written once for several deployments; give each its own.")
    quote = old.style if old.style in ("'", '"') else '"'
    text = source.text[: old.start_mark.index] + f"{quote}{wanted.cron}{quote}"
    return YamlSource(source.path, text + source.text[old.end_mark.index :]).written(tree)


def _mapping_at(source: YamlSource, deployment: Deployed) -> MappingNode:
    """The deployment's own mapping: the item of `deployments` with its name."""
    root = source.root
    assert isinstance(root, MappingNode)
    listed = next((value for key, value in root.value if key.value == "deployments"), None)
    for item in listed.value if isinstance(listed, SequenceNode) else [root]:
        if isinstance(item, MappingNode) and any(
            key.value == "name" and value.value == deployment.name for key, value in item.value
        ):
            return item
    raise RecipeError(source.path, deployment.line, f"no deployment {deployment.name} is written here.")


def _in_python(tree: Tree, deployment: Deployed, wanted: PrefectSchedule) -> Mapping[str, bytes]:
    source = PythonSource.open(tree, deployment.path)
    call = next(
        (
            each
            for each in source.all(cst.Call)
            if source.line(each) == deployment.line and dotted(each.func)[-1:] in {(m,) for m in _MAKERS}
        ),
        None,
    )
    if call is None:
        raise RecipeError(
            deployment.path, deployment.line, "the deployment is not made by a plain call; change it by hand."
        )
    given = argument(call, "cron")
    schedule = argument(call, "schedule")
    if given is None and schedule is not None and isinstance(schedule.value, cst.Call):
        inner = schedule.value
        if dotted(inner.func)[-1:] in {(name,) for name in _OBJECTS} and inner.args:
            given = argument(inner, "cron") or inner.args[0]
    if given is not None:
        if not isinstance(given.value, cst.SimpleString):
            raise source.error(
                given, f"the cron `{source.code(given.value)}` is no literal; change it by hand."
            )
        quote = given.value.quote
        new = [Splice(*source.span(given.value), f"{quote}{wanted.cron}{quote}")]
        return {deployment.path: source.spliced(new)}
    for name in ("interval", "rrule", "schedule", "schedules"):
        if argument(call, name) is not None:
            raise source.error(call, f"the deployment has `{name}=`; make it `cron=` by hand.")
    text = source.string(wanted.cron)
    return {deployment.path: source.spliced(with_entries(source, call, {"cron": text}))}
