"""Words that ask for speed or freshness and say no number."""

import re

from meta_pipeline.issues.quantities import DURATION
from meta_pipeline.issues.reading import CRON, read_sentence
from meta_pipeline.issues.schedules import frequencies_in

_WORDS = re.compile(
    r"\bas\s+(?:fast|soon|often|quick(?:ly)?|early|fresh|frequent(?:ly)?)\s+as\s+(?:possible|we can|you can)\b|\basap\b"
    r"|\bmore\s+(?:often|frequent(?:ly)?|quickly|timely|up[\s-]to[\s-]date|recent)\b"
    r"|\b(?:fast|quick|soon|fresh)(?:er|ly)?\b|\bearlier\b|\btimely\b|\bin time\b|\bin good time\b"
    r"|\b(?:near[\s-])?real[\s-]?time\b|\bup[\s-]to[\s-]date\b|\bimmediately\b|\binstant(?:ly|aneous)?\b|\bpromptly\b"
    r"|\bwithout\s+delay\b|\blow[\s-]latency\b|\breasonable\s+time\b|\bfrequently\b|\bregularly\b",
    re.IGNORECASE,
)
_FIXED = re.compile(
    r"\bas soon as (?!possible|we can|you can)|\bfail(?:s|ing)?[\s-]fast\b|\bbreakfast\b", re.IGNORECASE
)
_WANTS = re.compile(
    r"\b(?:should|must|shall|needs?|wants?|wish|has to|have to|had to|expects?|would like|requires?|please|make|let)\b",
    re.IGNORECASE,
)


def vague_words(sentence: str) -> tuple[str, ...]:
    """The words of a sentence that ask for speed or freshness; none where it gives a number with a unit too."""
    text = read_sentence(_FIXED.sub(" ", sentence)).text
    if re.search(rf"{DURATION}|{CRON}", text) or any(frequency.cron for frequency in frequencies_in(text)):
        return ()
    return tuple(dict.fromkeys(match[0] for match in _WORDS.finditer(text)))


def wants(sentence: str) -> bool:
    """Whether a sentence asks for something, rather than telling how things are."""
    return _WANTS.search(sentence) is not None


def speaks_of_time(sentence: str) -> bool:
    """Whether a sentence holds a length of time, a cron or a frequency."""
    text = read_sentence(sentence).text
    return re.search(rf"{DURATION}|{CRON}", text) is not None or any(True for _ in frequencies_in(text))
