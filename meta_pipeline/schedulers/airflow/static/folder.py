"""The DAG folder as Airflow walks it: symbolic links are followed, and packaged DAGs are looked into."""

import io
import posixpath
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache

from meta_pipeline.delivery.topology import TopologyError
from meta_pipeline.delivery.tree import REGULAR, SYMLINK, Entry, Tree

MAX_PACKAGED_FILES = 1000
MAX_PACKAGED_BYTES = 10_000_000
MAX_LINKED_FILES = 20_000
MAX_LINKS = 40


@dataclass(frozen=True)
class DagFolder(Tree):
    """A tree with more files in it: those behind links (`linked` says where each is), and those in archives."""

    tree: Tree
    linked: Mapping[str, str]
    packaged: Mapping[str, tuple[str, bytes]]
    archives: tuple[str, ...] = ()
    errors: tuple[TopologyError, ...] = ()

    def entries(self) -> Mapping[str, Entry]:
        return self._entries

    @cached_property
    def _entries(self) -> Mapping[str, Entry]:
        found = dict(self.tree.entries())
        found |= {path: found[target] for path, target in self.linked.items()}
        return found | {path: Entry(REGULAR, content) for path, (content, _) in self.packaged.items()}

    def read(self, path: str) -> bytes | None:
        if path in self.packaged:
            return self.packaged[path][1]
        return self.tree.read(self.linked.get(path, path))


def open_folder(tree: Tree, root: str) -> Tree:
    """The tree with all that Airflow finds under `root`; the tree itself where it has no link and no archive there."""
    entries = tree.entries()
    prefix = f"{root}/" if root else ""
    inside = [path for path in entries if path.startswith(prefix)]
    links = [path for path in inside if entries[path].mode == SYMLINK]
    zips = [path for path in inside if path.endswith(".zip") and entries[path].mode.startswith("100")]
    if not links and not zips:
        return tree
    following = _Following(tree, root)
    for link in sorted(links):
        following.follow(link)
    packaged: dict[str, tuple[str, bytes]] = {}
    archives = []
    for path in sorted(zips):
        found = _members(tree.read(path) or b"")
        if isinstance(found, str):
            following.errors.append(
                TopologyError(path=path, message=f"this packaged DAG cannot be read: {found}")
            )
            continue
        archives.append(path)
        identity = entries[path].content
        packaged |= {f"{path}/{name}": (f"{identity}:{name}", data) for name, data in found.items()}
    return DagFolder(tree, following.linked, packaged, tuple(archives), tuple(following.errors))


class _Following:
    """Follows the links of a DAG folder. A folder that is reached twice is read once, as Airflow gives up on it."""

    def __init__(self, tree: Tree, root: str) -> None:
        self.entries = tree.entries()
        self.tree = tree
        self.root = root
        self.linked: dict[str, str] = {}
        self.errors: list[TopologyError] = []
        self.entered: set[str] = set()

    def follow(self, link: str) -> None:
        target = self._target(link)
        if target is None:
            self._note(link, "leads in a circle, to nothing, or out of the repository")
        elif target in self.entries:
            self.linked[link] = target
        elif self._is_inside(target) or target in self.entered:
            self._note(link, f"leads to the folder {target or '.'}, which is read already")
        else:
            self.entered.add(target)
            self._expose(link, target)

    def _expose(self, link: str, target: str) -> None:
        """Show the files of a folder under the link that leads to it."""
        start = len(target) + 1
        for path in sorted(path for path in self.entries if path.startswith(f"{target}/")):
            if len(self.linked) >= MAX_LINKED_FILES:
                self._note(link, f"leads to more than {MAX_LINKED_FILES} files")
                return
            shown = f"{link}/{path[start:]}"
            if self.entries[path].mode != SYMLINK:
                self.linked[shown] = path
            elif (inner := self._target(path)) is not None and inner in self.entries:
                self.linked[shown] = inner

    def _is_inside(self, folder: str) -> bool:
        """Whether a folder is the DAG folder, in it, or around it."""
        here = f"{self.root}/" if self.root else ""
        return f"{folder}/".startswith(here) or here.startswith(f"{folder}/") or not folder

    def _target(self, link: str) -> str | None:
        """The file or folder of the repository that a link leads to in the end."""
        path = link
        for _ in range(MAX_LINKS):
            entry = self.entries.get(path)
            if entry is None:
                break
            if entry.mode != SYMLINK:
                return path
            to = (self.tree.read(path) or b"").decode("utf-8", "replace")
            path = posixpath.normpath(posixpath.join(posixpath.dirname(path), to))
        else:
            return None
        if path.startswith(("/", "..")):
            return None
        path = "" if path == "." else path
        return path if any(one.startswith(f"{path}/") or not path for one in self.entries) else None

    def _note(self, link: str, what: str) -> None:
        self.errors.append(TopologyError(path=link, message=f"this symbolic link {what}"))


@lru_cache(maxsize=64)
def _members(data: bytes) -> Mapping[str, bytes] | str:
    """The Python files of an archive by name, or why they cannot be had."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return dict(_read_all(archive))
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, ValueError, OSError, EOFError) as error:
        return str(error) or "it is damaged"


def _read_all(archive: zipfile.ZipFile) -> Iterator[tuple[str, bytes]]:
    left = MAX_PACKAGED_BYTES
    members = [one for one in archive.infolist() if not one.is_dir()]
    if len(members) > MAX_PACKAGED_FILES:
        raise ValueError(f"it holds more than {MAX_PACKAGED_FILES} files")
    for member in members:
        name = posixpath.normpath(member.filename)
        if name.startswith(("/", "..")):
            continue
        with archive.open(member) as file:
            # The size that an archive states may be wrong: what is read is counted.
            content = file.read(left + 1)
        left -= len(content)
        if left < 0:
            raise ValueError(f"it holds more than {MAX_PACKAGED_BYTES // 1_000_000} MB")
        yield name, content
