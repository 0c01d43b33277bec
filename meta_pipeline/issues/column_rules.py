"""Demands on the values of a column, as expectations of Great Expectations."""

import re
from collections.abc import Iterator

from meta_pipeline.delivery.requirements import Argument
from meta_pipeline.issues.demands import Demand, Found, Gap, Rule
from meta_pipeline.issues.quantities import COMPARISON, NUMBER, UNIT, comparator_of, number_of
from meta_pipeline.issues.reading import NAME, QUOTED, Reading

_VALUES = re.compile(r"\b(?:columns?|values?|rows?|fields?|entr(?:y|ies)|records?)\b")
_BETWEEN = re.compile(
    rf"\bbetween\s+(?P<low>{NUMBER})(?:\s*%)?\s+and\s+(?P<high>{NUMBER})"
    rf"|\b(?:from|range(?:\s+of|\s+is)?|within|in)\s*\[?(?P<low2>{NUMBER})\s*(?:to|\.\.\.?|,|-)\s*(?P<high2>{NUMBER})\]?"
)
_NOT_NULL = re.compile(
    r"\b(?:never|not|no|non|without|0|free of)[\s-]+(?:(?:be|an?|any|contains?|holds?|has|have)\s+)*"
    r"(?:nulls?|none|empty|missing|blanks?)\b"
    r"|\bno\s+(?:value|row|entry|record)s?\b[^;\d]{0,60}\b(?:is|are|be)\s+(?:null|missing|empty|blank)\b"
    r"|\balways\s+(?:be\s+|is\s+)?(?:filled|set|present|there|given|populated)\b"
    r"|\bnone\s+of\b[^;\d]{0,60}\b(?:is|are|be)\s+(?:null|missing|empty)\b"
)
_UNIQUE = re.compile(
    r"\bunique\b|\b(?:no|without|0)\s+duplicate(?:s|d)?\b|\bnever\s+(?:repeats?|duplicated)\b|\bdistinct\b"
)
_ONE_OF = re.compile(
    r"\b(?:(?:any\s+)?1\s+of|one\s+of|any\s+of|either|among|in(?:\s+the)?\s+(?:set|list)|only\s+(?:contains?|holds?|takes?|has)|"
    r"limited\s+to)(?:\s+the\s+values?)?\s*:?\s*",
    re.IGNORECASE,
)
_SIGNS = (
    (re.compile(r"\b(?:never|not|non|no)[\s-]+(?:be\s+|is\s+|has\s+)?negative\b"), False),
    (re.compile(r"\bpositive\b"), True),
)
_BOUND = re.compile(
    rf"(?P<comparison>{COMPARISON})\s*(?P<value>{NUMBER})(?!\d)(?![\d.,]*[\s-]*{UNIT})(?!\s*%)(?!-\d)"
)
_PATTERN = re.compile(
    rf"\bmatch(?:es)?\s+(?:the\s+)?(?:regex|regular\s+expression|pattern)?\s*(?P<regex>{NAME}|{QUOTED})"
)
_EXISTS = re.compile(
    rf"\b(?:exists?|occurs?|appears?|(?:is|are|be)\s+(?:found|there|present|1\s+of\s+the\s+values))\s+(?:in|of)\s+"
    rf"(?:the\s+)?(?:columns?\s+)?(?P<other>{NAME})|\breferences?\s+(?:the\s+)?(?:columns?\s+)?(?P<other2>{NAME})"
)
_SHARE = re.compile(rf"{NUMBER}\s*(?:%|per\s?cent)")
_DATE = re.compile(r"\b\d{4}-\d{2}-\d{2}\b")
_ITEM = re.compile(r"`([^`]+)`|\"([^\"]+)\"|'([^']+)'|([\w.+-]+(?: [\w.+-]+)*)")


def column_demands(reading: Reading) -> Iterator[Found]:
    """The rules that a sentence sets for a column; nothing where it speaks of no column."""
    text = reading.text
    dotted = any("." in name for name in reading.names)
    if not reading.names or not (dotted or _VALUES.search(text)):
        return
    if _SHARE.search(text) or _DATE.search(text):
        what = (
            "a bound that is a number"
            if _DATE.search(text)
            else "a rule for every row; a share of the rows cannot be measured"
        )
        yield Gap(0, len(text), what, "unexpected_values")
        return
    found = False
    for match, rule, values in _rules(reading):
        found = True
        yield Demand("unexpected_values", "==", 0, match[0], match[1], rule=rule, values=values)
    if not found and dotted and re.search(r"\bvalues?\b|\bcolumn\b", text):
        yield Gap(
            0, len(text), "the rule for its values, such as 'is between 0 and 100'", "unexpected_values"
        )


