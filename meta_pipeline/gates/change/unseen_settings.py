"""When and how often things of Dagster run that no topology holds: what a factory or a dbt project makes, and jobs.

Their arguments are compared as text, so a value counts only where the declaration is none that a topology tells of.
"""

import ast
from collections.abc import Iterator, Mapping

from meta_pipeline.delivery.change import Change
from meta_pipeline.gates.change.declared import settings_apart
from meta_pipeline.gates.change.pipeline_code import is_apart
from meta_pipeline.gates.python.reading import last_part, parsed
from meta_pipeline.gates.weighing import Weighed, weighed

_TIMING = frozenset({"automation_condition", "auto_materialize_policy", "partitions_def"})
_RETRYING = frozenset({"retry_policy", "op_retry_policy"})
_FIELDS: Mapping[str, str] = {"partitions_def": "partitions"}
_OF_JOBS = frozenset({"define_asset_job"})
_MAKES_PARTITIONS = "PartitionsDefinition"


def unseen_timing(change: Change) -> Iterator[Weighed]:
    """Automation conditions and partitions that are others now, or gone, where no topology tells of it."""
    known, told = _known(change), {(one.field, one.path) for one in change.differences}
    for setting in settings_apart(change, _TIMING):
        field = _FIELDS.get(setting.keyword, "automation")
        is_known = setting.of in known and setting.by not in _OF_JOBS
        if is_known or (field, setting.path) in told or is_apart(setting.path):
            continue
        now = f"is now {setting.after}" if setting.after else "is gone"
        yield weighed(
            "needs_approval",
            f"{setting.keyword} of {setting.of} {now} (before: {setting.before or 'not set'}); "
            "it is made at other times, or in other parts",
            "restore it, or approve when and how often it runs",
            path=setting.path,
            line=setting.line,
        )
    if not any(field == "partitions" for field, _ in told):
        yield from _other_partitions(change)


def _other_partitions(change: Change) -> Iterator[Weighed]:
    """Partitions of another kind under the name that they had."""
    for file in change.files:
        if not file.path.endswith(".py") or not file.old or not file.new or is_apart(file.path):
            continue
        if _MAKES_PARTITIONS.encode() not in file.new:
            continue
        before, after = (_partitions(data.decode("utf-8", errors="replace")) for data in (file.old, file.new))
        for name, (kind, line) in after.items():
            if name in before and before[name][0] != kind:
                yield weighed(
                    "needs_approval",
                    f"{name} is now a {kind} instead of a {before[name][0]}; what was made so far is in others",
                    f"restore the {before[name][0]}, or approve how often it runs",
                    path=file.path,
                    line=line,
                )


def _partitions(text: str) -> dict[str, tuple[str, int]]:
    """The names that a module sets to partitions, each with their kind and its line."""
    module = parsed(text)
    return {
        target.id: (last_part(ast.unparse(node.value.func)), node.lineno)
        for node in (ast.walk(module) if module else ())
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call)
        if last_part(ast.unparse(node.value.func)).endswith(_MAKES_PARTITIONS)
        for target in node.targets
        if isinstance(target, ast.Name)
    }


def unseen_retries_lost(change: Change) -> Iterator[Weighed]:
    """Retry policies that are gone from what no topology tells of."""
    known = _known(change)
    told = {one.path for one in change.differences if one.field.startswith("retr")}
    for setting in settings_apart(change, _RETRYING):
        is_lost = setting.before not in (None, "None") and setting.after in (None, "None")
        if not is_lost or setting.of in known or setting.path in told or is_apart(setting.path):
            continue
        yield weighed(
            "failed",
            f"{setting.of} has no {setting.keyword} any more (before: {setting.before}): a passing fault now fails "
            "the whole run",
            "restore what was there",
            path=setting.path,
            line=setting.line,
        )


def _known(change: Change) -> frozenset[str]:
    """The last parts of the names of all that the topologies of Dagster hold at head."""
    return frozenset(
        last_part(name.replace("/", "."))
        for topology in change.head_topologies
        if topology.scheduler == "dagster"
        for pipeline in topology.pipelines
        for name in (pipeline.id, *(node.id for node in pipeline.nodes if not node.kind.endswith("_assets")))
    )
