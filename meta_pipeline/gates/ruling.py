"""What a gate's findings come to: the gate's own word on each, then the policy's, then the waivers'."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from meta_pipeline.delivery.judgement import SEVERITY, Finding, Outcome, Strength, Waived
from meta_pipeline.delivery.signoff import is_same_person
from meta_pipeline.delivery.waiver import Granted
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
    waivers = [one for one in case.waivers.granted if one.waiver.gate == gate] if may_be_milder else []
    if not rules and not waivers:
        return said
    by_policy = [_by_policy(finding, rules, case, may_be_milder=may_be_milder) for finding in said.findings]
    after = [_by_waiver(finding, waivers, case) for finding in by_policy]
    if after == list(said.findings) and not waivers:
        return said
    ordered = tuple(sorted(after, key=_weight))
    standing = [finding for finding in ordered if finding.waived is None]
    reason = "; ".join(
        [
            summary(standing) if standing else "all that was found is waived",
            *(["the policy says what it comes to"] if by_policy != list(said.findings) else []),
            *_waived_by(ordered),
            *_in_vain(ordered, waivers, case),
        ]
    )
    return Ruled((standing[0].outcome or said.outcome) if standing else "passed", reason, ordered)


def summary(findings: Sequence[Finding]) -> str:
    """The first finding's message, and how many there are besides."""
    more = f" (and {len(findings) - 1} more)" if len(findings) > 1 else ""
    return f"{findings[0].message.rstrip('.')}{more}"


def _weight(finding: Finding) -> int:
    if finding.waived is not None:
        return 1
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


def _by_waiver(finding: Finding, waivers: Sequence[Granted], case: Case) -> Finding:
    """The finding, waived where somebody who did not write the change took it upon themselves."""
    for granted in waivers:
        if not _is_of_author(granted, case) and _is_meant(finding, granted, case):
            waived = Waived(
                by=granted.by,
                why=granted.waiver.why,
                until=granted.waiver.until.isoformat(),
                file=granted.file,
            )
            return finding.model_copy(update={"waived": waived})
    return finding


def _waived_by(findings: Sequence[Finding]) -> list[str]:
    """How many were waived, by whom and until when."""
    counted = Counter((waived.by, waived.until) for one in findings if (waived := one.waived) is not None)
    return [f"{count} waived by {by} until {until}" for (by, until), count in counted.items()]


def _in_vain(findings: Sequence[Finding], waivers: Sequence[Granted], case: Case) -> list[str]:
    """The waivers that would have counted, had their signer not written the change."""
    return [
        f"{granted.file} does not count here, as {granted.by} wrote this change"
        for granted in waivers
        if _is_of_author(granted, case)
        and any(one.waived is None and _is_meant(one, granted, case) for one in findings)
    ]


def _is_of_author(granted: Granted, case: Case) -> bool:
    return any(is_same_person(granted.by, author) for author in case.authors)


def _is_meant(finding: Finding, granted: Granted, case: Case) -> bool:
    waiver = granted.waiver
    return (
        (waiver.path is None or _is_at(finding, (f"/{waiver.path.lstrip('/')}",)))
        and (waiver.pipeline is None or _is_about(finding, (waiver.pipeline,), case))
        and (waiver.message is None or waiver.message in finding.message)
    )


def _lies_in(finding: Finding, where: Where, case: Case) -> bool:
    return (not where.paths or _is_at(finding, where.paths)) and (
        not where.pipelines or _is_about(finding, where.pipelines, case)
    )


def _is_at(finding: Finding, patterns: Sequence[str]) -> bool:
    """Whether the path of a finding matches one of the patterns, which are written as in a `.gitignore`."""
    from pathspec import GitIgnoreSpec

    return finding.path is not None and GitIgnoreSpec.from_lines(patterns).match_file(finding.path)


def _is_about(finding: Finding, patterns: Sequence[str], case: Case) -> bool:
    """Whether all pipelines that a finding is about, and at least one, match one of the patterns."""
    about = _pipelines_about(finding, case)
    return bool(about) and all(
        any(fnmatchcase(pipeline, pattern) for pattern in patterns) for pipeline in about
    )


def _pipelines_about(finding: Finding, case: Case) -> frozenset[str]:
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
