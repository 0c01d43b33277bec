"""Imports of the repository's own modules and names that are not there at head."""

import ast
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches

from meta_pipeline.delivery.change import Change
from meta_pipeline.delivery.file_kinds import is_of_others
from meta_pipeline.delivery.tree import SYMLINK
from meta_pipeline.gates.soundness.judged import changed, may_be_unreadable
from meta_pipeline.gates.soundness.module_map import ModuleMap
from meta_pipeline.gates.soundness.module_names import module_names, parsed_or_none
from meta_pipeline.gates.weighing import Weighed, weighed

_GENERATED = re.compile(r"_pb2(?:_grpc)?$|^_?version$|^_version$|_generated$|^__version__$")
_CAUGHT = frozenset({"ImportError", "ModuleNotFoundError", "Exception", "BaseException"})
_MOST_NAMES = 400
_NEARLY = 0.8


@dataclass(frozen=True, slots=True)
class Import:
    """One name that a file imports: `name` of `module`, or the module itself where `name` is None.

    `first` is the line of the module, which may stand above that of the name.
    """

    path: str
    line: int
    level: int
    module: str
    name: str | None
    is_typing: bool = False
    first: int = 0

    @property
    def said(self) -> str:
        dots = "." * self.level
        return f"from {dots}{self.module} import {self.name}" if self.name else f"import {self.module}"


def import_faults(change: Change) -> Iterator[Weighed]:
    """Each import that leads nowhere at head: of a changed file, or of what the change took away."""
    base, head = ModuleMap(change.base), ModuleMap(change.head)
    gone = _Gone.of(change)
    edited = {file.path: file for file in changed(change, (".py",))}
    checked: dict[str, None] = dict.fromkeys(edited)
    if gone.words:
        word = re.compile(
            rb"(?<!\w)(?:" + b"|".join(re.escape(w.encode()) for w in sorted(gone.words)) + rb")(?!\w)"
        )
        checked |= {
            path: None
            for path in head.sources
            if path not in edited and word.search(head.tree.read(path) or b"")
        }
    for path in checked:
        file = edited.get(path)
        if file is not None and file.status == "added" and may_be_unreadable(file):
            continue
        added = {line.number for line in file.added} if file is not None else frozenset[int]()
        for one in imports_of(path, change.head.read(path) or b""):
            told = _leads_nowhere(one, base, head, is_new=not added.isdisjoint({one.first, one.line}))
            if told is not None:
                yield told


def _leads_nowhere(one: Import, base: ModuleMap, head: ModuleMap, *, is_new: bool) -> Weighed | None:
    places = head.meant(one.path, one.level, one.module)
    if places and (one.name is None or head.holds(places, one.name)):
        return None
    last = one.name or one.module.rpartition(".")[2]
    if any(map(_GENERATED.search, (last, one.module.rpartition(".")[2]))):
        return None
    before = base.meant(one.path, one.level, one.module)
    led_somewhere = bool(before) and (one.name is None or base.holds(before, one.name))
    if not led_somewhere and not (is_new and _is_own(one, base, head)):
        return None
    if one.name and places:
        where = next((place for place in places if not place.endswith("/")), f"{places[0]}__init__.py")
        lost = f"{where} has no '{one.name}'" + (" any more" if led_somewhere else "")
    else:
        lost = f"there is no module '{'.' * one.level}{one.module}'" + (" any more" if led_somewhere else "")
    return weighed(
        "warned" if one.is_typing else "failed",
        f"'{one.said}' cannot work: {lost}; this file no longer loads"
        if not one.is_typing
        else f"'{one.said}', for type checkers only, leads nowhere: {lost}",
        f"import it from where it is now, or keep {one.name or one.module} there",
        path=one.path,
        line=one.line if places else one.first,
    )


