"""Retries, their delay and its growth, on a whole DAG, job or flow, or on one task, asset or op."""

import re
from collections.abc import Mapping
from typing import Literal

from meta_pipeline.authors.recipes.airflow_source import AirflowSource
from meta_pipeline.authors.recipes.bounds import Bounds, bounds_of
from meta_pipeline.authors.recipes.context import known_pipeline
from meta_pipeline.authors.recipes.dagster_retries import DagsterRetries, edits_of, set_policies
from meta_pipeline.authors.recipes.prefect_retries import PrefectRetries, flow_edits, set_task_retries
from meta_pipeline.authors.recipes.python_source import PythonSource
from meta_pipeline.authors.recipes.recipe import Fit, Misfit, Recipe, RecipeError
from meta_pipeline.authors.recipes.retry_edit import RetryEdit
from meta_pipeline.authors.recipes.retry_settings import Setting
from meta_pipeline.authors.watching import failures_of
from meta_pipeline.delivery.context import RepoContext
from meta_pipeline.delivery.model import Frozen
from meta_pipeline.delivery.overlay import OverlayTree
from meta_pipeline.delivery.plan import TopologyEdit
from meta_pipeline.delivery.requirements import Criterion
from meta_pipeline.delivery.topology import Pipeline, Topology
from meta_pipeline.delivery.tree import Tree, text_of

_SECONDS = {
    "second": 1,
    "sec": 1,
    "s": 1,
    "minute": 60,
    "min": 60,
    "m": 60,
    "hour": 3600,
    "h": 3600,
    "day": 86400,
}
_EXPONENTIAL = frozenset({"exponential", "true", "yes", "on", "growing"})
_FIRST_WITH_MULTIPLIER = (3, 2)


class RetryParameters(Frozen):
    """`path` defines the DAG `pipeline`; `node` is one task of it, or None for all. Delays are in seconds.

    `backoff` is the source text that asks for growing delays in the Airflow at hand. `dagster` is the
    same demand where the pipeline is a job of Dagster, `prefect` where it is a flow of Prefect.
    """

    path: str
    pipeline: str
    node: str | None = None
    retries: Bounds | None = None
    delay: Bounds | None = None
    backoff: Literal["True", "2.0"] | None = None
    dagster: DagsterRetries | None = None
    prefect: PrefectRetries | None = None

    @property
    def settings(self) -> tuple[Setting, ...]:
        found = []
        if self.retries is not None:
            found.append(Setting("retries", "retries", bounds=self.retries))
        if self.delay is not None:
            found.append(Setting("retry_delay", "retry_delay_s", bounds=self.delay))
        if self.backoff is not None:
            found.append(Setting("retry_exponential_backoff", "retry_backoff", switch=self.backoff))
        return tuple(found)


class SetRetries(Recipe[RetryParameters]):
    """Sets retries, retry delay and exponential backoff: of an Airflow DAG or task, a Dagster asset, a Prefect task.

    A whole DAG is met in its default_args, and in every task that overrides them; a task in its own
    keywords; an asset or op in the retry_policy of its decorator, a task of Prefect in its own decorator, and a job of
    Dagster or a flow of Prefect in each of them.
    Values that meet the demand already stay as they are.
    """

    id = "set_retries"
    title = "Set retries"
    model = RetryParameters
    serves = frozenset({"retries", "retry_delay", "retry_backoff"})

    def fit(self, criteria: tuple[Criterion, ...], context: RepoContext, tree: Tree) -> Fit | Misfit:
        found = known_pipeline(criteria[0].subject, context)
        if isinstance(found, Misfit):
            return found
        pipeline, node, topology = found
        backoff = _backoff_text(topology.version, tree, pipeline.path)
        parameters = _parameters(criteria, pipeline, node, backoff)
        if isinstance(parameters, Misfit):
            return parameters
        if topology.scheduler == "dagster":
            return self._fit_dagster(parameters, topology, tree, criteria[0].subject)
        if topology.scheduler == "prefect":
            return self._fit_prefect(parameters, topology, tree, criteria[0].subject)
        try:
            after = OverlayTree(tree, self.apply(tree, parameters))
            edits = _Reach(tree, after, parameters).edits(context)
        except RecipeError as error:
            return Misfit(f"a supported source form: {error}")
        return _fit(parameters, edits, criteria[0].subject, (parameters.path,))

    def _fit_dagster(
        self, parameters: RetryParameters, topology: Topology, tree: Tree, subject: str
    ) -> Fit | Misfit:
        wanted = DagsterRetries(
            root=topology.root,
            job=parameters.pipeline,
            node=parameters.node,
            retries=parameters.retries,
            delay=parameters.delay,
            backoff=parameters.backoff is not None,
        )
        parameters = parameters.model_copy(update={"dagster": wanted})
        try:
            written = self.apply(tree, parameters)
        except RecipeError as error:
            return Misfit(f"a supported source form: {error}")
        edits = edits_of(tree, OverlayTree(tree, written), topology.root)
        return _fit(parameters, edits, subject, tuple(sorted(written)) or (parameters.path,))

    def _fit_prefect(
        self, parameters: RetryParameters, topology: Topology, tree: Tree, subject: str
    ) -> Fit | Misfit:
        wanted = PrefectRetries(
            root=topology.root,
            flow=parameters.pipeline,
            node=parameters.node,
            retries=parameters.retries,
            delay=parameters.delay,
            backoff=parameters.backoff is not None,
        )
        parameters = parameters.model_copy(update={"prefect": wanted})
        try:
            written = self.apply(tree, parameters)
        except RecipeError as error:
            return Misfit(f"a supported source form: {error}")
        edits = flow_edits(tree, OverlayTree(tree, written), topology.root)
        return _fit(parameters, edits, subject, tuple(sorted(written)) or (parameters.path,))

    def apply(self, tree: Tree, parameters: RetryParameters) -> Mapping[str, bytes]:
        if parameters.prefect is not None:
            return set_task_retries(tree, parameters.prefect)
        if parameters.dagster is not None:
            return set_policies(tree, parameters.dagster)
        source = PythonSource.open(tree, parameters.path)
        splices = RetryEdit(AirflowSource(source), tree, parameters.settings).splices(
            parameters.pipeline, parameters.node
        )
        return {parameters.path: source.spliced(splices)} if splices else {}


