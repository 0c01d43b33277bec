"""Whether a change touches what is written about one kind of setting, and not only how it is laid out."""

import ast
import re
from collections import Counter
from collections.abc import Iterator

from meta_pipeline.delivery.change import Change
from meta_pipeline.delivery.tree import FileChange
from meta_pipeline.gates.change.reaching import is_broken, module_of

_SETTINGS = (".yaml", ".yml", ".toml", ".json")


def speaks_of(change: Change, words: re.Pattern[str], *, but: re.Pattern[str] | None = None) -> bool:
    """Whether an argument, entry, assignment, call or result that these words name comes, goes or changes.

    What stands in a call or assignment that `but` names is about something else. Code that only moves, within its file
    or to another one, or is laid out anew, says what it said; so does a line of a settings file that only moves.
    Hidden folders tell when checks and builds run, not pipelines.
    """
    before, after = Counter[str](), Counter[str]()
    for file in change.files:
        if file.path.endswith(".py"):
            before.update(_told(file, words, but, former=True))
            after.update(_told(file, words, but, former=False))
        elif file.path.endswith(_SETTINGS) and not file.path.startswith("."):
            before.update(line.text.strip() for line in file.removed if words.search(_key(line.text)))
            after.update(line.text.strip() for line in file.added if words.search(_key(line.text)))
    return before != after


def _key(line: str) -> str:
    return re.split("[:=]", line, maxsplit=1)[0]


def _told(
    file: FileChange, words: re.Pattern[str], but: re.Pattern[str] | None, *, former: bool
) -> Iterator[str]:
    content = file.old if former else file.new
    text = content.decode(errors="replace") if content is not None else ""
    if is_broken(text, file.path):
        lines = file.removed if former else file.added
        yield from (line.text.strip() for line in lines if words.search(line.text))
    elif words.search(text):
        for node in _inside(module_of(text), but):
            yield from _of_node(node, words)


def _inside(node: ast.AST, but: re.Pattern[str] | None) -> Iterator[ast.AST]:
    """A node and all in it, without what is about something else."""
    named = node.func if isinstance(node, ast.Call) else node.value if isinstance(node, ast.Assign) else None
    if but is not None and named is not None and but.search(ast.unparse(named)):
        return
    yield node
    for child in ast.iter_child_nodes(node):
        yield from _inside(child, but)


def _of_node(node: ast.AST, words: re.Pattern[str]) -> Iterator[str]:
    match node:
        case ast.keyword(arg=str(name), value=value) if words.search(name):
            yield f"{name}={ast.unparse(value)}"
        case ast.Dict(keys=keys, values=values):
            for key, value in zip(keys, values, strict=True):
                if isinstance(key, ast.Constant) and isinstance(key.value, str) and words.search(key.value):
                    yield f"{key.value}: {ast.unparse(value)}"
        case ast.Assign(targets=targets, value=value):
            name = ", ".join(map(ast.unparse, targets))
            if words.search(name):
                yield f"{name} = {ast.unparse(value)}"
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)) if words.search(name):
            yield ast.unparse(node)
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) if words.search(name):
            for inner in ast.walk(node):
                if isinstance(inner, ast.Return) and inner.value is not None:
                    yield f"{name} gives {ast.unparse(inner.value)}"
