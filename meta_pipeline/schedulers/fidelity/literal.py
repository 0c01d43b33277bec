"""Which files are written in literals, so that their pipelines can be told without running anything.

The judgement is made by syntax alone and shares no code with the readers. It is strict: a file is literal only if
everything that makes its pipelines is of these forms, and any other form at a place that is run when the file is
imported (or when the function of a DAG, flow, graph or task group is called) makes it not literal.

- constants, and lists, tuples, sets, dicts, f-strings, subscripts, attributes and operators of literal expressions;
- names that this file binds to such expressions, or imports from outside the repository;
- loops and comprehensions over them;
- calls of classes and functions that come from outside the repository, and of methods of what they made, with such
  arguments; but not those that ask for something: `get...`, `load...`, `read...`, `open`, `now`, `today`, `days_ago`,
  `environ`, or anything of `os`, `sys`, `json`, `yaml`, `random`, `pathlib` and the like;
- functions and classes with any body, as long as they are only named, decorated from outside or handed over; those that
  are decorated as a DAG, task group, flow or graph are looked into.

So a factory that the file calls, `while`, `try`, `if` (but for `__name__` and `TYPE_CHECKING`), and an import from the
repository itself are not literal. A
dbt model or test is literal if its Jinja is nothing but `ref`, `source` and `config` with constant arguments, and a
YAML file if it has no Jinja.
"""

import ast
import re
from collections.abc import Iterable

from meta_pipeline.delivery.tree import Tree

_ASKING = re.compile(
    r"get(?!Logger$)|(load|read|fetch|from_|build_.*_from)|open$|now$|today$|utcnow$|days_ago$|environ$|getenv$"
)
_COMPUTING = frozenset(
    {"os", "sys", "json", "yaml", "random", "pathlib", "glob", "importlib", "subprocess", "io"}
)
_BUILTINS = frozenset(
    {"range", "list", "dict", "tuple", "set", "str", "int", "float", "zip", "enumerate", "sorted"}
)
_OF_THE_MODULE = frozenset({"__doc__", "__name__"})
_LOOKED_INTO = re.compile(r"(dag|task_group|flow|graph|graph_asset|job)$")
_JINJA = re.compile(r"\{\{(?P<shown>.*?)\}\}|\{%|\{#.*?#\}", re.DOTALL)
_KNOWN_CALL = re.compile(
    r"-?\s*(ref|source|config)\s*\((\s*\w+\s*=)?[\s\w'\",.:=\[\]{}/-]*\)\s*-?", re.DOTALL
)


def literal_files(tree: Tree) -> frozenset[str]:
    """The Python, SQL and YAML files of a tree whose source is literal."""
    entries = tree.entries()
    own = {part for path in entries if path.endswith(".py") for part in _module_names(path)}
    found = set()
    for path in entries:
        data = tree.read(path) if path.endswith((".py", ".sql", ".yml", ".yaml")) else None
        if data is None:
            continue
        if path.endswith(".py"):
            literal = is_literal(data, own)
        elif path.endswith(".sql"):
            literal = all(_is_plain(found_) for found_ in _JINJA.finditer(data.decode("utf-8", "replace")))
        else:
            literal = b"{{" not in data and b"{%" not in data
        if literal:
            found.add(path)
    return frozenset(found)


def is_literal(source: bytes, own: Iterable[str] = ()) -> bool:
    """Whether a Python file is; `own` are the first names of the repository's own modules."""
    try:
        module = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return _File(frozenset(own)).block(module.body)


def _module_names(path: str) -> tuple[str, ...]:
    """Every name that an import of the file may begin with, wherever the import path begins."""
    parts = path.removesuffix(".py").removesuffix("/__init__").split("/")
    return tuple(parts)


def _is_plain(match: "re.Match[str]") -> bool:
    if match["shown"] is None:
        return match[0].startswith("{#")
    return _KNOWN_CALL.fullmatch(match["shown"].strip()) is not None


