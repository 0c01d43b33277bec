"""A Python file that is changed by splices, so that every byte outside a splice stays as it was."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate

import libcst as cst
from libcst.metadata import MetadataWrapper, ParentNodeProvider, PositionProvider

from meta_pipeline.authors.recipes.recipe import RecipeError
from meta_pipeline.delivery.tree import Tree

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\n|\r|$)")
_BOM = b"\xef\xbb\xbf"
LONGEST_LINE = 88
"""A line that would grow past this is broken up; it is the default limit of black and ruff."""


@dataclass(frozen=True, slots=True)
class Splice:
    """Replace the characters from `start` to `end` (offsets) by `text`."""

    start: int
    end: int
    text: str


class PythonSource:
    """A parsed Python file with character offsets for its nodes."""

    def __init__(self, path: str, data: bytes) -> None:
        self.path = path
        self._bom = _BOM if data.startswith(_BOM) else b""
        try:
            module = cst.parse_module(data.removeprefix(_BOM))
        except cst.ParserSyntaxError as error:
            raise RecipeError(
                path, error.raw_line, "this is not valid Python; mend the syntax first."
            ) from error
        except (UnicodeDecodeError, LookupError) as error:
            raise RecipeError(
                path, 1, "the file's bytes do not fit its encoding; save it as UTF-8."
            ) from error
        wrapper = MetadataWrapper(module, unsafe_skip_copy=True)
        self.module = wrapper.module
        self.text = module.code
        self._positions = wrapper.resolve(PositionProvider)
        self._parents = wrapper.resolve(ParentNodeProvider)

    @classmethod
    def open(cls, tree: Tree, path: str) -> "PythonSource":
        """Read and parse `path`; raises `RecipeError` where it is absent or no Python."""
        data = tree.read(path)
        if data is None:
            raise RecipeError(path, 1, "there is no such file at the base commit; name one that is there.")
        return cls(path, data)

    @cached_property
    def _line_starts(self) -> list[int]:
        return [0, *accumulate(len(line) for line in _LINE.findall(self.text))]

    def span(self, node: cst.CSTNode) -> tuple[int, int]:
        """The offsets of the node's first character and of the one after its last."""
        at = self._positions[node]
        return (
            self._line_starts[at.start.line - 1] + at.start.column,
            self._line_starts[at.end.line - 1] + at.end.column,
        )

    def line(self, node: cst.CSTNode) -> int:
        """The line, from 1, on which the node begins."""
        line: int = self._positions[node].start.line
        return line

    def code(self, node: cst.CSTNode) -> str:
        start, end = self.span(node)
        return self.text[start:end]

    def parents(self, node: cst.CSTNode) -> Iterable[cst.CSTNode]:
        """The nodes around `node`, innermost first."""
        while (parent := self._parents.get(node)) is not None:
            yield parent
            node = parent

    def line_start(self, offset: int) -> int:
        """The offset at which the line of `offset` begins."""
        return max(self.text.rfind("\n", 0, offset), self.text.rfind("\r", 0, offset)) + 1

    def indent_at(self, offset: int) -> str:
        """The white space that the line of `offset` begins with."""
        line = self.text[self.line_start(offset) :]
        return line[: len(line) - len(line.lstrip(" \t\f"))]

    @property
    def newline(self) -> str:
        return self.module.default_newline

    @property
    def indent(self) -> str:
        return self.module.default_indent

    @cached_property
    def quote(self) -> str:
        """The quote that most of the file's plain strings use."""
        counts = {"'": 0, '"': 0}
        for node in self.all(cst.SimpleString):
            if node.quote in counts:
                counts[node.quote] += 1
        return "'" if counts["'"] > counts['"'] else '"'

    def string(self, value: str) -> str:
        """`value` as a string literal in the file's own quotes."""
        escaped = value.replace("\\", "\\\\").replace(self.quote, f"\\{self.quote}")
        return f"{self.quote}{escaped}{self.quote}"

    def all(self, kind: type[cst.CSTNodeT]) -> Sequence[cst.CSTNodeT]:
        """Every node of this type, in the order of the source."""
        found: list[cst.CSTNodeT] = []

        def walk(node: cst.CSTNode) -> None:
            if isinstance(node, kind):
                found.append(node)
            for child in node.children:
                walk(child)

        walk(self.module)
        return found

    def error(self, node: cst.CSTNode, problem: str) -> RecipeError:
        return RecipeError(self.path, self.line(node), problem)

    def spliced(self, splices: Iterable[Splice]) -> bytes:
        """The file's bytes after all splices; two that overlap raise `RecipeError`."""
        parts: list[str] = []
        at = 0
        for splice in sorted(dict.fromkeys(splices), key=lambda s: (s.start, s.end)):
            if splice.start < at:
                line = self.text.count("\n", 0, splice.start) + 1
                raise RecipeError(
                    self.path, line, "two edits meet in this expression; write it over several lines."
                )
            parts += [self.text[at : splice.start], splice.text]
            at = splice.end
        parts.append(self.text[at:])
        return self._bom + "".join(parts).encode(self.module.encoding)


def dotted(node: cst.BaseExpression) -> tuple[str, ...]:
    """The parts of `a.b.c`; a call or subscript in it ends the chain, and () is anything else."""
    if isinstance(node, cst.Name):
        return (node.value,)
    if isinstance(node, cst.Attribute):
        return (*dotted(node.value), node.attr.value)
    return ()
