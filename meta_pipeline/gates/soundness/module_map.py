"""Which file of a tree a dotted name may mean, wherever the search for modules may start."""

from collections.abc import Iterable
from functools import cached_property

from meta_pipeline.delivery.file_kinds import is_of_others
from meta_pipeline.delivery.tree import SUBMODULE, Tree
from meta_pipeline.gates.soundness.module_names import module_names

_MODULE_ENDINGS = (".py", ".pyi", ".pyx", ".so", ".pyd", ".ipynb")
_DEEPEST = 6


class ModuleMap:
    """The modules and packages of a tree, by the last part of their names.

    Where the search for modules starts (`PYTHONPATH`, an installed package, the folder of a script) is not known from
    source: a name means every file whose path ends with it.
    """

    def __init__(self, tree: Tree) -> None:
        self.tree = tree

    @cached_property
    def _stems(self) -> dict[str, list[tuple[str, str]]]:
        """(path without ending, path) by the last part; a package by the name of its folder, with a `/` at the end."""
        found: dict[str, list[tuple[str, str]]] = {}
        folders: set[str] = set()
        for path, entry in self.tree.entries().items():
            if entry.mode == SUBMODULE:
                folders.add(path)
                continue
            folder, _, name = path.rpartition("/")
            if name.endswith(_MODULE_ENDINGS):
                stem = name.split(".", 1)[0]
                whole = f"{folder}/{stem}" if folder else stem
                found.setdefault(stem, []).append((whole, path))
            while folder and folder not in folders:
                folders.add(folder)
                folder = folder.rpartition("/")[0]
        for folder in folders:
            found.setdefault(folder.rpartition("/")[2], []).append((folder, f"{folder}/"))
        return found

    def find(self, module: str) -> tuple[str, ...]:
        """The files, and folders with a `/` at the end, that a dotted name may mean."""
        wanted = module.replace(".", "/")
        return tuple(
            path
            for whole, path in self._stems.get(wanted.rpartition("/")[2], ())
            if whole == wanted or whole.endswith(f"/{wanted}")
        )

    def at(self, place: str) -> tuple[str, ...]:
        """What is at a path without its ending, as a relative import means it."""
        return tuple(path for whole, path in self._stems.get(place.rpartition("/")[2], ()) if whole == place)

    def holds(self, places: Iterable[str], name: str, depth: int = 0) -> bool:
        """Whether one of these files or folders has a module or a name called so, as far as text tells."""
        return any(self._has(place, name, depth) for place in places)

    def _has(self, place: str, name: str, depth: int) -> bool:
        if place.endswith("/"):
            return bool(self.at(f"{place}{name}")) or self._has_in_file(f"{place}__init__.py", name, depth)
        return self._has_in_file(place, name, depth)

    def _has_in_file(self, path: str, name: str, depth: int) -> bool:
        if path not in self.tree.entries():
            return False
        if not path.endswith((".py", ".pyi")) or depth > _DEEPEST:
            return True
        held = module_names(self.tree.read(path) or b"")
        if held.is_open or name in held.names:
            return True
        for level, module in held.stars:
            places = self.meant(path, level, module)
            # All of a module of others is imported: anything may come with it.
            if not places or self.holds(places, name, depth + 1):
                return True
        return False

    def meant(self, path: str, level: int, module: str) -> tuple[str, ...]:
        """What `from module import ...` in the file at `path` may mean; `level` counts the leading dots."""
        if not level:
            return self.find(module)
        place = relative_place(path, level, module)
        return () if place is None else self.at(place) if place else ("/",)

    @cached_property
    def sources(self) -> tuple[str, ...]:
        """The repository's own files of Python."""
        return tuple(
            sorted(path for path in self.tree.entries() if path.endswith(".py") and not is_of_others(path))
        )


def relative_place(path: str, level: int, module: str) -> str | None:
    """The path without ending that a relative import means; None where it leaves the repository."""
    folders = path.split("/")[:-1]
    if level - 1 > len(folders):
        return None
    kept = folders[: len(folders) - (level - 1)]
    return "/".join([*kept, *(module.split(".") if module else [])])
