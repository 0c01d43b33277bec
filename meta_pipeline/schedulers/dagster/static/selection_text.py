"""The text form of a selection, such as `group:sales and not key:"raw/*"`, `2+key:orders` or, of old, `orders+`."""

import re

from meta_pipeline.schedulers.dagster.static.values import AssetKey, Selection

_NOT_UNDERSTOOD = Selection("not understood")
_OLD = re.compile(r"(?P<up>\*|\+*\d*\+)?(?P<key>[\w./-]+)(?P<down>\*|\+\d*|\++)?")
_UP = re.compile(r"(\d*)\+(?=[\w(])")
_DOWN = re.compile(r"\+(\d*)")
_WORD = re.compile(r"(and|or|not)\b", re.IGNORECASE)
_ENDS = re.compile(r"(sinks|roots)\s*\(")
_VALUE = r'"[^"]*"|[\w*./-]+(?::[\w*./-]+)?'
_ATTRIBUTE = re.compile(rf"(?P<field>[a-z_]+)\s*:\s*(?P<value>{_VALUE})(?:\s*=\s*(?P<more>{_VALUE}))?")
_FIELDS = {"group": "groups", "tag": "tag", "owner": "owner", "kind": "kind"}


class _MalformedError(Exception):
    """The text is no selection that is understood here."""


def parsed(text: str) -> Selection:
    """The selection that a text means; an operation that nobody knows where it is not understood."""
    text = text.strip()
    if text == "*":
        return Selection("all")
    old = _OLD.fullmatch(text)
    if old:
        found = Selection("keys", (AssetKey(tuple(old["key"].split("/"))),))
        return _reaching(_reaching(found, "upstream", old["up"]), "downstream", old["down"])
    reader = _Reader(text)
    try:
        found = reader.either()
    except _MalformedError:
        return _NOT_UNDERSTOOD
    return found if reader.place == len(text) else _NOT_UNDERSTOOD


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.place = 0

    def take(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        """The match of a pattern where the reading stands, which goes on behind it and the space after it."""
        match = pattern.match(self.text, self.place)
        if match is not None:
            self.place = match.end()
            self.skip()
        return match

    def skip(self) -> None:
        while self.text[self.place : self.place + 1].isspace():
            self.place += 1

    def word(self, wanted: str) -> bool:
        match = _WORD.match(self.text, self.place)
        if match is None or match[1].lower() != wanted:
            return False
        self.take(_WORD)
        return True

    def either(self) -> Selection:
        found = self.both()
        while self.word("or"):
            found = Selection("or", (found, self.both()))
        return found

    def both(self) -> Selection:
        found = self.one()
        while self.word("and"):
            found = Selection("and", (found, self.one()))
        return found

    def one(self) -> Selection:
        if self.word("not"):
            return Selection("minus", (Selection("all"), self.one()))
        up = self.take(_UP)
        found = self.primary()
        down = self.take(_DOWN)
        if up:
            found = _with_depth(found, "upstream", up[1])
        return _with_depth(found, "downstream", down[1]) if down else found

    def primary(self) -> Selection:
        ends = self.take(_ENDS)
        if ends or self.text.startswith("(", self.place):
            if not ends:
                self.place += 1
                self.skip()
            found = self.either()
            if not self.text.startswith(")", self.place):
                raise _MalformedError
            self.place += 1
            self.skip()
            return Selection(ends[1], (found,)) if ends else found
        if self.text.startswith("*", self.place):
            self.place += 1
            self.skip()
            return Selection("all")
        return self.attribute()

    def attribute(self) -> Selection:
        match = self.take(_ATTRIBUTE)
        if match is None:
            raise _MalformedError
        field, value = match["field"], match["value"].strip('"')
        if field == "key":
            if "*" in value:
                return Selection("key_wildcard", (value,))
            return Selection("keys", (AssetKey(tuple(value.split("/"))),))
        if field not in _FIELDS:
            raise _MalformedError
        more = match["more"].strip('"') if match["more"] else None
        return Selection(_FIELDS[field], (value,) if more is None else (value, more))


def _with_depth(found: Selection, operation: str, digits: str) -> Selection:
    return Selection(operation, (found, int(digits)) if digits else (found,))


def _reaching(found: Selection, operation: str, mark: str | None) -> Selection:
    """The old marks: `*` and a lone `+` reach all the way, a number or several `+` so many steps."""
    if not mark:
        return found
    digits = mark.strip("+*")
    depth = int(digits) if digits else len(mark) if len(mark) > 1 else None
    return Selection(operation, (found,) if depth is None else (found, depth))
