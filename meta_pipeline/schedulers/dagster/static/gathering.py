"""Gathering assets, checks, jobs, schedules and sensors into definitions."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from meta_pipeline.schedulers.dagster.static.settings import given
from meta_pipeline.schedulers.dagster.static.values import (
    Asset,
    Assets,
    Check,
    Definitions,
    Job,
    Schedule,
    Sensor,
)
from meta_pipeline.schedulers.source.machine import Machine, Site
from meta_pipeline.schedulers.source.values import UNKNOWN, OpenList, Unknown

_ARGUMENTS = ("assets", "asset_checks", "jobs", "schedules", "sensors")


def flat(value: object, depth: int = 8) -> Iterator[object]:
    """Everything in nested lists; `UNKNOWN` where there may be more."""
    if isinstance(value, (list, tuple, set, dict)) and depth:
        for item in value.values() if isinstance(value, dict) else value:
            yield from flat(item, depth - 1)
        if isinstance(value, OpenList):
            yield UNKNOWN
    elif value is not None:
        yield value


def definitions_of(machine: Machine, named: Mapping[object, object], site: Site) -> Definitions:
    """`Definitions(assets=..., jobs=...)`; what cannot be known of an argument is an error."""
    things: list[object] = []
    for name in _ARGUMENTS:
        found = list(flat(given(named, name)))
        things += found
        if any(isinstance(thing, Unknown) for thing in found):
            what = name.replace("_", " ")
            machine.opaque(site.path, site.line, f"some of these {what} are known only at run time")
    executor = given(named, "executor")
    whole = gathered(things, site)
    return whole if executor is None else replace(whole, executor=executor)


def gathered(things: Iterable[object], site: Site) -> Definitions:
    """Definitions of all these things, each once."""
    assets: dict[Asset, None] = {}
    checks: dict[Check, None] = {}
    jobs: dict[Job, None] = {}
    schedules: dict[Schedule, None] = {}
    sensors: dict[Sensor, None] = {}
    executor: object = None
    for thing in things:
        match thing:
            case Asset():
                assets[thing] = None
            case Assets():
                assets |= dict.fromkeys(thing.assets)
                checks |= dict.fromkeys(thing.checks)
            case Job():
                jobs[thing] = None
            case Schedule():
                schedules[thing] = None
            case Sensor():
                sensors[thing] = None
            case Definitions():
                assets |= dict.fromkeys(thing.assets)
                checks |= dict.fromkeys(thing.checks)
                jobs |= dict.fromkeys(thing.jobs)
                schedules |= dict.fromkeys(thing.schedules)
                sensors |= dict.fromkeys(thing.sensors)
                executor = executor or thing.executor
    return Definitions(
        site.path,
        site.line,
        tuple(assets),
        tuple(checks),
        tuple(jobs),
        tuple(schedules),
        tuple(sensors),
        executor,
    )


def merged(values: Iterable[object], site: Site) -> Definitions:
    """`Definitions.merge(...)`."""
    return gathered(flat(list(values)), site)


def loose(names: Mapping[str, object]) -> list[object]:
    """The things that stand at the top of a module, by themselves or in a list of them."""
    kinds = (Asset, Assets, Job, Schedule, Sensor)
    found: list[object] = []
    for value in names.values():
        if isinstance(value, kinds):
            found.append(value)
        elif isinstance(value, list) and value and all(isinstance(item, kinds) for item in value):
            found += value
    return found
