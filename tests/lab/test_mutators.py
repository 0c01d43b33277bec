"""Every class on small repositories: what comes out is as written, harmful or not, and as exact as it says."""

import ast
import json
import random
import re

import pytest
import yaml

from meta_pipeline.delivery.tree import MemoryTree
from meta_pipeline.lab.classes import mutators
from meta_pipeline.lab.mutation import Base, Mutation, Mutator, Place
from tests.lab.bases import bases
from tests.lab.expected import FOLDER, is_written, made, rendered

BASES = bases()
ALL = [pytest.param(mutator, id=mutator.id) for mutator in mutators()]
WRITTEN = [pytest.param(mutator, id=mutator.id) for mutator in mutators() if is_written(mutator)]


def all_made(mutator: Mutator) -> list[tuple[Base, Mutation]]:
    return [
        (base, mutation)
        for base in BASES
        if base.scheduler in mutator.schedulers
        for mutation in made(mutator, base)
    ]


def lines_at(base: Base, mutation: Mutation, place: Place) -> str:
    data = base.tree.read(place.path)
    if place.side == "head" and place.path in mutation.files:
        data = mutation.files[place.path]
    assert data is not None
    return "\n".join(data.decode().split("\n")[place.first - 1 : place.last])


@pytest.mark.parametrize("mutator", WRITTEN)
def test_a_mutator_makes_what_is_written(mutator: Mutator) -> None:
    assert rendered(mutator) == (FOLDER / f"{mutator.id}.txt").read_text()


def test_nothing_is_written_of_a_class_that_is_gone() -> None:
    assert {path.stem for path in FOLDER.iterdir()} == {
        mutator.id for mutator in mutators() if is_written(mutator)
    }


@pytest.mark.parametrize("mutator", ALL)
def test_a_mutator_finds_a_place_and_gives_the_same_by_the_same_dice(mutator: Mutator) -> None:
    found = all_made(mutator)
    assert found
    assert [mutation for _, mutation in found] == [mutation for _, mutation in all_made(mutator)]


@pytest.mark.parametrize("mutator", ALL)
def test_only_the_files_that_are_named_change_and_each_does(mutator: Mutator) -> None:
    for base, mutation in all_made(mutator):
        assert mutation.files
        assert all(base.tree.read(path) != data for path, data in mutation.files.items()), mutation.says


@pytest.mark.parametrize("mutator", ALL)
def test_what_is_changed_still_parses_unless_that_is_the_fault(mutator: Mutator) -> None:
    for _, mutation in all_made(mutator):
        for path, data in mutation.files.items():
            if data is not None and path.endswith(".py") and mutator.id != "syntax-error":
                ast.parse(data)
            if data is not None and path.endswith((".yml", ".yaml")) and mutator.id != "yaml-broken":
                list(yaml.compose_all(data.decode(), Loader=yaml.SafeLoader))
            if data is not None and path.endswith((".json", ".ipynb")):
                json.loads(data)


@pytest.mark.parametrize("mutator", ALL)
def test_a_fault_names_lines_that_there_are_and_a_twin_names_none(mutator: Mutator) -> None:
    for base, mutation in all_made(mutator):
        assert bool(mutation.places) == mutator.is_harmful
        for place in mutation.places:
            text = lines_at(base, mutation, place)
            assert 1 <= place.first <= place.last
            assert len(text.split("\n")) == place.last - place.first + 1, (mutation.says, place)


def test_the_broken_text_of_each_kind_does_not_parse() -> None:
    by_id = {mutator.id: mutator for mutator in mutators()}
    for base, mutation in all_made(by_id["syntax-error"]):
        with pytest.raises(SyntaxError):
            ast.parse(mutation.files[base.path] or b"")
    for base, mutation in all_made(by_id["yaml-broken"]):
        with pytest.raises(yaml.YAMLError):
            list(yaml.compose_all((mutation.files[base.path] or b"").decode(), Loader=yaml.SafeLoader))


@pytest.mark.parametrize(
    "name", ["secret-in-python", "secret-in-yaml", "secret-in-sql", "secret-in-notebook"]
)
def test_a_planted_secret_stands_on_a_line_that_is_named(name: str) -> None:
    mutator = next(mutator for mutator in mutators() if mutator.id == name)
    for base, mutation in all_made(mutator):
        added = (mutation.files[base.path] or b"").decode()
        before = set((base.tree.read(base.path) or b"").decode().split("\n"))
        named = "\n".join(lines_at(base, mutation, place) for place in mutation.places)
        new = [line for line in added.split("\n") if line.strip() and line not in before]
        assert new
        assert all(line in named for line in new), mutation.says


def test_secrets_have_many_shapes() -> None:
    mutator = next(mutator for mutator in mutators() if mutator.id == "secret-in-python")
    assert len({mutation.says.split(" down")[0] for _, mutation in all_made(mutator)}) >= 10


def test_a_misspelt_name_is_still_a_name() -> None:
    mutator = next(mutator for mutator in mutators() if mutator.id == "broken-import-name")
    tree = MemoryTree.of({"shop/__init__.py": "from shop.parts import defs\n", "shop/parts.py": "defs = 1\n"})
    base = Base("shop", "dagster", tree, "shop/__init__.py")
    for seed in range(20):
        for mutation in mutator.mutations(base, random.Random(seed)):  # noqa: S311
            ast.parse(mutation.files[base.path] or b"")


def test_a_select_list_without_one_column_has_no_comma_at_its_end() -> None:
    mutator = next(mutator for mutator in mutators() if mutator.id == "column-dropped")
    sql = [(base, mutation) for base, mutation in all_made(mutator) if base.path.endswith(".sql")]
    assert {base.path for base, _ in sql} >= {"sql/totals.sql", "models/staging/stg_receipts.sql"}
    for base, mutation in sql:
        assert not re.search(
            r",\s*(--[^\n]*)?\s*from\b", (mutation.files[base.path] or b"").decode(), re.IGNORECASE
        )


def test_hidden_text_is_where_the_place_says() -> None:
    mutator = next(mutator for mutator in mutators() if mutator.id == "hidden-text")
    for base, mutation in all_made(mutator):
        named = "\n".join(lines_at(base, mutation, place) for place in mutation.places)
        assert not named.isascii(), mutation.says


def test_a_suppressed_fault_carries_its_suppression() -> None:
    mutator = next(mutator for mutator in mutators() if mutator.id == "suppressed-fault")
    for base, mutation in all_made(mutator):
        named = "\n".join(lines_at(base, mutation, place) for place in mutation.places)
        assert any(mark in named for mark in ("noqa", "nosec", "allowlist", "gitleaks")), mutation.says
