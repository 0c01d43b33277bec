"""Edits of a text by position: the rest stays byte-equal, and the lines that an edit touches are known."""

import re
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from meta_pipeline.lab.mutation import Base, Mutation, Place

Span = tuple[int, int]

# A longer file is data, not something that a person edits.
LONGEST = 400_000

_REST_OF_LINE = re.compile(r"[ \t]*(?:#[^\n]*)?(?:\r?\n|\Z)")
_COMMA = re.compile(r"\s*,")
_BLANKS = re.compile(r"[ \t]*")


@dataclass(frozen=True, slots=True)
class Edit:
    """`new` in place of the characters `start` to `end`."""

    start: int
    end: int
    new: str


@dataclass(frozen=True)
class Text:
    """A file as text, with what tells lines and offsets apart. Lines count from 1, offsets and columns from 0."""

    path: str
    value: str

    @classmethod
    def of(cls, base: Base, path: str | None = None) -> "Text | None":
        """The file of a base (or another of its tree); None where it is absent, not UTF-8 or very long."""
        data = base.tree.read(path or base.path)
        if data is None or len(data) > LONGEST:
            return None
        try:
            return cls(path or base.path, data.decode("utf-8"))
        except UnicodeDecodeError:
            return None

    @cached_property
    def starts(self) -> list[int]:
        return [0, *(match.end() for match in re.finditer(r"\n", self.value))]

    @property
    def count(self) -> int:
        """How many lines there are."""
        return len(self.value.splitlines())

    def line(self, offset: int) -> int:
        return bisect_right(self.starts, offset)

    def start_of_line(self, offset: int) -> int:
        return self.starts[self.line(offset) - 1]

    def end_of_line(self, offset: int) -> int:
        """The offset behind the line's newline."""
        line = self.line(offset)
        return self.starts[line] if line < len(self.starts) else len(self.value)

    def indent(self, offset: int) -> str:
        """The blanks that the line at an offset begins with."""
        start = self.start_of_line(offset)
        found = _BLANKS.match(self.value, start)
        return found.group() if found else ""

    def whole_lines(self, span: Span) -> Span:
        """The lines that a span touches, with their last newline."""
        return self.start_of_line(span[0]), self.end_of_line(max(span[0], span[1] - 1))

    def lines(self, span: Span) -> tuple[int, int]:
        """The first and last line that hold a character of a span which is not blank."""
        inner = self.value[span[0] : span[1]]
        left = len(inner) - len(inner.lstrip())
        right = len(inner.rstrip())
        if right <= left:
            return self.line(span[0]), self.line(span[0])
        return self.line(span[0] + left), self.line(span[0] + right - 1)

    def place(self, span: Span, *, side: str = "head") -> Place:
        first, last = self.lines(span)
        return Place(self.path, first, last, "base" if side == "base" else "head")

    def edited(self, edits: Iterable[Edit]) -> str:
        out, at = [], 0
        for edit in _in_order(edits):
            out += [self.value[at : edit.start], self._with_own_newlines(edit.new)]
            at = edit.end
        return "".join([*out, self.value[at:]])

    def moved(self, offset: int, edits: Iterable[Edit]) -> int:
        """Where an offset of this text is once the edits are made; inside an edit, its start."""
        shift = 0
        for edit in _in_order(edits):
            if edit.end <= offset:
                shift += len(self._with_own_newlines(edit.new)) - (edit.end - edit.start)
            elif edit.start < offset:
                return edit.start + shift
        return offset + shift

    def _with_own_newlines(self, new: str) -> str:
        return new.replace("\r\n", "\n").replace("\n", "\r\n") if "\r\n" in self.value else new

    def without_item(self, span: Span) -> Edit:
        """The removal of one item of a list with commas: with its comma, and its lines where it fills them."""
        start, end = span
        comma = _COMMA.match(self.value, end)
        stop = comma.end() if comma else end
        line_start = self.start_of_line(start)
        rest = _REST_OF_LINE.match(self.value, stop)
        if rest and not self.value[line_start:start].strip():
            return Edit(line_start, rest.end(), "")
        if comma:
            blanks = _BLANKS.match(self.value, stop)
            return Edit(start, blanks.end() if blanks else stop, "")
        before = self.value[:start].rstrip()
        return Edit(len(before) - 1 if before.endswith(",") else start, end, "")

    def without_lines(self, span: Span) -> Edit:
        return Edit(*self.whole_lines(span), "")


@dataclass(frozen=True)
class Change:
    """Edits of one file on their way to a mutation. `near` are spans at base whose lines a finding may name too."""

    text: Text
    edits: Sequence[Edit]
    near: Sequence[Span] = ()
    places: Sequence[Place] = ()
    others: Mapping[str, bytes | None] = field(default_factory=dict)

    def fault(self, says: str) -> Mutation:
        return Mutation(self._files(), (*self._own_places(), *self.places), says)

    def twin(self, says: str) -> Mutation:
        return Mutation(self._files(), (), says)

    def _files(self) -> dict[str, bytes | None]:
        return {self.text.path: self.text.edited(self.edits).encode(), **self.others}

    def _own_places(self) -> list[Place]:
        head = Text(self.text.path, self.text.edited(self.edits))
        found: list[Place] = []
        for edit in self.edits:
            start = self._start_at_head(edit)
            if edit.new.strip():
                found.append(head.place((start, start + len(edit.new))))
                continue
            removed = (edit.start, edit.end)
            found.append(self.text.place(removed, side="base"))
            if removed != self.text.whole_lines(removed):
                found.append(head.place((start, start)))
        for first, last in self.near:
            moved = self.text.moved(first, self.edits), self.text.moved(last, self.edits)
            if moved[1] > moved[0]:
                found.append(head.place(moved))
        return list(dict.fromkeys(found))

    def _start_at_head(self, edit: Edit) -> int:
        earlier = [other for other in self.edits if other.end <= edit.start and other != edit]
        return self.text.moved(edit.start, earlier)


def _in_order(edits: Iterable[Edit]) -> list[Edit]:
    return sorted(edits, key=lambda edit: (edit.start, edit.end))


def added_file(path: str, content: str, places: Sequence[tuple[int, int]], says: str) -> Mutation:
    """A new file; `places` are its lines that a finding should name."""
    return Mutation({path: content.encode()}, tuple(Place(path, first, last) for first, last in places), says)
