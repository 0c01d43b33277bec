"""The modules of the repository: which file a dotted name means, and its syntax tree."""

import ast
import warnings
from collections.abc import Mapping
from functools import lru_cache

from meta_pipeline.delivery.tree import SUBMODULE, SYMLINK, Entry, Tree, text_of


@lru_cache(maxsize=4096)
def parsed(data: bytes) -> ast.Module:
    """The syntax tree of Python source; raises `UnreadableSourceError` with the line where it is known."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(data)
    except SyntaxError as error:
        # A missing or wrong encoding declaration is a SyntaxError without a line.
        raise UnreadableSourceError(error.msg, error.lineno or None) from error
    except (ValueError, RecursionError, MemoryError) as error:
        raise UnreadableSourceError(str(error) or "it is nested too deeply", None) from error


class UnreadableSourceError(Exception):
    """A file that is not Python source."""

    def __init__(self, message: str, line: int | None) -> None:
        super().__init__(message)
        self.message = message
        self.line = line


class Sources:
    """The Python files of one tree, and the folders that imports start from, in their order."""

    def __init__(self, tree: Tree, roots: tuple[str, ...]) -> None:
        self.tree = tree
        self.roots = roots
        self.entries: Mapping[str, Entry] = {
            path: entry for path, entry in tree.entries().items() if entry.mode not in (SYMLINK, SUBMODULE)
        }
        self.folders = {
            path[:cut]
            for path in self.entries
            if path.endswith(".py")
            for cut in range(len(path))
            if path[cut] == "/"
        }

    @classmethod
    def within(cls, other: "Sources", roots: tuple[str, ...]) -> "Sources":
        """The same files, with imports that start from `roots`."""
        found = cls.__new__(cls)
        found.tree, found.entries, found.folders, found.roots = (
            other.tree,
            other.entries,
            other.folders,
            roots,
        )
        return found

    def below(self, folder: str) -> tuple[str, ...]:
        """Every file below a folder ("" for all), in order."""
        prefix = f"{folder}/" if folder else ""
        return tuple(sorted(path for path in self.entries if path.startswith(prefix)))


class Modules:
    """Finds modules in the tree and notes every answer, so that a cached reading can be checked later.

    The package of the `scheduler` is never the repository's own, whatever its folders are called.
    """

    def __init__(self, sources: Sources, scheduler: str) -> None:
        self.sources = sources
        self.scheduler = scheduler
        self.consulted: dict[str, str | None] = {}

    def find(self, name: str) -> str | None:
        """The file of module `name`, its folder with a `/` at the end, or None for what is not of the repository."""
        if not name or name.partition(".")[0] == self.scheduler:
            return None
        relative = name.replace(".", "/")
        for root in self.sources.roots:
            stem = f"{root}/{relative}" if root else relative
            for path in (f"{stem}/__init__.py", f"{stem}.py"):
                if self._has_file(path):
                    return path
            if self._has_folder(stem):
                return f"{stem}/"
        return None

    def name_of(self, path: str) -> str:
        """The dotted name under which `path` is found first."""
        stem = path.removesuffix(".py").removesuffix("/__init__")
        for root in self.sources.roots:
            if not root:
                return stem.replace("/", ".")
            if stem.startswith(f"{root}/"):
                return stem[len(root) + 1 :].replace("/", ".")
        return stem.replace("/", ".")

    def syntax(self, path: str) -> ast.Module:
        """The syntax tree of a file of the tree; raises `UnreadableSourceError`."""
        self._has_file(path)
        return parsed(self.sources.tree.read(path) or b"")

    def files_below(self, folder: str) -> tuple[str, ...]:
        """Every file of the tree below a folder, in order."""
        found = self.sources.below(folder)
        self.consulted[f"{folder}/*"] = "\n".join(found)
        return found

    def note(self, path: str) -> None:
        """Note that a reading depends on a file of the tree, whoever reads it."""
        self._has_file(path)

    def text(self, path: str) -> str:
        """The text of a file of the tree that is not Python; what is no text is empty."""
        self._has_file(path)
        return text_of(self.sources.tree, path) or ""

    def _has_file(self, path: str) -> bool:
        entry = self.sources.entries.get(path)
        self.consulted[path] = entry.content if entry else None
        return entry is not None

    def _has_folder(self, path: str) -> bool:
        there = path in self.sources.folders
        self.consulted[f"{path}/"] = "folder" if there else None
        return there


def still_holds(consulted: Mapping[str, str | None], sources: Sources) -> bool:
    """Whether every file and folder that a reading looked at is the same in `sources`."""
    for path, content in consulted.items():
        if path.endswith("/*"):
            now: str | None = "\n".join(sources.below(path[:-2]))
        elif path.endswith("/"):
            now = "folder" if path[:-1] in sources.folders else None
        else:
            entry = sources.entries.get(path)
            now = entry.content if entry else None
        if now != content:
            return False
    return True
