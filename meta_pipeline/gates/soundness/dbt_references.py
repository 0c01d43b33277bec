"""References of dbt that are likely to lead nowhere, though no reader of the project can be sure of it."""

import posixpath
import re
from collections.abc import Iterator
from difflib import SequenceMatcher

from meta_pipeline.delivery.change import Change
from meta_pipeline.delivery.tree import FileChange, Tree
from meta_pipeline.gates.weighing import Weighed, weighed
from meta_pipeline.schedulers.dbt.project import Project, project_folders, read_project
from meta_pipeline.schedulers.dbt.properties import read_properties

_ASKED = re.compile(
    r"""\b(?P<what>ref|source)\s*\(\s*(?:['"](?P<of>[\w.-]+)['"]\s*,\s*)?['"](?P<name>[\w.-]+)['"]"""
)
_COMMENT = re.compile(r"\{#.*?#\}", re.DOTALL)
_SNAPSHOT = re.compile(r"\{%-?\s*snapshot\s+(\w+)")
_INSTEAD = 0.7
"""How like a name is to the one that it is written in place of, where it may be a slip."""

_Name = tuple[str, str, str]
"""`ref` or `source`, the package or source, and the name."""


def reference_faults(change: Change) -> Iterator[Weighed]:
    """New references in macros to what nothing builds, and anywhere to what looks like a known name misspelt.

    A macro is only followed where a model calls it, and what is not in the project may be in a package that is not at
    hand. A name that was never asked for before, and is nearly one that was, is more likely a slip.
    """
    files = [file for file in change.files if file.path.endswith(".sql") and file.new is not None]
    for folder in project_folders(change.head) if files else ():
        project = read_project(change.head, folder)
        if not isinstance(project, Project):
            continue
        of_macros = set(project.files(change.head, ("macro",), (".sql",)))
        of_project = set(project.files(change.head, ("model", "snapshot", "test", "analysis"), (".sql",)))
        touched = [file for file in files if file.path in of_macros | of_project]
        fresh = [(file, one) for file in touched for one in _fresh(file)]
        if not fresh:
            continue
        known = _known(change.base, project) | _defined(change.head, project)
        asked = set(_asked_in(change.base, project))
        has_packages = _has_packages(change.head, project)
        for file, (line, name, before) in fresh:
            bare = (name[0], "" if name[0] == "ref" else name[1], name[2])
            if bare in known or name in asked or (name[0] == "ref" and name[1] not in ("", project.name)):
                continue
            like = _like(name[2], {one[2] for one in known | asked if one[0] == name[0]}, before)
            if like is None and (has_packages or file.path not in of_macros):
                continue
            what = f"{name[0]}('{name[1]}', '{name[2]}')" if name[1] else f"{name[0]}('{name[2]}')"
            hint = f"; is '{like}' meant?" if like else ""
            yield weighed(
                "needs_approval",
                f"{what} is not in this project, and nothing asked for it before{hint}",
                "name what is there, or approve it if a package has it",
                path=file.path,
                line=line,
            )


def _fresh(file: FileChange) -> Iterator[tuple[int, _Name, frozenset[str]]]:
    """What a file asks for and did not, with its line, and the names that the lines which went asked for."""
    old, new = ((side or b"").decode("utf-8", errors="replace") for side in (file.old, file.new))
    before, after = dict(_asks(old)), dict(_asks(new))
    gone = frozenset(name[2] for line in file.removed for name, _ in _asks(line.text))
    for name in after.keys() - before.keys():
        yield after[name], name, gone


def _asks(text: str) -> Iterator[tuple[_Name, int]]:
    plain = _COMMENT.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), text)
    for one in _ASKED.finditer(plain):
        if one["what"] == "ref" or one["of"]:
            yield (one["what"], one["of"] or "", one["name"]), plain.count("\n", 0, one.start()) + 1


def _asked_in(tree: Tree, project: Project) -> Iterator[_Name]:
    for path in project.files(tree, ("model", "macro", "snapshot", "test", "analysis"), (".sql",)):
        for name, _ in _asks((tree.read(path) or b"").decode("utf-8", errors="replace")):
            yield name


def _known(tree: Tree, project: Project) -> set[_Name]:
    there = read_project(tree, project.folder)
    return _defined(tree, there) if isinstance(there, Project) else set()


def _defined(tree: Tree, project: Project) -> set[_Name]:
    """What a project builds and declares."""
    found: set[_Name] = set()
    for kind, endings in (("model", (".sql", ".py")), ("seed", (".csv",)), ("snapshot", (".sql",))):
        for path in project.files(tree, (kind,), endings):
            found.add(("ref", "", posixpath.splitext(posixpath.basename(path))[0]))
            if kind == "snapshot":
                text = (tree.read(path) or b"").decode("utf-8", errors="replace")
                found |= {("ref", "", name) for name in _SNAPSHOT.findall(text)}
    for resource in read_properties(tree, project).resources:
        if resource.kind == "source":
            of, _, name = resource.name.partition(".")
            found.add(("source", of, name))
        elif resource.kind in ("model", "seed", "snapshot"):
            found.add(("ref", "", resource.name))
    return found


def _has_packages(tree: Tree, project: Project) -> bool:
    entries = tree.entries()
    outer = "" if project.folder == "." else f"{project.folder}/"
    names = ("packages.yml", "dependencies.yml", "packages.yaml", "dependencies.yaml")
    return any(f"{outer}{name}" in entries for name in names)


def _like(name: str, known: set[str], before: frozenset[str]) -> str | None:
    """The known name that is one slip away, or the one in whose place this stands and which it is like."""
    slipped = (other for other in sorted(known) if other != name and _slips(name, other) <= 1)
    instead = (other for other in sorted(before) if SequenceMatcher(a=name, b=other).ratio() >= _INSTEAD)
    return next(slipped, None) or next(instead, None)


def _slips(one: str, other: str) -> int:
    """How many letters were left out, put in or written for others."""
    if abs(len(one) - len(other)) > 1:
        return 2
    codes = SequenceMatcher(a=one, b=other).get_opcodes()
    return sum(max(b - a, d - c) for tag, a, b, c, d in codes if tag != "equal")
