"""Twins are harmless: what they change says the same to Python, to YAML and to the clock."""

import ast
import random
from datetime import UTC, datetime
from itertools import islice

import pytest
import yaml
from cronsim import CronSim

from meta_pipeline.lab.classes import mutators
from meta_pipeline.lab.cron import PRESETS, other_schedule
from meta_pipeline.lab.mutation import Base, Mutation
from meta_pipeline.lab.twins.respelt_pipelines import respelt
from tests.lab.bases import bases
from tests.lab.expected import made

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def of(name: str) -> list[tuple[Base, Mutation]]:
    mutator = next(mutator for mutator in mutators() if mutator.id == name)
    return [
        (base, mutation)
        for base in bases()
        if base.scheduler in mutator.schedulers
        for mutation in made(mutator, base)
    ]


def both(base: Base, mutation: Mutation) -> tuple[str, str]:
    return (base.tree.read(base.path) or b"").decode(), (mutation.files[base.path] or b"").decode()


def ticks(schedule: str) -> list[datetime]:
    return list(islice(CronSim(PRESETS.get(schedule, schedule), NOW), 400))


@pytest.mark.parametrize("name", ["comment-added", "python-reformatted"])
def test_layout_leaves_the_syntax_tree_alone(name: str) -> None:
    for base, mutation in of(name):
        old, new = both(base, mutation)
        assert ast.dump(ast.parse(old)) == ast.dump(ast.parse(new)), mutation.says


def test_a_renamed_local_leaves_all_else_alone() -> None:
    for base, mutation in of("local-renamed"):
        old, new = (ast.parse(text) for text in both(base, mutation))
        changed = [
            (one, two)
            for one, two in zip(ast.walk(old), ast.walk(new), strict=True)
            if type(one) is not type(two) or getattr(one, "id", "") != getattr(two, "id", "")
        ]
        assert changed
        assert len({(getattr(one, "id", None), getattr(two, "id", None)) for one, two in changed}) == 1


def test_respelt_yaml_says_the_same() -> None:
    for base, mutation in of("yaml-respelt"):
        old, new = both(base, mutation)
        assert yaml.safe_load(old) == yaml.safe_load(new), mutation.says


@pytest.mark.parametrize(
    "schedule", ["@daily", "0 0 * * *", "@hourly", "0 5 * * *", "*/15 * * * *", "30 6 * * 1-5", "5 4 * * 0"]
)
def test_a_respelt_schedule_has_the_same_ticks(schedule: str) -> None:
    new = respelt(schedule, presets=True)
    assert new is not None
    assert new != schedule
    assert ticks(new) == ticks(schedule)


@pytest.mark.parametrize(
    "schedule", ["@daily", "0 5 * * *", "*/15 * * * *", "30 6 * * 1-5", "0 */6 * * *", "0 12 1 * *"]
)
def test_a_changed_schedule_has_other_ticks(schedule: str) -> None:
    found = {other_schedule(schedule, random.Random(seed)) for seed in range(40)}  # noqa: S311
    for new in found - {None}:
        assert new is not None
        assert ticks(new) != ticks(schedule), new
