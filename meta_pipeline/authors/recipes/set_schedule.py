"""The schedule of one Airflow DAG, one Dagster job or one Prefect flow."""

import re
from collections.abc import Mapping

import libcst as cst

from meta_pipeline.authors.recipes.airflow_source import AirflowSource, Site
from meta_pipeline.authors.recipes.context import known_pipeline
from meta_pipeline.authors.recipes.dagster_schedule import DagsterSchedule, set_cron
from meta_pipeline.authors.recipes.entries import with_entries, written_call
from meta_pipeline.authors.recipes.places import narrowest
from meta_pipeline.authors.recipes.prefect_schedule import PrefectSchedule, set_deployment_cron
from meta_pipeline.authors.recipes.python_source import PythonSource, Splice, dotted
from meta_pipeline.authors.recipes.recipe import Fit, Misfit, Recipe, RecipeError, Watch
from meta_pipeline.authors.recipes.values import UNKNOWN, Env, constant, keyword_value, origin
from meta_pipeline.delivery.context import RepoContext
from meta_pipeline.delivery.model import Frozen
from meta_pipeline.delivery.plan import TopologyEdit
from meta_pipeline.delivery.requirements import Criterion
from meta_pipeline.delivery.topology import IMPLICIT_JOB, UNRESOLVED, Pipeline, Topology
from meta_pipeline.delivery.tree import Tree, text_of

_KEYWORDS = ("schedule", "schedule_interval", "timetable")
_FIELD = r"[0-9A-Za-z*/,#?L-]+"
_CRON = re.compile(rf"{_FIELD}(?: {_FIELD}){{4}}")
_PRESETS = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@quarterly": "0 0 1 */3 *",
    "@yearly": "0 0 1 1 *",
}
_OTHERS = frozenset({"@once", "@continuous"})


class ScheduleParameters(Frozen):
    """`schedule` is a five-field cron text, a preset such as `@once`, or None for runs by hand only.

    `dagster` is there where the pipeline is a job of Dagster, `prefect` where it is a flow of Prefect.
    """

    path: str
    pipeline: str
    schedule: str | None
    dagster: DagsterSchedule | None = None
    prefect: PrefectSchedule | None = None


