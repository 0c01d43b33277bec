"""How what was measured on a base is known again: by its tree, its environment and the commands."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from meta_pipeline.delivery.evidence import Command, CommandRecord
from meta_pipeline.delivery.model import digest, digest_bytes
from meta_pipeline.validation.bench import PROBES, Bench

KEY_SCRATCH = Path("/scratch")
"""Stands for the scratch folder in commands that make up a key, as each run has another one."""


def memory_key(bench: Bench, commands: Sequence[Command], commit: str) -> str:
    """A name for the outcome of these commands at a commit; equal where the outcome must be equal.

    What a pipeline writes may hold the date of the day, so what is to be compared with it is of the same day.
    """
    key = {
        "tree": bench.mirror.tree_id(commit),
        "environment": bench.environment.digest,
        "sandbox": bench.sandbox.kind,
        "commands": [command.model_dump(mode="json") for command in commands],
        "variables": dict(bench.policy.environment.variables),
        "probes": [digest_bytes(path.read_bytes()) for path in PROBES],
        "pipelines": digest(bench.policy.dry_run),
        "day": datetime.now(UTC).date().isoformat() if any(one.reads_only for one in commands) else None,
    }
    return digest(key).removeprefix("sha256:")


def reused(bench: Bench, record: CommandRecord) -> CommandRecord:
    """A record that was kept, told of as one that did not run again."""
    record = record.model_copy(update={"reused": True})
    bench.keep(record)
    return record
