"""One expectation in the Great Expectations suite that validates a dataset."""

import json
import re
import uuid
from collections.abc import Mapping
from typing import Any

from meta_pipeline.authors.recipes.gx_project import read_json, suite_of, suites
from meta_pipeline.authors.recipes.recipe import Fit, Misfit, Recipe, RecipeError, Watch
from meta_pipeline.delivery.context import RepoContext
from meta_pipeline.delivery.model import Frozen
from meta_pipeline.delivery.requirements import Argument, Criterion
from meta_pipeline.delivery.tree import Tree, text_of

_NAMESPACE = uuid.UUID("6f3f3c52-5c0e-5e0d-9c39-2f4f3a1a7b11")
_INDENT = re.compile(r"^\{\r?\n([ \t]+)")


class ExpectationParameters(Frozen):
    """The suite at `path` shall hold the expectation `type` on `column` with these arguments."""

    path: str
    type: str
    column: str
    kwargs: tuple[tuple[str, Argument], ...]


class AddGxExpectation(Recipe[ExpectationParameters]):
    """Adds an expectation to the Great Expectations suite of a dataset, or gives the one there new arguments.

    The suite is found by the data asset that it validates, else by its own or its checkpoint's name.
    The file keeps its indentation, and its keys the order in which Great Expectations writes them.
    """

    id = "add_gx_expectation"
    title = "Add an expectation"
    model = ExpectationParameters
    serves = frozenset({"unexpected_values"})

    def takes(self, criterion: Criterion, context: RepoContext, tree: Tree) -> bool:
        # Where a suite validates the dataset, its owners look for the rules there, also of what dbt builds.
        try:
            return criterion.expectation is not None and bool(suite_of(tree, criterion.expectation.dataset))
        except RecipeError:
            return True

    def group(self, criterion: Criterion) -> tuple[str, ...]:
        kind = criterion.expectation.type if criterion.expectation else ""
        return (criterion.subject, kind)

    def fit(self, criteria: tuple[Criterion, ...], context: RepoContext, tree: Tree) -> Fit | Misfit:
        expectation = criteria[0].expectation
        if expectation is None:
            return Misfit(
                f"an expectation for {criteria[0].subject}; the criterion names no rule for its values"
            )
        kwargs: dict[str, Argument] = {}
        for criterion in criteria:
            for name, value in criterion.expectation.kwargs if criterion.expectation else ():
                if kwargs.setdefault(name, value) != value:
                    return Misfit(f"one {name} for {criteria[0].subject}; the criteria give two")
        dataset = next((d for d in context.datasets if d.name == expectation.dataset), None)
        if dataset is not None and dataset.columns and expectation.column not in dataset.columns:
            return Misfit(f"a column {expectation.column} in {expectation.dataset} ({dataset.contract})")
        try:
            suite = suite_of(tree, expectation.dataset)
            if suite is None:
                known = ", ".join(s.name for s in suites(tree)) or "none"
                return Misfit(
                    f"a Great Expectations suite that validates {expectation.dataset}; there are: {known}"
                )
            parameters = ExpectationParameters(
                path=suite.path,
                type=expectation.type,
                column=expectation.column,
                kwargs=tuple(sorted(kwargs.items())),
            )
            self.apply(tree, parameters)
        except RecipeError as error:
            return Misfit(f"a supported suite file: {error}")
        column = f"{expectation.dataset}.{expectation.column}"
        said = ", ".join(f"{name}={value}" for name, value in parameters.kwargs)
        return Fit(
            parameters=parameters,
            summary=f"Demand {expectation.type}({said}) of {column}",
            files=(suite.path,),
            data_flow=f"{expectation.dataset} is read once more by suite {suite.name}; nothing is written differently.",
            verification=f"Run the checkpoint that uses suite {suite.name}; {expectation.type} of {column} succeeds.",
            rollback=f"Revert the change of {suite.path}; no data has to be undone.",
            metrics=(Watch("unexpected values", column, "any value that fails the expectation"),),
        )

    def apply(self, tree: Tree, parameters: ExpectationParameters) -> Mapping[str, bytes]:
        document = read_json(tree, parameters.path)
        expectations = document.get("expectations")
        if not isinstance(expectations, list):
            raise RecipeError(parameters.path, 1, "the suite has no list 'expectations'; add an empty one.")
        given = {
            name: list(value) if isinstance(value, tuple) else value for name, value in parameters.kwargs
        }
        wanted: dict[str, Any] = {"column": parameters.column, **given}
        same = [e for e in expectations if _is_of(e, parameters)]
        if any(_tightened(e["kwargs"], wanted) == e["kwargs"] for e in same):
            return {}
        if len(same) > 1:
            line = _line_of(tree, parameters)
            raise RecipeError(
                parameters.path,
                line,
                f"{len(same)} rules {parameters.type} look at column {parameters.column}; leave one.",
            )
        if same:
            same[0]["kwargs"] = _tightened(same[0]["kwargs"], wanted)
        else:
            expectations.append(_expectation(document, wanted, parameters))
        return {parameters.path: _written(tree, parameters.path, document)}


def _is_of(expectation: object, parameters: ExpectationParameters) -> bool:
    if not isinstance(expectation, dict) or not isinstance(expectation.get("kwargs"), dict):
        return False
    # A rule with a row condition holds for some rows only, so it is another rule.
    conditional = bool(expectation["kwargs"].get("row_condition"))
    return (
        expectation.get("type") == parameters.type
        and expectation["kwargs"].get("column") == parameters.column
        and not conditional
    )


def _tightened(kwargs: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of a rule with the wanted ones in place; a share of exceptions goes unless it is wanted."""
    kept = {name: value for name, value in kwargs.items() if name != "mostly"}
    # 0.0 and 0 are one bound, so the one that is there stays.
    new = {name: kept[name] if kept.get(name) == value else value for name, value in wanted.items()}
    return dict(sorted({**kept, **new}.items()))


def _expectation(
    document: Mapping[str, Any], kwargs: Mapping[str, Any], parameters: ExpectationParameters
) -> dict[str, Any]:
    identity = f"{document.get('id') or document.get('name')}/{parameters.type}/{parameters.column}"
    new: dict[str, Any] = {
        "id": str(uuid.uuid5(_NAMESPACE, identity)),
        "kwargs": dict(sorted(kwargs.items())),
        "meta": {},
        "type": parameters.type,
    }
    # Older releases of Great Expectations know no severity and refuse it.
    if any("severity" in e for e in document["expectations"] if isinstance(e, dict)):
        new["severity"] = "critical"
    return dict(sorted(new.items()))


def _written(tree: Tree, path: str, document: Mapping[str, Any]) -> bytes:
    text = text_of(tree, path) or ""
    found = _INDENT.match(text)
    written = json.dumps(document, indent=found[1] if found else None, ensure_ascii=text.isascii())
    written += text[len(text.rstrip()) :].replace("\r\n", "\n")
    return written.replace("\n", "\r\n" if "\r\n" in text else "\n").encode()


def _line_of(tree: Tree, parameters: ExpectationParameters) -> int:
    lines = (text_of(tree, parameters.path) or "").splitlines()
    return next((n for n, line in enumerate(lines, 1) if f'"{parameters.type}"' in line), 1)
