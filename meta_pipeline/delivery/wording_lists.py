"""How it is said that something came to a list, or left it."""

from collections.abc import Sequence
from typing import TypeAlias

from meta_pipeline.delivery.phrases import Thing, link_name, listed, which_run
from meta_pipeline.delivery.topology import UNRESOLVED, Link

Items: TypeAlias = Sequence[str | Link]

_ON = {
    "on_failure_callback": "when {} {fail}",
    "on_success_callback": "when {} {succeed}",
    "on_retry_callback": "when {} {be} retried",
    "on_execute_callback": "when {} {start}",
    "on_skipped_callback": "when {} {be} skipped",
    "sla_miss_callback": "when {} {miss} its service level",
    "email_on_failure": "when {} {fail}",
    "email_on_retry": "when {} {be} retried",
}
_DOING = {"upstream": "{wait} for", "reads": "{read}", "writes": "{write}"}


def change_of_list(thing: Thing, field: str, before: Items, after: Items, topic: str) -> str:
    """What came to a list and what left it; `topic` is what the list tells, such as `what task a reads`.

    Of a list that could not be read in full, before or after, nothing is said to have come, or to have gone.
    """
    new = [one for one in after if one not in before and one != UNRESOLVED]
    gone = [one for one in before if one not in after and one != UNRESOLVED]
    said: list[str] = []
    if new and UNRESOLVED in before:
        said.append(f"source now tells more of {topic}: {_names(new)}")
    elif new:
        said += _came(thing, field, new, gone)
    if gone and UNRESOLVED in after:
        said.append(f"source no longer tells {topic} in full; before, it named {_names(gone)}")
    elif gone:
        said += _went(thing, field, gone, new)
    if not said:
        tells = "source now tells" if UNRESOLVED in before else "source no longer tells"
        said = [f"{tells} {topic} in full"]
    return "; ".join(said)


def _names(items: Items) -> str:
    return listed([link_name(one) if isinstance(one, Link) else one for one in items])


def _came(thing: Thing, field: str, new: Items, gone: Items) -> list[str]:
    if field == "links":
        return [_link(thing, link, gone) for link in new if isinstance(link, Link)]
    if field == "alerts":
        return [_alert(thing, str(alert), "now") for alert in new]
    if field in _DOING:
        return [thing.fill(f"{{}} now {_DOING[field]} {{}}", _names(new))]
    return [thing.fill("{} now {have} the {} {}", _what(field, len(new)), _names(new))]


def _went(thing: Thing, field: str, gone: Items, new: Items) -> list[str]:
    if field == "links":
        kept = {(link.kind, link_name(link)) for link in new if isinstance(link, Link)}
        left = [one for one in gone if isinstance(one, Link) and (one.kind, link_name(one)) not in kept]
        verbs = ("{start}" if link.kind == "triggers" else "{wait} for" for link in left)
        return [
            thing.fill(f"{{}} no longer {verb} {{}}", link_name(link))
            for verb, link in zip(verbs, left, strict=True)
        ]
    if field == "alerts":
        return [_alert(thing, str(alert), "no longer") for alert in gone]
    if field in _DOING:
        return [thing.fill(f"{{}} no longer {_DOING[field]} {{}}", _names(gone))]
    return [thing.fill("{} no longer {have} the {} {}", _what(field, len(gone)), _names(gone))]


def _what(field: str, count: int) -> str:
    one = field.replace("_", " ").removesuffix("s")
    return one if count == 1 else f"{one}s"


def _link(thing: Thing, link: Link, gone: Items) -> str:
    if link.kind == "triggers":
        return thing.fill("{} now {start} {}", link_name(link))
    same = (one for one in gone if isinstance(one, Link) and one.kind == link.kind)
    former = next((one for one in same if link_name(one) == link_name(link)), None)
    if former is None:
        return thing.fill("{} now {wait} for {}, {}", link_name(link), which_run(link.offset_s))
    if former.offset_s == UNRESOLVED:
        run = f"which run of {link_name(link)} {thing.fill('{} {wait}')} for"
        return f"source now tells {run}: {which_run(link.offset_s)}"
    if link.offset_s == UNRESOLVED:
        return f"it can no longer be known from source which run of {link_name(link)} {thing.fill('{} {wait}')} for"
    return (
        f"the wait of {thing.name} for {link_name(link)} now looks at {which_run(link.offset_s)} "
        f"instead of {which_run(former.offset_s)}"
    )


def _alert(thing: Thing, alert: str, how: str) -> str:
    """`oncall@example.com is no longer mailed when task sales.load fails`."""
    hook, _, whom = alert.partition(": ")
    when = thing.fill(_ON.get(hook, f"by the {hook} of {{}}"))
    return f"{whom or hook} is {how} {'mailed' if hook.startswith('email') else 'called'} {when}"
