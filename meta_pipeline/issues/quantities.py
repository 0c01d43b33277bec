"""Numbers, lengths of time and comparisons as people write them."""

import re
from fractions import Fraction

from meta_pipeline.delivery.requirements import Comparator

NUMBER = r"(?>-?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?)"
UNIT = (
    r"(?:seconds?|secs?|sec|minutes?|mins?|min|hours?|hrs?|hr|days?|weeks?|"
    r"(?<=[\d ])[smhd])(?![\w«])"
)
_ONE = rf"(?:{NUMBER}|(?<!once )(?<!times )\ban?\b(?! second))[\s-]*{UNIT}"
DURATION = rf"{_ONE}(?:,?\s*(?:and\s+)?{NUMBER}[\s-]*{UNIT})*"

_WORDS: dict[str, int] = {
    word: number
    for number, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
        "sixteen seventeen eighteen nineteen".split()
    )
}
_TENS = {
    word: 10 * number
    for number, word in enumerate("twenty thirty forty fifty sixty seventy eighty ninety".split(), 2)
}
_NUMBER_WORD = re.compile(
    rf"\b(?:(?P<tens>{'|'.join(_TENS)})(?:[\s-](?P<one>{'|'.join(list(_WORDS)[1:10])}))?"
    rf"|(?P<word>{'|'.join(_WORDS)}))\b(?!\s+of\b)"
)
_IDIOMS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        (r"\b(?:a )?half(?: an)?[ -]hour\b", "30 minutes"),
        (r"\b(?:a )?quarter of an hour\b", "15 minutes"),
        (r"\b(?:three|3) quarters of an hour\b", "45 minutes"),
        (r"\b(?:an|1) hour and a half\b", "90 minutes"),
        (r"\ba dozen\b", "12"),
        (r"\b(\d+) and a half\b", r"\1.5"),
        (
            r"(?<=\bretry )once\b|(?<=\bretries )once\b|(?<=\bretried )once\b|(?<=\bretried at least )once\b",
            "1 time",
        ),
        (r"(?<=\bretry at least )once\b|(?<=\bretries at least )once\b", "1 time"),
        (r"\btwice\b", "2 times"),
        (r"\bthrice\b", "3 times"),
    )
)
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}

_COMPARISONS: tuple[tuple[str, Comparator], ...] = (
    (
        r"(?:not|no|never)\s+(?:be\s+|is\s+|are\s+|go(?:es)?\s+|falls?\s+|drops?\s+)?(?:fewer|less|lower|smaller|shorter)\s+than",
        ">=",
    ),
    (r"(?:not|no|never)\s+(?:be\s+|is\s+|are\s+|go(?:es)?\s+|falls?\s+|drops?\s+)?(?:below|under)", ">="),
    (
        r"(?:not|no|never)\s+(?:be\s+|take\s+|takes\s+|last\s+|is\s+|are\s+)?(?:more|greater|higher|larger|longer|later)\s+than",
        "<=",
    ),
    (
        r"(?:not|never|no)\s+(?:be\s+|is\s+|are\s+|go(?:es)?\s+|rises?\s+)?(?:above|over|exceed(?:s|ing)?)",
        "<=",
    ),
    (r"(?:greater|more|bigger|larger|higher)\s+than\s+or\s+equal(?:\s+to)?", ">="),
    (r"(?:less|smaller|lower|fewer)\s+than\s+or\s+equal(?:\s+to)?", "<="),
    (r"at\s+(?:the\s+)?(?:very\s+)?least|(?:a\s+)?minimum(?:\s+of)?|(?:has\s+a\s+)?min\.?|>=|=>", ">="),
    (r"at\s+(?:the\s+)?(?:very\s+)?most|(?:a\s+)?maximum(?:\s+of)?|max\.?|up\s+to|within|<=|=<", "<="),
    (r"(?:more|greater|longer|higher|larger)\s+than|above|over|exceeds?|>", ">"),
    (r"(?:less|fewer|lower|smaller|shorter|faster)\s+than|below|under|<", "<"),
    (r"(?:is|are|must\s+be|do(?:es)?)\s+not\s+(?:equal(?:\s+to)?)?|not\s+equal(?:\s+to)?|!=|<>", "!="),
    (r"exactly|equals?(?:\s+to)?|==|=|:|\bis\b|\bare\b|\bto\b|\bof\b|\bbe\b|\bbeing\b", "=="),
)
COMPARISON = "|".join(f"(?:{pattern})" for pattern, _ in _COMPARISONS)
AFTERWARDS = (
    r"(?:\s+or\s+(?P<more>more|longer|greater|higher|above)"
    r"|\s+or\s+(?P<less>less|fewer|shorter|lower|below|faster))?"
)


def spell_out(text: str) -> str:
    """Lower-case text with number words and idioms of time as digits: `five minutes` becomes `5 minutes`."""
    for pattern, replacement in _IDIOMS:
        text = pattern.sub(replacement, text)
    return _NUMBER_WORD.sub(lambda match: str(_of_words(match)), text)


def _of_words(match: re.Match[str]) -> int:
    if match["word"]:
        return _WORDS[match["word"]]
    return _TENS[match["tens"]] + (_WORDS[match["one"]] if match["one"] else 0)


def number_of(text: str) -> int | float:
    """A whole number as int, any other as float."""
    return _whole(Fraction(text.replace(",", "")))


def seconds_of(text: str) -> int | float:
    """The length of time that a match of `DURATION` says, in seconds."""
    total = Fraction(0)
    for amount, unit in re.findall(rf"({NUMBER}|\ban?\b)[\s-]*({UNIT})", text):
        total += (Fraction(1) if amount in ("a", "an") else Fraction(amount.replace(",", ""))) * _SECONDS[
            unit[0]
        ]
    return _whole(total)


def _whole(value: Fraction) -> int | float:
    return int(value) if value.denominator == 1 else float(value)


def comparator_of(match: re.Match[str]) -> Comparator:
    """What the groups `comparison`, `more` and `less` of a match say; a bare number is meant exactly."""
    groups = match.groupdict()
    if groups.get("more"):
        return ">="
    if groups.get("less"):
        return "<="
    said = (groups.get("comparison") or "").strip()
    return next((code for pattern, code in _COMPARISONS if re.fullmatch(pattern, said)), "==")