def _rules(reading: Reading) -> Iterator[tuple[tuple[int, int], Rule, tuple[str, ...]]]:
    text = reading.text
    bounds = _bounds(text)
    if bounds:
        span, kwargs = bounds
        yield span, Rule("expect_column_values_to_be_between", kwargs), ()
    if match := _NOT_NULL.search(text):
        yield match.span(), Rule("expect_column_values_to_not_be_null"), ()
    if (match := _UNIQUE.search(text)) and not re.search(r"\b(?:not|non)[\s-]$", text[: match.start()]):
        yield match.span(), Rule("expect_column_values_to_be_unique"), ()
    if match := _PATTERN.search(text):
        regex = reading.value(match["regex"])
        yield (
            match.span(),
            Rule("expect_column_values_to_match_regex", (("regex", regex),)),
            (match["regex"],),
        )
    if match := _EXISTS.search(text):
        other = match["other"] or match["other2"]
        to, _, field = reading.value(other).rpartition(".")
        if to:
            yield match.span(), Rule("relationships", (("field", field), ("to", to))), (other,)
            return
    if match := _ONE_OF.search(text):
        items, values, end = _listed(reading, match.end())
        if items:
            rule = Rule("expect_column_values_to_be_in_set", (("value_set", items),))
            yield (match.start(), end), rule, values


def _bounds(text: str) -> tuple[tuple[int, int], tuple[tuple[str, Argument], ...]] | None:
    """Lowest and highest allowed value, from one range or from comparisons."""
    if match := _BETWEEN.search(text):
        low_end, high_end = (
            number_of(match["low"] or match["low2"]),
            number_of(match["high"] or match["high2"]),
        )
        if low_end > high_end:
            return None
        strict = re.search(r"\bexclusive(?:ly)?\b|\bstrictly\b", text) is not None
        return match.span(), _between(low_end, high_end, strict_low=strict, strict_high=strict)
    low: float | None = None
    high: float | None = None
    strict_low = strict_high = False
    spans: list[tuple[int, int]] = []
    for match in _BOUND.finditer(text):
        comparator = comparator_of(match)
        if comparator in (">=", ">"):
            low, strict_low = number_of(match["value"]), comparator == ">"
        elif comparator in ("<=", "<"):
            high, strict_high = number_of(match["value"]), comparator == "<"
        else:
            continue
        spans.append(match.span())
    for pattern, strict in _SIGNS:
        if low is None and (match := pattern.search(text)):
            low, strict_low = 0, strict
            spans.append(match.span())
    if not spans or (low is not None and high is not None and low > high):
        return None
    start, end = min(span[0] for span in spans), max(span[1] for span in spans)
    return (start, end), _between(low, high, strict_low=strict_low, strict_high=strict_high)


def _between(
    low: float | None, high: float | None, *, strict_low: bool, strict_high: bool
) -> tuple[tuple[str, Argument], ...]:
    kwargs: dict[str, Argument] = {}
    if high is not None:
        kwargs["max_value"] = high
    if low is not None:
        kwargs["min_value"] = low
    if strict_high:
        kwargs["strict_max"] = True
    if strict_low:
        kwargs["strict_min"] = True
    return tuple(kwargs.items())


def _listed(reading: Reading, start: int) -> tuple[tuple[int | float | str, ...], tuple[str, ...], int]:
    """The items of a list that begins at `start`, the name placeholders among them, and where it ends."""
    text = reading.text
    end_match = re.search(r"[;)\]]|\.(?=\s|$)|$", text[start:])
    assert end_match is not None
    end = start + end_match.start()
    items: list[int | float | str] = []
    values: list[str] = []
    for part in re.split(r"\s*(?:,\s*(?:and|or)\s+|,|\bor\b|\band\b|/)\s*", text[start:end].strip(" ([{")):
        item = part.strip(" ([{}])")
        if re.fullmatch(rf"{NAME}|{QUOTED}", item):
            items.append(reading.value(item))
            values.append(item)
        elif re.fullmatch(NUMBER, item):
            items.append(number_of(item))
        elif re.fullmatch(r"[\w+-]+", item):
            items.append(_as_written(reading, item))
        else:
            return (), (), end
    return tuple(items), tuple(values), end


def _as_written(reading: Reading, word: str) -> str:
    """A bare word of a list in the case the author gave it."""
    match = re.search(rf"(?<!\w){re.escape(word)}(?!\w)", reading.original, re.IGNORECASE)
    return match[0] if match else word
