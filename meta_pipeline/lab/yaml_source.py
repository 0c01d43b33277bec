"""A YAML file by the positions of its nodes, so that an edit leaves comments and layout alone."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache

import yaml

from meta_pipeline.lab.editing import Edit, Span, Text
from meta_pipeline.lab.mutation import Base


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of a mapping, or (with an empty `key`) an item of a sequence.

    `path` are the keys down to it, its own last; sequences add none. `span` goes from the key, or from the
    dash, to the end of the value. `parent` is the mapping or sequence that holds it.
    """

    path: tuple[str, ...]
    key: str
    value: yaml.Node
    span: Span
    parent: yaml.MappingNode | yaml.SequenceNode
    name: str

    @property
    def value_text(self) -> str | None:
        """The value where it is a scalar."""
        return str(self.value.value) if isinstance(self.value, yaml.ScalarNode) else None


@dataclass(frozen=True)
class YamlSource:
    """A YAML file that parses."""

    text: Text
    roots: tuple[yaml.Node, ...]

    def entries(self) -> Iterator[Entry]:
        """Every entry of every mapping, in the order of the file."""
        return (found for found in self.all if found.key)

    def items(self) -> Iterator[Entry]:
        """Every item of every sequence."""
        return (found for found in self.all if not found.key)

    @cached_property
    def all(self) -> list[Entry]:
        return [found for root in self.roots for found in self._walk(root, (), "")]

    def _walk(self, node: yaml.Node, path: tuple[str, ...], name: str) -> Iterator[Entry]:
        if isinstance(node, yaml.MappingNode):
            own = next(
                (v.value for k, v in node.value if k.value == "name" and isinstance(v, yaml.ScalarNode)), name
            )
            for key, value in node.value:
                if not isinstance(key, yaml.ScalarNode):
                    continue
                here = (*path, str(key.value))
                span = (key.start_mark.index, self.end(value))
                yield Entry(here, str(key.value), value, span, node, str(own))
                yield from self._walk(value, here, str(own)) if not self._is_alias(value, key) else ()
        elif isinstance(node, yaml.SequenceNode):
            for item in node.value:
                start = item.start_mark.index
                if not node.flow_style:
                    start = self.text.value.rfind("-", 0, start)
                yield Entry(path, "", item, (start, self.end(item)), node, name)
                yield from self._walk(item, path, name)

    def _is_alias(self, value: yaml.Node, key: yaml.Node) -> bool:
        """Whether a value stands elsewhere in the file, behind an anchor."""
        return value.start_mark.index < key.start_mark.index

    def end(self, node: yaml.Node) -> int:
        """Where a node ends; a block's own end mark lies at the next token."""
        end: int = node.end_mark.index
        if isinstance(node, yaml.ScalarNode) and node.style in {"|", ">"}:
            return len(self.text.value[:end].rstrip())
        if not isinstance(node, yaml.MappingNode | yaml.SequenceNode) or node.flow_style:
            return end
        children = [part for pair in node.value for part in (pair if isinstance(pair, tuple) else (pair,))]
        ends = [self.end(child) for child in children if child.start_mark.index >= node.start_mark.index]
        return max(ends, default=end)

    def without(self, entry: Entry) -> Edit:
        """The removal of an entry or item; with the entry around it, where nothing else is in there."""
        if len(entry.parent.value) == 1 and (around := self.around(entry)) is not None:
            return self.without(around)
        if entry.parent.flow_style:
            return self.text.without_item(entry.span)
        start, end = entry.span
        before = self.text.value[self.text.start_of_line(start) : start]
        if before.strip() == "-" and entry.key:
            following = _entry_behind(entry)
            if following is not None:
                return Edit(start, following.start_mark.index, "")
        return self.text.without_lines((start, end))

    @cached_property
    def _by_value(self) -> dict[int, Entry]:
        return {id(found.value): found for found in reversed(self.all)}

    def around(self, entry: Entry) -> Entry | None:
        """The entry or item whose value is the mapping or sequence that holds this one."""
        return self._by_value.get(id(entry.parent))

    def near(self, entry: Entry) -> list[Span]:
        """The first lines of what holds an entry: its mapping, and each item of a list that this lies in."""
        starts = [self.text.start_of_line(entry.parent.start_mark.index)]
        at: Entry | None = entry
        while (at := self.around(at) if at is not None else None) is not None:
            if not at.key or at.value is entry.parent:
                starts.append(at.span[0])
        return [(start, self.text.end_of_line(start)) for start in dict.fromkeys(starts)]

    def subject(self, entry: Entry) -> str:
        """What an entry belongs to, in words: the nearest `name`, or its path."""
        return f"`{entry.name}`" if entry.name else ".".join(entry.path[:-1]) or self.text.path

    def value_edit(self, entry: Entry, new: str) -> Edit:
        return Edit(entry.value.start_mark.index, self.end(entry.value), new)

    def siblings(self, entry: Entry) -> dict[str, yaml.Node]:
        """The other entries of the mapping that holds an entry, by key."""
        if not isinstance(entry.parent, yaml.MappingNode):
            return {}
        return {str(key.value): value for key, value in entry.parent.value}


def _entry_behind(entry: Entry) -> yaml.Node | None:
    keys = [key for key, _ in entry.parent.value]
    at = next(n for n, key in enumerate(keys) if key.start_mark.index == entry.span[0])
    return keys[at + 1] if at + 1 < len(keys) else None


def yaml_of(base: Base) -> YamlSource | None:
    """The YAML file of a base; None where it is none or does not parse."""
    if not re.search(r"\.ya?ml$", base.path):
        return None
    text = Text.of(base)
    return None if text is None else parsed_yaml(text.path, text.value)


@lru_cache(maxsize=64)
def parsed_yaml(path: str, value: str) -> YamlSource | None:
    """The file where it parses; templated YAML often does not."""
    if value.startswith("\ufeff"):
        return None
    try:
        roots = tuple(filter(None, yaml.compose_all(value, Loader=yaml.SafeLoader)))
    except (yaml.YAMLError, RecursionError):
        return None
    return YamlSource(Text(path, value), roots)
