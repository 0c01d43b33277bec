"""What a recipe is: a pure function from a tree and parameters to new file contents."""

import inspect
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Generic, TypeVar

from meta_pipeline.delivery.context import RepoContext
from meta_pipeline.delivery.model import Frozen, canonical_json
from meta_pipeline.delivery.plan import RecipeCall, TopologyEdit
from meta_pipeline.delivery.requirements import Criterion, Metric
from meta_pipeline.delivery.tree import Tree


class RecipeError(ValueError):
    """The source has a form that the recipe does not support; the text says where and how to mend it."""

    def __init__(self, path: str, line: int, problem: str) -> None:
        super().__init__(f"{path}:{line}: {problem}")


@dataclass(frozen=True, slots=True)
class Watch:
    """A metric to watch after the change, before policy says where it is read. `of` names what is watched."""

    name: str
    of: str
    threshold: str


@dataclass(frozen=True, slots=True)
class Fit:
    """A recipe that can meet the demand. `notes` are effects beyond the demand that the approver must know."""

    parameters: Frozen
    summary: str
    files: tuple[str, ...]
    data_flow: str
    verification: str
    rollback: str
    creates: tuple[str, ...] = ()
    edits: tuple[TopologyEdit, ...] = ()
    metrics: tuple[Watch, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Misfit:
    """A recipe that cannot meet the demand; `missing` says in one sentence what it lacked."""

    missing: str


P = TypeVar("P", bound=Frozen)


class Rewrite(ABC, Generic[P]):
    """A named, deterministic edit of files. `model` is the type of its parameters."""

    id: ClassVar[str]
    title: ClassVar[str]
    model: ClassVar[type[Frozen]]

    @abstractmethod
    def apply(self, tree: Tree, parameters: P) -> Mapping[str, bytes]:
        """New content by path, empty when nothing has to change; raises `RecipeError` on an unsupported form."""

    def run(self, tree: Tree, parameters: str) -> Mapping[str, bytes]:
        """`apply` with parameters as JSON text."""
        return self.apply(tree, self.model.model_validate_json(parameters))  # type: ignore[arg-type]

    def call(self, parameters: P) -> RecipeCall:
        """The call that a plan records."""
        return RecipeCall(recipe=self.id, parameters=canonical_json(parameters).decode())

    @property
    def description(self) -> str:
        return inspect.cleandoc(self.__doc__ or "")


class Recipe(Rewrite[P]):
    """A rewrite that can decide by itself whether it meets criteria of the metrics that it `serves`."""

    serves: ClassVar[frozenset[Metric]]

    @abstractmethod
    def fit(self, criteria: tuple[Criterion, ...], context: RepoContext, tree: Tree) -> Fit | Misfit:
        """Find parameters that meet `criteria`, which all have one subject."""

    def takes(self, criterion: Criterion, context: RepoContext, tree: Tree) -> bool:
        """Whether this recipe is the one for the criterion, of several that serve its metric."""
        return True

    def group(self, criterion: Criterion) -> tuple[str, ...]:
        """Criteria with equal keys are met by one call."""
        return (criterion.subject,)
