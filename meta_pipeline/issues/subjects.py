"""What a demand is about: the pipeline, node, checkpoint or column that its sentence names."""

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass

from meta_pipeline.issues.demands import Demand, Found
from meta_pipeline.issues.names import Names
from meta_pipeline.issues.reading import NAME, Reading

_SEPARATOR = re.compile(r";|,|\.\s|\b(?:and|but)\b")
_LISTED = re.compile(
    rf"{NAME}(?:\s*(?:,|/|&|\band\b|\bor\b|\bas well as\b)+\s*(?:the\s+)?(?:\w+\s+)?{NAME})+"
)
_WHOLE_REPOSITORY = frozenset({"import_errors", "failed_tests", "lint_findings"})
_ONE_TASK = re.compile(r"\b(?:the|this|that)\s+(?:task|node|operator|step|asset|op|model)\b|\bit\b")


@dataclass(frozen=True, slots=True)
class Unclear:
    """Why a demand has no subject; `candidates` are the names it could be."""

    missing: str
    candidates: tuple[str, ...] = ()


def placeholders_for(demand: Demand, found: Sequence[Found], reading: Reading) -> tuple[str, ...]:
    """The name placeholders of the demand's own clause, else of the nearest clause before it, else after it."""
    text = reading.text
    cuts = [
        0,
        *(m.end() for m in _SEPARATOR.finditer(text) if not _inside(m.start(), m.end(), found, text)),
        len(text),
    ]
    clauses = list(itertools.pairwise(cuts))
    own = [n for n, (start, end) in enumerate(clauses) if start < demand.end and demand.start < end]
    order = [*own[:1], *range(own[0] - 1, -1, -1), *range(own[-1] + 1, len(clauses))]
    mine = tuple(name for n in own for name in _names_at(text, *clauses[n]) if name not in demand.values)
    if mine:
        return mine
    for n in order:
        names = tuple(name for name in _names_at(text, *clauses[n]) if name not in demand.values)
        if names:
            return names
    return ()


def _names_at(text: str, start: int, end: int) -> list[str]:
    return [match[0] for match in re.finditer(NAME, text) if start <= match.start() < end]


def _inside(start: int, end: int, found: Sequence[Found], text: str) -> bool:
    """Whether a separator belongs to a demand or to a list of names, and so separates no clauses."""
    listed = any(match.start() < start and end <= match.end() for match in _LISTED.finditer(text))
    return listed or any(item.start <= start and end <= item.end for item in found)


def subjects_of(
    demand: Demand, names: Sequence[str], reading: Reading, known: Names, mentioned: Sequence[str] = ()
) -> tuple[str, ...] | Unclear:
    """The subjects of a demand in a sentence that gives it these names, or why they are unclear.

    `mentioned` are the nodes that the issue names elsewhere: what `the task` can mean.
    """
    if demand.metric in _WHOLE_REPOSITORY:
        return ("",)
    if demand.metric == "failed_expectations":
        return _checkpoint(names, reading, known)
    if demand.metric == "failed_dbt_tests":
        return _dbt_project(names, known)
    if demand.metric in ("unexpected_values", "column_description"):
        return _columns(names, reading, known)
    if not names:
        return _unnamed(demand, reading, known, mentioned)
    return _pipelines_and_nodes(demand, names, reading, known)


def _pipelines_and_nodes(
    demand: Demand, names: Sequence[str], reading: Reading, known: Names
) -> tuple[str, ...] | Unclear:
    pipelines = [name for name in names if name in known.pipelines]
    nodes: list[str] = []
    unknown: list[str] = []
    for name in names:
        if name in pipelines:
            continue
        full = known.nodes_named(name)
        qualified = tuple(f for f in full if known.pipeline_of(f) in pipelines) or full
        if len(qualified) > 1:
            return Unclear(f"which task it means, as '{name}' is in several pipelines", qualified)
        if qualified:
            nodes += qualified
        elif demand.metric in ("schedule", "runtime") and len(known.writers_of(name)) == 1:
            pipelines += known.writers_of(name)
        elif demand.metric in ("schedule", "runtime") and name in known.datasets and len(known.scope) == 1:
            pipelines += known.scope
        elif name not in known.datasets and not known.column(name) and not known.files_named(name):
            unknown.append(name)
    owners = {known.pipeline_of(node) for node in nodes}
    if demand.metric == "schedule":
        # A task has no schedule of its own: its pipeline has.
        chosen = [*pipelines, *(owner for owner in owners if owner)]
    else:
        chosen = [*(p for p in pipelines if p not in owners), *nodes]
    chosen = list(dict.fromkeys(chosen or unknown))
    if not chosen:
        return _unnamed(demand, reading, known, ())
    if len(chosen) > 1 and not _LISTED.search(reading.text):
        return Unclear("which one of the things it names is meant", tuple(chosen))
    return tuple(chosen)


def _unnamed(
    demand: Demand, reading: Reading, known: Names, mentioned: Sequence[str]
) -> tuple[str, ...] | Unclear:
    if demand.metric != "schedule" and _ONE_TASK.search(reading.text):
        tasks = tuple(dict.fromkeys(full for name in mentioned for full in known.nodes_named(name)))
        if len(tasks) == 1:
            return tasks
        if len(tasks) > 1 or " it " not in f" {reading.text} ":
            return Unclear("which task it means", tasks)
    if len(known.scope) == 1:
        return known.scope
    return Unclear("which pipeline or task it means", known.scope)


def _checkpoint(names: Sequence[str], reading: Reading, known: Names) -> tuple[str, ...] | Unclear:
    named = tuple(name for name in names if name in known.checkpoints)
    if not named and "checkpoint" in reading.text:
        named = tuple(name for name in names if name not in known.pipelines)
    if named:
        return tuple(dict.fromkeys(named))
    if len(known.checkpoints) == 1:
        return known.checkpoints
    return Unclear("which checkpoint it means", known.checkpoints)


def _dbt_project(names: Sequence[str], known: Names) -> tuple[str, ...] | Unclear:
    named = tuple(dict.fromkeys(name for name in names if name in known.dbt_projects))
    if named or len(known.dbt_projects) == 1:
        return named or known.dbt_projects
    return Unclear("which dbt project it means", known.dbt_projects)


def _columns(names: Sequence[str], reading: Reading, known: Names) -> tuple[str, ...] | Unclear:
    """`dataset.column`, or a column named beside its dataset, or a column that only one dataset has."""
    datasets = [name for name in names if name in known.datasets and not known.column(name)]
    found: list[str] = []
    for name in names:
        if name in datasets:
            continue
        if known.column(name):
            found.append(name)
            continue
        owners = [d for d in datasets if name in known.datasets[d].columns] or (
            datasets if len(datasets) == 1 and "." not in name else []
        )
        owners = owners or [d for d, dataset in known.datasets.items() if name in dataset.columns]
        if len(owners) > 1:
            return Unclear("the dataset of the column", tuple(f"{owner}.{name}" for owner in owners))
        if owners:
            found.append(f"{owners[0]}.{name}")
        elif "." in name and name not in known.nodes:
            found.append(name)
    found = list(dict.fromkeys(found))
    if not found:
        return Unclear("the column it means, as `dataset.column`")
    if len(found) > 1 and not _LISTED.search(reading.text):
        return Unclear("which column it means", tuple(found))
    return tuple(found)
