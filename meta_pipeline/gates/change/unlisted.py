"""What a code location of Dagster no longer lists among its definitions: it is still written, and nothing runs it."""

import ast
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from meta_pipeline.delivery.change import Change
from meta_pipeline.gates.change.pipeline_code import is_apart
from meta_pipeline.gates.python.reading import last_part, parsed
from meta_pipeline.gates.weighing import Weighed, weighed

_LISTS = {
    "assets": "nobody makes its data any more",
    "asset_checks": "nobody looks at the data any more",
    "jobs": "nothing starts it any more",
    "schedules": "it starts nothing any more",
    "sensors": "it starts nothing any more",
    "merge": "all that it holds is gone from there",
    "repository": "all that it holds is gone from there",
}
_LISTING = ("Definitions", "repository")
_MAKER = re.compile(r"(?:\w+\.)*Definitions(?:\.merge)?")
_WIDEST = 60


@dataclass(frozen=True, slots=True)
class _Item:
    """One entry of a list: how it is written, the name that it goes by, its line, and whether it may stand for many."""

    written: str
    name: str | None
    line: int
    is_many: bool


_Lists = dict[tuple[int, str], list[_Item]]
"""The entries by the number of the call in its module and by the keyword."""


def unlisted(change: Change) -> Iterator[Weighed]:
    """Each entry that a list lost and no other list of the change got, where no topology tells that it went."""
    told = {
        re.split(r"[/:.]", one.node or one.pipeline)[-1]
        for one in change.differences
        if one.change == "removed" and one.level in ("pipeline", "node")
    }
    files = [file for file in change.files if file.path.endswith(".py") and not file.is_binary]
    listing = [
        file
        for file in files
        if file.old and file.new and not is_apart(file.path)
        if any(word.encode() in file.old for word in _LISTING)
    ]
    if not listing:
        return
    gained = {item.written for file in files for items in _listed(_text(file.new)).values() for item in items}
    for file in listing:
        before, after = _text(file.old), _text(file.new)
        earlier, reads = _reads(before), _reads(after)
        for keyword, item in _lost(_listed(before), _listed(after)):
            is_read = item.name is not None and reads[item.name] >= earlier[item.name]
            is_run = keyword == "jobs" and item.name is not None and reads[item.name] > 0
            if item.written in gained or is_read or is_run or item.name in told:
                continue
            yield weighed(
                "needs_approval",
                f"{_short(item.written)} is no longer among the {_called(keyword)}: {_LISTS[keyword]}",
                "list it again, or have a person confirm that nobody needs it any more",
                path=file.path,
                line=item.line,
            )


def _lost(before: _Lists, after: _Lists) -> Iterator[tuple[str, _Item]]:
    """What lists on both sides lost; one that got as much as it lost, or is made elsewhere now, lost nothing."""
    if {number for number, _ in before} != {number for number, _ in after}:
        before, after = _as_one(before), _as_one(after)
    for (number, keyword), old in before.items():
        new = after.get((number, keyword))
        known = {item.written for item in old}
        if new is None or len(new) >= len(old):
            continue
        if any(item.is_many and item.written not in known for item in new):
            continue
        kept = Counter(item.written for item in new)
        for item in old:
            if kept[item.written]:
                kept[item.written] -= 1
            else:
                yield keyword, item


def _as_one(lists: _Lists) -> _Lists:
    found: _Lists = {}
    for (_, keyword), items in lists.items():
        found.setdefault((0, keyword), []).extend(items)
    return found


def _text(data: bytes | None) -> str:
    return (data or b"").decode("utf-8", errors="replace")


def _called(keyword: str) -> str:
    if keyword in ("merge", "repository"):
        return "definitions of the code location"
    return f"{keyword.replace('_', ' ')} of the definitions"


def _short(written: str) -> str:
    return written if len(written) <= _WIDEST else f"{written[: _WIDEST - 3]}..."


def _listed(text: str) -> _Lists:
    """The lists of each call that makes definitions; of a keyword that is not given, an empty one."""
    module = parsed(text) if any(word in text for word in _LISTING) else None
    if module is None:
        return {}
    bound = _bindings(module)
    found: _Lists = {}
    for number, node in enumerate(_makers(module)):
        if isinstance(node, ast.FunctionDef):
            returned = [one.value for one in ast.walk(node) if isinstance(one, ast.Return) and one.value]
            found[number, "repository"] = _items(returned, bound)
        elif ast.unparse(node.func).endswith(".merge"):
            found[number, "merge"] = _items([ast.List(node.args)], bound)
        elif all(word.arg for word in node.keywords):
            given = {word.arg: word.value for word in node.keywords}
            for keyword in _LISTS:
                found[number, keyword] = _items([given[keyword]] if keyword in given else [], bound)
    return found


def _makers(module: ast.Module) -> Iterator[ast.Call | ast.FunctionDef]:
    for node in ast.walk(module):
        if isinstance(node, ast.Call):
            is_maker = _MAKER.fullmatch(ast.unparse(node.func)) is not None
        elif isinstance(node, ast.FunctionDef):
            named = [ast.unparse(one).partition("(")[0] for one in node.decorator_list]
            is_maker = "repository" in map(last_part, named)
        else:
            continue
        if is_maker:
            yield node


def _bindings(module: ast.Module) -> Mapping[str, ast.expr]:
    """What each name of the module is set to, where that is done once."""
    found: dict[str, list[ast.expr]] = {}
    for node in ast.walk(module):
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                if isinstance(target, ast.Name):
                    found.setdefault(target.id, []).append(node.value)
    return {name: values[0] for name, values in found.items() if len(values) == 1}


def _items(values: list[ast.expr], bound: Mapping[str, ast.expr]) -> list[_Item]:
    """The entries of lists, of what is added up from lists, and of lists that have a name."""
    found: list[_Item] = []
    waiting = [(value, True) for value in reversed(values)]
    seen: set[str] = set()
    while waiting:
        value, is_list = waiting.pop()
        named = bound.get(value.id) if isinstance(value, ast.Name) else None
        if isinstance(value, ast.List | ast.Tuple | ast.Set):
            waiting += [(one, False) for one in reversed(value.elts)]
        elif isinstance(value, ast.Starred):
            waiting.append((value.value, True))
        elif isinstance(value, ast.BinOp) and isinstance(value.op, ast.Add):
            waiting += [(value.right, True), (value.left, True)]
        elif (
            is_list and isinstance(named, ast.List | ast.Tuple | ast.BinOp) and ast.unparse(value) not in seen
        ):
            seen.add(ast.unparse(value))
            waiting.append((named, True))
        else:
            found.append(_Item(ast.unparse(value), _name(value), value.lineno, is_list))
    return found


def _name(value: ast.expr) -> str | None:
    if isinstance(value, ast.Name):
        return value.id
    return value.attr if isinstance(value, ast.Attribute) else None


def _reads(text: str) -> Counter[str]:
    """How often each name is read in a module."""
    module = parsed(text)
    return Counter(
        node.id if isinstance(node, ast.Name) else node.attr
        for node in (ast.walk(module) if module else ())
        if isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Load)
    )
