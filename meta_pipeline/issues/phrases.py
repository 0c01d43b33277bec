"""The grammar of acceptance criteria: which demands a sentence makes, and what it leaves open."""

import re
from collections.abc import Callable, Iterator

from meta_pipeline.delivery.requirements import Comparator, Metric
from meta_pipeline.issues.column_rules import column_demands
from meta_pipeline.issues.demands import Demand, Found, Gap
from meta_pipeline.issues.descriptions import described
from meta_pipeline.issues.quantities import (
    AFTERWARDS,
    COMPARISON,
    DURATION,
    NUMBER,
    UNIT,
    comparator_of,
    number_of,
    seconds_of,
)
from meta_pipeline.issues.reading import CRON, NAME, Reading
from meta_pipeline.issues.schedules import ZONE, canonical_cron, frequencies_in

_COMPARE = rf"(?P<comparison>{COMPARISON})?\s*"
_COMPARED = rf"(?P<comparison>{COMPARISON})\s*"
_COUNT = rf"(?P<value>{NUMBER}){AFTERWARDS}"
_TIME = rf"(?P<time>{DURATION}){AFTERWARDS}"
_SKIP = r"(?:(?!\b(?:delay|wait|back-?off|every|after|between|apart)\b)[^\d;]){0,90}?"
_ANY = r"[^\d;]{0,90}?"
_NO_TIME = rf"(?!\d)(?![\d.,]*[\s-]*{UNIT})(?!\s*%)(?!:\d)"
_AGAIN = r"retr(?:y|ies|ied|ying)"
_TRIES = rf"(?:{_AGAIN}|re-?runs?|attempts?|tries)"


def read_demands(reading: Reading) -> tuple[Found, ...]:
    """All demands and gaps of one sentence, in the order of the text; none where it says nothing measurable."""
    found: list[Found] = []
    for extract in _EXTRACTORS:
        for new in extract(reading):
            if not any(new.start < old.end and old.start < new.end for old in found):
                found.append(new)
    if not any(isinstance(item, Demand) for item in found):
        rules = [*column_demands(reading)]
        found = rules if not found or any(isinstance(rule, Demand) for rule in rules) else found
    if not all(isinstance(item, Gap) and item.mention for item in found):
        found = [item for item in found if not (isinstance(item, Gap) and item.mention)]
    return tuple(sorted(found, key=lambda item: item.start))


def _retry_delay(reading: Reading) -> Iterator[Found]:
    text = reading.text
    if not re.search(rf"\b{_TRIES}\b", text):
        return
    patterns = (
        rf"\b{_COMPARE}{_TIME}\s+(?:apart\b|(?:between|before)\s+(?:(?:the|each|every|a|any|its|it|next|first|2)\s+)*{_TRIES}\b)",
        rf"\b{_COMPARE}{_TIME}[\s-](?:{_AGAIN}[\s-])?(?:delays?|waits?|pauses?|intervals?)\b",
        rf"\b(?:{_AGAIN}[\s_-])?(?:delays?|waits?|waiting|pauses?|sleeps?|intervals?)\b(?!\s*{_AGAIN}\s+are){_ANY}{_COMPARE}{_TIME}",
        rf"\bbetween\s+(?:(?:the|each|every|its)\s+)*{_TRIES}\b{_ANY}{_COMPARE}{_TIME}",
        rf"\b{_AGAIN}\b{_ANY}\b(?:every|after)\s+{_COMPARE}{_TIME}",
    )
    for pattern in patterns:
        for match in re.finditer(pattern, text):
            seconds = seconds_of(match["time"])
            yield Demand("retry_delay", comparator_of(match), seconds, match.start(), match.end())
    named = rf"(?:{_AGAIN}[\s-](?:delay|wait|interval)|delay between {_AGAIN})"
    unit = re.search(
        rf"\b{named} in (?P<unit>seconds|minutes|hours)\b{_ANY}{_COMPARE}{_COUNT}{_NO_TIME}", text
    )
    if unit:
        seconds = seconds_of(f"{unit['value']} {unit['unit']}")
        yield Demand("retry_delay", comparator_of(unit), seconds, unit.start(), unit.end())
    for match in re.finditer(rf"\b{named}\b{_ANY}{_COMPARE}{_COUNT}{_NO_TIME}", text):
        yield Gap(
            match.start(),
            match.end(),
            "the unit of the retry delay, such as seconds or minutes",
            "retry_delay",
        )
    for match in re.finditer(
        rf"\b{named}\b|\b(?:waits?|delay|pause)\b[^;\d]{{0,40}}\b(?:between|before)\b[^;\d]{{0,20}}{_TRIES}",
        text,
    ):
        yield Gap(
            match.start(),
            match.end(),
            "the length of the retry delay, with a unit",
            "retry_delay",
            mention=True,
        )