class SetSchedule(Recipe[ScheduleParameters]):
    """Sets the schedule of one Airflow DAG, Dagster job or Prefect flow where its source gives it one.

    A DAG that a factory or loop makes is met in the entry that is its own; where the schedule is
    written once for several DAGs the recipe refuses, as the others would move too. A Dagster job that
    has no schedule gets one, beside the definitions that hold the job; a Prefect flow is met in its one deployment.
    """

    id = "set_schedule"
    title = "Set the schedule"
    model = ScheduleParameters
    serves = frozenset({"schedule"})

    def fit(self, criteria: tuple[Criterion, ...], context: RepoContext, tree: Tree) -> Fit | Misfit:
        found = known_pipeline(criteria[0].subject, context)
        if isinstance(found, Misfit):
            return found
        pipeline, node, topology = found
        if node is not None:
            return Misfit(
                f"a whole pipeline; {criteria[0].subject} is one task, which has no schedule of its own"
            )
        wanted = {_canonical(_demanded(str(criterion.threshold))) for criterion in criteria}
        if len(wanted) != 1 or any(criterion.comparator != "==" for criterion in criteria):
            return Misfit(f"one schedule that {pipeline.id} shall have exactly")
        schedule = _demanded(str(criteria[0].threshold))
        if schedule is not None and not _is_schedule(schedule):
            return Misfit(f"a schedule of five cron fields, a preset or none; '{schedule}' is not one")
        parameters = ScheduleParameters(path=pipeline.path, pipeline=pipeline.id, schedule=schedule)
        if topology.scheduler == "dagster":
            dagster = _of_dagster(pipeline, schedule, topology)
            if isinstance(dagster, Misfit):
                return dagster
            parameters = parameters.model_copy(update={"dagster": dagster})
        if topology.scheduler == "prefect":
            prefect = _of_prefect(pipeline, schedule, topology)
            if isinstance(prefect, Misfit):
                return prefect
            parameters = parameters.model_copy(update={"prefect": prefect})
        try:
            written = self.apply(tree, parameters)
        except RecipeError as error:
            return Misfit(f"a supported source form: {error}")
        shown = schedule or "none"
        changes = _canonical(pipeline.schedule) != _canonical(schedule)
        files = tuple(sorted(written)) or (pipeline.path,)
        fields = _fields(pipeline, parameters) if changes else ()
        return Fit(
            parameters=parameters,
            summary=f"Set the schedule of {pipeline.id} to {shown}",
            files=files,
            data_flow=f"{pipeline.id} reads and writes the same data, at the times of {shown} "
            f"instead of {pipeline.schedule or 'none'}.",
            verification=f"Read the topology of {files[0]} at head; the schedule of {pipeline.id} is {shown}.",
            rollback=f"Revert the change of {files[0]}; runs that were made by then stay and are re-run as usual.",
            edits=tuple(TopologyEdit(pipeline=pipeline.id, node=None, field=field) for field in fields),
            notes=_notes(pipeline, parameters.dagster) if changes else (),
            metrics=(Watch("run start delay", pipeline.id, "a scheduled run starts over 15 minutes late"),),
        )

    def apply(self, tree: Tree, parameters: ScheduleParameters) -> Mapping[str, bytes]:
        if parameters.prefect is not None:
            return set_deployment_cron(tree, parameters.prefect)
        if parameters.dagster is not None:
            return set_cron(tree, parameters.dagster)
        source = PythonSource.open(tree, parameters.path)
        dags = AirflowSource(source)
        site, env = dags.find(parameters.pipeline)
        text = "None" if parameters.schedule is None else source.string(parameters.schedule)
        for keyword in _KEYWORDS:
            value = keyword_value(site.node, keyword, env)
            if isinstance(value, cst.BaseExpression):
                return self._replaced(dags, site, env, value, parameters)
            if value != "absent":
                raise source.error(
                    site.node, "`**` may hold the schedule of this DAG; write it as a keyword."
                )
        keyword = _usual_keyword(dags, tree)
        if isinstance(site.node, cst.Call):
            splices = with_entries(source, site.node, {keyword: text})
        else:
            end = source.span(site.node)[1]
            splices = [Splice(end, end, written_call(source, [f"{keyword}={text}"], end))]
        return {parameters.path: source.spliced(splices)}

    @staticmethod
    def _replaced(
        dags: AirflowSource, site: Site, env: Env, value: cst.BaseExpression, parameters: ScheduleParameters
    ) -> Mapping[str, bytes]:
        source = dags.source
        written = origin(value, env)
        current = UNKNOWN if written is None else constant(value, env)
        if isinstance(current, str | None) and _canonical(current) == _canonical(parameters.schedule):
            return {}
        runs = dags.runs(site)
        at = narrowest(dags, value, env, runs)
        moved = runs if at is value else [run for run in runs if origin(value, run) is written]
        if len(moved) > 1 or dags.dag_id(site, env) is None:
            raise source.error(
                value, "this schedule is written once for several DAGs; give each its own, then ask again."
            )
        if not isinstance(current, str | None) and not (isinstance(value, cst.Name) and at is value):
            _refuse_lost_import(source, at)
        return {
            parameters.path: source.spliced(
                [Splice(*source.span(at), _literal(source, at, parameters.schedule))]
            )
        }


def _of_dagster(pipeline: Pipeline, schedule: str | None, topology: Topology) -> DagsterSchedule | Misfit:
    """What Dagster is told; a schedule that is new does as those of the other jobs do."""
    if schedule is None or schedule in _OTHERS:
        return Misfit(f"a cron that {pipeline.id} shall run by; take a schedule of Dagster away by hand")
    if pipeline.id == IMPLICIT_JOB:
        return Misfit("a job that has a name of its own; define one of the assets that shall run together")
    others = [one for one in topology.pipelines if one.schedule and one.timezone]
    zones = {one.timezone for one in others} - {UNRESOLVED}
    zone = zones.pop() if len(zones) == 1 else None
    return DagsterSchedule(
        root=topology.root,
        job=pipeline.id,
        cron=_PRESETS.get(schedule, schedule),
        timezone=None if zone == "UTC" else zone,
        running=not others or any(one.paused is False for one in others),
    )


