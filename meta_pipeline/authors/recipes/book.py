"""All recipes, and the choice of those that meet a delivery's requirements."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from meta_pipeline.authors.recipes.add_dbt_test import AddDbtTest
from meta_pipeline.authors.recipes.add_gx_expectation import AddGxExpectation
from meta_pipeline.authors.recipes.describe_column import DescribeColumn
from meta_pipeline.authors.recipes.note_change import NoteChange
from meta_pipeline.authors.recipes.recipe import Fit, Misfit, Recipe, Rewrite
from meta_pipeline.authors.recipes.set_retries import SetRetries
from meta_pipeline.authors.recipes.set_schedule import SetSchedule
from meta_pipeline.delivery.context import RepoContext
from meta_pipeline.delivery.overlay import OverlayTree
from meta_pipeline.delivery.requirements import Criterion, Metric, Requirements
from meta_pipeline.delivery.tree import Tree

# Of two that take a criterion the first one wins.
RECIPES: tuple[Recipe[Any], ...] = (
    SetRetries(),
    SetSchedule(),
    AddGxExpectation(),
    AddDbtTest(),
    DescribeColumn(),
)
NOTE_CHANGE = NoteChange()
REWRITES: Mapping[str, Rewrite[Any]] = {rewrite.id: rewrite for rewrite in (*RECIPES, NOTE_CHANGE)}

MEASURED: frozenset[Metric] = frozenset(
    {
        "runtime",
        "import_errors",
        "failed_expectations",
        "failed_tests",
        "failed_dbt_tests",
        "lint_findings",
    }
)
"""Metrics that the gates measure on whatever the change is: they demand no edit of their own."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One recipe, how it fits, the criteria that it serves, and whether it changes any file."""

    recipe: Recipe[Any]
    fit: Fit
    criteria: tuple[Criterion, ...]
    changes: bool


@dataclass(frozen=True, slots=True)
class Chosen:
    """Recipes that together meet every criterion. `written` is what they make of the tree."""

    choices: tuple[Choice, ...]
    measured: tuple[Criterion, ...]
    written: Mapping[str, bytes]


@dataclass(frozen=True, slots=True)
class Missing:
    """What one recipe lacked to meet one group of criteria."""

    recipe: str
    title: str
    criteria: tuple[str, ...]
    missing: str


@dataclass(frozen=True, slots=True)
class NoFit:
    """No set of recipes meets the requirements. `why` is one sentence; `missing` has an entry for each recipe."""

    why: str
    missing: tuple[Missing, ...]


def choose(requirements: Requirements, context: RepoContext, tree: Tree) -> Chosen | NoFit:
    """The recipes for every criterion that demands a change, in the order of the criteria."""
    demanding = [criterion for criterion in requirements.criteria if criterion.metric not in MEASURED]
    measured = tuple(criterion for criterion in requirements.criteria if criterion.metric in MEASURED)
    if not demanding:
        return NoFit("No criterion demands a change that a recipe can make.", _unused(()))
    overlay = OverlayTree(tree)
    choices: list[Choice] = []
    missing: list[Missing] = []
    for recipes, criteria in _groups(_spread(demanding, context), context, tree):
        if not recipes:
            return NoFit(f"No recipe serves '{criteria[0].sentence}'.", _unused(criteria))
        tried = [(recipe, recipe.fit(criteria, context, overlay)) for recipe in recipes]
        fitting = [(recipe, found) for recipe, found in tried if isinstance(found, Fit)]
        if not fitting:
            missing += [
                Missing(recipe.id, recipe.title, _ids(criteria), found.missing)
                for recipe, found in tried
                if isinstance(found, Misfit)
            ]
            continue
        recipe, found = fitting[0]
        changed = recipe.apply(overlay, found.parameters)
        overlay = overlay.over(changed)
        choices.append(Choice(recipe, found, criteria, bool(changed)))
    if missing:
        named = ", ".join(dict.fromkeys(i for m in missing for i in m.criteria))
        return NoFit(f"No recipe can meet {named}.", (*missing, *_unused(demanding)))
    if not overlay.written:
        return NoFit(
            "Every demand is met at the base commit already; nothing has to change.", _unused(demanding)
        )
    return Chosen(tuple(choices), measured, overlay.written)


def _spread(criteria: list[Criterion], context: RepoContext) -> list[Criterion]:
    """A demand on the whole repository is one on each of its pipelines."""
    found: list[Criterion] = []
    for criterion in criteria:
        subjects = [criterion.subject] if criterion.subject else [p.id for p in context.pipelines]
        found += [criterion.model_copy(update={"subject": subject}) for subject in subjects or [""]]
    return found


def _groups(
    criteria: list[Criterion], context: RepoContext, tree: Tree
) -> list[tuple[tuple[Recipe[Any], ...], tuple[Criterion, ...]]]:
    """The criteria that one call meets, with the recipe that takes them, or all that serve them where none does."""
    recipes: dict[tuple[str, ...], tuple[Recipe[Any], ...]] = {}
    grouped: dict[tuple[str, ...], tuple[Criterion, ...]] = {}
    for criterion in criteria:
        serving = tuple(recipe for recipe in RECIPES if criterion.metric in recipe.serves)
        taking = tuple(recipe for recipe in serving if recipe.takes(criterion, context, tree))
        found = taking[:1] or serving
        key = (found[0].id, *found[0].group(criterion)) if found else ("", criterion.id)
        recipes[key] = found
        grouped[key] = (*grouped.get(key, ()), criterion)
    return [(recipes[key], criteria) for key, criteria in grouped.items()]


def _ids(criteria: tuple[Criterion, ...]) -> tuple[str, ...]:
    return tuple(criterion.id for criterion in criteria)


def _unused(criteria: tuple[Criterion, ...] | list[Criterion]) -> tuple[Missing, ...]:
    """The recipes that no criterion calls for, each with the metrics that it waits for."""
    asked = {criterion.metric for criterion in criteria}
    return tuple(
        Missing(recipe.id, recipe.title, (), f"a criterion on {', '.join(sorted(recipe.serves))}")
        for recipe in RECIPES
        if not recipe.serves & asked
    )
