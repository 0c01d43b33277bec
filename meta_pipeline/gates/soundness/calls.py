"""Calls of the repository's own functions with arguments that they do not take."""

import ast
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from meta_pipeline.delivery.change import Change
from meta_pipeline.delivery.tree import FileChange, Tree
from meta_pipeline.gates.soundness.judged import changed
from meta_pipeline.gates.soundness.module_map import ModuleMap
from meta_pipeline.gates.soundness.module_names import bound_by, parsed_or_none, top_level
from meta_pipeline.gates.weighing import Weighed, weighed

_KEEP_SIGNATURE = frozenset({"task", "flow"})
_OF_THE_DECORATOR = frozenset({"wait_for", "return_state"})
"""What a call of a Prefect task or flow takes beside the function's own arguments."""


@dataclass(frozen=True)
class Signature:
    """The parameters of a plain function: `names` that may be given by name, `needed` that have no default.

    `positional` counts those that may be given by place. `takes_any` where it has `**kwargs`, `takes_more` for `*args`.
    """

    names: frozenset[str]
    needed: tuple[str, ...]
    ordered: tuple[str, ...]
    takes_any: bool
    takes_more: bool
    fills_in: bool

    def complaint(self, call: ast.Call) -> str | None:
        """Why a call cannot work; None where it may."""
        if any(isinstance(one, ast.Starred) for one in call.args):
            return None
        given = [keyword.arg for keyword in call.keywords]
        taken = self.names | _OF_THE_DECORATOR if self.fills_in else self.names
        unknown = [name for name in given if name is not None and name not in taken]
        if unknown and not self.takes_any:
            return f"it takes no argument '{unknown[0]}'"
        if len(call.args) > len(self.ordered) and not self.takes_more:
            return f"it takes at most {len(self.ordered)} arguments by place, and {len(call.args)} are given"
        if None in given or self.fills_in:
            return None
        by_place = set(self.ordered[: len(call.args)])
        missing = [name for name in self.needed if name not in by_place and name not in given]
        return f"it needs the argument '{missing[0]}'" if missing else None


def call_faults(change: Change) -> Iterator[Weighed]:
    """Each call that the head's function refuses, where the call is new or the function was changed."""
    edited = {file.path: file for file in changed(change, (".py",))}
    if not edited:
        return
    head = ModuleMap(change.head)
    altered = {path: _altered(file) for path, file in edited.items()}
    words = {name for names in altered.values() for name in names}
    others: list[str] = []
    if words:
        word = re.compile(
            rb"(?<!\w)(?:" + b"|".join(re.escape(w.encode()) for w in sorted(words)) + rb")\s*\("
        )
        others = [p for p in head.sources if p not in edited and word.search(change.head.read(p) or b"")]
    for path in (*edited, *others):
        file = edited.get(path)
        added = {line.number for line in file.added} if file else set[int]()
        yield from _of_file(path, head, change.base, altered, added)


def _of_file(
    path: str, head: ModuleMap, base: Tree, altered: Mapping[str, frozenset[str]], added: set[int]
) -> Iterator[Weighed]:
    module = parsed_or_none(head.tree.read(path) or b"")
    if module is None:
        return
    known = _known_functions(module, path, head)
    for node in ast.walk(module) if known else ():
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name) or node.func.id not in known:
            continue
        where, name, signature = known[node.func.id]
        lines = set(range(node.lineno, (node.end_lineno or node.lineno) + 1))
        if name not in altered.get(where, ()) and added.isdisjoint(lines):
            continue
        complaint = signature.complaint(node)
        if complaint is None or _was_there(base, path, where, name, node):
            continue
        by_hand = any(first <= node.lineno <= last for first, last in _by_hand(module))
        yield weighed(
            "warned" if by_hand else "failed",
            f"the call of {name}() cannot work: {complaint} ({where} defines it); it ends with a TypeError",
            f"give {name}() what it takes, or let it take what it is given",
            path=path,
            line=node.lineno,
        )


