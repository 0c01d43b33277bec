"""Letters that are not seen, that turn text around, or that look like others."""

import re
import unicodedata
from collections.abc import Iterator
from typing import Literal

Trick = Literal["turns", "tag", "unseen", "alike"]

TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Controls that show the text behind them in another order (CVE-2021-42574)."""
_UNSEEN = frozenset(
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200c\u200d\u200e\u200f\u2060\u2061\u2062\u2063\u2064\u3164\ufeff\uffa0"
)
_JOINERS = frozenset("\u200c\u200d")
# Letters of Cyrillic, Greek and Armenian that no reader tells from a Latin one; beta, lambda or mu are none of them.
_ALIKE = dict(
    zip(
        "аеорсухіјѕԁԛԝһАВЕЅІЈКМНОРСТХУΑΒΕΖΗΙΚΜΝΟΡΤΥΧοօ",  # noqa: RUF001  they are what is looked for
        "aeopcyxijsdqwhABESIJKMHOPCTXYABEZHIKMNOPTYXoo",
        strict=True,
    )
)
_WORD = re.compile(r"[^\W\d_]+")


def tricks(text: str) -> Iterator[tuple[Trick, str]]:
    """What one piece of code holds: the kind of trick, and the letter or word that plays it."""
    if text.isascii():
        return
    for index, letter in enumerate(text):
        if letter in TURNING:
            yield "turns", named(letter)
        elif 0xE0000 <= ord(letter) <= 0xE007F:
            if not _is_flag(text, index):
                yield "tag", named(letter)
        elif letter in _UNSEEN and not _belongs(text, index):
            yield "unseen", named(letter)
    for word in _WORD.findall(text):
        if plain := looks_like(word):
            yield "alike", f"'{word}' looks like '{plain}' and holds {_foreign(word)}"


def looks_like(word: str) -> str | None:
    """The Latin word that a mixed one is taken for; None for a word of one script, or of letters that differ."""
    if word.isascii():
        return None
    latin = [letter for letter in word if _script(letter) == "LATIN"]
    others = [letter for letter in word if _script(letter) != "LATIN"]
    if not latin or not others or not all(letter in _ALIKE for letter in others):
        return None
    return "".join(_ALIKE.get(letter, letter) for letter in word)


def skeleton(name: str) -> str:
    """What a reader takes a name for: compatibility forms resolved, letters that look Latin made so."""
    return "".join(_ALIKE.get(letter, letter) for letter in unicodedata.normalize("NFKC", name))


def named(letter: str) -> str:
    """A letter by its number and name, as it cannot be shown."""
    return f"U+{ord(letter):04X} {unicodedata.name(letter, 'without a name')}"


def _foreign(word: str) -> str:
    return " and ".join(sorted({named(letter) for letter in word if _script(letter) != "LATIN"}))


def _script(letter: str) -> str:
    return unicodedata.name(letter, "").split(" ")[0]


def _is_flag(text: str, index: int) -> bool:
    """The flags of England, Scotland and Wales are a black flag with tags behind it."""
    return "\U0001f3f4" in text[max(0, index - 8) : index]


def _belongs(text: str, index: int) -> bool:
    """Whether an unseen letter does its work here: in an emoji, or between letters of a script that needs it."""
    letter, before = text[index], text[index - 1] if index else ""
    after = text[index + 1] if index + 1 < len(text) else ""
    if letter == "\ufeff" and not before:
        return True
    if letter in _JOINERS:
        near = {side for side in (before, after) if side}
        return bool(near) and not any(side.isascii() or _script(side) == "LATIN" for side in near)
    return letter == "\u00ad" and before.isalpha() and not before.isascii()