def _is_own(one: Import, base: ModuleMap, head: ModuleMap) -> bool:
    """Whether a new import must mean a module of this repository: a relative one, or of a package that is known.

    A folder may be called as an installed package is (`airflow/`, `dbt/`): that is told by an import of the base which
    such a folder does not answer either.
    """
    if one.level or _is_misspelt(one, base, head):
        return True
    top = one.module.partition(".")[0]
    if top in sys.stdlib_module_names or not any(
        place.endswith(".py") or f"{place}__init__.py" in head.tree.entries() for place in head.find(top)
    ):
        return False
    # What others import of one file tells of that file; of a module that is not there, only its package tells.
    whole = one.module if one.name and len(head.find(one.module)) == 1 else top
    answered = 0
    for known in _imports_at(base, top):
        if known.module == whole or known.module.startswith(f"{whole}."):
            places = base.find(known.module)
            if not places or (known.name is not None and not base.holds(places, known.name)):
                return False
            answered += 1
    return answered > 0


def _imports_at(modules: ModuleMap, top: str) -> Iterator[Import]:
    """Every absolute import of a package or of something in it."""
    word = re.compile(rb"^[ \t]*(?:from|import)[ \t]+" + re.escape(top.encode()) + rb"\b", re.MULTILINE)
    for path in modules.sources:
        data = modules.tree.read(path) or b""
        for known in imports_of(path, data) if word.search(data) else ():
            if not known.level and known.module.partition(".")[0] == top:
                yield known


def _is_misspelt(one: Import, base: ModuleMap, head: ModuleMap) -> bool:
    """Whether a module that nothing else imports is spelt nearly as one of this repository that the file imported."""
    if head.find(one.module) or one.module.partition(".")[0] in sys.stdlib_module_names:
        return False
    before = [known for known in imports_of(one.path, base.tree.read(one.path) or b"") if not known.level]
    own = [known.module for known in before if base.find(known.module) and head.find(known.module)]
    if not get_close_matches(one.module, own, n=1, cutoff=_NEARLY):
        return False
    return all(known.module != one.module for known in _imports_at(base, one.module.partition(".")[0]))


def imports_of(path: str, data: bytes) -> Iterator[Import]:
    """What a file imports and does not get along without; stars are left out."""
    module = parsed_or_none(data)
    waiting: list[tuple[ast.AST, bool]] = [(module, False)] if module else []
    while waiting:
        node, typing = waiting.pop()
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(path, node.lineno, 0, alias.name, None, typing, node.lineno)
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                if alias.name != "*":
                    yield Import(
                        path, alias.lineno, node.level, node.module or "", alias.name, typing, node.lineno
                    )
                elif node.module:
                    continue
        elif isinstance(node, ast.Try | ast.TryStar) and _catches(node):
            waiting += [(one, typing) for one in node.finalbody]
        elif isinstance(node, ast.With) and "suppress" in ast.dump(node.items[0]):
            continue
        elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            waiting += [(one, True) for one in node.body]
            waiting += [(one, typing) for one in node.orelse]
        else:
            waiting += [(child, typing) for child in ast.iter_child_nodes(node) if _may_hold(child)]


def _may_hold(node: ast.AST) -> bool:
    return isinstance(node, ast.stmt | ast.ExceptHandler | ast.match_case)


def _catches(node: ast.Try | ast.TryStar) -> bool:
    """Whether a failed import in this block is caught."""
    for handler in node.handlers:
        if handler.type is None:
            return True
        named = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
        if any(isinstance(one, ast.Name) and one.id in _CAUGHT for one in named):
            return True
    return False


@dataclass(frozen=True)
class _Gone:
    """The words of modules and names that a change takes away: who does not hold one of them is not concerned."""

    words: frozenset[str]

    @classmethod
    def of(cls, change: Change) -> "_Gone":
        words: set[str] = set()
        for file in change.files:
            if (
                not file.path.endswith(".py")
                or is_of_others(file.path)
                or file.old_mode == SYMLINK
                or not file.old
            ):
                continue
            parts = file.path.removesuffix(".py").split("/")
            stem = parts[-1] if parts[-1] != "__init__" else "".join(parts[-2:-1])
            if file.new is None:
                words |= {stem} if stem else set()
                if parts[-1] == "__init__":
                    words |= set(module_names(file.old).names)
                continue
            before, after = module_names(file.old), module_names(file.new)
            if after.is_open or (after.stars and not before.stars):
                continue
            words |= set(before.names) - set(after.names)
            if set(before.stars) - set(after.stars) and stem:
                words.add(stem)
        return cls(frozenset(sorted(words)[:_MOST_NAMES]))
