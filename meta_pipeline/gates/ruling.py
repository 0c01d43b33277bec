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


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a finding is and about which pipeline, as far as it is anywhere and about any."""

    path: str | None
    pipeline: str | None


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
    in_vain = _in_vain(after, waivers, case)
    if after == list(said.findings) and not in_vain:
        return said
    ordered = tuple(sorted(after, key=_weight))
    standing = [finding for finding in ordered if finding.waived is None]
    reason = "; ".join(
        [
            summary(standing) if standing else "all that was found is waived",
            *(["the policy says what it comes to"] if by_policy != list(said.findings) else []),
            *_waived_by(ordered),
            *in_vain,
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
    """The finding with the heaviest outcome that policies ask for in the places that it is about."""
    own = finding.outcome
    if own is None or not rules:
        return finding
    asked = [_asked(own, place, rules) for place in _places(finding, case)]
    outcome = max(asked, key=lambda one: SEVERITY[one])
    if not may_be_milder and SEVERITY[outcome] < SEVERITY[own]:
        return finding
    return finding.model_copy(update={"outcome": outcome})


def _asked(own: Strength, place: _Place, rules: Sequence[GateRule]) -> Strength:
    """What policies make of a finding in one place: the heavier of what they say, or its own outcome."""
    said = [
        next((where.outcome for where in rule.where if _lies_in(place, where)), rule.outcome)
        for rule in rules
    ]
    return max((one for one in said if one is not None), key=lambda one: SEVERITY[one], default=own)


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
    """Whether a waiver means a finding, in every place that it is about."""
    waiver = granted.waiver
    at = (f"/{waiver.path.lstrip('/')}",) if waiver.path else ()
    about = (waiver.pipeline,) if waiver.pipeline else ()
    return (waiver.message is None or waiver.message in finding.message) and all(
        _is_at(place, at) and _is_about(place, about) for place in _places(finding, case)
    )


def _lies_in(place: _Place, where: Where) -> bool:
    return _is_at(place, where.paths) and _is_about(place, where.pipelines)


def _is_at(place: _Place, patterns: Sequence[str]) -> bool:
    """Whether its path matches one of the patterns, which are written as in a `.gitignore`; all match none given."""
    if not patterns or place.path is None:
        return not patterns
    from pathspec import GitIgnoreSpec

    return GitIgnoreSpec.from_lines(patterns).match_file(place.path)


def _is_about(place: _Place, patterns: Sequence[str]) -> bool:
    if not patterns or place.pipeline is None:
        return not patterns
    return any(fnmatchcase(place.pipeline, pattern) for pattern in patterns)


def _places(finding: Finding, case: Case) -> tuple[_Place, ...]:
    """What a finding is about: its pipelines, or those that its file holds, and where each of them is."""
    if len(finding.pipelines) == 1:
        return (_Place(finding.path, finding.pipelines[0]),)
    topologies = (*case.change.base_topologies, *case.change.head_topologies) if case.change else ()
    known = [pipeline for topology in topologies for pipeline in topology.pipelines]
    if finding.pipelines:
        paths = {id_: [one.path for one in known if one.id == id_] for id_ in finding.pipelines}
        found = [
            _Place(path, id_)
            for id_ in paths
            for path in (*paths[id_], *([] if paths[id_] else [finding.path]))
        ]
    else:
        found = [_Place(finding.path, one.id) for one in known if one.path == finding.path]
    return tuple(dict.fromkeys(found)) or (_Place(finding.path, None),)