def _backoff(reading: Reading) -> Iterator[Found]:
    text = reading.text
    back = r"\b(?:back(?:s|ing|ed)?[\s-]?off)\b"
    patterns = (
        rf"{back}[^;\d]{{0,80}}?\bexponential(?:ly)?\b",
        rf"\bexponential(?:ly)?\b(?:\W+\w+){{0,3}}?\W*{back}",
        r"\bexponential(?:ly)?\s+(?:growing\s+|increasing\s+)?(?:retry\s+)?(?:delays?|waits?)\b",
        r"\bdelays?\b[^;\d]{0,40}\b(?:grows?|increases?|doubles?)\b[^;\d]{0,20}\bexponentially\b",
        rf"\b{_AGAIN}\b[^;\d]{{0,40}}?\bexponentially\b",
    )
    for pattern in patterns:
        for match in re.finditer(pattern, text):
            around = text[max(0, match.start() - 14) : match.end()]
            comparator: Comparator = "!=" if re.search(r"\b(?:not|no|never|without)\b", around) else "=="
            yield Demand("retry_backoff", comparator, "exponential", match.start(), match.end())
    for match in re.finditer(back, text):
        yield Gap(
            match.start(),
            match.end(),
            "the kind of backoff; 'exponential' is the one that can be measured",
            "retry_backoff",
            mention=True,
        )


def _retries(reading: Reading) -> Iterator[Found]:
    text = reading.text
    for match in re.finditer(
        rf"\b{NUMBER}\s+(?:more|extra|additional|further)\s+{_AGAIN}\b|\b{_AGAIN}\s+{NUMBER}\s+more\s+times\b",
        text,
    ):
        yield Gap(match.start(), match.end(), "the number of retries in all, not how many more", "retries")
    patterns = (
        rf"\b{_AGAIN}\b(?:\s+(?:count|attempts?|limit))?{_SKIP}{_COMPARE}{_COUNT}{_NO_TIME}(?:\s+(?:times|retries|attempts|x\b))?",
        rf"(?<![\w:]){_COMPARE}{_COUNT}{_NO_TIME}\s+(?:automatic\s+)?(?:{_AGAIN}|re-tries)\b(?:\s+attempts?)?",
    )
    for pattern in patterns:
        for match in re.finditer(pattern, text):
            value = number_of(match["value"])
            if not isinstance(value, int) or value < 0:
                yield Gap(match.start(), match.end(), "a whole number of retries", "retries")
                continue
            comparator = comparator_of(match)
            # `retries up to 3 times` says how often it retries; as a bound, no retry at all would do.
            if (match["comparison"] or "").split() == ["up", "to"] and "times" in match[0]:
                comparator = "=="
            yield Demand("retries", comparator, value, match.start(), match.end())
    for match in re.finditer(
        r"(?<!if )(?<!when )\b(?:no|without)\s+(?:automatic\s+)?retries\b(?!\s+(?:is|are|was|were)\s+needed)",
        text,
    ):
        yield Demand("retries", "==", 0, match.start(), match.end())
    for match in re.finditer(rf"\b{_AGAIN}\b", text):
        yield Gap(match.start(), match.end(), "the number of retries", "retries", mention=True)