class _File:
    """Looks at one file; `outside` are names from other packages, `made` those that the file binds."""

    def __init__(self, own: frozenset[str]) -> None:
        self.own = own
        self.outside: set[str] = set()
        self.made: set[str] = set()
        self.handed_over: set[str] = set()

    def block(self, body: list[ast.stmt]) -> bool:
        return all(self._statement(statement) for statement in body)

    def _statement(self, statement: ast.stmt) -> bool:
        match statement:
            case ast.Import() | ast.ImportFrom():
                return self._import(statement)
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                return self._definition(statement)
            case ast.Assign(targets=targets, value=value):
                return self._is(value) and all(self._bind(target) for target in targets)
            case ast.AnnAssign(target=target, value=value):
                return (value is None or self._is(value)) and self._bind(target)
            case ast.Expr(value=value):
                return self._is(value)
            case ast.With(items=items, body=body):
                return all(
                    self._is(item.context_expr)
                    and (item.optional_vars is None or self._bind(item.optional_vars))
                    for item in items
                ) and self.block(body)
            case ast.For(target=target, iter=over, body=body, orelse=[]):
                return self._is(over) and self._bind(target) and self.block(body)
            case ast.Return(value=value):
                return value is None or self._is(value)
            case ast.If(test=ast.Name(id="TYPE_CHECKING"), orelse=[]):
                return True
            case ast.If(test=ast.Compare(left=ast.Name(id="__name__")), orelse=[]):
                return True
            case ast.Pass():
                return True
        return False

    def _import(self, statement: ast.Import | ast.ImportFrom) -> bool:
        if isinstance(statement, ast.ImportFrom) and statement.level:
            return False
        for alias in statement.names:
            module = statement.module if isinstance(statement, ast.ImportFrom) else alias.name
            first = (module or "").partition(".")[0]
            if first in self.own:
                return False
            name = alias.asname or alias.name.partition(".")[0]
            if first in _COMPUTING:
                continue
            self.outside.add(name)
        return True

    def _definition(self, statement: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> bool:
        if not all(self._is(decorator) for decorator in statement.decorator_list):
            return False
        names = [_last_name(decorator) for decorator in statement.decorator_list]
        # A bare function may be named and handed over, but not called: what it gives is not told by the file.
        (self.made if names else self.handed_over).add(statement.name)
        if isinstance(statement, ast.ClassDef) or not any(_LOOKED_INTO.match(name) for name in names):
            return True
        arguments = statement.args
        inner = _File(self.own)
        inner.outside, inner.made = set(self.outside), set(self.made)
        inner.handed_over = set(self.handed_over)
        inner.made |= {one.arg for one in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)}
        return inner.block(statement.body)

    def _bind(self, target: ast.expr) -> bool:
        match target:
            case ast.Name(id=name):
                self.made.add(name)
                return True
            case ast.Tuple(elts=parts) | ast.List(elts=parts):
                return all(self._bind(part) for part in parts)
            case ast.Attribute(value=value):
                return self._is(value)
            case ast.Subscript(value=value, slice=key):
                return self._is(value) and self._is(key)
        return False

    def _is(self, expression: ast.expr) -> bool:
        match expression:
            case ast.Constant():
                return True
            case ast.Name(id=name):
                return name in self.made | self.outside | self.handed_over | _OF_THE_MODULE
            case ast.Attribute(value=value, attr=name):
                return self._is(value) and not _ASKING.match(name)
            case ast.Call():
                return self._is_known_call(expression)
            case ast.Lambda():
                return True
            case ast.Dict(keys=keys, values=values):
                return all(key is None or self._is(key) for key in keys) and all(map(self._is, values))
            case (
                ast.List(elts=parts)
                | ast.Tuple(elts=parts)
                | ast.Set(elts=parts)
                | ast.JoinedStr(values=parts)
            ):
                return all(map(self._is, parts))
            case ast.FormattedValue(value=value) | ast.Starred(value=value) | ast.UnaryOp(operand=value):
                return self._is(value)
            case ast.BinOp(left=left, right=right) | ast.Subscript(value=left, slice=right):
                return self._is(left) and self._is(right)
            case ast.BoolOp(values=parts):
                return all(map(self._is, parts))
            case (
                ast.ListComp(elt=part, generators=loops)
                | ast.SetComp(elt=part, generators=loops)
                | ast.GeneratorExp(elt=part, generators=loops)
            ):
                return self._loops(loops) and self._is(part)
            case ast.DictComp(key=key, value=value, generators=loops):
                return self._loops(loops) and self._is(key) and self._is(value)
        return False

    def _loops(self, loops: list[ast.comprehension]) -> bool:
        return all(self._is(loop.iter) and self._bind(loop.target) and not loop.ifs for loop in loops)

    def _is_known_call(self, call: ast.Call) -> bool:
        given = [*call.args, *(keyword.value for keyword in call.keywords)]
        if not all(map(self._is, given)):
            return False
        if isinstance(call.func, ast.Name):
            name = call.func.id
            return name in self.made | _BUILTINS or (name in self.outside and not _ASKING.match(name))
        return self._is(call.func)


def _last_name(expression: ast.expr) -> str:
    match expression:
        case ast.Call(func=func):
            return _last_name(func)
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name
    return ""
