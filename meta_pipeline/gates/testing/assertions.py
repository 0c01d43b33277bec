"""What a test asserts, and whether another version of it asserts less."""

import ast
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from meta_pipeline.gates.testing.python_tests import Function, PythonTest

Grade = Literal["vacuous", "weaker", "slightly"]
"""`vacuous` can no longer fail; `weaker` lets more through; `slightly` may well be a mend of the test itself."""

_STRENGTHS = {
    "==": 3,
    "is": 3,
    "in": 2,
    "<": 2,
    "<=": 2,
    ">": 2,
    ">=": 2,
    "not in": 2,
    "!=": 1,
    "is not": 1,
    "": 1,
}
_SYMBOLS: dict[type[ast.cmpop], str] = {
    ast.Eq: "==",
    ast.Is: "is",
    ast.In: "in",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.NotIn: "not in",
    ast.NotEq: "!=",
    ast.IsNot: "is not",
}
_UNITTEST = {
    "assertEqual": "==",
    "assertEquals": "==",
    "assertIs": "is",
    "assertListEqual": "==",
    "assertDictEqual": "==",
    "assertIn": "in",
    "assertGreater": ">",
    "assertGreaterEqual": ">=",
    "assertLess": "<",
    "assertLessEqual": "<=",
    "assertTrue": "",
    "assertIsNotNone": "is not",
    "assertNotEqual": "!=",
}
_TOLERANCES = ("rel", "abs", "rtol", "atol", "delta", "rel_tol", "abs_tol", "check_less_precise")
_ANY_ERROR = frozenset({"Exception", "BaseException"})


@dataclass(frozen=True, slots=True)
class Weakening:
    """One way in which a test demands less; `line` is at head."""

    grade: Grade
    said: str
    line: int


@dataclass(frozen=True, slots=True)
class Assertion:
    """One demand: what is looked at, how it is compared, and with what."""

    left: str
    how: str
    text: str
    line: int
    node: ast.AST


def assertions_of(function: Function) -> tuple[Assertion, ...]:
    """Every assertion, those of unittest, of mocks and of helpers named after what they do."""
    return tuple(_assertions(function))


def _assertions(function: Function) -> Iterator[Assertion]:
    for node in ast.walk(function):
        if isinstance(node, ast.Assert):
            yield _of_expression(node.test, node)
        elif isinstance(node, ast.Call):
            name = ast.unparse(node.func).rsplit(".", 1)[-1]
            if name in _UNITTEST and node.args:
                right = [ast.unparse(argument) for argument in node.args[1:2]]
                yield Assertion(
                    ast.unparse(node.args[0]), _UNITTEST[name], " ".join([name, *right]), node.lineno, node
                )
            elif name in ("raises", "warns", "assertRaises", "assertRaisesRegex", "fail"):
                yield Assertion(name, name, ast.unparse(node), node.lineno, node)
            elif any(word in name.lower() for word in ("assert", "verify", "expect", "check")):
                yield Assertion(ast.unparse(node.func), "call", ast.unparse(node), node.lineno, node)


def _of_expression(test: ast.expr, node: ast.Assert) -> Assertion:
    if isinstance(test, ast.Compare) and len(test.ops) == 1:
        how = _SYMBOLS[type(test.ops[0])]
        return Assertion(ast.unparse(test.left), how, ast.unparse(test), node.lineno, node)
    return Assertion(ast.unparse(test), "", ast.unparse(test), node.lineno, node)


def demands_nothing(test: PythonTest) -> bool:
    """Whether the body of a test is empty but for words."""
    return all(
        isinstance(statement, ast.Pass)
        or (isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant))
        for statement in test.node.body
    )


def weakenings(before: PythonTest, after: PythonTest) -> Iterator[Weakening]:
    """How `after` demands less than `before` did."""
    old, new = assertions_of(before.node), assertions_of(after.node)
    texts = Counter(one.text for one in new)
    gone = [one for one in old if not _taken(texts, one.text)]
    texts = Counter(one.text for one in old)
    come = [one for one in new if not _taken(texts, one.text)]
    empty = [one for one in come if _is_vacuous(one.node)]
    for one in empty:
        yield Weakening("vacuous", f"asserts '{one.text}', which always holds", one.line)
    yield from _looser(gone, [one for one in come if one not in empty])
    if len(new) - len(empty) < len(old) and not empty:
        lost = gone[0].text if gone else "an assertion"
        count = len(old) - len(new)
        yield Weakening(
            "vacuous" if not new and old else "weaker",
            f"no longer asserts '{lost}'" + (f" (and {count - 1} more)" if count > 1 else ""),
            after.line,
        )
    swallowed = _swallowed(after.node)
    if swallowed and not _swallowed(before.node):
        yield Weakening("vacuous", "catches the failure of its own assertion", swallowed[0])
    returns = _returns_early(after.node)
    if returns and not _returns_early(before.node):
        yield Weakening("vacuous", "returns before it asserts anything", returns)


