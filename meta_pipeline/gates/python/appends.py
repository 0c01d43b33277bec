"""Calls of Python that add to what is there: appends of data frames, load jobs, inserts and files."""

import ast
import re
from collections.abc import Iterator, Mapping

from meta_pipeline.gates.python.reading import (
    argument,
    full_name,
    imported_names,
    last_part,
    literal_text,
    parsed,
)
from meta_pipeline.gates.sql.appends import Append, emptied_tables, table_name

_WORTH = re.compile(r"append|insert_|bulk_|[\"']ab?\+?t?[\"']", re.IGNORECASE)
_MODE_CALLS = re.compile(
    r"to_\w+|write_\w+|\w*write|save|sink_\w+|write_deltalake|saveAsTable|insertInto|parquet|csv|json|orc|jdbc|load\w*"
)
_INSERTS = re.compile(
    r"insert_rows(?:_json|_from_dataframe)?|insert_many|insertMany|bulk_insert_mappings|bulk_save_objects|put_records"
)
_SAVES = frozenset(
    {"save", "saveAsTable", "insertInto", "parquet", "csv", "json", "orc", "jdbc", "text", "start"}
)
_CLEARS = re.compile(
    r"(?:^|_)(?:delete|truncate|drop|remove|unlink|overwrite|merge|upsert|dedup\w*|rmtree|clear|replace)(?:_|$)|delete_many"
    r"|drop_duplicates",
    re.IGNORECASE,
)
_CLEARING_SQL = re.compile(
    r"\b(?:delete\s+from|truncate\b|drop\s+table|merge\s+into|on\s+conflict)", re.IGNORECASE
)
_SAFE_FORMS: Mapping[str, re.Pattern[str]] = {
    "mode": re.compile(r"mode\s*[(=]\s*[\"'](?:overwrite|ignore|error\w*)[\"']"),
    "if_exists": re.compile(r"if_(?:table_)?exists\s*=\s*[\"'](?:replace|fail|delete_rows)[\"']"),
    "write_disposition": re.compile(
        r"WRITE_(?:TRUNCATE|EMPTY)|write_disposition\s*=\s*[\"'](?:replace|merge)[\"']"
    ),
    "open": re.compile(r"open\([^)\n]*[\"']w[bt]?\+?[\"']|\.write_(?:text|bytes)\("),
}
_Function = ast.FunctionDef | ast.AsyncFunctionDef


def python_appends(path: str, text: str) -> tuple[Append, ...]:
    """Each call that adds, and whether the function around it clears something; `how` is written as in the source."""
    module = parsed(text) if path.endswith(".py") and _WORTH.search(text) else None
    if module is None:
        return ()
    names = imported_names(module)
    emptied = emptied_tables(text)
    return tuple(
        Append(how, target, line, is_cleared=clears)
        for scope in _scopes(module)
        for clears in (_clears(scope, names) > 0,)
        for how, target, line in _in_scope(scope, names)
        if not (target and table_name(target) in emptied)
    )


def clearings(text: str) -> int:
    """How often a module calls or says something that clears what is there."""
    module = parsed(text)
    return _clears(list(ast.walk(module)), imported_names(module)) if module else 0


def safe_forms(text: str) -> Mapping[str, int]:
    """How often a text writes in each form that replaces what was there: `mode`, `if_exists`, `open` and so on."""
    return {form: len(pattern.findall(text)) for form, pattern in _SAFE_FORMS.items()}


def form_of(how: str) -> str:
    """The name in `safe_forms` of what an append could have been."""
    return next((form for form in _SAFE_FORMS if how.startswith(form)), "")


def _scopes(module: ast.Module) -> Iterator[list[ast.AST]]:
    """The nodes of each function and of the module's own level, each node in one of them."""
    functions = [node for node in ast.walk(module) if isinstance(node, _Function)]
    for scope in (module, *functions):
        yield list(_own(scope))


