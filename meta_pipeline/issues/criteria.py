"""One sentence becomes criteria, or says why it cannot."""

import re
from dataclasses import dataclass

from meta_pipeline.delivery.metrics import METRICS
from meta_pipeline.delivery.requirements import Comparator, Criterion, Expectation, Metric, Span
from meta_pipeline.issues.demands import Demand, Found, Gap
from meta_pipeline.issues.names import Names
from meta_pipeline.issues.phrases import read_demands
from meta_pipeline.issues.quantities import DURATION
from meta_pipeline.issues.reading import NAME, Reading, read_sentence
from meta_pipeline.issues.subjects import Unclear, placeholders_for, subjects_of

LONGEST = 1000
_CLAUSE = re.compile(r";|,\s*(?:and\s+|but\s+)?|\s(?:and|but)\s|\.\s")
_EXPLAINS = re.compile(
    r"\s*(?:because|so\b|as\b|since|when|if|which|who|where|while|whenever|for\b|to\b|in order|see\b|"
    r"e\.g|i\.e|unless|even|"
    r"with\b|without|although|though|like|such as|that\b|instead|rather|not\b|after\b|before\b|until\b)"
)
_ORDERS = re.compile(r"\b(?:must|should|shall|needs? to|has to|have to|may not)\b")
_STATES = re.compile(
    r"\b(?:is|are|be|gets?|notif\w+|alerts?|sends?|set|add|remove|use|make|keep|stays?|stop\w*|finish\w*|show\w*|never|always|no)\b"
)


@dataclass(frozen=True, slots=True)
class Draft:
    """A criterion that has no number yet."""

    metric: Metric
    subject: str
    comparator: Comparator
    threshold: float | int | str
    span: Span
    expectation: Expectation | None = None

    @property
    def key(self) -> tuple[object, ...]:
        """Equal for two wordings of one demand."""
        return (self.metric, self.subject, self.comparator, self.threshold, self.expectation)

    def criterion(self, number: str) -> Criterion:
        measured = METRICS[self.metric]
        return Criterion(
            id=number,
            metric=self.metric,
            subject=self.subject,
            comparator=self.comparator,
            threshold=self.threshold,
            unit=measured.unit,
            verification=measured.verification,
            span=self.span,
            expectation=self.expectation,
        )


@dataclass(frozen=True, slots=True)
class Missing:
    """One thing that a sentence leaves open, with the names it could mean."""

    what: str
    metric: Metric | None = None
    candidates: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Understood:
    """What one sentence gave. `read`: the grammar knew some of it; `has_time`: it holds a length of time."""

    drafts: tuple[Draft, ...] = ()
    gaps: tuple[Missing, ...] = ()
    read: bool = False
    has_time: bool = False
    names: tuple[str, ...] = ()


def understand(
    span: Span,
    known: Names,
    mentioned: tuple[str, ...] = (),
    *,
    text: str | None = None,
    about: tuple[str, ...] = (),
) -> Understood:
    """Read the span's quote, or `text` in its stead; `about` are the names to use where it gives none."""
    sentence = text if text is not None else span.quote
    if len(sentence) > LONGEST:
        return Understood(
            gaps=(Missing(f"shortness: it has {len(sentence)} characters; make it several sentences"),)
        )
    reading = read_sentence(sentence, known.all)
    found = read_demands(reading)
    drafts: list[Draft] = []
    gaps: list[Missing] = []
    for item in found:
        if isinstance(item, Gap):
            gaps.append(Missing(item.missing, item.metric))
            continue
        names = tuple(reading.value(p) for p in placeholders_for(item, found, reading)) or about
        subjects = subjects_of(item, names, reading, known, mentioned)
        if isinstance(subjects, Unclear):
            gaps.append(Missing(subjects.missing, item.metric, subjects.candidates))
            continue
        for subject in subjects:
            drafts_or_gap = _draft(item, subject, span, known)
            if isinstance(drafts_or_gap, Missing):
                gaps.append(drafts_or_gap)
            else:
                drafts.append(drafts_or_gap)
    gaps += _unread(reading, found)
    if not found:
        gaps = [Missing("a metric with a number and a unit")]
    has_time = re.search(DURATION, reading.text) is not None
    return Understood(tuple(drafts), tuple(gaps), bool(found), has_time, reading.names)


def _draft(demand: Demand, subject: str, span: Span, known: Names) -> Draft | Missing:
    expectation = None
    if demand.rule is not None:
        dataset, _, column = subject.rpartition(".")
        expectation = Expectation(
            type=demand.rule.type, dataset=dataset, column=column, kwargs=demand.rule.kwargs
        )
    if demand.metric == "schedule" and demand.zone:
        zone = demand.zone.casefold()
        pipeline = known.pipelines.get(subject)
        own = (pipeline.timezone if pipeline else None) or "utc"
        if zone in ("gmt", "z"):
            zone = "utc"
        if own.casefold() not in (zone, "unresolved"):
            return Missing(f"the time in the time zone of `{subject}`, which is {own}", "schedule")
    return Draft(demand.metric, subject, demand.comparator, demand.threshold, span, expectation)


def _unread(reading: Reading, found: tuple[Found, ...]) -> list[Missing]:
    """The clauses beside the understood ones that also demand something: they must not be lost."""
    if not found:
        return []
    text = reading.text
    cuts = [0]
    for match in _CLAUSE.finditer(text):
        between_names = re.search(rf"{NAME}\s*$", text[: match.start()]) and re.match(
            rf"\s*{NAME}", text[match.end() :]
        )
        if not between_names and not any(f.start < match.end() and match.start() < f.end for f in found):
            cuts.append(match.end())
    missing = []
    for start, end in zip(cuts, [*cuts[1:], len(text)], strict=True):
        if any(f.start < end and start < f.end for f in found):
            rest = text[max(f.end for f in found if f.start < end and start < f.end) : end]
            if (time := re.search(DURATION, rest)) and not _EXPLAINS.match(rest):
                missing.append(Missing(f"what '{time[0]}' is the limit of"))
            continue
        clause = text[start:end].strip(" .;,")
        if _EXPLAINS.match(clause):
            break
        joined = _ORDERS.search(clause) or (
            _STATES.search(clause) and re.search(r"(?:\band|\bbut|;)\s*$", text[:start].rstrip() + " ")
        )
        if joined and len(clause.split()) >= 3:
            missing.append(Missing(f"a measure for '{_readable(clause, reading)}'"))
    return missing


def _readable(clause: str, reading: Reading) -> str:
    return re.sub(r"«[ncq][a-z]+»", lambda match: f"`{reading.value(match[0])}`", clause)