def _by_hand(module: ast.Module) -> list[tuple[int, int]]:
    """The lines that run only where somebody starts the file by hand: no scheduler comes there."""
    return [
        (one.lineno, one.end_lineno or one.lineno)
        for one in module.body
        if isinstance(one, ast.If) and "__main__" in ast.dump(one.test)
    ]


def _was_there(base: Tree, path: str, where: str, name: str, call: ast.Call) -> bool:
    """Whether the same call stood in this file before, and the function refused it then too."""
    source, caller = parsed_or_none(base.read(where) or b""), parsed_or_none(base.read(path) or b"")
    before = _functions(source).get(name) if source else None
    if before is None or caller is None or before.complaint(call) is None:
        return False
    said = ast.dump(call)
    return any(isinstance(node, ast.Call) and ast.dump(node) == said for node in ast.walk(caller))


def _known_functions(module: ast.Module, path: str, head: ModuleMap) -> dict[str, tuple[str, str, Signature]]:
    """Name in this file -> (file that defines it, its name there, signature), for names that mean nothing else here."""
    bound = Counter(_every_binding(module))
    found = {
        name: (path, name, signature) for name, signature in _functions(module).items() if bound[name] == 1
    }
    for statement in module.body:
        if not isinstance(statement, ast.ImportFrom):
            continue
        for alias in statement.names:
            name = alias.asname or alias.name
            places = [
                p for p in head.meant(path, statement.level, statement.module or "") if p.endswith(".py")
            ]
            if bound[name] != 1 or len(places) != 1:
                continue
            source = parsed_or_none(head.tree.read(places[0]) or b"")
            signature = _functions(source).get(alias.name) if source else None
            if signature is not None:
                found[name] = (places[0], alias.name, signature)
    return found


def _every_binding(module: ast.Module) -> Iterator[str]:
    for node in ast.walk(module):
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                yield node.name
            case ast.Name(ctx=ast.Store() | ast.Del()):
                yield node.id
            case ast.arg():
                yield node.arg
            case ast.alias():
                yield node.asname or node.name.partition(".")[0]
            case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)):
                yield name
            case _:
                pass


def _functions(module: ast.Module) -> dict[str, Signature]:
    """The functions of the top level that are called as they are written, and are nothing else."""
    bound = Counter(_made_at_top(module))
    return {
        node.name: _signature(node)
        for node in module.body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and bound[node.name] == 1
        and all(_decorator(one) in _KEEP_SIGNATURE for one in node.decorator_list)
    }


def _made_at_top(module: ast.Module) -> Iterator[str]:
    for statement in top_level(module.body):
        yield from bound_by(statement)


def _decorator(node: ast.expr) -> str:
    called = node.func if isinstance(node, ast.Call) else node
    return called.id if isinstance(called, ast.Name) else ast.unparse(called)


def _signature(node: ast.FunctionDef | ast.AsyncFunctionDef) -> Signature:
    given = node.args
    ordered = [one.arg for one in (*given.posonlyargs, *given.args)]
    only_named = [one.arg for one in given.kwonlyargs]
    first_default = len(ordered) - len(given.defaults)
    needed = [
        *ordered[:first_default],
        *(name for name, value in zip(only_named, given.kw_defaults, strict=True) if value is None),
    ]
    return Signature(
        names=frozenset([*(one.arg for one in given.args), *only_named]),
        needed=tuple(needed),
        ordered=tuple(ordered),
        takes_any=given.kwarg is not None,
        takes_more=given.vararg is not None,
        # What Airflow and Prefect fill in of themselves, such as the context, need not be given.
        fills_in=bool(node.decorator_list),
    )


def _altered(file: FileChange) -> frozenset[str]:
    """The functions whose signature the change alters."""
    old, new = parsed_or_none(file.old or b""), parsed_or_none(file.new or b"")
    if old is None or new is None:
        return frozenset()
    before = _functions(old)
    return frozenset(
        name for name, signature in _functions(new).items() if name in before and before[name] != signature
    )
