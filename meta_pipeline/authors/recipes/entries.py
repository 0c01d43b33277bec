"""Keywords of a call and keys of a dict: finding them, replacing their values, adding new ones."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import libcst as cst

from meta_pipeline.authors.recipes.python_source import LONGEST_LINE, PythonSource, Splice


@dataclass(frozen=True, slots=True)
class _Item:
    start: int
    end: int
    has_comma: bool


def argument(call: cst.Call, *names: str) -> cst.Arg | None:
    """The keyword argument with one of these names, the first name first."""
    for name in names:
        for arg in call.args:
            if arg.keyword is not None and arg.keyword.value == name:
                return arg
    return None


def positional(call: cst.Call, index: int) -> cst.Arg | None:
    """The positional argument at `index`, from 0; None where a star hides it or it is not given."""
    plain = [arg for arg in call.args if arg.keyword is None]
    if index < len(plain) and not any(arg.star for arg in plain[: index + 1]):
        return plain[index]
    return None


def with_entries(
    source: PythonSource,
    container: cst.Call | cst.Dict,
    added: Mapping[str, str],
    replaced: Iterable[tuple[cst.CSTNode, str]] = (),
) -> list[Splice]:
    """The splices that replace values inside `container` and add new entries after its last one.

    `added` maps a name to the source text of its value. The container's layout is kept; one that
    stands on a single line is written one entry a line where that line would grow too long.
    """
    changes = [Splice(*source.span(node), text) for node, text in replaced]
    pieces = [_piece(source, container, name, text) for name, text in added.items()]
    items = _items(source, container)
    opening, closing = _brackets(source, container)
    if _stands_on_one_line(source, opening, closing, items):
        grown = sum(len(s.text) - (s.end - s.start) for s in changes) + sum(len(p) + 2 for p in pieces)
        if grown > 0 and _line_length(source, items[-1].end if items else opening) + grown > LONGEST_LINE:
            return [_one_a_line(source, opening, closing, items, pieces, changes)]
    return changes + (_appended(source, opening, closing, items, pieces) if pieces else [])


def with_element(source: PythonSource, container: cst.List, text: str) -> list[Splice]:
    """The splices that add an element after the last one of a list display, whose layout is kept."""
    items = [_Item(*source.span(node), isinstance(node.comma, cst.Comma)) for node in container.elements]
    start, end = source.span(container)
    opening, closing = start + 1, end - 1
    if _stands_on_one_line(source, opening, closing, items):
        grown = len(text) + 2
        if _line_length(source, items[-1].end if items else opening) + grown > LONGEST_LINE:
            return [_one_a_line(source, opening, closing, items, [text], [])]
    return _appended(source, opening, closing, items, [text])


def written_dict(source: PythonSource, entries: Iterable[str], at: int, before: str = "") -> str:
    """A dict display of `entries` for the line of offset `at`, over several lines where one is too long.

    `before` is the text that precedes it on its line, after the indent.
    """
    texts = list(entries)
    indent = source.indent_at(at)
    flat = "{" + ", ".join(texts) + "}"
    if len(indent) + len(before) + len(flat) < LONGEST_LINE:
        return flat
    lines = "".join(f"{indent}{source.indent}{text},{source.newline}" for text in texts)
    return "{" + source.newline + lines + indent + "}"


def written_call(source: PythonSource, arguments: Iterable[str], at: int) -> str:
    """The parentheses and arguments of a call that begins on the line of offset `at` and ends there now."""
    texts = list(arguments)
    flat = "(" + ", ".join(texts) + ")"
    if at - source.line_start(at) + len(flat) <= LONGEST_LINE:
        return flat
    indent = source.indent_at(at)
    lines = "".join(f"{indent}{source.indent}{text},{source.newline}" for text in texts)
    return "(" + source.newline + lines + indent + ")"


def _piece(source: PythonSource, container: cst.Call | cst.Dict, name: str, text: str) -> str:
    if isinstance(container, cst.Call):
        return f"{name}={text}"
    for element in container.elements:
        if isinstance(element, cst.DictElement) and isinstance(element.key, cst.SimpleString):
            return f"{element.key.quote}{name}{element.key.quote}: {text}"
    return f"{source.string(name)}: {text}"


def _items(source: PythonSource, container: cst.Call | cst.Dict) -> list[_Item]:
    nodes = container.args if isinstance(container, cst.Call) else container.elements
    return [_Item(*source.span(node), isinstance(node.comma, cst.Comma)) for node in nodes]


def _brackets(source: PythonSource, container: cst.Call | cst.Dict) -> tuple[int, int]:
    """The offsets after the opening and of the closing bracket."""
    start, end = source.span(container)
    if isinstance(container, cst.Dict):
        return start + 1, end - 1
    function_end = source.span(container.func)[1]
    return source.text.index("(", function_end + len(container.func.rpar)) + 1, end - 1


def _is_broken(text: str) -> bool:
    return "\n" in text or "\r" in text


def _stands_on_one_line(source: PythonSource, opening: int, closing: int, items: list[_Item]) -> bool:
    """Whether the entries share one line and no comment stands between the brackets."""
    if not items:
        return not _is_broken(source.text[opening:closing])
    around = source.text[opening : items[0].start] + source.text[items[-1].end : closing]
    alone = len(items) == 1 and _is_broken(around)
    return not alone and "#" not in around and not _is_broken(source.text[items[0].start : items[-1].end])


def _line_length(source: PythonSource, offset: int) -> int:
    start = source.line_start(offset)
    return len(re.split(r"[\r\n]", source.text[start:], maxsplit=1)[0])


def _one_a_line(
    source: PythonSource,
    opening: int,
    closing: int,
    items: list[_Item],
    pieces: list[str],
    changes: list[Splice],
) -> Splice:
    indent = source.indent_at(opening)
    texts = []
    for item in items:
        text = source.text[item.start : item.end]
        for change in sorted(changes, key=lambda c: -c.start):
            if item.start <= change.start and change.end <= item.end:
                text = text[: change.start - item.start] + change.text + text[change.end - item.start :]
        texts.append(text)
    lines = "".join(f"{indent}{source.indent}{text},{source.newline}" for text in (*texts, *pieces))
    return Splice(opening, closing, f"{source.newline}{lines}{indent}")


def _appended(
    source: PythonSource, opening: int, closing: int, items: list[_Item], pieces: list[str]
) -> list[Splice]:
    if not items:
        return [Splice(opening, opening, ", ".join(pieces))]
    last = items[-1]
    indent = source.indent_at(last.start)
    stands_alone = source.line_start(last.start) + len(indent) == last.start
    if not stands_alone:
        return [Splice(last.end, last.end, "".join(f", {piece}" for piece in pieces))]
    if not _is_broken(source.text[last.end : closing]):
        return [Splice(last.end, last.end, "".join(f",{source.newline}{indent}{piece}" for piece in pieces))]
    # The new entries go before the closing bracket's line, so that comments after the last entry stay with it.
    at = source.line_start(closing)
    lines = f",{source.newline}".join(f"{indent}{piece}" for piece in pieces)
    block = Splice(at, at, f"{lines}{',' if last.has_comma else ''}{source.newline}")
    return [block] if last.has_comma else [Splice(last.end, last.end, ","), block]
