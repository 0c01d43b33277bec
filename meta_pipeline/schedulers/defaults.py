"""The policy that a repository gets before it has written its own: everything that its files tell."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from meta_pipeline.delivery.topology import SchedulerKind
from meta_pipeline.delivery.tree import Tree, text_of
from meta_pipeline.policy import (
    CommandsPolicy,
    DataQualityPolicy,
    EnvironmentPolicy,
    Policy,
    SchedulerPolicy,
)
from meta_pipeline.schedulers.detect import detect
from meta_pipeline.schedulers.found import (
    commands,
    data_quality,
    dbt_projects,
    import_roots,
    installing,
    python,
    requirements,
    seen,
)
from meta_pipeline.schedulers.found.answer import Answer, Doubt, listed, own_paths
from meta_pipeline.schedulers.found.ci import ci_files
from meta_pipeline.schedulers.found.code_locations import code_locations
from meta_pipeline.schedulers.found.references import SIGNERS, references, signers
from meta_pipeline.schedulers.found.stand_ins import stand_in_doubts
from meta_pipeline.schedulers.registry import ADAPTERS
from meta_pipeline.schedulers.signs import Detected

SCHEDULER = "scheduler"
SCHEDULERS = "schedulers"
COMMANDS = "commands"
CONTRACTS = "contracts"
DEFAULT_BRANCH = "default_branch"

_USUAL_BRANCHES = ("main", "master", "trunk", "develop", "production")

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


def detect_policy(tree: Tree, target: str, branch: str, *, is_default: bool = False) -> Detection:
    """The policy of a target named `target`, with reasons and doubts.

    `branch` is its default branch where `is_default`, else the one at hand, which may be another.
    Reads files only: nothing of the repository is run.
    """
    schedulers = _schedulers(tree, detect(tree))
    kind = schedulers.value[0].kind if schedulers.value else None
    pipelines = tuple(path for scheduler in schedulers.value for path in scheduler.paths)
    projects, adapters = dbt_projects.dbt_projects(tree)
    models = tuple(folder for project in dbt_projects.projects_of(tree) for folder in project.models)
    roots = requirements.requirement_roots(tree, pipelines)
    files = [path for path in roots.value if path.endswith("pyproject.toml")]
    version = python.python_version(tree, files or ("pyproject.toml",))
    modules = import_roots.import_roots(tree, kind, pipelines, roots.value)
    ran = seen.in_ci(tree)
    lint = commands.lint_command(tree, ran, models)
    unit_tests = commands.unit_test_command(tree, ran, has_own_tests=kind == "dbt")
    integration_tests = commands.integration_test_command(tree, ran)
    expectations = data_quality.expectation_projects(tree)
    contracts = data_quality.contract_patterns(tree)
    signing = signers(tree, pipelines)
    policy = Policy(
        target=target,
        default_branch=branch,
        scheduler=schedulers.value[0] if len(schedulers.value) == 1 else None,
        schedulers=schedulers.value if len(schedulers.value) > 1 else (),
        environment=EnvironmentPolicy(
            python=version.value,
            requirements=roots.value,
            variables={"PYTHONPATH": ":".join(modules.value)} if modules.value else {},
        ),
        commands=CommandsPolicy(
            lint=lint.value, unit_tests=unit_tests.value, integration_tests=integration_tests.value
        ),
        dbt=projects.value,
        data_quality=DataQualityPolicy(great_expectations=expectations.value),
        contracts=contracts.value,
        references=references(tree).value,
    )
    answers: dict[str, Answer[Any]] = {
        SCHEDULERS if policy.schedulers else SCHEDULER: schedulers,
        python.KEY: version,
        installing.KEY: roots,
        import_roots.KEY: modules,
        COMMANDS: _ci(tree),
        commands.LINT: lint,
        commands.UNIT_TESTS: unit_tests,
        commands.INTEGRATION_TESTS: integration_tests,
        dbt_projects.KEY: projects,
        data_quality.CHECKPOINTS: expectations,
        CONTRACTS: contracts,
        SIGNERS: signing,
    }
    return Detection(
        policy=policy,
        reasons={key: answer.reason for key, answer in answers.items() if answer.reason},
        doubts=(
            *(() if is_default else _branch_doubts(branch)),
            *(doubt for key, answer in answers.items() for doubt in answer.doubts if key != SIGNERS),
            *installing.lacking(tree, roots.value, {**_needs(tree, policy), **adapters}),
            *(stand_in_doubts(tree, _folders_of("airflow", schedulers.value))),
            *signing.doubts,
        ),
    )


def _ci(tree: Tree) -> Answer[None]:
    """Which files tell CI what to run, whether or not it runs a linter or tests."""
    files = ci_files(tree)
    return Answer(None, f"CI runs by {listed(files)}" if files else "")


def _branch_doubts(branch: str) -> tuple[Doubt, ...]:
    if branch in _USUAL_BRANCHES:
        return ()
    sentence = f"'{branch}' is the branch at hand; see that {DEFAULT_BRANCH} is the one that changes are merged into."
    return (Doubt(DEFAULT_BRANCH, sentence),)


def _schedulers(tree: Tree, found: tuple[Detected, ...]) -> Answer[tuple[SchedulerPolicy, ...]]:
    """The schedulers that run pipelines; dbt is one only where it runs alone, as its projects stand under `dbt`."""
    if not found:
        *kinds, last = ADAPTERS
        sentence = (
            f"no scheduler was found; if one runs code of this repository, name it under {SCHEDULER}: "
            f"{', '.join(kinds)} or {last}."
        )
        return Answer((), doubts=(Doubt(SCHEDULER, sentence, "kind: airflow\npaths: [dags]"),))
    running = [each for each in found if each.kind != "dbt"] or list(found)
    key = SCHEDULERS if len(running) > 1 else SCHEDULER
    doubts = [
        doubt for each in running if each.kind == "dagster" for doubt in _deployed_elsewhere(tree, each, key)
    ]
    if len(running) > 1:
        names = " and ".join(ADAPTERS[each.kind].name for each in running)
        sentence = (
            f"{names} are run in the one environment below; where they cannot be installed together, "
            f"give those of {SCHEDULERS} that differ an 'environment' of their own."
        )
        doubts.append(Doubt(SCHEDULERS, sentence))
    reasons = (reason for each in running for reason in each.reasons[: 2 if each.kind == "airflow" else 1])
    value = tuple(SchedulerPolicy(kind=each.kind, paths=each.paths) for each in running)
    return Answer(value, "; ".join(reasons), tuple(doubts))


def _folders_of(kind: SchedulerKind, schedulers: Iterable[SchedulerPolicy]) -> tuple[str, ...]:
    return tuple(path for scheduler in schedulers if scheduler.kind == kind for path in scheduler.paths)


def _deployed_elsewhere(tree: Tree, chosen: Detected, key: str) -> Iterator[Doubt]:
    """A doubt for code locations that another settings file gives to Dagster."""
    first, *others = tuple(code_locations(tree)) or (None,)
    for other in reversed(others):
        more = sorted(set(other.folders) - set(chosen.paths))
        if first and more and "." not in chosen.paths:
            sentence = (
                f"{first.reason}, but {other.reason}, {listed(more)} among them; add "
                f"{'it' if len(more) == 1 else 'them'} under {key}.paths if changes there are to be judged too."
            )
            yield Doubt(key, sentence)
            return


def _needs(tree: Tree, policy: Policy) -> dict[str, str]:
    """The packages that the policy's own words call for, by the start of their names, and what for."""
    needs: dict[str, str] = {}
    for scheduler in policy.all_schedulers:
        image = _airflow_image(tree) if scheduler.kind == "airflow" else ""
        # An adapter of dbt, such as dbt-duckdb, brings dbt-core along.
        package = ADAPTERS[scheduler.kind].signs.package.removesuffix("-core")
        needs[package] = image or f"the pipelines need {scheduler.kind}"
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