def _schedule(reading: Reading) -> Iterator[Found]:
    text = reading.text
    for match in re.finditer(CRON, text):
        cron = canonical_cron(reading.value(match[0]))
        trigger = re.search(r"\b(?:schedul\w*|cron|runs?|at)\b[^;]{0,90}$", text[: match.start()])
        start = trigger.start() if trigger else match.start()
        zone = re.match(rf"\s*(?:in|\()?\s*({ZONE})\b", text[match.end() :])
        if cron is None:
            yield Gap(start, match.end(), "a five-field cron that exists", "schedule")
        else:
            yield Demand("schedule", "==", cron, start, match.end(), zone=zone[1] if zone else None)
    trigger_words = (
        r"\b(?:schedul\w*|runs?|running|refresh\w*|updat\w*|trigger\w*|starts?|started|execut\w+|kicks? off|"
        r"publish\w*|loads?|loaded|rebuil\w+|built|produced|(?:make|be|is|are|to)|arrives?|available)\b"
    )
    for frequency in frequencies_in(text):
        triggered = re.search(rf"{trigger_words}[^;]{{0,90}}$", text[: frequency.start])
        if not triggered and not re.fullmatch(
            rf"(?:{NAME}|\W|the\b|dag\b|pipeline\b)*", text[: frequency.start]
        ):
            continue
        start = triggered.start() if triggered else frequency.start
        if re.search(rf"\b(?:{_AGAIN}|between|backfill)\b", text[start : frequency.start]):
            continue
        if frequency.cron:
            yield Demand("schedule", "==", frequency.cron, start, frequency.end, zone=frequency.zone)
        else:
            yield Gap(start, frequency.end, frequency.missing, "schedule")
    for match in re.finditer(
        r"\b(?:runs?|starts?|scheduled?)\b[^;\d]{0,60}\bat\s+\d{1,2}(?::\d{2}|\s?[ap]m)\b", text
    ):
        yield Gap(
            match.start(), match.end(), "the days on which it runs, such as 'daily at 06:30'", "schedule"
        )
    for match in re.finditer(r"\bschedule\b(?=[^;]{0,60}\b(?:is|be|of|to|changes?)\b)", text):
        yield Gap(
            match.start(),
            match.end(),
            "the schedule as a cron or as words such as 'daily at 06:30'",
            "schedule",
            mention=True,
        )


def _runtime(reading: Reading) -> Iterator[Found]:
    text = reading.text
    named = r"\b(?:run[\s-]?times?|durations?|execution\s+times?|elapsed\s+times?|processing\s+times?)\b"
    ends = (
        r"\b(?:finish(?:es|ed|ing)?|complete[sd]?|completing|ends?|runs?|takes?|taking|lasts?|done|succeeds?|"
        r"terminates?|ready|over)\b"
    )
    limited = rf"(?P<comparison>{COMPARISON}|\bin\b)\s*"
    skip = r"(?:(?!\b(?:every|between|after|old)\b)[^\d;]){0,60}?"
    for match in re.finditer(rf"{named}{skip}{_COMPARE}{_TIME}", text):
        yield Demand("runtime", comparator_of(match), seconds_of(match["time"]), match.start(), match.end())
    for match in re.finditer(rf"{ends}{skip}{limited}{_TIME}", text):
        comparator = comparator_of(match)
        if (match["comparison"] or "").strip() == "in" and comparator == "==":
            comparator = "<="
        yield Demand("runtime", comparator, seconds_of(match["time"]), match.start(), match.end())
    for match in re.finditer(rf"{named}{skip}{_COMPARE}{_COUNT}{_NO_TIME}", text):
        yield Gap(
            match.start(), match.end(), "the unit of the run time, such as seconds or minutes", "runtime"
        )
    for match in re.finditer(rf"\b(?:takes?|lasts?)\s+(?:about\s+|around\s+|~\s*)?{DURATION}", text):
        yield Gap(match.start(), match.end(), "whether that run time is the most that is allowed", "runtime")
    for match in re.finditer(
        rf"{ends}[^;\d]{{0,40}}\b(?:by|before|until)\s+(?:\d{{1,2}}(?::\d{{2}}|\s?[ap]m)|noon|midnight)", text
    ):
        yield Gap(
            match.start(),
            match.end(),
            "a run time; when a run ends on the clock cannot be measured before it is live",
            "runtime",
        )
    for match in re.finditer(named, text):
        yield Gap(
            match.start(),
            match.end(),
            "the longest run time that is allowed, with a unit",
            "runtime",
            mention=True,
        )


def _counted(metric: Metric, named: str, *said: str) -> Callable[[Reading], Iterator[Found]]:
    """An extractor for a count of bad things: `named` with a number, or a sentence that says there are none."""

    def extract(reading: Reading) -> Iterator[Found]:
        for match in re.finditer(rf"\b{named}\b[^\d;]{{0,70}}?{_COMPARE}{_COUNT}{_NO_TIME}", reading.text):
            yield Demand(metric, comparator_of(match), number_of(match["value"]), match.start(), match.end())
        for pattern in said:
            for match in re.finditer(pattern, reading.text):
                if not re.search(r"\b(?:not|never)\b", match[0]) or re.search(
                    r"\bnot (?:fail|raise|break)", match[0]
                ):
                    yield Demand(metric, "==", 0, match.start(), match.end())

    return extract


