"""A YAML file whose text is edited in place: whatever an edit does not name keeps every byte."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from meta_pipeline.authors.recipes.recipe import RecipeError
from meta_pipeline.authors.recipes.yaml_text import Style, block, flow, scalar
from meta_pipeline.delivery.tree import Tree
from meta_pipeline.delivery.yaml_source import Unreadable, read_yaml

_BOM = "\ufeff"


@dataclass(frozen=True)
class YamlSource:
    """The text of one file. Edits give a new `YamlSource`, whose nodes are read afresh."""

    path: str
    text: str

    @classmethod
    def open(cls, tree: Tree, path: str) -> "YamlSource":
        """The file at `path`; raises `RecipeError` where it is no YAML that can be edited."""
        data = tree.read(path)
        try:
            text = (data or b"").decode()
        except UnicodeDecodeError as error:
            raise RecipeError(path, 1, "the file is not UTF-8; save it as UTF-8.") from error
        document = read_yaml(text.removeprefix(_BOM), path)
        if isinstance(document, Unreadable):
            raise RecipeError(path, document.line, f"{document.message}; mend the line.")
        source = cls(path, text)
        if not isinstance(source.root, MappingNode):
            raise RecipeError(path, 1, "a mapping of keys was expected; begin with 'version: 2'.")
        return source

    @cached_property
    def root(self) -> Node | None:
        # The reader in Python counts characters as we do.
        return yaml.compose(self.text, Loader=yaml.SafeLoader)

    @cached_property
    def newline(self) -> str:
        return "\r\n" if "\r\n" in self.text else "\n"

    @cached_property
    def style(self) -> Style:
        """The file's own habits, those of most of its places, as people write them where there are none."""
        dashes: Counter[int] = Counter()
        steps: Counter[int] = Counter()
        quotes: Counter[str | None] = Counter()
        for key, value in self._pairs(self.root):
            column = key.start_mark.column
            if isinstance(value, SequenceNode) and value.value and not value.flow_style:
                dashes[self._dash(value) - column] += 1
            elif isinstance(value, MappingNode) and not value.flow_style:
                steps[value.start_mark.column - column] += 1
            elif isinstance(value, SequenceNode):
                quotes.update(
                    item.style
                    for item in value.value
                    if isinstance(item, ScalarNode) and item.tag.endswith(":str") and key.value == "values"
                )
        return Style(
            dash=dashes.most_common(1)[0][0] if dashes else 2,
            step=steps.most_common(1)[0][0] if steps else 2,
            quote=quotes.most_common(1)[0][0] if quotes else None,
        )

    def _pairs(self, node: Node | None) -> Iterator[tuple[ScalarNode, Node]]:
        if isinstance(node, MappingNode):
            for key, value in node.value:
                if isinstance(key, ScalarNode):
                    yield key, value
                yield from self._pairs(value)
        elif isinstance(node, SequenceNode):
            for item in node.value:
                yield from self._pairs(item)

    def written(self, tree: Tree) -> Mapping[str, bytes]:
        """The file where it differs from that of the tree; raises `RecipeError` where an edit broke it."""
        if isinstance(read_yaml(self.text.removeprefix(_BOM), self.path), Unreadable):
            raise RecipeError(
                self.path, 1, "the file is written in a form that cannot be edited; edit it by hand."
            )
        data = self.text.encode()
        return {} if data == tree.read(self.path) else {self.path: data}

    def error(self, node: Node, problem: str) -> RecipeError:
        return RecipeError(self.path, node.start_mark.line + 1, problem)

    def with_key(self, mapping: MappingNode, key: str, value: Any, after: Sequence[str] = ()) -> "YamlSource":
        """Give a mapping a new key, behind the last of the keys `after` that it has, else at its end."""
        behind = [pair for pair in mapping.value if pair[0].value in after] or mapping.value
        if mapping.flow_style:
            piece = flow({key: value}, self.style)[1:-1]
            if not behind:
                return self._spliced(mapping.start_mark.index + 1, mapping.start_mark.index + 1, piece)
            at = behind[-1][1].end_mark.index
            return self._spliced(at, at, f", {piece}")
        column = mapping.value[0][0].start_mark.column
        lines = block({key: value}, column, self.style)
        return self._with_lines(self._end(behind[-1][1], behind[-1][0]), lines)

    def with_value(self, mapping: MappingNode, key: str, value: Any) -> "YamlSource":
        """Give a key that is there another value, written on the key's own line."""
        (found,) = [pair for pair in mapping.value if pair[0].value == key]
        start, end = found[0].end_mark.index, self._end(found[1], found[0])
        start += self.text[start:].index(":") + 1
        text = (
            flow({key: value}, self.style)[len(key) + 3 : -1]
            if mapping.flow_style
            else flow(value, self.style)
        )
        return self._spliced(start, end, f" {text}".rstrip())

    def with_item(self, mapping: MappingNode, key: str, item: Any) -> "YamlSource":
        """Add an item to the list under `key`, which is made where it is missing; a list in brackets that cannot hold
        the item in a readable way is written line by line.
        """
        found = next((pair for pair in mapping.value if pair[0].value == key), None)
        if found is None:
            return self.with_key(mapping, key, [item])
        name, items = found
        if isinstance(items, ScalarNode) and not items.value:
            lines = block([item], name.start_mark.column + self.style.dash, self.style)
            return self._with_lines(_after(self.text, name), lines)
        if not isinstance(items, SequenceNode):
            raise self.error(name, f"'{key}' holds no list; make it one.")
        if not items.flow_style:
            lines = block([item], self._dash(items), self.style)
            gap = [""] if self._is_spaced(items) else []
            return self._with_lines(self._end(items.value[-1], name), [*gap, *lines])
        if mapping.flow_style or isinstance(item, str):
            at = items.value[-1].end_mark.index if items.value else items.start_mark.index + 1
            return self._spliced(at, at, f"{', ' if items.value else ''}{flow(item, self.style)}")
        kept = [self.text[node.start_mark.index : node.end_mark.index] for node in items.value]
        indent = " " * (name.start_mark.column + self.style.dash)
        start = name.end_mark.index + self.text[name.end_mark.index :].index(":") + 1
        if "#" in self.text[start : items.end_mark.index]:
            raise self.error(items, f"the list '{key}' in brackets holds a comment; write it line by line.")
        lines = [f"{indent}- {written}" for written in kept]
        lines += block([item], len(indent), self.style)
        return self._spliced(start, items.end_mark.index, self.newline + self.newline.join(lines))

    def _dash(self, items: SequenceNode) -> int:
        """The column of a list's dashes; the node's own mark is that of its key where they are not indented."""
        line = self.text.splitlines()[items.value[0].start_mark.line]
        return len(line) - len(line.lstrip())

    def _is_spaced(self, items: SequenceNode) -> bool:
        """Whether an empty line stands between the last two items of a list."""
        if len(items.value) < 2:
            return False
        between = self.text[items.value[-2].start_mark.index : items.value[-1].start_mark.index]
        return any(not line.strip() for line in between.splitlines()[1:-1])

    def _spliced(self, start: int, end: int, text: str) -> "YamlSource":
        return YamlSource(self.path, self.text[:start] + text + self.text[end:])

    def _with_lines(self, end: int, lines: Sequence[str]) -> "YamlSource":
        """Write lines below the one that holds the character before `end`."""
        stop = self.text.find("\n", end)
        written = self.newline.join(lines)
        if stop < 0:
            return self._spliced(len(self.text), len(self.text), f"{self.newline}{written}")
        return self._spliced(stop + 1, stop + 1, f"{written}{self.newline}")

    def _end(self, node: Node, key: Node) -> int:
        """Where the text of a value ends: its last character, not the blank lines and comments below it."""
        if isinstance(node, ScalarNode):
            if node.style in ("|", ">"):
                return len(self.text[: node.end_mark.index].rstrip())
            # An empty value ends where its key does.
            return (
                node.end_mark.index if node.start_mark.index < node.end_mark.index else _after(self.text, key)
            )
        if not isinstance(node, MappingNode | SequenceNode) or node.flow_style or not node.value:
            return node.end_mark.index
        last = node.value[-1]
        return self._end(last[1], last[0]) if isinstance(node, MappingNode) else self._end(last, key)


def _after(text: str, key: Node) -> int:
    """Behind the colon of a key."""
    found = text.find(":", key.end_mark.index)
    return found + 1 if found >= 0 else key.end_mark.index


def child(node: Node | None, key: str) -> Node | None:
    """The value under a key of a mapping; None where there is none."""
    if not isinstance(node, MappingNode):
        return None
    return next((value for name, value in node.value if name.value == key), None)


def children(node: Node | None) -> list[MappingNode]:
    """The mappings of a list."""
    found = node.value if isinstance(node, SequenceNode) else []
    return [item for item in found if isinstance(item, MappingNode)]


def named(nodes: Sequence[MappingNode], name: str) -> MappingNode | None:
    """The mapping whose `name` is this, in any case of letters."""
    for node in nodes:
        value = child(node, "name")
        if isinstance(value, ScalarNode) and value.value.casefold() == name.casefold():
            return node
    return None


def plain(node: Node) -> Any:
    """The value of a node."""
    if isinstance(node, MappingNode):
        return {key.value: plain(value) for key, value in node.value}
    if isinstance(node, SequenceNode):
        return [plain(item) for item in node.value]
    return yaml.safe_load(scalar(node.value)) if node.tag.endswith(":str") else yaml.safe_load(node.value)
