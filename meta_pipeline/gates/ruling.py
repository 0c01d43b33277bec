"""What a gate's findings come to: the gate's own word on each, then the policy's, then the waivers'."""

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from meta_pipeline.delivery.judgement import SEVERITY, Finding, Outcome, Strength
from meta_pipeline.gates.case import Case
from meta_pipeline.policy import GateRule, Where


@dataclass(frozen=True, slots=True)
class Ruled:
    """A gate's outcome, the reason for it, and its findings, the heaviest first."""

    outcome: Outcome
    reason: str
    findings: tuple[Finding, ...]


def ruled(gate: str, said: Ruled, case: Case, *, may_be_milder: bool) -> Ruled:
    """What the gate with this id comes to, once policy and waivers had their word on each of its findings.

    `said` is the gate's own word; each finding in it has an outcome. Without `may_be_milder` nobody makes it milder.
    """
    rules = case.policy.rules_of(gate)
    if not rules:
        return said
    after = [_by_policy(finding, rules, case, may_be_milder=may_be_milder) for finding in said.findings]
    if after == list(said.findings):
        return said
    ordered = tuple(sorted(after, key=_weight))
    heaviest = ordered[0].outcome or said.outcome
    return Ruled(heaviest, f"{summary(ordered)}; the policy says what it comes to", ordered)


def summary(findings: Sequence[Finding]) -> str:
    """The first finding's message, and how many there are besides."""
    more = f" (and {len(findings) - 1} more)" if len(findings) > 1 else ""
    return f"{findings[0].message.rstrip('.')}{more}"


def _weight(finding: Finding) -> int:
    return -SEVERITY[finding.outcome] if finding.outcome else 0


def _by_policy(finding: Finding, rules: Sequence[GateRule], case: Case, *, may_be_milder: bool) -> Finding:
    """The finding with the outcome that the heaviest of several policies asks for."""
    if finding.outcome is None:
        return finding
    asked = [outcome for rule in rules for outcome in _asked(finding, rule, case)]
    if not asked:
        return finding
    outcome = max(asked, key=lambda one: SEVERITY[one])
    if not may_be_milder and SEVERITY[outcome] < SEVERITY[finding.outcome]:
        return finding
    return finding.model_copy(update={"outcome": outcome})


def _asked(finding: Finding, rule: GateRule, case: Case) -> tuple[Strength, ...]:
    """What one policy makes of a finding, if anything: what the first place that it lies in says, or the rule."""
    for where in rule.where:
        if _lies_in(finding, where, case):
            return (where.outcome,)
    return (rule.outcome,) if rule.outcome else ()


def _lies_in(finding: Finding, where: Where, case: Case) -> bool:
    if where.paths and not (finding.path is not None and is_matched(finding.path, where.paths)):
        return False
    if where.pipelines:
        about = pipelines_about(finding, case)
        return bool(about) and all(
            any(fnmatchcase(pipeline, pattern) for pattern in where.pipelines) for pipeline in about
        )
    return True


def is_matched(path: str, patterns: Sequence[str]) -> bool:
    """Whether a path matches one of the patterns, which are written as in a `.gitignore`."""
    from pathspec import GitIgnoreSpec

    return GitIgnoreSpec.from_lines(patterns).match_file(path)


def pipelines_about(finding: Finding, case: Case) -> frozenset[str]:
    """The pipeline that a finding names; else those that its file holds, at base or at head."""
    if finding.pipeline is not None:
        return frozenset({finding.pipeline})
    if finding.path is None or case.change is None:
        return frozenset()
    topologies = (*case.change.base_topologies, *case.change.head_topologies)
    return frozenset(
        pipeline.id
        for topology in topologies
        for pipeline in topology.pipelines
        if pipeline.path == finding.path
    )