_GREEN = r"(?:pass(?:es|ing)?|succeeds?|green|clean|hold(?:s)?|(?:is|are|be) (?:met|kept|ok|fine))\b"
_TESTED = r"(?<!dbt )\b(?:(?:unit|integration|existing|regression)\s+|(?:and|&)\s+)*tests?(?:\s+suite)?\b"
_IMPORTED = r"(?:dags?|pipelines?|flows?|definitions|modules?|files?|repository|code location)"

_failed_tests = _counted(
    "failed_tests",
    r"(?:failed|failing|broken)\s+(?:unit\s+|integration\s+)?tests?",
    rf"{_TESTED}(?!\s+for)[^;\d]{{0,50}}?\b{_GREEN}",
    r"\b(?:no|0|without)\s+(?:failed|failing|broken|red)\s+(?:unit\s+|integration\s+)?tests?\b",
    r"\bno\s+(?:unit\s+|integration\s+)?tests?\s+(?:fails?|breaks?|is broken)\b",
    r"\btests?\s+(?:do|does|must|should|may)\s+not\s+(?:fail|break)\b",
)
_failed_dbt_tests = _counted(
    "failed_dbt_tests",
    r"(?:failed|failing|broken)\s+dbt\s+tests?",
    rf"\bdbt\s+tests?\b(?!\s+for)[^;\d]{{0,50}}?\b{_GREEN}",
    r"\b(?:no|0|without)\s+(?:failed|failing|broken|red)\s+dbt\s+tests?\b",
    r"\bno\s+dbt\s+tests?\s+(?:fails?|breaks?|is broken)\b",
)
_lint = _counted(
    "lint_findings",
    r"lint(?:ing|er)?\s+(?:findings?|errors?|warnings?|problems?|violations?|issues?)",
    rf"\b(?:lint(?:ing|er)?|ruff|flake8|pylint|sqlfluff)\b[^;\d]{{0,30}}?\b{_GREEN}",
    r"\b(?:no|0|without)\s+(?:new\s+)?(?:lint(?:ing|er)?|ruff|flake8|pylint|sqlfluff)\s*(?:findings?|errors?|warnings?|problems?|violations?|issues?|complaints?)",
)
_import_errors = _counted(
    "import_errors",
    r"(?:import|parse|parsing)\s+errors?",
    r"\b(?:no|0|without|any)\s+(?:new\s+)?(?:dag\s+)?(?:import|parse|parsing)\s+errors?\b",
    rf"\b(?:all|every|each|the)\s+(?:\w+\s+)?{_IMPORTED}\b[^;\d]{{0,30}}?\b(?:imports?|imported|parses?|parsed|loads?)\b(?:\s+(?:without\s+(?:an?\s+)?errors?|cleanly|fine|successfully))?(?=\s*(?:$|[.,;]|and\b|in\b|with\b))",
    rf"{NAME}\s+(?:still\s+)?(?:imports?|parses?)\s+(?:without\s+(?:an?\s+)?errors?|cleanly|fine|successfully)",
    rf"\bno\s+{_IMPORTED}\s+fails?\s+to\s+(?:import|parse|load)\b",
)
_failed_expectations = _counted(
    "failed_expectations",
    r"(?:failed|failing|unmet|unsuccessful|broken)\s+(?:expectations?|data[\s-]quality\s+checks?)",
    r"\b(?:no|0|without)\s+(?:failed|failing|unmet|broken)\s+(?:expectations?|data[\s-]quality\s+checks?)\b",
    r"\bno\s+expectations?\b[^;\d]{0,60}?\b(?:fails?|breaks?)\b",
    rf"\b(?:expectations?|expectation\s+suite|checkpoint|data[\s-]quality\s+checks?)\b[^;\d]{{0,60}}?\b{_GREEN}",
    rf"{NAME}\s+checkpoint\b[^;\d]{{0,40}}?\b{_GREEN}",
)

_EXTRACTORS: tuple[Callable[[Reading], Iterator[Found]], ...] = (
    described,
    _failed_expectations,
    _failed_dbt_tests,
    _failed_tests,
    _lint,
    _import_errors,
    _backoff,
    _retry_delay,
    _retries,
    _runtime,
    _schedule,
)
