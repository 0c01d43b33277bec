"""Where base files come from: real pipelines, fetched when the laboratory runs; nothing of them is committed."""

import fnmatch
import tarfile
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter
from ruamel.yaml import YAML

from meta_pipeline.delivery.model import Frozen
from meta_pipeline.delivery.tree import REGULAR, SUBMODULE, Tree
from meta_pipeline.lab.bases import Part
from meta_pipeline.lab.downloads import Archive, downloaded
from meta_pipeline.lab.stores import File
from meta_pipeline.workspace.git import Git, GitFault
from meta_pipeline.workspace.repository import open_repository

SOURCES = Path(__file__).resolve().parent / "sources.yaml"
_CHECKOUT = Path(__file__).resolve().parents[2]
_MADE_BY_RUNS = ("__pycache__", ".pytest_cache", ".ruff_cache", ".git")


class SourceError(RuntimeError):
    """A source cannot be had; the text says why and how to mend it."""


class _Source(Frozen):
    """`family` is shared by releases of one thing, whose files lie in the same part; its own name without it.

    `part` is the part of all its files, where those who build the gates know it well.
    """

    name: str = Field(pattern=r"^[a-z0-9][\w-]*$")
    family: str | None = None
    part: Part | None = None


class FolderSource(_Source):
    """A folder of the checkout of meta-pipeline itself."""

    kind: Literal["folder"]
    folder: str

    def files(self, work: Path, clone: Path | None) -> Mapping[str, File]:
        """All files of the folder."""
        root = clone or _CHECKOUT / self.folder
        if not root.is_dir():
            raise SourceError(
                f"{self.name}: {self.folder} is only in a checkout of meta-pipeline; name the folder with "
                f"--clone {self.name}=PATH."
            )
        return {
            str(path.relative_to(root)): File(
                "100755" if path.stat().st_mode & 0o100 else REGULAR, path.read_bytes()
            )
            for path in sorted(root.rglob("*"))
            if path.is_file() and not set(path.relative_to(root).parts) & set(_MADE_BY_RUNS)
        }


class GitSource(_Source):
    """One commit of a public repository."""

    kind: Literal["git"]
    url: str
    commit: str

    def files(self, work: Path, clone: Path | None) -> Mapping[str, File]:
        """The files at the commit, taken from `clone` where there is one."""
        try:
            return dict(_files_of(open_repository(clone or self._fetched(work)).tree(self.commit)))
        except GitFault as fault:
            raise SourceError(
                f"{self.name}: {fault} A clone is named with --clone {self.name}=PATH."
            ) from fault

    def _fetched(self, work: Path) -> Path:
        folder = work / "fetched" / f"{self.name}.git"
        folder.mkdir(parents=True, exist_ok=True)
        git = Git(folder, options=("--git-dir=.",))
        git.out("init", "--bare", "--quiet", "--template=", ".")
        answer = git.run("fetch", "--quiet", "--depth=1", self.url, self.commit, network=True)
        if answer.exit != 0:
            raise GitFault(f"{self.url} cannot be fetched: {answer.complaint}.")
        return folder


class Taken(Frozen):
    """Files of an archive that match `glob`, laid below the folder `to` without the leading folders `strip`."""

    glob: str
    strip: str = ""
    to: str = ""


class PackageSource(_Source):
    """Files inside packages of PyPI, laid out as a repository, with `write` as files of its own.

    Each of `packages` is pinned, as `apache-airflow==2.10.5`; `form` says which archive of it holds the files.
    """

    kind: Literal["package"]
    packages: tuple[str, ...]
    form: Literal["wheel", "sdist"] = "wheel"
    take: tuple[Taken, ...]
    write: Mapping[str, str] = Field(default_factory=dict)

    def files(self, work: Path, clone: Path | None) -> Mapping[str, File]:
        """The files that are taken, in all packages."""
        found = {path: File(REGULAR, text.encode()) for path, text in self.write.items()}
        for package in self.packages:
            archive = downloaded(work / "archives", package, self.form)
            if not isinstance(archive, Archive):
                raise SourceError(f"{self.name}: {package} cannot be had: {archive.reason}")
            for path, data in _members(archive.path):
                for taken in self.take:
                    if fnmatch.fnmatchcase(path, taken.glob):
                        found[_laid(path, taken)] = File(REGULAR, data)
        return found


Source = Annotated[FolderSource | GitSource | PackageSource, Field(discriminator="kind")]
_SOURCES: TypeAdapter[tuple[Source, ...]] = TypeAdapter(tuple[Source, ...])


def sources() -> tuple[Source, ...]:
    """Every source, in the order of the list."""
    return _SOURCES.validate_python(YAML(typ="safe").load(SOURCES.read_text(encoding="utf-8")))


def _laid(path: str, taken: Taken) -> str:
    return f"{taken.to}{path.removeprefix(taken.strip)}"


def _files_of(tree: Tree) -> Iterator[tuple[str, File]]:
    """What a clone has the content of."""
    for path, entry in tree.entries().items():
        data = None if entry.mode == SUBMODULE else tree.read(path)
        if data is not None:
            yield path, File(entry.mode, data)


def _members(archive: Path) -> Iterator[tuple[str, bytes]]:
    """The files of a wheel or an sdist, read and never unpacked; an sdist's without its outermost folder."""
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            yield from (
                (name, wheel.read(name)) for name in sorted(wheel.namelist()) if not name.endswith("/")
            )
        return
    with tarfile.open(archive) as packed:
        for member in packed:
            content = packed.extractfile(member) if member.isfile() else None
            if content is not None:
                yield member.name.partition("/")[2], content.read()
