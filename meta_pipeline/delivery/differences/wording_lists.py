"""How it is said that something came to a list, or left it."""

from collections.abc import Sequence
from typing import TypeAlias

from meta_pipeline.delivery.differences.phrases import Thing, link_name, listed
from meta_pipeline.delivery.differences.wording_links import links_apart
from meta_pipeline.delivery.topology import UNRESOLVED, Link

Items: TypeAlias = Sequence[str | Link]

_ON = {
    "on_failure_callback": "{fail}",
    "on_success_callback": "{succeed}",
    "on_retry_callback": "{be} retried",
    "on_execute_callback": "{start}",
    "on_skipped_callback": "{be} skipped",
    "sla_miss_callback": "{miss} its service level",
    "email_on_failure": "{fail}",
    "email_on_retry": "{be} retried",
}
_DOING = {"upstream": "{wait} for", "reads": "{read}", "writes": "{write}"}


def change_of_list(thing: Thing, field: str, before: Items, after: Items, topic: str) -> str:
    """What came to a list and what left it; `topic` is what the list tells, such as `what task a reads`.

    Of a list that could not be read in full, before or after, nothing is said to have come, or to have gone.
    """
    new = [one for one in after if one not in before and one != UNRESOLVED]
    gone = [one for one in before if one not in after and one != UNRESOLVED]
    if UNRESOLVED not in (*before, *after):
        return "; ".join(_said(thing, field, new, gone))
    said: list[str] = []
    if new:
        said.append(f"source now tells more of {topic}: {_names(new)}")
    if gone:
        said.append(f"source no longer tells {topic} in full; before, it named {_names(gone)}")
    if not said:
        tells = "source now tells" if UNRESOLVED in before else "source no longer tells"
        said = [f"{tells} {topic} in full"]
    return "; ".join(said)


def _names(items: Items) -> str:
    return listed([link_name(one) if isinstance(one, Link) else one for one in items]) if items else ""


def _said(thing: Thing, field: str, new: Items, gone: Items) -> list[str]:
    if field == "links":
        return links_apart(thing, _links(new), _links(gone))
    if field == "alerts":
        return [*_alerts(thing, "now", new), *_alerts(thing, "no longer", gone)]
    if field in _DOING:
        return [_now_and_no_longer(thing, _DOING[field], _names(new), _names(gone))]
    what = _what(field, len(new) or len(gone))
    return [_now_and_no_longer(thing, f"{{have}} the {what}", _names(new), _names(gone))]


def _now_and_no_longer(thing: Thing, verb: str, new: str, gone: str) -> str:
    """`task a now reads b, and no longer c`; an empty text is nothing that came, or went."""
    if new and gone:
        return thing.fill(f"{{}} now {verb} {{}}, and no longer {{}}", new, gone)
    return thing.fill(f"{{}} {'now' if new else 'no longer'} {verb} {{}}", new or gone)


def _links(items: Items) -> list[Link]:
    return [one for one in items if isinstance(one, Link)]


def _what(field: str, count: int) -> str:
    one = field.replace("_", " ").removesuffix("s")
    return one if count == 1 else f"{one}s"


def _alerts(thing: Thing, how: str, alerts: Items) -> list[str]:
    """`a@example.com and b@example.com are no longer mailed when task sales.load fails or is retried`."""
    occasions: dict[tuple[str, str], list[str]] = {}
    for alert in alerts:
        hook, _, whom = str(alert).partition(": ")
        told = "mailed" if hook.startswith("email") else "called"
        occasions.setdefault((told, whom or hook), []).append(_ON.get(hook, f"{{have}} its {hook} run"))
    people: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for (told, whom), when in occasions.items():
        people.setdefault((told, tuple(dict.fromkeys(when))), []).append(whom)
    return [
        f"{listed(names)} {'are' if len(names) > 1 else 'is'} {how} {told} when "
        + thing.fill(f"{{}} {' or '.join(when)}")
        for (told, when), names in people.items()
    ]
