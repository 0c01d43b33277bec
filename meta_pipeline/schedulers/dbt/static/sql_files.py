"""What the files of a project ask for: models and tests in SQL, models in Python, snapshot blocks."""

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from jinja2 import nodes

from meta_pipeline.schedulers.dbt.static.evaluation import UNKNOWN, Asked, Evaluation
from meta_pipeline.schedulers.dbt.static.templates import SNAPSHOT, Malformed, macros_in, parse_template

_CALL = re.compile(r"(?:ref|source|metric|var|env_var)\s*\(.*\)", re.DOTALL)


@dataclass(frozen=True)
class Macros:
    """The macros of a project by name, and its variables; `fingerprint` is equal where both are."""

    by_name: Mapping[str, nodes.Macro] = field(compare=False)
    variables: Mapping[str, Any] = field(compare=False)
    fingerprint: str

    def __hash__(self) -> int:
        return hash(self.fingerprint)


NO_MACROS = Macros({}, {}, "")


@dataclass(frozen=True)
class Asks:
    """What one file, or one block of it, asks of dbt; `errors` are its lines with what is wrong there."""

    asked: tuple[Asked, ...] = ()
    errors: tuple[tuple[int, str], ...] = ()

    @property
    def config(self) -> dict[str, Any]:
        """The settings that `config()` gives, the last call winning; what a run decides is `UNKNOWN`."""
        found: dict[str, Any] = {}
        for call in self.asked:
            if call.function == "config":
                given = [argument for argument in call.arguments if isinstance(argument, dict)]
                for settings in (*given, call.named):
                    found |= settings
        return found


@lru_cache(maxsize=8192)
def asks_of_sql(data: bytes, macros: Macros) -> Asks:
    """What a model or a test in SQL asks for. Jinja in SQL comments counts, as it does for dbt."""
    template = parse_template(data)
    if isinstance(template, Malformed):
        return Asks(errors=((template.line, template.message),))
    own = {**macros.by_name, **{macro.name: macro for macro in macros_in(template)}}
    return _walked(template.body, own, macros.variables)


@lru_cache(maxsize=1024)
def snapshots_of(data: bytes, macros: Macros) -> tuple[tuple[str, int, Asks], ...]:
    """The snapshot blocks of a file: name, line, and what each asks for. A malformed file has one without a name."""
    template = parse_template(data)
    if isinstance(template, Malformed):
        return (("", template.line, Asks(errors=((template.line, template.message),))),)
    return tuple(
        (
            macro.name.removeprefix(SNAPSHOT),
            macro.lineno,
            _walked(macro.body, macros.by_name, macros.variables),
        )
        for macro in macros_in(template)
        if macro.name.startswith(SNAPSHOT)
    )


@lru_cache(maxsize=4096)
def asks_of_expression(text: str, macros: Macros) -> Asks:
    """What an argument in YAML asks for: Jinja, or a bare call such as `ref('orders')`."""
    bare = text.strip()
    is_call = bool(_CALL.fullmatch(bare))
    return asks_of_sql(f"{{{{ {bare} }}}}".encode() if is_call else text.encode(), macros)


def _walked(body: list[nodes.Node], macros: Mapping[str, nodes.Macro], variables: Mapping[str, Any]) -> Asks:
    walk = Evaluation(macros, variables).run(body)
    errors = tuple(_dynamic(walk.asked))
    if walk.exceeded:
        errors = (*errors, (1, "its Jinja is too long to be followed; what it refers to may be incomplete"))
    return Asks(tuple(walk.asked), errors)


def _dynamic(asked: list[Asked]) -> Iterator[tuple[int, str]]:
    for call in asked:
        named = [call.named.get("v"), call.named.get("version")]
        if call.function != "config" and any(value is UNKNOWN for value in (*call.arguments, *named)):
            yield call.line, f"what a {call.function}() refers to is computed at run time"


@lru_cache(maxsize=2048)
def asks_of_python(data: bytes) -> Asks:
    """What a model in Python asks for, by `dbt.ref(...)`, `dbt.source(...)` and `dbt.config(...)`."""
    try:
        module = ast.parse(data)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        line = getattr(error, "lineno", None) or 1
        why = getattr(error, "msg", str(error)) or "it is nested too deeply"
        return Asks(errors=((line, f"this is no Python: {why}"),))
    model = next((n for n in module.body if isinstance(n, ast.FunctionDef) and n.name == "model"), None)
    if model is None or not model.args.args:
        return Asks(errors=((1, "a model in Python has a function model(dbt, session); this file has none"),))
    handle = model.args.args[0].arg
    asked = [
        Asked(
            node.func.attr,
            tuple(_literal(argument) for argument in node.args),
            {keyword.arg: _literal(keyword.value) for keyword in node.keywords if keyword.arg},
            node.lineno,
        )
        for node in ast.walk(model)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == handle
        and node.func.attr in ("ref", "source", "config")
    ]
    return Asks(tuple(asked), tuple(_dynamic(asked)))


def _literal(node: ast.expr) -> Any:
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError, RecursionError):
        return UNKNOWN


def asks_of_test(name: str, arguments: Mapping[str, Any], macros: Macros) -> Asks:
    """What a generic test of the project asks for in its own body, where it is called with these arguments."""
    if f"test_{name}" not in macros.by_name:
        return Asks()
    walk = Evaluation(macros.by_name, macros.variables)
    walk.call(f"test_{name}", arguments)
    known = tuple(call for call in walk.asked if not any(value is UNKNOWN for value in call.arguments))
    return Asks(known)


def rendered(value: Any, macros: Macros) -> Any:
    """A setting of YAML with its Jinja replaced by its value; `UNKNOWN` where a run decides it."""
    if not isinstance(value, str) or "{{" not in value:
        return UNKNOWN if isinstance(value, str) and "{%" in value else value
    template = parse_template(value.strip().encode())
    if isinstance(template, Malformed):
        return UNKNOWN
    match template.body:
        case [nodes.Output(nodes=[nodes.Expr() as one])]:
            return Evaluation(macros.by_name, macros.variables).value(one)
        case [nodes.Output(nodes=parts)]:
            return Evaluation(macros.by_name, macros.variables).value(nodes.Concat(parts))
    return UNKNOWN
