"""A Python file by the positions of its syntax tree, with the names that its imports stand for."""

import ast
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

from meta_pipeline.lab.editing import Edit, Span, Text
from meta_pipeline.lab.mutation import Base

Function = ast.FunctionDef | ast.AsyncFunctionDef

_TEST_PATH = re.compile(r"(^|/)(tests?|testing|[\w-]+_tests?)/|(^|/)(test_[^/]*|[^/]*_test|conftest)\.py$")
_OPEN_PARENTHESES = re.compile(r"\(")


def is_test_path(path: str) -> bool:
    """Whether a file belongs to a repository's tests by its folder or name."""
    return _TEST_PATH.search(path) is not None


@dataclass(frozen=True, slots=True)
class Decorated:
    """A function, one decorator of it, and that decorator's full name (`dagster.asset`)."""

    function: Function
    decorator: ast.expr
    name: str

    @property
    def call(self) -> ast.Call | None:
        return self.decorator if isinstance(self.decorator, ast.Call) else None


@dataclass(frozen=True)
class PythonSource:
    """A Python file that parses."""

    text: Text
    tree: ast.Module

    @cached_property
    def nodes(self) -> list[ast.AST]:
        return list(ast.walk(self.tree))

    @cached_property
    def parents(self) -> dict[ast.AST, ast.AST]:
        return {child: node for node in self.nodes for child in ast.iter_child_nodes(node)}

    @cached_property
    def imported(self) -> dict[str, str]:
        """The full name behind each name that an import binds, anywhere in the file."""
        return self._imported(self.nodes)

    @cached_property
    def imported_by_module(self) -> dict[str, str]:
        """The same for the names that all of the file has, as no function, branch or attempt binds them."""
        return self._imported(self.tree.body)

    @staticmethod
    def _imported(nodes: Iterable[ast.AST]) -> dict[str, str]:
        found: dict[str, str] = {}
        for node in nodes:
            if isinstance(node, ast.Import):
                for alias in node.names:
                    found[alias.asname or alias.name.split(".")[0]] = (
                        alias.name if alias.asname else alias.name.split(".")[0]
                    )
            elif isinstance(node, ast.ImportFrom):
                module = "." * node.level + (node.module or "")
                for alias in node.names:
                    found[alias.asname or alias.name] = f"{module}.{alias.name}"
        return found

    @cached_property
    def bound(self) -> frozenset[str]:
        """Every name that the file binds, uses or has as an attribute or a keyword."""
        return frozenset(re.findall(r"[^\W\d]\w*", self.text.value))

    @cached_property
    def has_star_import(self) -> bool:
        return any(isinstance(node, ast.ImportFrom) and node.names[0].name == "*" for node in self.nodes)

    def offset(self, line: int, column: int) -> int:
        """The offset of a position of the syntax tree, whose columns count bytes."""
        start = self.text.starts[line - 1]
        if self.text.value.isascii():
            return start + column
        end = self.text.starts[line] if line < len(self.text.starts) else len(self.text.value)
        return start + len(self.text.value[start:end].encode()[:column].decode())

    def span(self, node: ast.expr | ast.stmt | ast.keyword | ast.alias | ast.arg) -> Span:
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        return self.offset(node.lineno, node.col_offset), self.offset(node.end_lineno, node.end_col_offset)

    def source(self, node: ast.expr | ast.stmt | ast.keyword) -> str:
        start, end = self.span(node)
        return self.text.value[start:end]

    def statement(self, node: ast.stmt) -> Span:
        """A statement with its decorators, as whole lines."""
        start, end = self.span(node)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and node.decorator_list:
            start = min(start, self.text.start_of_line(self.span(node.decorator_list[0])[0]))
        return self.text.whole_lines((start, end))

    def signature_line(self, function: Function | ast.ClassDef) -> Span:
        """The line that holds `def` and the name."""
        start = self.span(function)[0]
        return start, self.text.end_of_line(start)

    def name(self, node: ast.AST) -> str | None:
        """The full dotted name of an expression, through the imports (`dg.asset` is `dagster.asset`)."""
        if isinstance(node, ast.Name):
            return self.imported.get(node.id, node.id)
        if isinstance(node, ast.Attribute):
            of = self.name(node.value)
            return None if of is None else f"{of}.{node.attr}"
        return None

    @cached_property
    def calls(self) -> list[ast.Call]:
        return [node for node in self.nodes if isinstance(node, ast.Call)]

    @cached_property
    def functions(self) -> list[Function]:
        return [node for node in self.nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]

    @cached_property
    def decorated(self) -> list[Decorated]:
        return [
            Decorated(function, decorator, name)
            for function in self.functions
            for decorator in function.decorator_list
            if (name := self.name(decorator.func if isinstance(decorator, ast.Call) else decorator))
        ]

    def statement_of(self, node: ast.AST) -> ast.stmt:
        while not isinstance(node, ast.stmt):
            node = self.parents[node]
        return node

    def function_of(self, node: ast.AST) -> Function | None:
        """The function in whose body a node stands; None at module or class level and in decorators."""
        child, at = node, self.parents.get(node)
        while at is not None:
            if isinstance(at, ast.FunctionDef | ast.AsyncFunctionDef) and child not in at.decorator_list:
                return at
            child, at = at, self.parents.get(at)
        return None

    def with_keyword(self, call: ast.Call, keyword: str) -> Edit:
        """One more keyword argument, on a line of its own where the others have theirs."""
        start, end = self.span(call)
        close = end - 1
        items = [*map(self.span, call.args), *map(self.span, call.keywords)]
        if not items:
            return Edit(close, close, keyword)
        last = max(stop for _, stop in items)
        between = self.text.value[last:close]
        if self.text.line(start) == self.text.line(close) or "\n" not in between:
            return Edit(last, last, f", {keyword}")
        first = min(first for first, _ in items)
        indent = self.text.indent(first)
        comma = "" if "," in between.split("#")[0] else ","
        line_end = self.text.end_of_line(last)
        if comma:
            return Edit(last, last, f",\n{indent}{keyword}")
        return Edit(line_end, line_end, f"{indent}{keyword},\n")

    def after_imports(self) -> int:
        """The offset behind the last import at the top of the module."""
        last = 0
        for node in self.tree.body:
            if isinstance(node, ast.Import | ast.ImportFrom):
                last = self.statement(node)[1]
        if not last and self.tree.body and _is_docstring(self.tree.body[0]):
            last = self.statement(self.tree.body[0])[1]
        return last

    def body_start(self, function: Function) -> tuple[int, str]:
        """Where the first statement behind the docstring begins its line, and its indent."""
        body = function.body
        first = body[1] if _is_docstring(body[0]) and len(body) > 1 else body[0]
        start = self.statement(first)[0]
        return start, self.text.indent(start)

    def has_simple_body(self, function: Function) -> bool:
        """Whether the body stands on lines of its own, behind the line of the `def`."""
        return self.text.line(self.span(function.body[0])[0]) > function.lineno and not (
            _is_docstring(function.body[0]) and len(function.body) == 1
        )


