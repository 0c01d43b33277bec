"""Checks the seeded changes themselves, by what is known without any gate: is each what its class says it is?"""

import ast
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from meta_pipeline.delivery.tree import Tree
from meta_pipeline.lab.cases import Case
from meta_pipeline.lab.mutation import Mutator, Place


@dataclass(frozen=True)
class Complaint:
    """One thing that is wrong with one case."""

    case: str
    says: str


def audited(
    cases: Sequence[Case], mutators: Iterable[Mutator], trees: Mapping[str, Tree]
) -> tuple[Complaint, ...]:
    """What is wrong with the cases; `trees` are the bases of their repositories."""
    breaks_syntax = {mutator.id for mutator in mutators if mutator.breaks_syntax}
    keeps_meaning = {mutator.id for mutator in mutators if mutator.keeps_meaning}
    found = [
        Complaint(case.id, says)
        for case in cases
        for says in _wrong(
            case,
            trees[case.repository],
            breaks_syntax=case.mutator in breaks_syntax,
            keeps_meaning=case.mutator in keeps_meaning,
        )
    ]
    return (*found, *_both_ways(cases))


def _wrong(case: Case, tree: Tree, *, breaks_syntax: bool, keeps_meaning: bool) -> Iterator[str]:
    files = case.mutation.files
    if all(tree.read(path) == data for path, data in files.items()):
        yield "it changes nothing"
    if case.is_harmful and not case.mutation.places:
        yield "a fault names no place"
    if not case.is_harmful and case.mutation.places:
        yield "a twin names a place, as if something were wrong there"
    for place in case.mutation.places:
        if not _is_there(place, case, tree):
            yield f"{place.path}:{place.first}-{place.last} is no line at {place.side}"
    for path, data in files.items():
        old = tree.read(path)
        if data is None:
            if old is None:
                yield f"{path} is deleted and was not there"
            continue
        was_sound, is_sound = _sound(path, old), _sound(path, data)
        if breaks_syntax or not (was_sound or old is None):
            continue
        if not is_sound:
            yield f"{path} cannot be read any more, and its class is none that breaks syntax"
        elif keeps_meaning and old is not None and _meaning(path, old) != _meaning(path, data):
            yield f"{path} means something else, and its class keeps the meaning"


def _both_ways(cases: Iterable[Case]) -> Iterator[Complaint]:
    """A change that is a fault by one class and harmless by another."""
    seen: dict[tuple[str, tuple[tuple[str, bytes | None], ...]], Case] = {}
    for case in cases:
        same = seen.setdefault((case.repository, tuple(sorted(case.mutation.files.items()))), case)
        if same.is_harmful != case.is_harmful:
            yield Complaint(case.id, f"the very same change is {same.id}")


def _is_there(place: Place, case: Case, tree: Tree) -> bool:
    data = tree.read(place.path)
    if place.side == "head" and place.path in case.mutation.files:
        data = case.mutation.files[place.path]
    return data is not None and 1 <= place.first <= place.last <= max(1, len(data.splitlines()))


def _sound(path: str, data: bytes | None) -> bool:
    """Whether Python compiles the file, or YAML loads it; any other kind is."""
    if data is None:
        return False
    if path.endswith(".py"):
        try:
            with warnings.catch_warnings(action="ignore"):
                compile(data, path, "exec", dont_inherit=True)
        except (SyntaxError, ValueError):
            return False
    elif path.endswith((".yml", ".yaml")) and not _is_template(data):
        try:
            list(YAML(typ="rt").load_all(data))
        except (YAMLError, ValueError):
            return False
    return True


def _is_template(data: bytes) -> bool:
    return b"{{" in data or b"{%" in data


def _meaning(path: str, data: bytes) -> object:
    """The syntax tree of Python, the values of YAML; None of what cannot be compared, as SQL and most templates."""
    if path.endswith(".py"):
        return ast.dump(ast.parse(data))
    if path.endswith((".yml", ".yaml")):
        with suppress(YAMLError, ValueError):
            return list(YAML(typ="safe", pure=True).load_all(data))
    return None