def _of_prefect(pipeline: Pipeline, schedule: str | None, topology: Topology) -> PrefectSchedule | Misfit:
    """What the flow's deployment is told; a schedule that is new is in the zone of the others."""
    if schedule is None or schedule in _OTHERS:
        return Misfit(f"a cron that {pipeline.id} shall run by; take a schedule of Prefect away by hand")
    zones = {one.timezone for one in topology.pipelines if one.schedule and one.timezone} - {UNRESOLVED}
    zone = zones.pop() if len(zones) == 1 else None
    return PrefectSchedule(
        root=topology.root,
        flow=pipeline.id,
        cron=_PRESETS.get(schedule, schedule),
        timezone=None if zone == "UTC" else zone,
    )


def _fields(pipeline: Pipeline, parameters: ScheduleParameters) -> tuple[str, ...]:
    """The fields that a plan must name; the first schedule of a job or flow brings its zone and state along."""
    if parameters.prefect is not None and pipeline.timezone is None:
        return ("schedule", "timezone")
    is_new = parameters.dagster is not None and pipeline.timezone is None
    return ("schedule", "timezone", "paused") if is_new else ("schedule",)


def _notes(pipeline: Pipeline, dagster: DagsterSchedule | None) -> tuple[str, ...]:
    if dagster is None or pipeline.timezone is not None:
        return ()
    zone = dagster.timezone or "UTC"
    state = "runs as soon as it is deployed" if dagster.running else "is off until somebody switches it on"
    return (
        f"The schedule of {pipeline.id} is new: it is in {zone} and {state}, as those of the other jobs.",
    )


def _demanded(threshold: str) -> str | None:
    text = threshold.strip().strip("`'\"").strip()
    return None if text.casefold() in ("none", "null", "") else " ".join(text.split())


def _is_schedule(text: str) -> bool:
    return text in _PRESETS or text in _OTHERS or _CRON.fullmatch(text) is not None


def _canonical(schedule: str | None) -> str | None:
    return _PRESETS.get(schedule, schedule) if schedule is not None else None


def _literal(source: PythonSource, at: cst.BaseExpression, schedule: str | None) -> str:
    if schedule is None:
        return "None"
    if isinstance(at, cst.SimpleString) and len(at.quote) == 1 and at.quote not in schedule:
        return f"{at.quote}{schedule}{at.quote}"
    return source.string(schedule)


def _refuse_lost_import(source: PythonSource, at: cst.BaseExpression) -> None:
    """An object that makes way would leave the import of its class unused, which the target's lint refuses."""
    name = dotted(at.func if isinstance(at, cst.Call) else at)[:1]
    inside = {id(node) for node in _names(at)}
    if name and not any(
        node.value == name[0] and id(node) not in inside
        for node in source.all(cst.Name)
        if not any(isinstance(p, cst.Import | cst.ImportFrom) for p in source.parents(node))
    ):
        raise source.error(
            at, f"replacing `{source.code(at)}` would leave `{name[0]}` unused; change it by hand."
        )


def _names(node: cst.CSTNode) -> list[cst.Name]:
    found = [node] if isinstance(node, cst.Name) else []
    return found + [name for child in node.children for name in _names(child)]


def _usual_keyword(dags: AirflowSource, tree: Tree) -> str:
    """What the file's other DAGs call it, else what the files beside it do, else `schedule`."""
    for keyword in ("schedule", "schedule_interval"):
        if any(site.keyword(keyword) for site in dags.sites):
            return keyword
    folder = dags.source.path.rpartition("/")[0]
    texts = [
        text_of(tree, p) or "" for p in tree.entries() if p.endswith(".py") and p.rpartition("/")[0] == folder
    ]
    old = any(re.search(r"\bschedule_interval\s*=", text) for text in texts)
    new = any(re.search(r"\bschedule\s*=", text) for text in texts)
    return "schedule_interval" if old and not new else "schedule"
