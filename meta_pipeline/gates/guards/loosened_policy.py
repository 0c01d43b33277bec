"""How one policy asks less than another."""

from collections.abc import Iterator

from meta_pipeline.policy import Policy

_RANKS = {"needs_approval": 1, "failed": 2}


def loosened_policy(before: Policy, after: Policy) -> Iterator[tuple[str, str]]:
    """What is asked less, as a sentence without a full stop, with a word by which its line is found."""
    for gate, outcome in before.gates.items():
        if _RANKS.get(after.gates.get(gate, ""), 0) < _RANKS[outcome]:
            yield f"the gate {gate} no longer ends in {outcome}", gate
    for name in ("lint", "unit_tests", "integration_tests"):
        was, now = getattr(before.commands, name), getattr(after.commands, name)
        if was and not now:
            yield f"the command {name} is gone", "commands"
        elif was and was != now:
            yield f"the command {name} becomes '{now}'", name
    for name in ("design", "review"):
        was, now = getattr(before.signoff, name), getattr(after.signoff, name)
        if now < was:
            yield f"{now} instead of {was} people must sign the {name}", name
    if before.signoff.allowed_signers != after.signoff.allowed_signers:
        yield f"who may sign is read from {after.signoff.allowed_signers}", "allowed_signers"
    for name in ("max_files", "max_lines"):
        was, now = getattr(before.change, name), getattr(after.change, name)
        if now > was:
            yield f"{name} rises from {was} to {now}", name
    if after.retries.minimum < before.retries.minimum:
        yield f"nodes need {after.retries.minimum} retries instead of {before.retries.minimum}", "minimum"
    if before.retries.backoff and not after.retries.backoff:
        yield "retries need no growing delay any more", "backoff"
    for pipeline, level in before.service_levels.items():
        now_level = after.service_levels.get(pipeline)
        if now_level is None or now_level.runtime_minutes > level.runtime_minutes:
            yield f"the run time of {pipeline} is held less", pipeline
    lost = {scheduler.kind for scheduler in before.all_schedulers} - {s.kind for s in after.all_schedulers}
    if lost:
        yield f"the pipelines of {', '.join(sorted(lost))} are no longer looked at", "scheduler"
    if set(before.data_quality.looks_at) - set(after.data_quality.looks_at):
        yield "checkpoints of Great Expectations are no longer run", "data_quality"
    if set(before.contracts) - set(after.contracts):
        yield "contracts are no longer read", "contracts"
