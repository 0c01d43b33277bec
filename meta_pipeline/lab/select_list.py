"""The columns that a SELECT statement gives, by position."""

import re
from dataclasses import dataclass

from meta_pipeline.lab.editing import Span
from meta_pipeline.lab.sql_source import closing_of, split_by_commas

_WORD = re.compile(r"\b(select|from)\b", re.IGNORECASE)
_ALIAS = re.compile(r"\s+as\s+([\"`]?)(\w+)\1\s*$", re.IGNORECASE)
_PLAIN = re.compile(r"(?:\w+\.)?([\"`]?)(\w+)\1$")
_STAR_OF = re.compile(r"\bselect\s+\*\s+from\s+(\w+)\s*;?\s*$", re.IGNORECASE)
_NO_NAME = re.compile(r"\b(distinct|top|all)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Column:
    """One item of a SELECT list. `alias` is the span of the name behind AS, where there is one."""

    name: str
    span: Span
    alias: Span | None


def columns_given(text: str) -> list[Column]:
    """The columns of the last SELECT of a text that holds one statement; of the CTE behind it where it is `select *`.

    Empty where they cannot be told: a `*` among others, Jinja inside the list, more than one SELECT at the end.
    """
    bare = masked(text)
    star = _STAR_OF.search(bare)
    if star is not None:
        cte = re.search(rf"\b{re.escape(star.group(1))}\s+as\s*\(", bare, re.IGNORECASE)
        if cte is None:
            return []
        end = closing_of(bare, cte.end() - 1)
        return [] if end is None else _list_of(text, bare, (cte.end(), end))
    return _list_of(text, bare, (0, len(bare)))


def masked(text: str) -> str:
    """The text with comments, quoted strings and Jinja as blanks of the same length; what is Jinja becomes `~`."""

    def blank(match: re.Match[str]) -> str:
        return re.sub(r"[^\n]", "~" if match.group().startswith("{") else " ", match.group())

    return re.sub(
        r"\{\{[\s\S]*?\}\}|\{%[\s\S]*?%\}|\{#[\s\S]*?#\}|--[^\n]*|/\*[\s\S]*?\*/|'[^'\n]*'", blank, text
    )


def _list_of(text: str, bare: str, span: Span) -> list[Column]:
    found = _top_level_words(bare, span)
    selects = [match for match in found if match.group().lower() == "select"]
    if len(selects) != 1:
        return []
    ends = [
        match.start()
        for match in found
        if match.group().lower() == "from" and match.start() > selects[0].end()
    ]
    if not ends:
        return []
    inside = (selects[0].end(), ends[0])
    if "~" in bare[slice(*inside)] or "*" in re.sub(r"\([^()]*\)", "", bare[slice(*inside)]):
        return []
    columns = []
    for start, end in split_by_commas(bare, inside):
        item = text[start:end]
        alias, plain = _ALIAS.search(item), _PLAIN.fullmatch(item)
        if _NO_NAME.match(item) or "--" in item:
            return []
        if alias is not None:
            columns.append(
                Column(alias.group(2), (start, end), (start + alias.start(2), start + alias.end(2)))
            )
        elif plain is not None:
            columns.append(Column(plain.group(2), (start, end), None))
    return columns


def _top_level_words(bare: str, span: Span) -> list[re.Match[str]]:
    found, at = [], span[0]
    while at < span[1]:
        if bare[at] == "(":
            at = closing_of(bare, at) or span[1]
        elif (word := _WORD.match(bare, at)) is not None:
            found.append(word)
            at = word.end()
            continue
        at += 1
    return found
