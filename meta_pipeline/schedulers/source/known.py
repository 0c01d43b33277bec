"""What is known of the place that pipelines are loaded in, beside the files: what a policy says of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Known:
    """What code that is read from source may ask for, as a run in the target's environment finds it.

    `imports` are folders of the tree that imports start from. `set` are variables of the environment, `variables` and
    `connections` what stands in for those that a scheduler keeps: pairs of name and value in the order of the names, so
    that a reading can be kept by them.
    """

    imports: tuple[str, ...] = ()
    set: Pairs = ()
    variables: Pairs = ()
    connections: Pairs = ()

    @cached_property
    def environment(self) -> Mapping[str, str]:
        return dict(self.set)

    def with_set(self, *more: Pairs) -> "Known":
        """The same where these are variables of the environment too, as some schedulers have it."""
        both = dict(self.set)
        for pairs in more:
            both |= dict(pairs)
        return Known(self.imports, pairs_of(both), self.variables, self.connections)


NOTHING_KNOWN = Known()


def pairs_of(values: Mapping[str, str]) -> Pairs:
    return tuple(sorted(values.items()))
