"""Conventions that nearly all things of one kind follow, learned from them."""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from meta_pipeline.delivery.topology import UNRESOLVED
from meta_pipeline.gates.conventions.things import Thing
from meta_pipeline.gates.governance.words import NO_OWNER

FEWEST = 10
"""So many things must there be before a habit is a convention."""
SHARE = 0.9

_STYLES: Mapping[str, re.Pattern[str]] = {
    "snake_case": re.compile(r"[a-z0-9][a-z0-9_]*"),
    "kebab-case": re.compile(r"[a-z0-9][a-z0-9-]*"),
    "PascalCase": re.compile(r"[A-Z][A-Za-z0-9]*"),
    "capitals": re.compile(r"[A-Z0-9][A-Z0-9_]*"),
}
_MAIL = re.compile(r"[^@\s,]+@[^@\s,]+\.[^@\s,]+(?:, *[^@\s,]+@[^@\s,]+)*")
_FAMILY = re.compile(r"^([\w-]{2,}[/:=])")


@dataclass(frozen=True)
class Convention:
    """`rule` is what things do, in words after `it`; `holds` says whether one does, None where it cannot be told."""

    rule: str
    breach: str
    holds: Callable[[Thing], bool | None]


@dataclass(frozen=True)
class Learned:
    """A convention with how many of the base's things follow it, `follow` of `all`."""

    convention: Convention
    follow: int
    all: int


def learned_from(things: Sequence[Thing]) -> Iterator[Learned]:
    """The conventions of things of one kind that at least nine of ten follow, of at least ten."""
    if len(things) < FEWEST:
        return
    for convention in _candidates(things):
        told = [answer for one in things if (answer := convention.holds(one)) is not None]
        if len(told) >= FEWEST and sum(told) / len(told) >= SHARE:
            yield Learned(convention, sum(told), len(told))


def _candidates(things: Sequence[Thing]) -> Iterator[Convention]:
    yield from _style(things)
    yield Convention("are called as their file", "is not called as its file", _as_file)
    yield from _prefixes(things)
    yield Convention("have an owner", "has no owner", _owned)
    yield Convention(
        "are owned by a mail address",
        "has an owner that is no mail address",
        lambda one: bool(_MAIL.fullmatch(str(one.owner))) if _owned(one) else None,
    )
    yield Convention(
        "have tags", "has no tags", lambda one: None if UNRESOLVED in one.tags else bool(one.tags)
    )
    for family in _families(things):
        yield Convention(f"have a tag {family}...", f"has no tag {family}...", partial(_of_family, family))
    if things[0].group[0] == "dagster":
        yield Convention(
            "belong to a group", "belongs to no group", lambda one: one.part_of not in (None, "default")
        )


def _style(things: Sequence[Thing]) -> Iterator[Convention]:
    """The style that most names have; a name of one word has several."""
    names = [one.name for one in things]
    best = max(_STYLES, key=lambda style: sum(bool(_STYLES[style].fullmatch(name)) for name in names))
    pattern = _STYLES[best]
    yield Convention(
        f"are named in {best}", f"is not named in {best}", lambda one: bool(pattern.fullmatch(one.name))
    )


def _as_file(one: Thing) -> bool | None:
    return None if one.path.endswith((".yml", ".yaml")) else one.name == one.stem


def _prefixes(things: Sequence[Thing]) -> Iterator[Convention]:
    """What names of one folder begin with, such as `stg_` in `models/staging`."""
    layers: dict[str, list[Thing]] = {}
    for one in things:
        layers.setdefault(one.layer, []).append(one)
    for layer, those in layers.items():
        begin = Counter(f"{head}_" for one in those if (head := one.name.partition("_")[0]) != one.name)
        for prefix, _ in begin.most_common(1):
            yield Convention(
                f"of {layer or 'the root'} begin with {prefix}",
                f"does not begin with {prefix}",
                partial(_begins, layer, prefix),
            )


def _begins(layer: str, prefix: str, one: Thing) -> bool | None:
    return one.name.startswith(prefix) if one.layer == layer else None


def _of_family(family: str, one: Thing) -> bool | None:
    return None if UNRESOLVED in one.tags else any(tag.startswith(family) for tag in one.tags)


def _owned(one: Thing) -> bool | None:
    if one.owner == UNRESOLVED:
        return None
    return (one.owner or "").casefold() not in NO_OWNER


def _families(things: Sequence[Thing]) -> list[str]:
    """The beginnings that tags share, such as `tier:`."""
    counted: Counter[str] = Counter()
    for one in things:
        counted.update({found[1] for found in map(_FAMILY.match, one.tags) if found})
    return [family for family, count in counted.most_common(3) if count >= FEWEST]
