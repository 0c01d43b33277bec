"""The modules of the repository: which file a dotted name means, and its syntax tree."""

import ast
import hashlib
import warnings
from collections.abc import Mapping
from functools import lru_cache

from meta_pipeline.delivery.tree import SUBMODULE, SYMLINK, Entry, Tree

_UNREADABLE = "unreadable"
_FOLDER = "folder"


@lru_cache(maxsize=256)
def parsed(data: bytes) -> ast.Module:
    """The syntax tree of Python source that others look at too; raises `UnreadableSourceError`."""
    return parsed_once(data)


def parsed_once(data: bytes) -> ast.Module:
    """The syntax tree of Python source; raises `UnreadableSourceError` with the line where it is known.

    It is not held: trees by the hundred that nobody looks at again cost the garbage collector more than the parser.
    """
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
    """The Python files of one tree, and the folders that imports start from, in their order.

    `contents` has every file with its content and every folder, `places` all their paths; a folder ends with `/`.
    """

    def __init__(self, tree: Tree, roots: tuple[str, ...]) -> None:
        self.tree = tree
        self.roots = roots
        self.entries: Mapping[str, Entry] = {
            path: entry for path, entry in tree.entries().items() if entry.mode not in (SYMLINK, SUBMODULE)
        }
        self.folders: set[str] = set()
        for path in self.entries:
            folder = path.rpartition("/")[0] if path.endswith(".py") else ""
            while folder and folder not in self.folders:
                self.folders.add(folder)
                folder = folder.rpartition("/")[0]
        self.contents = {(path, entry.content) for path, entry in self.entries.items()}
        self.contents |= {(f"{folder}/", _FOLDER) for folder in self.folders}
        self.places = {path for path, _ in self.contents}

    @classmethod
    def within(cls, other: "Sources", roots: tuple[str, ...]) -> "Sources":
        """The same files, with imports that start from `roots`."""
        found = cls.__new__(cls)
        found.tree, found.entries, found.folders = other.tree, other.entries, other.folders
        found.contents, found.places, found.roots = other.contents, other.places, roots
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
                if self.has_file(path):
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

    def syntax(self, path: str, *, is_shared: bool) -> ast.Module:
        """The syntax tree of a file of the tree, which other files may import; raises `UnreadableSourceError`."""
        data = self._read(path)
        return parsed(data) if is_shared else parsed_once(data)

    def files_below(self, folder: str) -> tuple[str, ...]:
        """Every file of the tree below a folder, in order."""
        found = self.sources.below(folder)
        self.consulted[f"{folder}/*"] = _listed(found)
        return found

    def text(self, path: str) -> str:
        """The text of a file of the tree that is not Python; what is no text is empty."""
        return self._read(path).decode("utf-8", errors="replace")

    def _read(self, path: str) -> bytes:
        data = self.sources.tree.read(path) if self.has_file(path) else b""
        if data is None:
            # A partial clone lacks it: what is read without it must not be taken up where it is there.
            self.consulted[path] = _UNREADABLE
        return data or b""

    def has_file(self, path: str) -> bool:
        """Whether the tree has this file."""
        entry = self.sources.entries.get(path)
        self.consulted[path] = entry.content if entry else None
        return entry is not None

    def _has_folder(self, path: str) -> bool:
        there = path in self.sources.folders
        self.consulted[f"{path}/"] = _FOLDER if there else None
        return there


class Consulted:
    """All that a reading looked at, by path with its content then, ready to be compared with other sources.

    A path that ends with `/` is a folder, one with `/*` the list of what is below it; None is what was not there.
    """

    def __init__(self, consulted: Mapping[str, str | None]) -> None:
        self._there: set[tuple[str, str]] = set()
        self._absent: set[str] = set()
        self._lists: list[tuple[str, str]] = []
        for path, content in consulted.items():
            if path.endswith("/*"):
                self._lists.append((path[:-2], content or ""))
            elif content is None:
                self._absent.add(path)
            else:
                self._there.add((path, content))

    def holds(self, sources: Sources) -> bool:
        """Whether every file and folder is the same in `sources`."""
        return (
            self._there <= sources.contents
            and self._absent.isdisjoint(sources.places)
            and all(_listed(sources.below(folder)) == content for folder, content in self._lists)
        )


def _listed(paths: tuple[str, ...]) -> str:
    """A short text that differs where the paths do."""
    return hashlib.sha256("\0".join(paths).encode("utf-8", "surrogatepass")).hexdigest()