def _taken(texts: Counter[str], text: str) -> bool:
    texts[text] -= 1
    return texts[text] >= 0


def _looser(gone: list[Assertion], come: list[Assertion]) -> Iterator[Weakening]:
    free = list(come)
    for old in gone:
        new = next((one for one in free if one.left == old.left), None)
        if new is None:
            continue
        free.remove(new)
        if old.how in ("raises", "assertRaises"):
            yield from _raises_more(old, new)
        elif _STRENGTHS.get(new.how, 3) < _STRENGTHS.get(old.how, 0):
            yield Weakening("weaker", f"asserts '{new.text}' where it asserted '{old.text}'", new.line)
        else:
            yield from _tolerates_more(old, new)


def _raises_more(old: Assertion, new: Assertion) -> Iterator[Weakening]:
    before, after = old.node, new.node
    assert isinstance(before, ast.Call)
    assert isinstance(after, ast.Call)
    kinds = [
        {word.split(".")[-1] for word in _names(call.args[0])} if call.args else set()
        for call in (before, after)
    ]
    if kinds[1] & _ANY_ERROR and not kinds[0] & _ANY_ERROR:
        yield Weakening("weaker", f"takes any error where it wanted {ast.unparse(before.args[0])}", new.line)
    elif any(word.arg == "match" for word in before.keywords) and not any(
        word.arg == "match" for word in after.keywords
    ):
        yield Weakening("slightly", f"no longer looks at the error's text ('{old.text}')", new.line)


def _names(node: ast.expr) -> list[str]:
    return [ast.unparse(item) for item in node.elts] if isinstance(node, ast.Tuple) else [ast.unparse(node)]


def _tolerates_more(old: Assertion, new: Assertion) -> Iterator[Weakening]:
    before, after = _tolerances(old.node), _tolerances(new.node)
    for name, value in after.items():
        if name in before and value > before[name]:
            yield Weakening(
                "weaker", f"tolerates {name}={value:g} where it tolerated {before[name]:g}", new.line
            )
        elif name not in before and before:
            continue
        elif name not in before and old.how == "==" and value >= 0.1:
            yield Weakening("weaker", f"tolerates {name}={value:g} where it wanted equality", new.line)


def _tolerances(node: ast.AST) -> dict[str, float]:
    return {
        keyword.arg: float(keyword.value.value)
        for call in ast.walk(node)
        if isinstance(call, ast.Call)
        for keyword in call.keywords
        if keyword.arg in _TOLERANCES
        and isinstance(keyword.value, ast.Constant)
        and isinstance(keyword.value.value, int | float)
    }


def _is_vacuous(node: ast.AST) -> bool:
    if isinstance(node, ast.Call):
        name = ast.unparse(node.func).rsplit(".", 1)[-1]
        if name == "assertTrue":
            return bool(node.args) and _always(node.args[0])
        return (
            name == "assertEqual" and len(node.args) > 1 and ast.dump(node.args[0]) == ast.dump(node.args[1])
        )
    return isinstance(node, ast.Assert) and _always(node.test)


def _always(test: ast.expr) -> bool:
    if isinstance(test, ast.Constant):
        return bool(test.value)
    if isinstance(test, ast.Tuple):
        return bool(test.elts)
    if isinstance(test, ast.BoolOp):
        sides = [_always(value) for value in test.values]
        return any(sides) if isinstance(test.op, ast.Or) else all(sides)
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        return isinstance(test.operand, ast.Constant) and not test.operand.value
    if isinstance(test, ast.Compare) and len(test.ops) == 1:
        right = test.comparators[0]
        if isinstance(test.ops[0], ast.GtE) and ast.unparse(test.left).startswith("len("):
            return isinstance(right, ast.Constant) and right.value == 0
        same = ast.dump(test.left) == ast.dump(right)
        return same and isinstance(test.ops[0], ast.Eq | ast.Is | ast.LtE | ast.GtE)
    return False


def _swallowed(function: Function) -> list[int]:
    """The lines of handlers that let a failed assertion pass in silence."""
    return [
        handler.lineno
        for node in ast.walk(function)
        if isinstance(node, ast.Try)
        and any(isinstance(inner, ast.Assert) for s in node.body for inner in ast.walk(s))
        for handler in node.handlers
        if handler.type is None
        or {"Exception", "BaseException", "AssertionError"} & set(_names(handler.type))
        if not any(isinstance(inner, ast.Raise | ast.Assert) for s in handler.body for inner in ast.walk(s))
        and "fail" not in ast.unparse(handler)
    ]


def _returns_early(function: Function) -> int | None:
    """The line of an outermost `return` that stands before every assertion."""
    for statement in function.body:
        if isinstance(statement, ast.Return):
            later = function.body[function.body.index(statement) + 1 :]
            return statement.lineno if later else None
        if any(isinstance(inner, ast.Assert) for inner in ast.walk(statement)):
            return None
    return None
