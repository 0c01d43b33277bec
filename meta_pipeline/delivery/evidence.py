"""One captured fact: a command that ran, a file, an observation."""

from typing import Literal

from meta_pipeline.delivery.model import Frozen, chunk_id, digest

Side = Literal["base", "head", "former_tests", "neighbour", "reverted"]
"""What a command ran on.

`former_tests` is head with the tests of base, `neighbour` head with a known fault in it, `reverted` head with the
change undone.
"""
EndedBy = Literal["time", "memory", "output", "processes", "missing"]


class Command(Frozen):
    """A process to run in a checkout of the target.

    `argv` is run without a shell. `variables` are added to a scrubbed environment. `seconds`,
    `memory_mb`, `output_mb` and `processes` are limits; reaching one ends the whole process tree. What
    `reads_only` cannot change the checkout.
    """

    name: str
    argv: tuple[str, ...]
    shown_as: str
    variables: tuple[tuple[str, str], ...] = ()
    seconds: float = 600.0
    memory_mb: int = 4096
    output_mb: int = 16
    processes: int = 512
    reads_only: bool = False


class CommandRecord(Frozen):
    """What one command did. `ended_by` names the limit that ended it, or `missing` for a command that is not there.

    `stdout` and `stderr` are digests of the captured output in the evidence store; `tree` is the git
    tree it ran in; `dirtied` are the paths it left changed or untracked. `measures` are the numbers
    read from its output, such as `tests_collected`.
    """

    command: Command
    side: Side
    tree: str
    environment: str
    tools: tuple[tuple[str, str], ...] = ()
    sandbox: Literal["bubblewrap", "none"]
    cwd: str
    exit: int | None
    ended_by: EndedBy | None = None
    seconds: float
    started_at: str
    stdout: str
    stderr: str
    dirtied: tuple[str, ...] = ()
    reused: bool = False

    @property
    def succeeded(self) -> bool:
        return self.exit == 0 and self.ended_by is None

    @property
    def chunk_id(self) -> str:
        return chunk_id(digest(self))


class Evidence(Frozen):
    """A pointer to one stored fact. `digest` is the SHA-256 of its bytes in the evidence store."""

    kind: Literal["command", "output", "file", "document"]
    digest: str
    title: str

    @property
    def chunk_id(self) -> str:
        return chunk_id(self.digest)