def _own(scope: ast.AST) -> Iterator[ast.AST]:
    for part in ast.iter_child_nodes(scope):
        if not isinstance(part, _Function):
            yield part
            yield from _own(part)


def _clears(scope: list[ast.AST], names: Mapping[str, str]) -> int:
    return sum(
        (isinstance(node, ast.Call) and _CLEARS.search(last_part(full_name(node.func, names))) is not None)
        or (
            isinstance(node, (ast.Constant, ast.JoinedStr))
            and _CLEARING_SQL.search(literal_text(node) or "") is not None
        )
        for node in scope
    )


def _in_scope(scope: list[ast.AST], names: Mapping[str, str]) -> Iterator[tuple[str, str, int]]:
    calls = [node for node in scope if isinstance(node, ast.Call)]
    for node in scope:
        if isinstance(node, (ast.Assign, ast.AnnAssign)) and node.value is not None:
            target = node.targets[0] if isinstance(node, ast.Assign) else node.target
            if (
                isinstance(target, ast.Attribute)
                and target.attr == "write_disposition"
                and _is_append(node.value)
            ):
                yield "write_disposition of append", "", node.lineno
    for call in calls:
        name = last_part(full_name(call.func, names)) or (
            call.func.attr if isinstance(call.func, ast.Attribute) else ""
        )
        given = {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg}
        if name == "mode" and call.args and literal_text(call.args[0]) == "append":
            yield 'mode("append")', _saved_to(call, calls), call.lineno
        elif name == "append" and ".writeTo()" in full_name(call.func, names):
            yield "writeTo(...).append()", _first(call.func), call.lineno
        elif "write_disposition" in given and _is_append(given["write_disposition"]):
            yield "write_disposition of append", _target(call), given["write_disposition"].lineno
        elif (how := argument(call, "if_exists", "if_table_exists")) and literal_text(how) == "append":
            yield f'if_exists="append" of {name}', _target(call), how.lineno
        elif _MODE_CALLS.fullmatch(name) and literal_text(given.get("mode")) == "append":
            yield f'mode="append" of {name}', _target(call), given["mode"].lineno
        elif _INSERTS.fullmatch(name) and not ({"replace", "row_ids"} & given.keys()):
            yield name, _target(call), call.lineno
        elif name == "open" and _opened_to_add(call):
            yield 'open(..., "a")', _first(call) if isinstance(call.func, ast.Name) else "", call.lineno


def _is_append(value: ast.expr) -> bool:
    written = literal_text(value) or ast.unparse(value)
    return written.upper().rpartition(".")[2] in ("APPEND", "WRITE_APPEND")


def _opened_to_add(call: ast.Call) -> bool:
    mode = argument(call, "mode")
    given = [mode] if mode else call.args[1:2] if isinstance(call.func, ast.Name) else call.args[:2]
    return any(re.fullmatch(r"a[bt]?\+?", literal_text(one) or "") for one in given)


def _saved_to(call: ast.Call, calls: list[ast.Call]) -> str:
    """The first argument of the call that ends the chain in which `call` is."""
    return next(
        (
            _written(outer.args[0])
            for outer in calls
            if isinstance(outer.func, ast.Attribute) and outer.func.attr in _SAVES and outer.args
            if any(part is call for part in ast.walk(outer.func.value))
        ),
        "",
    )


def _target(call: ast.Call) -> str:
    named = argument(
        call, "name", "table", "table_name", "destination_dataset_table", "destination_table", "destination", "path",
        "table_id", "target_table",
    )  # fmt: skip
    if named is not None:
        return _written(named)
    return next((_written(arg) for arg in call.args if literal_text(arg) is not None), "")


def _first(node: ast.AST) -> str:
    call = next((part for part in ast.walk(node) if isinstance(part, ast.Call) and part.args), None)
    return _written(call.args[0]) if call is not None else ""


def _written(value: ast.expr) -> str:
    return literal_text(value) or ast.unparse(value)[:60]
