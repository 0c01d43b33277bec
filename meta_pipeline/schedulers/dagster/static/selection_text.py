"""The text form of a selection, such as `group:sales and not key:"raw/*"` or `orders+`."""

import re
from collections.abc import Iterator

from meta_pipeline.schedulers.dagster.static.values import AssetKey, Selection

# A quoted value ends a word, so that `key:"a"or key:"b"` is as good as with a space.
_TOKEN = re.compile(r'\s*(?:([()])|(and|or|not)\b|([^\s()"]*"[^"]*"[+*\d]*|[^\s()"]+))', re.IGNORECASE)
_ATOM = re.compile(
    r'(?P<up>\*|\+*\d*\++|\d*\+)?(?:(?P<field>key|group|tag|owner):)?(?P<value>"[^"]*"|[^"+*]+)(?P<down>\*|\+\d*|\++)?'
)
_FIELDS = {"group": "groups", "tag": "tag", "owner": "owner"}
_NOT_UNDERSTOOD = Selection("not understood")


def parsed(text: str) -> Selection:
    """The selection that a text means; an operation that nobody knows where it is not understood."""
    if text.strip() == "*":
        return Selection("all")
    tokens = [next(part for part in match.groups() if part) for match in _TOKEN.finditer(text.strip())]
    words = iter([*tokens, ""])
    reader = _Reader(words)
    found = reader.either()
    return found if reader.word == "" and "".join(tokens) == "".join(text.split()) else _NOT_UNDERSTOOD


class _Reader:
    def __init__(self, words: Iterator[str]) -> None:
        self.words = words
        self.word = next(words)

    def take(self) -> str:
        word, self.word = self.word, next(self.words, "")
        return word

    def either(self) -> Selection:
        found = self.both()
        while self.word.lower() == "or":
            self.take()
            found = Selection("or", (found, self.both()))
        return found

    def both(self) -> Selection:
        found = self.one()
        while self.word.lower() == "and":
            self.take()
            found = Selection("and", (found, self.one()))
        return found

    def one(self) -> Selection:
        word = self.take()
        if word.lower() == "not":
            return Selection("minus", (Selection("all"), self.one()))
        if word == "(":
            found = self.either()
            return found if self.take() == ")" else _NOT_UNDERSTOOD
        return _atom(word)


def _atom(word: str) -> Selection:
    match = _ATOM.fullmatch(word)
    if match is None:
        return _NOT_UNDERSTOOD
    value = match["value"].strip('"')
    field = match["field"] or "key"
    if field == "key":
        found = Selection("keys", (AssetKey(tuple(value.split("/"))),))
    else:
        found = Selection(_FIELDS[field], tuple(value.split("=", 1)) if field == "tag" else (value,))
    for operation, mark in (("upstream", match["up"]), ("downstream", match["down"])):
        if mark:
            depth = _depth(mark)
            found = Selection(operation, (found,) if depth is None else (found, depth))
    return found


def _depth(mark: str) -> int | None:
    """How far a mark reaches: `*` and a lone `+` all the way, a number so many steps."""
    digits = mark.strip("+*")
    if digits:
        return int(digits)
    return len(mark) if len(mark) > 1 else None
