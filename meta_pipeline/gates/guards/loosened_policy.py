"""How one policy asks less than another."""

from collections.abc import Iterator

from meta_pipeline.delivery.judgement import SEVERITY
from meta_pipeline.policy import GateRule, Policy, RetryPolicy


def loosened_policy(before: Policy, after: Policy) -> Iterator[tuple[str, str]]:
    """What is asked less, as a sentence without a full stop, with a word by which its line is found."""
    for gate in sorted(before.gates.keys() | after.gates.keys()):
        yield from _rules(gate, before.gates.get(gate, GateRule()), after.gates.get(gate, GateRule()))
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
    was_asked, is_asked = before.retries or RetryPolicy(minimum=0), after.retries or RetryPolicy(minimum=0)
    if is_asked.minimum < was_asked.minimum:
        yield f"nodes need {is_asked.minimum} retries instead of {was_asked.minimum}", "minimum"
    if was_asked.backoff and not is_asked.backoff:
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


def _rules(gate: str, before: GateRule, after: GateRule) -> Iterator[tuple[str, str]]:
    """What a rule makes of a gate's findings that is milder than it was; a gate without a rule has its own word."""
    if before.outcome != after.outcome:
        is_milder = after.outcome == "warned" or (
            before.outcome in ("failed", "needs_approval")
            and (after.outcome is None or SEVERITY[after.outcome] < SEVERITY[before.outcome])
        )
        if is_milder:
            yield f"findings of {gate} end in {after.outcome or 'what the gate itself says'}", gate
    for where in after.where:
        if where not in before.where and where.outcome != "failed":
            places = ", ".join((*where.paths, *where.pipelines))
            yield f"findings of {gate} at {places} end in {where.outcome}", gate
    for where in before.where:
        if where not in after.where and where.outcome != "warned":
            places = ", ".join((*where.paths, *where.pipelines))
            yield f"findings of {gate} at {places} no longer end in {where.outcome}", gate
