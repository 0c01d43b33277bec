"""The content-addressed evidence store, on any filesystem that fsspec reaches."""

import json
import os
import posixpath
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel

from meta_pipeline.delivery.evidence import Evidence
from meta_pipeline.delivery.model import CHUNK_ID_LENGTH, canonical_json, digest_bytes

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem


@dataclass(frozen=True)
class Folder:
    """A folder on some filesystem; every path below is relative to it."""

    fs: "AbstractFileSystem"
    root: str

    @classmethod
    def at(cls, url: str) -> "Folder":
        """The folder that a path or an fsspec URL names; it need not exist yet."""
        from fsspec.core import url_to_fs

        fs, root = url_to_fs(url)
        return cls(fs, root)

    def below(self, *parts: str) -> "Folder":
        return Folder(self.fs, posixpath.join(self.root, *parts))

    def path(self, name: str) -> str:
        """Where a file of this folder is, as a person would open it."""
        return posixpath.join(self.root, name)

    def read(self, name: str) -> bytes | None:
        """The content of a file; None where there is none."""
        try:
            data: bytes = self.fs.cat_file(self.path(name))
        except FileNotFoundError:
            return None
        return data

    def names(self) -> list[str]:
        """The names in this folder, sorted; empty where there is no such folder."""
        try:
            found = self.fs.ls(self.root, detail=False, refresh=True)
        except FileNotFoundError:
            return []
        return sorted(posixpath.basename(str(path).rstrip("/")) for path in found)

    def write(self, name: str, data: bytes) -> None:
        """Write a file whole: a reader sees the old content or the new one, never a part."""
        path = self.path(name)
        self.fs.makedirs(posixpath.dirname(path), exist_ok=True)
        if self._is_local:
            _temporary(path, data).replace(path)
        else:
            self.fs.pipe_file(path, data)

    def create(self, name: str, data: bytes) -> bool:
        """Write a file whole unless it exists; False where it did."""
        path = self.path(name)
        self.fs.makedirs(posixpath.dirname(path), exist_ok=True)
        try:
            if self._is_local:
                temporary = _temporary(path, data)
                try:
                    Path(path).hardlink_to(temporary)
                finally:
                    temporary.unlink()
            else:
                self.fs.pipe_file(path, data, mode="create")
        except FileExistsError:
            return False
        return True

    @property
    def _is_local(self) -> bool:
        from fsspec.implementations.local import LocalFileSystem

        return isinstance(self.fs, LocalFileSystem)

    def remove(self, name: str) -> None:
        """Remove a file; nothing happens where there is none."""
        try:
            self.fs.rm_file(self.path(name))
        except FileNotFoundError:
            return


def _temporary(path: str, data: bytes) -> Path:
    handle, name = tempfile.mkstemp(dir=Path(path).parent, prefix=".writing-")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
    except BaseException:
        temporary.unlink()
        raise
    return temporary


@dataclass(frozen=True)
class EvidenceStore:
    """Facts by the SHA-256 of their bytes: writing one twice keeps one, and nothing is ever changed."""

    folder: Folder

    @classmethod
    def at(cls, url: str) -> "EvidenceStore":
        return cls(Folder.at(url))

    def put(
        self, data: bytes, title: str, kind: Literal["command", "output", "file", "document"] = "output"
    ) -> Evidence:
        """Store bytes and return the pointer to them."""
        full = digest_bytes(data)
        self.folder.create(_name(full), data)
        return Evidence(kind=kind, digest=full, title=title)

    def put_model(
        self, model: BaseModel, title: str, kind: Literal["command", "document"] = "document"
    ) -> Evidence:
        """Store a value as canonical JSON, so that its digest is the digest of the value."""
        return self.put(canonical_json(model), title, kind)

    def get(self, full_digest: str) -> bytes:
        """The bytes of a fact; raises `KeyError` where there is none and `ValueError` where they were altered."""
        data = self.folder.read(_name(full_digest))
        if data is None:
            raise KeyError(f"no evidence {full_digest} under {self.folder.root}")
        if digest_bytes(data) != full_digest:
            raise ValueError(
                f"evidence {full_digest} under {self.folder.root} was altered; restore it from a copy"
            )
        return data

    def find(self, chunk: str) -> str | None:
        """The full digest that a chunk id stands for; None where nothing, or more than one thing, begins so."""
        if len(chunk) < CHUNK_ID_LENGTH:
            return None
        names = [name for name in self.folder.below(chunk[:2]).names() if name.startswith(chunk)]
        return f"sha256:{names[0]}" if len(names) == 1 else None

    def path(self, full_digest: str) -> str:
        """Where a person can open the fact."""
        return self.folder.path(_name(full_digest))


def _name(full_digest: str) -> str:
    value = full_digest.removeprefix("sha256:")
    return f"{value[:2]}/{value}"


def readable_json(model: BaseModel) -> bytes:
    """The value as indented JSON, for people."""
    return (json.dumps(model.model_dump(mode="json"), indent=2, ensure_ascii=False) + "\n").encode()
