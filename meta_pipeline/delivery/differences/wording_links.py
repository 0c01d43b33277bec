"""How it is said that a node triggers another pipeline or waits for it, and that it no longer does.

A trigger that names a node of the other pipeline is a mark: whoever clears the one clears the other, too.
"""

from collections.abc import Sequence

from meta_pipeline.delivery.differences.phrases import Thing, link_name, listed, which_run
from meta_pipeline.delivery.topology import UNRESOLVED, Link


def links_apart(thing: Thing, new: Sequence[Link], gone: Sequence[Link]) -> list[str]:
    """One sentence for each kind of link that came or went, and for each wait that looks at another run."""
    former = {_end(link): link for link in gone}
    moved = [(former[_end(link)], link) for link in new if _end(link) in former]
    still = {_end(link) for _, link in moved}
    came = [link for link in new if _end(link) not in still]
    went = [link for link in gone if _end(link) not in still]
    starts = _apart("{} {now} {start} {}", [_started(came), _started(went)], thing)
    marks = _apart("clearing {} {now} clears {}", [_marked(came), _marked(went)], thing)
    waits = _apart("{} {now} {wait} for {}", [_awaited(came, runs=True), _awaited(went)], thing)
    return [*starts, *marks, *waits, *(_other_run(thing, *pair) for pair in moved)]


def _end(link: Link) -> tuple[str, str]:
    return link.kind, link_name(link)


def _started(links: Sequence[Link]) -> list[str]:
    return [link.pipeline for link in links if link.kind == "triggers" and link.node is None]


def _marked(links: Sequence[Link]) -> list[str]:
    return [link_name(link) for link in links if link.kind == "triggers" and link.node is not None]


def _awaited(links: Sequence[Link], *, runs: bool = False) -> list[str]:
    waits = [link for link in links if link.kind == "waits_for"]
    return [f"{link_name(link)}, {which_run(link.offset_s)}" if runs else link_name(link) for link in waits]


def _apart(form: str, sides: Sequence[Sequence[str]], thing: Thing) -> list[str]:
    came, went = (listed(names) if names else "" for names in sides)
    if came and went:
        return [thing.fill(form.replace("{now}", "now") + ", and no longer {}", came, went)]
    if not came and not went:
        return []
    return [thing.fill(form.replace("{now}", "now" if came else "no longer"), came or went)]


def _other_run(thing: Thing, before: Link, after: Link) -> str:
    name, waits = link_name(after), thing.fill("{} {wait}")
    if before.offset_s == UNRESOLVED:
        return f"source now tells which run of {name} {waits} for: {which_run(after.offset_s)}"
    if after.offset_s == UNRESOLVED:
        return f"it can no longer be known from source which run of {name} {waits} for"
    return (
        f"the wait of {thing.name} for {name} now looks at {which_run(after.offset_s)} "
        f"instead of {which_run(before.offset_s)}"
    )
