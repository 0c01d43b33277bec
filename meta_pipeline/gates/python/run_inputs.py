"""Which values of an expression come from whoever starts a run, or from the network."""

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from meta_pipeline.gates.python.reading import full_name, imported_names, last_part, literal_text, parsed

_RUN_INPUT = re.compile(
    r"\bdag_run\b.*\bconf\b|\bget_tag\(|\brun_tags\b|\brun\.tags\b|\bparams\b|\bop_config\b|\bresource_config\b|\brun_config\b|\bconf\s*[\[.]|\brequest\.|\binput\("
    r"|\bargv\b|\bconfig\.\w+|\bkwargs\b|\bcontext\s*\["
)
_DOWNLOADS = re.compile(
    r"\brequests\.|\bhttpx\.|\burlopen\b|\burlretrieve\b|\bboto3\b|\bget_object\b|\bdownload\w*\b|\bread_key\b|\bs3\b|\bgcs\b"
    r"|\bblob\b|\bsmart_open\b|\bfsspec\b|\bsftp\b|\bftp\b|\bget_file\b|\bretrieve_file\b"
)
_CONFIG = re.compile(r"(?:\w*[a-z0-9])?Config(?:uration)?['\"]?")
_Function = ast.FunctionDef | ast.AsyncFunctionDef
_SHELL_ARGUMENTS = frozenset({"bash_command", "command", "cmd"})
_RUN_BY_SCHEDULER = re.compile(
    r"(?:task|flow|op|(?:multi_)?asset(?:_check)?|multi_asset_check|\w*_assets|(?:\w+_)?sensor|schedule|materialize|branch"
    r"|virtualenv|external_python)"
)
_CONF_IN_TEMPLATE = re.compile(r"\{\{[^}]*\bdag_run\.conf\b[^}]*\}\}")


@dataclass(frozen=True)
class Surroundings:
    """What a call at one line of a module is given; a parameter counts in a function that the scheduler calls."""

    takes_run_input: bool
    takes_parameter: bool
    downloads: bool


def surroundings(text: str, line: int) -> Surroundings:
    """What the outermost call at this line is given, as far as the function around it tells."""
    module = parsed(text)
    if module is None:
        return Surroundings(takes_run_input=False, takes_parameter=False, downloads=False)
    functions = [
        n for n in ast.walk(module) if isinstance(n, _Function) and n.lineno <= line <= (n.end_lineno or line)
    ]
    function = max(functions, key=lambda one: one.lineno, default=None)
    scope: ast.AST = function or module
    calls = [
        node
        for node in ast.walk(scope)
        if isinstance(node, (ast.Call, ast.JoinedStr, ast.BinOp))
        and node.lineno <= line <= (node.end_lineno or line)
    ]
    written = list(_with_meanings(calls, scope))
    is_called = function is not None and _is_called_by_scheduler(function, module)
    settings = (
        {one.arg for one in _arguments(function) if _is_config(one)} if function and is_called else set[str]()
    )
    own = {arg.arg for arg in _arguments(function)} - {"self", "cls", "context"} if function else set[str]()
    used = {node.id for one in written for node in ast.walk(one) if isinstance(node, ast.Name)}
    said = "\n".join(ast.unparse(one) for one in written)
    return Surroundings(
        takes_run_input=_RUN_INPUT.search(said) is not None or not settings.isdisjoint(used),
        takes_parameter=is_called and bool(own & used),
        downloads=_DOWNLOADS.search(ast.unparse(scope) if function else said) is not None,
    )


def conf_in_shell(path: str, text: str) -> Iterator[int]:
    """The lines of templates that put what a run was started with into a command of the shell."""
    module = parsed(text) if "dag_run.conf" in text else None
    names: Mapping[str, str] = imported_names(module) if module else {}
    for node in ast.walk(module) if module else ():
        if isinstance(node, ast.Call) and full_name(node.func, names):
            for keyword in node.keywords:
                if keyword.arg in _SHELL_ARGUMENTS and _CONF_IN_TEMPLATE.search(
                    literal_text(keyword.value) or ""
                ):
                    yield keyword.value.lineno


def _is_called_by_scheduler(function: _Function, module: ast.Module) -> bool:
    """Whether a decorator says so, or an operator is given the function to call."""
    is_given = any(
        isinstance(node, ast.keyword)
        and node.arg == "python_callable"
        and isinstance(node.value, ast.Name)
        and node.value.id == function.name
        for node in ast.walk(module)
    )
    return is_given or any(
        _RUN_BY_SCHEDULER.fullmatch(last_part(ast.unparse(d.func if isinstance(d, ast.Call) else d)))
        for d in function.decorator_list
    )


def _arguments(function: _Function) -> Iterator[ast.arg]:
    yield from (*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs)


def _is_config(argument: ast.arg) -> bool:
    """Whether Dagster fills an argument with what the run was started with: its type is derived from `Config`."""
    return argument.annotation is not None and bool(
        _CONFIG.fullmatch(last_part(ast.unparse(argument.annotation)))
    )


def _with_meanings(nodes: Sequence[ast.expr], scope: ast.AST) -> Iterator[ast.AST]:
    """The nodes, and what the names in them are set to in the scope."""
    assigned: dict[str, list[ast.expr]] = {}
    for node in ast.walk(scope):
        if isinstance(node, ast.Assign | ast.AnnAssign | ast.NamedExpr) and node.value is not None:
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                if isinstance(target, ast.Name):
                    assigned.setdefault(target.id, []).append(node.value)
    waiting: list[ast.AST] = list(nodes)
    seen: set[str] = set()
    while waiting:
        one = waiting.pop()
        yield one
        for part in ast.walk(one):
            if isinstance(part, ast.Name) and part.id not in seen:
                seen.add(part.id)
                waiting += assigned.get(part.id, [])
