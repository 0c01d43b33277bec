"""Values as YAML text, in the style of the file that they are written into."""

import json
from dataclasses import dataclass
from typing import Any

import yaml


@dataclass(frozen=True, slots=True)
class Style:
    """How a file is indented: the dashes of a list from its key, the keys of a mapping from theirs, in columns.

    `quote` is what surrounds the texts of lists in brackets: `'`, `"` or nothing.
    """

    dash: int = 2
    step: int = 2
    quote: str | None = None


def block(value: Any, column: int, style: Style) -> list[str]:
    """The lines of a mapping or list whose keys or dashes stand at `column`; lists of plain values are in brackets."""
    indent = " " * column
    lines: list[str] = []
    if isinstance(value, dict):
        for key, held in value.items():
            if isinstance(held, dict) and held:
                lines += [f"{indent}{key}:", *block(held, column + style.step, style)]
            elif isinstance(held, list) and any(isinstance(item, dict) for item in held):
                lines += [f"{indent}{key}:", *block(held, column + style.dash, style)]
            elif isinstance(held, list) and held and key in ("tests", "data_tests"):
                # One test a line, so that the next one is one line more.
                lines += [f"{indent}{key}:", *block(held, column + style.dash, style)]
            else:
                lines.append(f"{indent}{key}: {flow(held, style)}")
        return lines
    for item in value:
        if isinstance(item, dict):
            first, *rest = block(item, column + 2, style)
            lines += [f"{indent}- {first.strip()}", *rest]
        else:
            lines.append(f"{indent}- {flow(item, style)}")
    return lines


def flow(value: Any, style: Style) -> str:
    """A mapping or list in brackets, or a plain value, on one line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_inner(held, style)}" for key, held in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_item(item, style) for item in value) + "]"
    return "" if value is None else scalar(value)


def _inner(value: Any, style: Style) -> str:
    return flow(value, style) if isinstance(value, dict | list | tuple) else scalar(value, in_brackets=True)


def _item(value: Any, style: Style) -> str:
    written = _inner(value, style)
    if isinstance(value, str) and style.quote and written == value:
        return f"{style.quote}{value}{style.quote}"
    return written


def scalar(value: Any, *, in_brackets: bool = False) -> str:
    """One value, in quotes where YAML would read it otherwise."""
    if isinstance(value, str) and "\n" in value:
        return json.dumps(value, ensure_ascii=False)
    given = [value] if in_brackets else value
    text = yaml.safe_dump(given, allow_unicode=True, width=1 << 30, default_flow_style=True).strip()
    text = text[1:-1] if in_brackets else text.removesuffix("...").rstrip()
    if isinstance(value, str) and text.startswith("'") and not {'"', "\\"} & set(value):
        return f'"{value}"'
    return text