def _is_docstring(node: ast.stmt) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def keyword_of(call: ast.Call, name: str) -> ast.keyword | None:
    return next((keyword for keyword in call.keywords if keyword.arg == name), None)


def text_value(node: ast.AST | None) -> str | None:
    """The value of a plain string literal."""
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def entry_span(source: PythonSource, key: ast.expr, value: ast.expr) -> Span:
    """An entry of a dict display, with the parentheses around its value."""
    start, key_end = source.span(key)
    value_start, end = source.span(value)
    text = source.text.value
    for _ in _OPEN_PARENTHESES.findall(text[key_end:value_start]):
        closing = re.compile(r"\s*,?\s*\)").match(text, end)
        end = closing.end() if closing else end
    return start, end


def walk_statements(body: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    """Every statement of a body and of the blocks inside it."""
    for node in body:
        yield node
        for child in ast.walk(node):
            if child is not node and isinstance(child, ast.stmt):
                yield child


def python_of(base: Base, *, tests: bool = False) -> PythonSource | None:
    """The Python file of a base; None where it is none, does not parse or (without `tests`) is a test."""
    if not base.path.endswith(".py") or (is_test_path(base.path) and not tests):
        return None
    text = Text.of(base)
    return None if text is None else parsed(text.path, text.value)


@lru_cache(maxsize=64)
def parsed(path: str, value: str) -> PythonSource | None:
    """The file where it parses. Form feeds would put the columns of the tree off."""
    if "\f" in value or "\r" in value.replace("\r\n", "\n"):
        return None
    try:
        return PythonSource(Text(path, value), ast.parse(value))
    except (SyntaxError, ValueError, RecursionError):
        return None
