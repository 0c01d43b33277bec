"""Property files of dbt projects that say one thing twice, or speak of what nothing builds."""

import posixpath
import re
from collections import defaultdict
from collections.abc import Iterator

from meta_pipeline.delivery.change import Change
from meta_pipeline.delivery.tree import Tree
from meta_pipeline.gates.soundness.dbt_macros import MACRO, macro_texts
from meta_pipeline.gates.weighing import Weighed, weighed
from meta_pipeline.schedulers.dbt.project import Project, project_folders, read_project
from meta_pipeline.schedulers.dbt.properties import read_properties
from meta_pipeline.schedulers.dbt.resources import Properties, Resource

_ENDINGS = (".yml", ".yaml", ".sql", ".py", ".csv")
_SNAPSHOT = re.compile(rb"\{%-?\s*snapshot\s+(\w+)")
_BUILT = ("model", "seed", "snapshot")
_Named = dict[tuple[str, str], list[Resource]]


def property_faults(change: Change) -> Iterator[Weighed]:
    """What dbt refuses or passes over of its property files and macros, and did not before the change."""
    paths = {file.path for file in change.files if file.path.endswith(_ENDINGS)}
    for folder in project_folders(change.head) if paths else ():
        if folder != "." and not any(path.startswith(f"{folder}/") for path in paths):
            continue
        base, head = read_project(change.base, folder), read_project(change.head, folder)
        if not isinstance(head, Project):
            continue
        old = _Side(change.base, base) if isinstance(base, Project) else None
        new = _Side(change.head, head)
        yield from _entries_twice(old, new, paths)
        yield from _macros_twice(old, new, paths)
        yield from _of_nothing(old, new)


class _Side:
    """One project at one moment."""

    def __init__(self, tree: Tree, project: Project) -> None:
        self.tree = tree
        self.project = project
        self.properties: Properties = read_properties(tree, project)

    def entries(self) -> _Named:
        """The entries by kind and name, but for those that are enabled only at times."""
        found: _Named = defaultdict(list)
        for resource in self.properties.resources:
            if resource.config.enabled in (None, True) and "{" not in resource.name:
                found[resource.kind, resource.name].append(resource)
        return found

    def macros(self) -> dict[tuple[str, str], list[tuple[str, int]]]:
        """The places at which each macro and generic test is written."""
        found: dict[tuple[str, str], list[tuple[str, int]]] = defaultdict(list)
        for path, text in macro_texts(self.tree, self.project):
            for one in MACRO.finditer(text):
                kind = "macro" if one["kind"] == b"macro" else "generic test"
                found[kind, one["name"].decode()].append((path, text.count(b"\n", 0, one.start()) + 1))
        return found

    def built(self) -> frozenset[str] | None:
        """What models, seeds and snapshots are called; None where a folder of theirs is not to be found."""
        entries = self.tree.entries()
        folders = [folder for kind in _BUILT for folder in self.project.paths[kind]]
        if any("{" in folder for folder in folders):
            return None
        files = (
            *self.project.files(self.tree, ("model",), (".sql", ".py")),
            *self.project.files(self.tree, ("seed",), (".csv",)),
        )
        snapshots = {
            name.decode()
            for path in self.project.files(self.tree, ("snapshot", "model"), (".sql",))
            if path in entries
            for name in _SNAPSHOT.findall(self.tree.read(path) or b"")
        }
        return frozenset(posixpath.splitext(posixpath.basename(path))[0] for path in files) | snapshots

    def of_nothing(self) -> dict[tuple[str, str], Resource]:
        """The entries of models, seeds and snapshots that no file builds."""
        built = self.built()
        if built is None:
            return {}
        return {
            key: found[0]
            for key, found in self.entries().items()
            if key[0] in _BUILT and key[1] not in built and not found[0].versions and not found[0].relation
        }


def _entries_twice(old: _Side | None, new: _Side, paths: set[str]) -> Iterator[Weighed]:
    before = old.entries() if old else {}
    for (kind, name), found in new.entries().items():
        if len(found) < 2 or len(before.get((kind, name), ())) >= len(found):
            continue
        known = {(one.path, one.line) for one in before.get((kind, name), ())}
        fresh = [one for one in found if one.path in paths]
        here = next((one for one in fresh if (one.path, one.line) not in known), found[-1])
        other = next(one for one in found if one is not here)
        yield weighed(
            "failed",
            f"the {kind.replace('_', ' ')} '{name}' is described here and at {other.path}:{other.line}; "
            "dbt builds nothing of a project that describes one thing twice",
            "put both descriptions into one",
            path=here.path,
            line=here.line,
        )


def _macros_twice(old: _Side | None, new: _Side, paths: set[str]) -> Iterator[Weighed]:
    if not any(path.endswith(".sql") for path in paths):
        return
    before = old.macros() if old else {}
    for (kind, name), found in new.macros().items():
        if len(found) < 2 or len(before.get((kind, name), ())) >= len(found):
            continue
        known = before.get((kind, name), ())
        fresh = [place for place in found if place[0] in paths]
        here = next((place for place in fresh if place not in known), found[-1])
        other = next(place for place in found if place is not here)
        yield weighed(
            "failed",
            f"the {kind} '{name}' is written here and at {other[0]}:{other[1]}; dbt refuses a project with two",
            "give one of them another name, or take it away",
            path=here[0],
            line=here[1],
        )


def _of_nothing(old: _Side | None, new: _Side) -> Iterator[Weighed]:
    before = old.of_nothing() if old else {}
    were_built = (old.built() if old else None) or frozenset()
    for (kind, name), resource in new.of_nothing().items():
        if (kind, name) in before:
            continue
        count = len(resource.tests) + sum(len(column.tests) for column in resource.columns)
        # What is left behind by a model that went is told with its removal.
        is_left = name in were_built
        demands = (
            f"its {count} test{'s are' if count > 1 else ' is'} never run" if count else "it says it in vain"
        )
        yield weighed(
            "needs_approval" if count and not is_left else "warned",
            f"nothing in the project builds the {kind} '{name}' that this speaks of; {demands}",
            "call it as its file is called, or take the entry away",
            path=resource.path,
            line=resource.line,
        )