def _parameters(
    criteria: tuple[Criterion, ...], pipeline: Pipeline, node: str | None, backoff: Literal["True", "2.0"]
) -> RetryParameters | Misfit:
    retries, delay = Bounds(), Bounds()
    wants_backoff = False
    for criterion in criteria:
        if criterion.metric == "retry_backoff":
            if criterion.comparator != "==" or str(criterion.threshold).casefold() not in _EXPONENTIAL:
                return Misfit(
                    f"a backoff that is exponential; '{criterion.sentence}' asks for something else"
                )
            wants_backoff = True
            continue
        scale = 1.0 if criterion.metric == "retries" else _scale(criterion.unit)
        bounds = bounds_of(criterion, scale, 1.0) if scale else None
        if bounds is None:
            return Misfit(f"a single range of numbers in a known unit; '{criterion.sentence}' has none")
        if criterion.metric == "retries":
            retries = retries.narrowed(bounds)
        else:
            delay = delay.narrowed(bounds)
    if retries.is_empty or delay.is_empty:
        return Misfit(f"demands on {criteria[0].subject} that can be met together; they exclude each other")
    return RetryParameters(
        path=pipeline.path,
        pipeline=pipeline.id,
        node=node,
        retries=None if retries == Bounds() else retries,
        delay=None if delay == Bounds() else delay,
        backoff=backoff if wants_backoff else None,
    )


def _scale(unit: str) -> float | None:
    unit = unit.strip().casefold()
    return _SECONDS.get(unit) or _SECONDS.get(unit.removesuffix("s"))


def _backoff_text(version: str, tree: Tree, path: str) -> Literal["True", "2.0"]:
    # Airflow 3.2 turned the switch into a multiplier, in which True is 1 and lets no delay grow.
    numbers = re.match(r"\D*(\d+)\.(\d+)", version)
    if numbers:
        return "2.0" if (int(numbers[1]), int(numbers[2])) >= _FIRST_WITH_MULTIPLIER else "True"
    return "2.0" if "airflow.sdk" in (text_of(tree, path) or "") else "True"


class _Reach:
    """Which tasks an edit reaches, looked up in the file as it is after the edit."""

    def __init__(self, tree: Tree, after: OverlayTree, parameters: RetryParameters) -> None:
        self.parameters = parameters
        self.after = after
        self.before = AirflowSource(PythonSource.open(tree, parameters.path))
        self.written = AirflowSource(PythonSource.open(after, parameters.path))

    def edits(self, context: RepoContext) -> tuple[TopologyEdit, ...]:
        """The fields that do not meet the demand yet, of every task that the edit reaches."""
        return tuple(
            TopologyEdit(pipeline=pipeline.id, node=node.id, field=setting.field)
            for pipeline in context.pipelines
            if self._may_reach(pipeline)
            for node in pipeline.nodes
            for setting in self.parameters.settings
            if not setting.meets_in(node) and self._reaches(pipeline.id, node.id, setting)
        )

    def _may_reach(self, pipeline: Pipeline) -> bool:
        """Whether the pipeline is the demanded one, comes from the same code, or from helpers that the file calls."""
        if pipeline.path != self.parameters.path:
            return False
        site, _ = self.before.find(self.parameters.pipeline)
        if self.before.makes(site, pipeline.id):
            return True
        return self.parameters.node is None and not any(
            self.before.makes(other, pipeline.id) for other in self.before.sites
        )

    def _reaches(self, pipeline: str, node: str, setting: Setting) -> bool:
        if pipeline == self.parameters.pipeline and self.parameters.node in (None, node):
            return True
        if self.parameters.node is not None:
            site, _ = self.before.find(self.parameters.pipeline)
            if not self.before.could_name(self.before.task(site, self.parameters.node), node):
                return False
        try:
            return not RetryEdit(self.written, self.after, (setting,)).splices(pipeline, node)
        except RecipeError:
            # A task that is made elsewhere may take what the file hands on, so the plan names it.
            return True


def _fit(
    parameters: RetryParameters, edits: tuple[TopologyEdit, ...], subject: str, files: tuple[str, ...]
) -> Fit:
    said = ", ".join(setting.sentence for setting in parameters.settings)
    others = sorted({edit.pipeline for edit in edits} - {parameters.pipeline})
    siblings = sorted(
        {f"{e.pipeline}.{e.node}" for e in edits if parameters.node and e.node != parameters.node}
    )
    notes = []
    if others:
        notes.append(f"The code of {parameters.pipeline} also makes {', '.join(others)}: changed with it.")
    elif siblings:
        notes.append(f"The code of {subject} also makes {', '.join(siblings)}: changed with it.")
    return Fit(
        parameters=parameters,
        summary=f"Set {said} on {subject}",
        files=files,
        data_flow=f"No data moves differently: only a failed attempt of {subject} is followed by another one.",
        verification=f"Read the topology of {', '.join(files)} at head and compare {said} of {subject}.",
        rollback=f"Revert the change of {', '.join(files)}; retries write no data of their own.",
        edits=edits,
        metrics=(failures_of(subject, "steps") if parameters.dagster else failures_of(subject),),
        notes=tuple(notes),
    )
