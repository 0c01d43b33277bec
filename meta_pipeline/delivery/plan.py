"""What will be done, in numbered steps that name files, data flow, verification and way back."""

from typing import Literal

from meta_pipeline.delivery.model import Frozen


class Metric(Frozen):
    """Something to watch after the change: where it is read, and the value at which a person acts."""

    name: str
    source: str
    threshold: str
    alert: str


class TopologyEdit(Frozen):
    """One difference that the plan intends: field `field` of `pipeline` (or its `node`), or `added`/`removed`."""

    pipeline: str
    node: str | None
    field: str


class Step(Frozen):
    """One numbered step. `creates` are files of `files` that do not exist yet; `criteria` are ids it serves."""

    number: int
    title: str
    files: tuple[str, ...]
    creates: tuple[str, ...] = ()
    data_flow: str
    verification: str
    rollback: str
    criteria: tuple[str, ...] = ()
    metrics: tuple[Metric, ...] = ()


class RecipeCall(Frozen):
    """One deterministic recipe with its parameters, as canonical JSON text, that carries out a step."""

    recipe: str
    parameters: str


NeedKind = Literal["Connection", "Variable", "pool", "work pool", "environment variable", "block"]


class Need(Frozen):
    """Something of the platform that the change uses at `line` of `path`, and that nothing used before it."""

    kind: NeedKind
    name: str
    path: str
    line: int


class Meant(Frozen):
    """What a patch would do: its edits of topology, and what it newly needs of the platform."""

    edits: tuple[TopologyEdit, ...] = ()
    needs: tuple[Need, ...] = ()


class Plan(Frozen):
    """The numbered plan.

    `from_patch` marks a plan that was read off its own patch: it proves nothing about it.

    `gaps` say, a sentence each, what kept the author from planning; a plan with gaps has no steps.
    """

    requirements: str
    author: Literal["recipes", "patch", "command", "agent"]
    summary: str
    steps: tuple[Step, ...]
    edits: tuple[TopologyEdit, ...] = ()
    calls: tuple[RecipeCall, ...] = ()
    assumptions: tuple[str, ...] = ()
    risks: tuple[str, ...] = ()
    from_patch: str | None = None
    gaps: tuple[str, ...] = ()
    needs: tuple[Need, ...] = ()

    @property
    def files(self) -> frozenset[str]:
        """Every file that a step names."""
        return frozenset(path for step in self.steps for path in step.files)
