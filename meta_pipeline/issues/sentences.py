"""A section of an issue as sentences, each with the line it stands on."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from meta_pipeline.delivery.issue import Section
from meta_pipeline.delivery.requirements import Span

_BULLET = re.compile(r"[ \t]*(?:[-*+]|\d+[.)])[ \t]+(?:\[[ xX]\][ \t]+)?(?=\S)")
_CODE_FENCE = re.compile(r"[ \t]*(?:`{3,}|~{3,})")
_TABLE_RULE = re.compile(r"[ \t]*\|?[ \t:|-]*-{3}[ \t:|-]*")
_END = re.compile(r"(?<=[.!?])\s+(?=[\"'(*_]*[A-Z`0-9])")
_QUOTE = re.compile(r"[\"“”]")
_SHORT = re.compile(r"\b(?:e\.g|i\.e|etc|vs|approx|min|max|no|nr)\.$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Block:
    """One bullet or paragraph: its sentences, in order."""

    sentences: tuple[Span, ...]
    bullet: bool


def blocks_of(section: Section, source: str) -> tuple[Block, ...]:
    """The bullets and paragraphs of a section; code blocks and the rules of tables are left out."""
    return tuple(
        Block(tuple(_split(text, section.line + index, source)), bullet)
        for text, index, bullet in _chunks(section.text)
    )


def sentences_of(section: Section, source: str) -> tuple[Span, ...]:
    """All sentences of a section, in order."""
    return tuple(span for block in blocks_of(section, source) for span in block.sentences)


def _chunks(text: str) -> Iterator[tuple[str, int, bool]]:
    """Each bullet or paragraph as it stands, its first line counted from 0, and whether it is a bullet."""
    kept: list[str] = []
    start, bullet, fenced = 0, False, False
    for index, written in enumerate([*text.split("\n"), ""]):
        fence = _CODE_FENCE.match(written)
        if fence:
            fenced = not fenced
        elif fenced and index < text.count("\n") + 1:
            continue
        line = "" if fence else written
        match = _BULLET.match(line)
        row = line.lstrip().startswith("|")
        if kept and (match or row or not line.strip()):
            yield "\n".join(kept), start, bullet
            kept = []
        if not line.strip() or _TABLE_RULE.fullmatch(line):
            continue
        if not kept:
            start, bullet = index, match is not None
        kept.append(line[match.end() :] if match else line)


def _split(text: str, line: int, source: str) -> Iterator[Span]:
    position = counted = 0
    for end in [*_ends(text), len(text)]:
        piece = text[position:end]
        quote = piece.strip()
        if quote:
            first = position + len(piece) - len(piece.lstrip())
            line += text.count("\n", counted, first)
            counted = first
            yield Span(source=source, line=line, quote=quote)
        position = end


def _ends(text: str) -> Iterator[int]:
    ticks = quotes = seen = 0
    for match in _END.finditer(text):
        ticks += text.count("`", seen, match.start())
        quotes += len(_QUOTE.findall(text, seen, match.start()))
        seen = match.start()
        # A full stop between backticks or quotes, or after a short form, ends no sentence.
        is_quoted = quotes % 2 == 1 and _QUOTE.search(text, seen) is not None
        if ticks % 2 == 0 and not is_quoted and not _SHORT.search(text[max(0, seen - 12) : seen]):
            yield match.end()
