"""YAML as values that know the line they stand on, read as dbt and most tools read it: YAML 1.1, by libyaml."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

import yaml
from yaml.constructor import ConstructorError
from yaml.events import CollectionEndEvent, CollectionStartEvent
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from yaml.reader import ReaderError

_MAX_VALUES = 200_000
_MAX_DEPTH = 60
_HARMLESS = 2000
# The same reader in C, thirty times as quick, where PyYAML was built with it.
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

Held: TypeAlias = "dict[str, Located] | list[Located] | str | int | float | bool | None | object"


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A place of a file that cannot be read, and why, without a full stop."""

    path: str
    line: int
    message: str


@dataclass(frozen=True, slots=True)
class Located:
    """A value and the line (from 1) it begins on. A mapping's keys are text; dates are `date` objects."""

    value: Held
    line: int

    def get(self, key: str) -> "Located":
        """The value under `key`; an empty value where this is no mapping or has no such key."""
        found = self.value.get(key) if isinstance(self.value, dict) else None
        return found if isinstance(found, Located) else Located(None, self.line)

    def __contains__(self, key: str) -> bool:
        return isinstance(self.value, dict) and key in self.value

    @property
    def text(self) -> str:
        """A text as it is, a number or word as YAML reads it; empty for nothing, lists and mappings."""
        return "" if self.value is None or isinstance(self.value, dict | list) else str(self.value)

    def each(self) -> "Iterator[Located]":
        """The items of a list; nothing where this is none."""
        if isinstance(self.value, list):
            yield from self.value

    def pairs(self) -> "Iterator[tuple[str, Located]]":
        """The keys and values of a mapping; nothing where this is none."""
        if isinstance(self.value, dict):
            yield from self.value.items()

    def texts(self) -> tuple[str, ...]:
        """The texts of a list, or the one text that stands in a list's place."""
        if isinstance(self.value, list):
            return tuple(item.text for item in self.value if item.text)
        return (self.text,) if self.text else ()

    def plain(self) -> Any:
        """The value as dicts, lists and scalars."""
        if isinstance(self.value, dict):
            return {key: item.plain() for key, item in self.value.items()}
        return [item.plain() for item in self.value] if isinstance(self.value, list) else self.value


def read_yaml(text: str, path: str) -> Located | Unreadable:
    """The one document of a YAML file; an empty file gives an empty value."""
    found = _read(text, path, several=False)
    return found if isinstance(found, Unreadable) else next(iter(found), Located(None, 1))


def read_documents(text: str, path: str) -> tuple[Located, ...] | Unreadable:
    """All documents of a YAML file, in their order."""
    return _read(text, path, several=True)


def _read(text: str, path: str, *, several: bool) -> tuple[Located, ...] | Unreadable:
    try:
        if _may_be_deep(text):
            _refuse_depth(text)
        loader = _Loader(text)
        try:
            if not several:
                node = loader.get_single_node()
                return () if node is None else (_Reading(loader).located(node, 0),)
            found = []
            while loader.check_node():
                found.append(_Reading(loader).located(loader.get_node(), 0))
            return tuple(found)
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        return Unreadable(path, line, f"this is not YAML: {error.problem or error.context}")
    except ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        return Unreadable(path, line, "this is not YAML: it holds a control character")


def _may_be_deep(text: str) -> bool:
    """Whether the nodes could nest so deeply that libyaml, which calls itself for each level, ends the process.

    Every level of nesting needs an opening bracket, or a column of its own in the longest line.
    """
    return (
        text.count("[") + text.count("{") > _HARMLESS
        or max(map(len, text.split("\n")), default=0) > _HARMLESS
    )


def _refuse_depth(text: str) -> None:
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, CollectionStartEvent):
            depth += 1
        elif isinstance(event, CollectionEndEvent):
            depth -= 1
        if depth > _MAX_DEPTH:
            raise _wrong("it is too deep or too large", event)


def _wrong(what: str, place: Any) -> ConstructorError:
    return ConstructorError(None, None, what, place.start_mark)


class _Reading:
    """One walk over a document; it counts what it makes, as aliases can unfold without end."""

    def __init__(self, loader: Any) -> None:
        self.loader = loader
        self.made = 0

    def located(self, node: Node, depth: int) -> Located:
        line = node.start_mark.line + 1
        self.made += 1
        if depth > _MAX_DEPTH or self.made > _MAX_VALUES:
            raise _wrong("it is too deep or too large", node)
        if isinstance(node, SequenceNode):
            return Located([self.located(item, depth + 1) for item in node.value], line)
        if isinstance(node, MappingNode):
            self.loader.flatten_mapping(node)
            pairs = ((self._key(key), self.located(value, depth + 1)) for key, value in node.value)
            return Located(dict(pairs), line)
        return Located(self._scalar(node), line)

    def _key(self, node: Node) -> str:
        if not isinstance(node, ScalarNode):
            raise _wrong("a key is a list or mapping; put braces of Jinja in quotes", node)
        return str(node.value)

    def _scalar(self, node: Node) -> object:
        if node.tag == "tag:yaml.org,2002:str":
            return node.value
        try:
            value = self.loader.construct_object(node)
            str(value)  # Python writes no number of thousands of digits
        except ValueError as error:
            raise _wrong(str(error), node) from error
        except (LookupError, AttributeError) as error:  # PyYAML's own, where a tag and its value do not fit
            raise _wrong(f"'{node.value}' is no {node.tag.rpartition(':')[2]}", node) from error
        return value
