"""The tests that pytest or unittest would collect from a file, read without running it."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import PurePosixPath

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Skip:
    """What keeps a test from running or from counting. `always` is whether no condition holds it back."""

    text: str
    line: int
    always: bool


@dataclass(frozen=True)
class PythonTest:
    """One test function. `name` is that of its class and its own; `rows` counts literal parameter sets, 1 without."""

    path: str
    name: str
    line: int
    node: Function
    skips: tuple[Skip, ...]
    rows: int
    words: frozenset[str] = field(repr=False)

    @property
    def body(self) -> str:
        """Its statements as normal text: equal for tests that differ in names and comments of the file alone."""
        return "\n".join(ast.unparse(statement) for statement in self.node.body)


def is_test_file(path: str) -> bool:
    """Whether pytest, as it is set by default, collects from this file."""
    name = PurePosixPath(path).name
    return name.endswith(".py") and (name.startswith("test") or name.endswith("_test.py"))


@lru_cache(maxsize=128)
def parsed(text: str) -> ast.Module | None:
    """The module's syntax tree; None where it has none."""
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return None


def tests_of(path: str, text: str) -> tuple[PythonTest, ...]:
    """Every test of a test file; nothing where it cannot be parsed."""
    module = parsed(text) if is_test_file(path) else None
    if module is None:
        return ()
    shared = tuple(_module_skips(module))
    return tuple(_tests_in(path, module.body, "", shared))


def _tests_in(path: str, body: list[ast.stmt], prefix: str, shared: tuple[Skip, ...]) -> Iterator[PythonTest]:
    for statement in body:
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef) and statement.name.startswith(
            "test"
        ):
            skips = (*shared, *marks(statement.decorator_list), *_called(statement))
            yield PythonTest(
                path=path,
                name=prefix + statement.name,
                line=statement.lineno,
                node=statement,
                skips=skips,
                rows=_rows(statement),
                words=frozenset(_words(statement)),
            )
        elif isinstance(statement, ast.ClassDef) and _collects(statement):
            inherited = (*shared, *marks(statement.decorator_list), *_switched_off(statement.body))
            yield from _tests_in(path, statement.body, f"{statement.name}.", inherited)
        elif isinstance(statement, ast.If | ast.Try):
            yield from _tests_in(path, statement.body, prefix, shared)


def _collects(kind: ast.ClassDef) -> bool:
    return kind.name.startswith("Test") or any("Test" in ast.unparse(base) for base in kind.bases)


def _module_skips(module: ast.Module) -> Iterator[Skip]:
    yield from _switched_off(module.body)
    for statement in module.body:
        if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
            yield from _skip_call(statement.value)


def _switched_off(body: list[ast.stmt]) -> Iterator[Skip]:
    """`pytestmark = ...` and `__test__ = False`, of a module or of a class."""
    for statement in body:
        if not isinstance(statement, ast.Assign) or not isinstance(statement.targets[0], ast.Name):
            continue
        if statement.targets[0].id == "pytestmark":
            listed = statement.value
            yield from marks(listed.elts if isinstance(listed, ast.List | ast.Tuple) else [listed])
        elif statement.targets[0].id == "__test__" and _is_false(statement.value):
            yield Skip("__test__ = False", statement.lineno, always=True)


def marks(decorators: list[ast.expr]) -> Iterator[Skip]:
    """The decorators that skip a test or let it fail."""
    for decorator in decorators:
        call = decorator if isinstance(decorator, ast.Call) else None
        name = ast.unparse(call.func if call else decorator).rsplit(".", 1)[-1]
        if name in ("skip", "xfail", "skipif", "skipIf", "skipUnless", "expectedFailure"):
            yield Skip(
                ast.unparse(decorator),
                decorator.lineno,
                always=_holds_always(name, call),
            )


def _holds_always(name: str, call: ast.Call | None) -> bool:
    if name in ("skip", "expectedFailure") or call is None:
        return True
    condition = call.args[0] if call.args else None
    if condition is None:
        given = next((word.value for word in call.keywords if word.arg == "condition"), None)
        return name == "xfail" if given is None else _is_true(given)
    if name == "xfail" and isinstance(condition, ast.Constant) and isinstance(condition.value, str):
        return True
    return _is_false(condition) if name == "skipUnless" else _is_true(condition)


def _called(block: Function | ast.With | ast.AsyncWith) -> Iterator[Skip]:
    """`pytest.skip(...)` where no condition stands before it: nothing behind it runs."""
    for statement in block.body:
        if isinstance(statement, ast.With | ast.AsyncWith):
            yield from _called(statement)
        elif isinstance(statement, ast.Expr | ast.Return) and isinstance(statement.value, ast.Call):
            yield from _skip_call(statement.value)
        elif isinstance(statement, ast.Raise) and statement.exc and "SkipTest" in ast.unparse(statement.exc):
            yield Skip(ast.unparse(statement), statement.lineno, always=True)


def _skip_call(call: ast.Call) -> Iterator[Skip]:
    if ast.unparse(call.func) in ("pytest.skip", "pytest.xfail", "self.skipTest", "skip", "xfail"):
        yield Skip(ast.unparse(call), call.lineno, always=True)


def _is_true(value: ast.expr) -> bool:
    if isinstance(value, ast.Constant):
        return value.value in ("True", "1") if isinstance(value.value, str) else bool(value.value)
    return isinstance(value, ast.UnaryOp) and isinstance(value.op, ast.Not) and _is_false(value.operand)


def _is_false(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and not value.value


def _rows(function: Function) -> int:
    """How many literal sets of parameters a test is run with; a list that is computed counts as one."""
    rows = 1
    for decorator in function.decorator_list:
        if isinstance(decorator, ast.Call) and ast.unparse(decorator.func).endswith("parametrize"):
            given = decorator.args[1] if len(decorator.args) > 1 else None
            if isinstance(given, ast.List | ast.Tuple | ast.Set) and given.elts:
                rows *= len(given.elts)
    return rows


def _words(function: Function) -> Iterator[str]:
    """Every name that the test says, those in short texts too: what it is about is among them."""
    for node in ast.walk(function):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and len(node.value) < 200:
            yield node.value
            yield from node.value.replace("/", ".").split(".")
