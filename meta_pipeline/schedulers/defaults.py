"""The policy that a repository gets before it has written its own: everything that its files tell."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from meta_pipeline.delivery.topology import SchedulerKind
from meta_pipeline.delivery.tree import Tree, text_of
from meta_pipeline.policy import CommandsPolicy, DataQualityPolicy, EnvironmentPolicy, Policy, SchedulerPolicy
from meta_pipeline.schedulers.detect import KINDS, Detected, detect
from meta_pipeline.schedulers.found import (
    commands,
    data_quality,
    import_roots,
    installing,
    python,
    requirements,
)
from meta_pipeline.schedulers.found.answer import Answer, Doubt, own_paths
from meta_pipeline.schedulers.found.references import references, signers_doubts
from meta_pipeline.schedulers.found.stand_ins import stand_in_doubts

SCHEDULER = "scheduler"
CONTRACTS = "contracts"
DEFAULT_BRANCH = "default_branch"

_USUAL_BRANCHES = ("main", "master", "trunk", "develop", "production")

_PACKAGES: dict[SchedulerKind, str] = {
    "airflow": "apache-airflow",
    "dagster": "dagster",
    "prefect": "prefect",
    "dbt": "dbt",
}
_TOOL = re.compile(r"(?:python3? -m )?(?P<name>pytest|ruff|flake8|black|mypy|sqlfluff|yamllint|pylint)\b")


@dataclass(frozen=True)
class Detection:
    """A policy, why its values are what they are by dotted key, and what could not be told."""

    policy: Policy
    reasons: Mapping[str, str]
    doubts: tuple[Doubt, ...]

    @property
    def unsure(self) -> tuple[str, ...]:
        """One sentence for each thing that could not be told, with how to settle it."""
        return tuple(doubt.sentence for doubt in self.doubts)


def detected_policy(tree: Tree, target: str, branch: str) -> Policy:
    """Safe defaults for `tree`: its scheduler, folders, environment and commands as far as files tell."""
    return detect_policy(tree, target, branch).policy


def detect_policy(tree: Tree, target: str, branch: str) -> Detection:
    """The policy of a target named `target` whose default branch is `branch`, with reasons and doubts.

    Reads files only: nothing of the repository is run.
    """
    scheduler = _scheduler(detect(tree))
    kind = scheduler.value.kind if scheduler.value else None
    pipelines = scheduler.value.paths if scheduler.value else ()
    version = python.python_version(tree)
    roots = requirements.requirement_roots(tree, pipelines)
    modules = import_roots.import_roots(tree, kind, pipelines)
    lint = commands.lint_command(tree)
    unit_tests = commands.unit_test_command(tree)
    integration_tests = commands.integration_test_command(tree)
    projects = data_quality.expectation_projects(tree)
    contracts = data_quality.contract_patterns(tree)
    policy = Policy(
        target=target,
        default_branch=branch,
        scheduler=scheduler.value,
        environment=EnvironmentPolicy(
            python=version.value,
            requirements=roots.value,
            variables={"PYTHONPATH": ":".join(modules.value)} if modules.value else {},
        ),
        commands=CommandsPolicy(
            lint=lint.value, unit_tests=unit_tests.value, integration_tests=integration_tests.value
        ),
        data_quality=DataQualityPolicy(great_expectations=projects.value),
        contracts=contracts.value,
        references=references(tree).value,
    )
    answers: dict[str, Answer[Any]] = {
        SCHEDULER: scheduler,
        python.KEY: version,
        installing.KEY: roots,
        import_roots.KEY: modules,
        commands.LINT: lint,
        commands.UNIT_TESTS: unit_tests,
        commands.INTEGRATION_TESTS: integration_tests,
        data_quality.CHECKPOINTS: projects,
        CONTRACTS: contracts,
    }
    return Detection(
        policy=policy,
        reasons={key: answer.reason for key, answer in answers.items() if answer.reason},
        doubts=(
            *_branch_doubts(branch),
            *(doubt for answer in answers.values() for doubt in answer.doubts),
            *installing.lacking(tree, roots.value, _needs(tree, policy)),
            *(stand_in_doubts(tree, pipelines) if kind == "airflow" else ()),
            *signers_doubts(tree),
        ),
    )


def _branch_doubts(branch: str) -> tuple[Doubt, ...]:
    if branch in _USUAL_BRANCHES:
        return ()
    sentence = f"'{branch}' is the branch at hand; see that {DEFAULT_BRANCH} is the one that changes are merged into."
    return (Doubt(DEFAULT_BRANCH, sentence),)


def _scheduler(found: tuple[Detected, ...]) -> Answer[SchedulerPolicy | None]:
    if not found:
        sentence = (
            f"no scheduler was found; if one runs code of this repository, name it under {SCHEDULER}: "
            f"{', '.join(KINDS[:-1])} or {KINDS[-1]}."
        )
        return Answer(None, doubts=(Doubt(SCHEDULER, sentence, "kind: airflow\npaths: [dags]"),))
    first, *others = found
    doubts = tuple(
        Doubt(
            SCHEDULER,
            f"{other.kind} is used too ({other.reasons[0]}), and a policy names one scheduler; "
            f"see that {first.kind} is the one that runs the pipelines.",
        )
        for other in others
    )
    return Answer(SchedulerPolicy(kind=first.kind, paths=first.paths), "; ".join(first.reasons[:2]), doubts)


def _needs(tree: Tree, policy: Policy) -> dict[str, str]:
    """The packages that the policy's own words call for, by the start of their names, and what for."""
    needs: dict[str, str] = {}
    if policy.scheduler:
        image = _airflow_image(tree) if policy.scheduler.kind == "airflow" else ""
        needs[_PACKAGES[policy.scheduler.kind]] = image or f"the pipelines need {policy.scheduler.kind}"
    if policy.data_quality.great_expectations:
        needs["great-expectations"] = "the checkpoints need Great Expectations"
    chosen = policy.commands
    for command in filter(None, (chosen.lint, chosen.unit_tests, chosen.integration_tests)):
        for line in commands.run_lines(tree, command):
            tool = _TOOL.match(line)
            if tool:
                needs.setdefault(tool["name"], f"'{command}' runs {tool['name']}")
    return needs


def _airflow_image(tree: Tree) -> str:
    """That Airflow comes from a container image, which the environment is built without."""
    for path in own_paths(tree):
        if path.rpartition("/")[2].startswith("Dockerfile"):
            for image in python.images_of(text_of(tree, path) or ""):
                if "airflow" in image or "astro" in image:
                    return f"Airflow comes from the image {image} of {path}, which the environment is built without"
    return ""
