"""The small parts of a sentence: things with verbs that fit, durations, lists of names."""

from collections.abc import Sequence
from dataclasses import dataclass

from meta_pipeline.delivery.topology import Link

_NAMED = 3
_EXACT = 50
_IRREGULAR = {"be": ("is", "are"), "have": ("has", "have"), "miss": ("misses", "miss"), "do": ("does", "do")}
_VERBS = (*_IRREGULAR, "run", "wait", "start", "read", "write", "fail", "succeed", "belong", "depend", "make")


@dataclass(frozen=True, slots=True)
class Thing:
    """What a sentence is about; `many` where it is several, so that the verb fits."""

    name: str
    many: bool = False

    def verb(self, several: str) -> str:
        """A verb in the form that fits, given in the form for several, such as `run`."""
        one, more = _IRREGULAR.get(several, (f"{several}s", several))
        return more if self.many else one

    def fill(self, text: str, *values: str) -> str:
        """A text in which `{}` is the thing, `{run}` a verb, and each further `{}` the next of `values`."""
        return text.format(self.name, *values, **{verb: self.verb(verb) for verb in _VERBS})


def duration(seconds: float) -> str:
    """`1 h 30 min` for 5400."""
    if seconds <= 0 or seconds != int(seconds):
        return f"{seconds:g} s"
    left, parts = int(seconds), []
    for unit, size in (("day", 86400), ("h", 3600), ("min", 60), ("s", 1)):
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count} {unit}{'s' if unit == 'day' and count > 1 else ''}")
    return " ".join(parts)


def listed(names: Sequence[str], named: int = _NAMED) -> str:
    """`a, b and c`; of many the first, and how many more there are."""
    if len(names) > named + 1:
        return f"{', '.join(names[:named])} and {len(names) - named} more"
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1]))) if names else "nothing"


def counted(count: int, one: str, more: str | None = None) -> str:
    """`1 task`, `3 tasks`."""
    return f"{count} {one if count == 1 else more or one + 's'}"


def folder_name(path: str) -> str:
    """A folder within a repository, whose root is `.`, as it stands in a sentence."""
    return "the top folder" if path == "." else path


def link_name(link: Link) -> str:
    """The pipeline, or its node, at the other end of a link."""
    return f"{link.pipeline}.{link.node}" if link.node else link.pipeline


def which_run(offset: float | str | None) -> str:
    """Which run of another pipeline is meant by an offset in seconds."""
    if isinstance(offset, str):
        return "a run that cannot be known from source"
    if not offset:
        return "the run of the same time"
    return f"the run {duration(abs(offset))} {'earlier' if offset > 0 else 'later'}"


def about(count: int, what: str) -> str:
    """`1 run`, `about 700 runs`, `about 27,000 runs`: a large number as far as it is worth knowing."""
    if count < _EXACT:
        return counted(count, what)
    digits = 10 ** max(1, len(str(count)) - 2)
    return f"about {round(count / digits) * digits:,} {what}s"
