"""The way back: the commands that undo a merged change, and their rehearsal."""

from meta_pipeline.delivery.evidence import CommandRecord
from meta_pipeline.delivery.model import Frozen


class Rehearsal(Frozen):
    """The printed commands, run verbatim on the merged state with one unrelated later commit.

    Each `*_equal` compares with a state that never had the change; `problems` says what differed.
    """

    merged: str
    later: str
    reverted_tree: str | None
    expected_tree: str
    tree_equal: bool
    topology_equal: bool
    tests_pass: bool | None
    problems: tuple[str, ...] = ()
    records: tuple[CommandRecord, ...] = ()


class RollbackPlan(Frozen):
    """Exact commits and commands, in order, with what must hold before them and when to use them."""

    change_set: str
    commits: tuple[str, ...]
    prerequisites: tuple[str, ...]
    commands: tuple[str, ...]
    abort_when: tuple[str, ...]
    retry_when: tuple[str, ...]
    rehearsal: Rehearsal | None = None
