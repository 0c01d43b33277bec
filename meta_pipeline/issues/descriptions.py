"""Demands on the description of a column: `The description of column x.y is "..."`."""

import re
from collections.abc import Iterator

from meta_pipeline.issues.demands import Demand, Found, Gap
from meta_pipeline.issues.reading import NAME, QUOTED, Reading

_WORD = r"\b(?:describ(?:e|es|ed)|description)\b"
_OPENING = re.compile(r"[\"“«]")
_CLOSING = re.compile(r"[\"”»]")
_SINGLE = re.compile(r"(?<!\w)['‘](?P<text>.+)['’](?!\w)", re.DOTALL)


def described(reading: Reading) -> Iterator[Found]:
    """The description that a sentence gives to the column it names, word for word; a gap where it gives none."""
    word = re.search(_WORD, reading.text)
    if word is None or not re.search(NAME, reading.text):
        return
    quoted = re.search(QUOTED, reading.text[word.end() :])
    said = _said(reading.original)
    if quoted is None or said is None:
        yield Gap(
            word.start(),
            word.end(),
            "the words of the description, in double quotes",
            "column_description",
            mention=True,
        )
        return
    yield Demand("column_description", "==", said, word.start(), word.end() + quoted.end())


def _said(sentence: str) -> str | None:
    """The quoted text as its author wrote it: the grammar's own reading is in lower case."""
    word = re.search(_WORD, sentence, re.IGNORECASE)
    rest = sentence[word.end() :] if word else sentence
    opening = _OPENING.search(rest)
    closings = list(_CLOSING.finditer(rest))
    text: str | None = None
    if opening and closings and closings[-1].start() > opening.end():
        text = rest[opening.end() : closings[-1].start()]
    elif single := _SINGLE.search(rest):
        text = single["text"]
    return " ".join(text.split()) or None if text else None
