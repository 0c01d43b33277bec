"""A dbt project's own file: its name, and the folders that hold what it builds."""

import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from pathspec import GitIgnoreSpec

from meta_pipeline.delivery.tree import Tree, text_of
from meta_pipeline.delivery.yaml_source import Located, Unreadable, read_yaml

PROJECT_FILES = ("dbt_project.yml", "dbt_project.yaml")
_FOLDERS: Mapping[str, tuple[tuple[str, ...], str]] = {
    # What a folder holds: the keys that name it, the older ones last, and its default.
    "model": (("model-paths", "source-paths"), "models"),
    "seed": (("seed-paths", "data-paths"), "seeds"),
    "snapshot": (("snapshot-paths",), "snapshots"),
    "analysis": (("analysis-paths",), "analyses"),
    "macro": (("macro-paths",), "macros"),
    "test": (("test-paths",), "tests"),
}
_NOT_SOURCE = ("target", "dbt_packages", "dbt_modules", "logs")


@dataclass(frozen=True)
class Project:
    """One dbt project: `folder` is where it lies in the repository, `.` at the root.

    `paths` are the folders of each kind (`model`, `seed`, `snapshot`, `analysis`, `macro`, `test`), relative to the
    repository; `settings` is the whole file.
    """

    folder: str
    path: str
    name: str
    paths: Mapping[str, tuple[str, ...]]
    settings: Located
    ignored: GitIgnoreSpec = field(compare=False)

    def files(self, tree: Tree, kinds: tuple[str, ...], endings: tuple[str, ...]) -> Iterator[str]:
        """The files of these kinds of folders, each once, sorted; what `.dbtignore` names is left out."""
        prefixes = tuple(
            "" if folder == "." else f"{folder}/" for kind in kinds for folder in self.paths[kind]
        )
        outer = "" if self.folder == "." else f"{self.folder}/"
        for path in sorted(tree.entries()):
            if not path.endswith(endings) or not path.startswith(prefixes):
                continue
            inner = path.removeprefix(outer)
            if inner.split("/", 1)[0] not in _NOT_SOURCE and not self.ignored.match_file(inner):
                yield path


def project_folders(tree: Tree) -> tuple[str, ...]:
    """The folders of the repository's own dbt projects, sorted; installed packages are not its own."""
    return tuple(
        sorted(
            posixpath.dirname(path) or "."
            for path in tree.entries()
            if path.endswith(PROJECT_FILES)
            and posixpath.basename(path) in PROJECT_FILES
            and not {"dbt_packages", "dbt_modules", "site-packages", "node_modules"} & set(path.split("/"))
        )
    )


def read_project(tree: Tree, folder: str) -> Project | Unreadable | None:
    """The project in `folder`; None where there is none."""
    folder = posixpath.normpath(folder.strip("/") or ".")
    for name in PROJECT_FILES:
        path = posixpath.normpath(posixpath.join(folder, name))
        text = text_of(tree, path)
        if text is None:
            continue
        settings = read_yaml(text, path)
        if isinstance(settings, Unreadable):
            return settings
        ignore = text_of(tree, posixpath.normpath(posixpath.join(folder, ".dbtignore"))) or ""
        return Project(
            folder=folder,
            path=path,
            name=settings.get("name").text,
            paths={kind: _folders(settings, folder, kind) for kind in _FOLDERS},
            settings=settings,
            ignored=GitIgnoreSpec.from_lines(ignore.splitlines()),
        )
    return None


def _folders(settings: Located, folder: str, kind: str) -> tuple[str, ...]:
    keys, default = _FOLDERS[kind]
    named = next((settings.get(key).texts() for key in keys if key in settings), (default,))
    # A path with Jinja or one that leaves the project cannot be followed in a tree of files.
    whole = (posixpath.normpath(posixpath.join(folder, name)) for name in named)
    return tuple(dict.fromkeys(path for path in whole if not path.startswith("..")))
