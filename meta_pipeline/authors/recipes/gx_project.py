"""The suites of a Great Expectations 1.x project, as files of a tree."""

import json
from dataclasses import dataclass
from typing import Any

from meta_pipeline.authors.recipes.recipe import RecipeError
from meta_pipeline.delivery.tree import Tree, text_of


@dataclass(frozen=True, slots=True)
class Suite:
    """One suite file. `validates` are the names of data assets and checkpoints that it is used for."""

    path: str
    name: str
    validates: frozenset[str]


def suites(tree: Tree) -> tuple[Suite, ...]:
    """Every suite of every project in the tree, in the order of their paths."""
    paths = sorted(tree.entries())
    roots = [
        path.removesuffix("great_expectations.yml")
        for path in paths
        if path.endswith("great_expectations.yml")
    ]
    return tuple(
        suite
        for root in roots
        for path in paths
        if path.startswith(f"{root}expectations/") and path.endswith(".json")
        for suite in [_suite(tree, root, path, paths)]
    )


def suite_of(tree: Tree, dataset: str) -> Suite | None:
    """The one suite that validates the dataset, by its data asset, else by the name of suite or checkpoint."""
    known = suites(tree)
    for rule in (
        lambda s: f"asset:{dataset}" in s.validates,
        lambda s: s.name == dataset,
        _is_checked(dataset),
    ):
        found = [suite for suite in known if rule(suite)]
        if len(found) == 1:
            return found[0]
    return None


def _is_checked(dataset: str) -> Any:
    return lambda suite: f"checkpoint:{dataset}" in suite.validates


def read_json(tree: Tree, path: str) -> dict[str, Any]:
    """The object in a JSON file; raises `RecipeError` with the line where it is none."""
    text = text_of(tree, path)
    try:
        value = json.loads(text or "")
    except json.JSONDecodeError as error:
        raise RecipeError(path, error.lineno, f"this is not JSON: {error.msg}; mend the line.") from error
    if not isinstance(value, dict):
        raise RecipeError(path, 1, "a JSON object was expected; write one.")
    return value


def _suite(tree: Tree, root: str, path: str, paths: list[str]) -> Suite:
    name = str(read_json(tree, path).get("name", path.rpartition("/")[2].removesuffix(".json")))
    validates: set[str] = set()
    for other in paths:
        if other.startswith(f"{root}validation_definitions/") and other.endswith(".json"):
            definition = read_json(tree, other)
            if _named(definition.get("suite")) == name:
                data = definition.get("data")
                validates.add(f"asset:{_named(data.get('asset') if isinstance(data, dict) else None)}")
                validates |= _checkpoints(tree, root, paths, _named(definition))
    return Suite(path, name, frozenset(validates))


def _checkpoints(tree: Tree, root: str, paths: list[str], definition: str) -> set[str]:
    found = set()
    for path in paths:
        if path.startswith(f"{root}checkpoints/") and path.endswith(".json"):
            checkpoint = read_json(tree, path)
            if definition in {_named(used) for used in checkpoint.get("validation_definitions", ())}:
                found.add(f"checkpoint:{_named(checkpoint)}")
    return found


def _named(value: object) -> str:
    return str(value.get("name", "")) if isinstance(value, dict) else ""
