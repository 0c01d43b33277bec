"""The policy of a target: `.meta-pipeline.yaml` at its root, read from the base commit and never from a patch."""

import shlex
from collections.abc import Mapping
from typing import Literal, get_args

from pydantic import (
    Field,
    GetJsonSchemaHandler,
    JsonValue,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from meta_pipeline.delivery.ids import TARGET_NAME
from meta_pipeline.delivery.judgement import Strength
from meta_pipeline.delivery.model import Frozen
from meta_pipeline.delivery.topology import SchedulerKind
from meta_pipeline.written import MistakeError, read_written

POLICY_FILE = ".meta-pipeline.yaml"
INBOX = ".meta-pipeline/issues"
SIGNERS_FILE = ".meta-pipeline/allowed_signers"


class PolicyError(ValueError):
    """The policy cannot be used; the text says where and how to mend it."""


class EnvironmentPolicy(Frozen):
    """How the target's own environment is built.

    `requirements` are files that uv installs from, in order; empty means that the target has none.
    `resolve_as_of` is a date (YYYY-MM-DD) after which no release is considered, for targets without a
    lock. `variables` join the environment of every command; `PYTHONPATH` entries are relative to the root.
    """

    python: str = "3.11"
    requirements: tuple[str, ...] = ()
    resolve_as_of: str | None = None
    variables: Mapping[str, str] = Field(default_factory=dict)

    @field_validator("python", mode="before")
    @classmethod
    def _python_is_quoted(cls, value: object) -> object:
        # YAML reads 3.10 as the number 3.1, so a bare number cannot be trusted.
        if isinstance(value, float):
            raise ValueError('put the version in quotes, as "3.11"')  # noqa: TRY004  pydantic asks for ValueError
        return value


class SchedulerPolicy(Frozen):
    """A scheduler that runs pipelines, and the folders that hold them.

    `environment` is where it is installed, the policy's own where it is not given.
    """

    kind: SchedulerKind
    paths: tuple[str, ...] = ()
    environment: EnvironmentPolicy | None = None


class CommandsPolicy(Frozen):
    """The target's own commands, as a person would type them at the root of the repository."""

    lint: str | None = None
    unit_tests: str | None = None
    integration_tests: str | None = None

    @field_validator("lint", "unit_tests", "integration_tests")
    @classmethod
    def _can_be_split(cls, value: str | None) -> str | None:
        if value is not None:
            try:
                argv = shlex.split(value)
            except ValueError as error:
                raise ValueError(f"it cannot be read as a command ({error}); close the quote") from error
            if not argv:
                raise ValueError("it is empty; write a program and its arguments, or leave the key out")
        return value


class LimitsPolicy(Frozen):
    """The longest that one command may take, in seconds; without it, each kind of command has its own limit."""

    seconds: float | None = Field(default=None, gt=0)


class DryRunPolicy(Frozen):
    """The logical date of dry runs (YYYY-MM-DD) and what stands in for Variables and Connections.

    `nodes` names, by pipeline, the nodes that a dry run may run, where the others need what a sandbox has not.
    `parameters` are values by pipeline and name, for flows that cannot run with the defaults of their parameters.
    """

    logical_date: str = "2026-01-01"
    nodes: Mapping[str, tuple[str, ...]] = Field(default_factory=dict)
    parameters: Mapping[str, Mapping[str, JsonValue]] = Field(default_factory=dict)
    variables: Mapping[str, str] = Field(default_factory=dict)
    connections: Mapping[str, str] = Field(default_factory=dict)


class CheckpointPolicy(Frozen):
    """Checkpoints of one Great Expectations project, and the pipelines that write the data they look at."""

    project: str
    checkpoints: tuple[str, ...]
    pipelines: tuple[str, ...] = ()


class DataQualityPolicy(Frozen):
    great_expectations: tuple[CheckpointPolicy, ...] = ()

    @property
    def looks_at(self) -> Mapping[str, tuple[str, ...]]:
        """For each checkpoint the pipelines whose data it looks at."""
        return {
            name: project.pipelines for project in self.great_expectations for name in project.checkpoints
        }


class DbtPolicy(Frozen):
    """One dbt project, by its folder.

    `profiles` is the folder with profiles.yml, the project's own where it is not given; `target` is the
    output of the profile that validation may build into, the profile's default where it is not given.
    `environment` is where dbt is installed, the policy's own where it is not given.
    """

    project: str
    profiles: str | None = None
    target: str | None = None
    environment: EnvironmentPolicy | None = None


class ServiceLevel(Frozen):
    """The longest allowed run of a pipeline, in minutes."""

    runtime_minutes: float


class RetryPolicy(Frozen):
    """What a new or changed node must have: a number of retries, a delay in seconds, a growing delay."""

    minimum: int = 1
    delay_seconds: float = 0
    backoff: bool = False


class ChangePolicy(Frozen):
    """The largest change that one review can be trusted with."""

    max_files: int = 30
    max_lines: int = 800


class SignoffPolicy(Frozen):
    """Who may sign (a file in the format of `ssh-keygen`'s allowed signers) and how many must, per stage."""

    allowed_signers: str = SIGNERS_FILE
    design: int = Field(default=1, ge=0)
    review: int = Field(default=1, ge=1)


class Where(Frozen):
    """The findings at these `paths` (as in a .gitignore) and about these `pipelines` (ids, with `*` for any text).

    Where both are given, both must fit. A finding that names no pipeline is about those that its file holds.
    """

    paths: tuple[str, ...] = ()
    pipelines: tuple[str, ...] = ()
    outcome: Strength

    @model_validator(mode="after")
    def _names_a_place(self) -> "Where":
        if not self.paths and not self.pipelines:
            raise ValueError("it names no place; write 'paths', 'pipelines' or both")
        return self


class GateRule(Frozen):
    """What the findings of a gate come to.

    The first of `where` that a finding fits says it; else `outcome`; else the gate itself. `CHG005: failed` is short
    for `CHG005: {outcome: failed}`.
    """

    outcome: Strength | None = None
    where: tuple[Where, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _is_long(cls, value: object) -> object:
        return {"outcome": value} if isinstance(value, str) else value

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {"anyOf": [{"enum": list(get_args(Strength)), "type": "string"}, handler(core_schema)]}


class MonitoringPolicy(Frozen):
    dashboard: str | None = None
    alerts: tuple[str, ...] = ()


class FollowUpPolicy(Frozen):
    """Standing answers to the four questions that every change must face."""

    upstream_schema: str | None = None
    environments: str | None = None
    dashboards: str | None = None
    backfill: str | None = None


class Policy(Frozen):
    """Everything that a target says about how its changes are judged.

    `scheduler` is the one that runs the pipelines; a repository with several names them all under `schedulers`.
    `references` are paths of documents by what they are: `changelog`, `runbook`, `readme`, and `migrations`, the log in
    which a change that breaks readers of a dataset is told to them. Without `retries`, the repository's own habit is
    the measure of new nodes.
    """

    version: Literal[1] = 1
    target: str = "target"
    default_branch: str = "main"
    scheduler: SchedulerPolicy | None = None
    schedulers: tuple[SchedulerPolicy, ...] = ()
    environment: EnvironmentPolicy = EnvironmentPolicy()
    commands: CommandsPolicy = CommandsPolicy()
    limits: LimitsPolicy = LimitsPolicy()
    dry_run: DryRunPolicy = DryRunPolicy()
    dbt: tuple[DbtPolicy, ...] = ()
    data_quality: DataQualityPolicy = DataQualityPolicy()
    contracts: tuple[str, ...] = ()
    service_levels: Mapping[str, ServiceLevel] = Field(default_factory=dict)
    retries: RetryPolicy | None = None
    change: ChangePolicy = ChangePolicy()
    signoff: SignoffPolicy = SignoffPolicy()
    gates: Mapping[str, GateRule] = Field(default_factory=dict)
    monitoring: MonitoringPolicy = MonitoringPolicy()
    references: Mapping[str, str] = Field(default_factory=dict)
    follow_ups: FollowUpPolicy = FollowUpPolicy()

    def rules_of(self, gate: str) -> tuple[GateRule, ...]:
        """What is said of a gate; of several rules the heaviest counts."""
        return (self.gates[gate],) if gate in self.gates else ()

    @property
    def all_schedulers(self) -> tuple[SchedulerPolicy, ...]:
        """Every scheduler that the policy names, under either key."""
        return (self.scheduler,) if self.scheduler else self.schedulers

    @property
    def dbt_projects(self) -> tuple[DbtPolicy, ...]:
        """The dbt projects that validation builds: those under `dbt`, or else the folders of a scheduler dbt."""
        return self.dbt or tuple(
            DbtPolicy(project=path, environment=scheduler.environment)
            for scheduler in self.all_schedulers
            if scheduler.kind == "dbt"
            for path in scheduler.paths or (".",)
        )

    def for_each_scheduler(self) -> tuple["Policy", ...]:
        """This policy as each of its schedulers has it: that one alone, in its own environment.

        Every dbt project stands for itself, behind the others, as a scheduler of one folder: it has a profile and may
        have an environment of its own.
        """
        alone: dict[str, object] = {"schedulers": (), "dbt": ()}
        others = [scheduler for scheduler in self.all_schedulers if scheduler.kind != "dbt"]
        return (
            *(self._within(one.environment).model_copy(update={**alone, "scheduler": one}) for one in others),
            *(
                self._within(project.environment).model_copy(
                    update={
                        **alone,
                        "scheduler": SchedulerPolicy(kind="dbt", paths=(project.project,)),
                        "dbt": (project,),
                    }
                )
                for project in self.dbt_projects
            ),
        )

    def _within(self, environment: EnvironmentPolicy | None) -> "Policy":
        return self if environment is None else self.model_copy(update={"environment": environment})

    @field_validator("schedulers")
    @classmethod
    def _named_under_one_key(
        cls, value: tuple[SchedulerPolicy, ...], info: ValidationInfo
    ) -> tuple[SchedulerPolicy, ...]:
        if value and info.data.get("scheduler") is not None:
            raise ValueError("'scheduler' names one too; move it into this list")
        return value

    @field_validator("target")
    @classmethod
    def _target_is_a_name(cls, value: str) -> str:
        if not TARGET_NAME.fullmatch(value):
            raise ValueError("write a name of lower-case letters, digits and underscores, as sales")
        return value


class JoinedPolicy(Policy):
    """A target's policy with what its operator says of gates, which it may tighten and not loosen."""

    operator: Mapping[str, GateRule] = Field(default_factory=dict)

    def rules_of(self, gate: str) -> tuple[GateRule, ...]:
        theirs = (self.operator[gate],) if gate in self.operator else ()
        return (*theirs, *super().rules_of(gate))


def read_policy(text: str, path: str = POLICY_FILE) -> Policy:
    """Parse the text of a policy file; raise `PolicyError` with file, line and mend where it is wrong."""
    try:
        return read_written(text, path, Policy, called="a policy", begin="version: 1")
    except MistakeError as error:
        raise PolicyError(str(error)) from error
