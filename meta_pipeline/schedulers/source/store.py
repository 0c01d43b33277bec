"""What was read from source before, on disk, for the next command.

An entry is known by a digest of all that it was made from: the kind of reading, its key (paths, contents, settings),
and the reader itself, which is our own code with the libraries that it parses by. So nothing is ever brought up to
date: what was made from something else has another name. An entry that is damaged is no entry.

The file lies in the operator's own folder and is never taken from a target. Each repository has a file of its own: git
does not look whether an object is what its name says, so one repository could else speak for the files of another.
Processes may share the file: entries are written in transactions, and who cannot write for now leaves it.
"""

import atexit
import hashlib
import os
import sqlite3
import sys
import threading
import time
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from contextvars import ContextVar
from dataclasses import fields, is_dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path

from meta_pipeline.delivery.model import chunk_id, digest

_LIBRARIES = ("google-re2", "jinja2", "pathspec", "pydantic", "pyyaml", "ruamel.yaml", "sqlglot")
_PACKAGE = Path(__file__).resolve().parents[2]
_READ_BY = ("delivery", "schedulers")
_LARGEST_MB = 256
_SECONDS_TO_WAIT = 2.0
_SECONDS_OF_A_DAY = 86_400
_DAYS_OF_DISUSE = 14
_CHECK = 16
_PENDING = 2_000
_ASKED_AT_ONCE = 500
_LARGE = 100_000


@cache
def reader_version() -> str:
    """A digest of the code that reads: ours, and the releases of Python and of the libraries."""
    found = hashlib.blake2b(
        repr((sys.version, [version(name) for name in _LIBRARIES])).encode(), digest_size=12
    )
    for folder in _READ_BY:
        for path in sorted((_PACKAGE / folder).rglob("*.py")):
            data = path.read_bytes()
            found.update(f"{path.relative_to(_PACKAGE).as_posix()}\0{len(data)}\0".encode())
            found.update(data)
    return found.hexdigest()


class Store:
    """The entries of one reader on one `repository`, below `folder`, which is made where it is not there.

    `repository` is a name or a path, the same for the same objects. Nothing here raises: what cannot be read or
    written is as if it were not there.
    """

    def __init__(self, folder: Path, repository: str, *, largest_mb: float = _LARGEST_MB) -> None:
        self.path = folder / f"{chunk_id(digest(repository))}-{reader_version()}.sqlite"
        self._largest = int(largest_mb * 1_000_000)
        self._lock = threading.Lock()
        self._pending: dict[bytes, bytes] = {}
        self._seen: set[bytes] = set()
        self._connection: sqlite3.Connection | None = None
        self._process = 0
        self._is_broken = False

    def get(self, kind: str, key: object) -> bytes | None:
        """The entry of this kind and key; `key` holds texts and numbers in tuples, sets and dataclasses."""
        return self._get([_name(kind, key)])[0]

    def get_each(self, kind: str, keys: Iterable[Hashable]) -> Mapping[Hashable, bytes]:
        """Those of these entries of one kind that are there."""
        asked = tuple(keys)
        found = self._get([_name(kind, key) for key in asked])
        return {key: value for key, value in zip(asked, found, strict=True) if value is not None}

    def _get(self, names: Sequence[bytes]) -> list[bytes | None]:
        """The entries of these names, in their order."""
        found: dict[bytes, bytes] = {}
        with self._lock:
            for start in range(0, len(names), _ASKED_AT_ONCE):
                some = names[start : start + _ASKED_AT_ONCE]
                found |= {name: self._pending[name] for name in some if name in self._pending}
                for name, value, day in self._rows([name for name in some if name not in found]):
                    if not isinstance(value, bytes) or value[:_CHECK] != _checked(name, value[_CHECK:]):
                        continue
                    if day != _today():
                        self._seen.add(name)
                    found[name] = value[_CHECK:]
        return [found.get(name) for name in names]

    def _rows(self, names: Sequence[bytes]) -> list[tuple[bytes, object, int]]:
        """What the file holds under these names, and the day of each."""
        if not names:
            return []
        marks = ", ".join("?" * len(names))
        try:
            connection = self._connected()
            if connection is None:
                return []
            asked = f"SELECT name, value, day FROM entries WHERE name IN ({marks})"  # noqa: S608  marks alone
            return connection.execute(asked, names).fetchall()
        except sqlite3.Error as error:
            self._gave_up(error)
            return []

    def put(self, kind: str, key: object, value: bytes) -> None:
        """Keep an entry; it is on disk after `flush`."""
        with self._lock:
            self._pending[_name(kind, key)] = value
            is_much = len(self._pending) >= _PENDING
        if is_much:
            self.flush()

    def flush(self) -> None:
        """Write what was put, and drop the entries that were not asked for longest where there are too many."""
        with self._lock:
            pending, self._pending = self._pending, {}
            seen, self._seen = self._seen, set()
            if not pending and not seen:
                return
            try:
                connection = self._connected()
                if connection is None:
                    return
                today = _today()
                with connection:
                    connection.executemany(
                        "INSERT OR REPLACE INTO entries (name, value, day) VALUES (?, ?, ?)",
                        [(name, _checked(name, value) + value, today) for name, value in pending.items()],
                    )
                    connection.executemany(
                        "UPDATE entries SET day = ? WHERE name = ?", [(today, name) for name in seen]
                    )
                self._drop_oldest(connection)
            except sqlite3.Error as error:
                self._gave_up(error)

    def close(self) -> None:
        """Write what was put and let go of the file."""
        self.flush()
        with self._lock:
            if self._connection is not None and self._process == os.getpid():
                self._connection.close()
            self._connection = None

    def _connected(self) -> sqlite3.Connection | None:
        """The file, opened by this very process: a connection must not cross a fork."""
        if self._is_broken or (self._connection is not None and self._process == os.getpid()):
            return self._connection
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._is_broken = self.path.parent.stat().st_uid != os.geteuid()
            if self._is_broken:
                return None
            is_new = not self.path.exists()
            connection = sqlite3.connect(self.path, timeout=_SECONDS_TO_WAIT, check_same_thread=False)
        except (OSError, sqlite3.Error):
            self._is_broken = True
            return None
        self._connection, self._process = connection, os.getpid()
        if is_new:
            connection.execute("PRAGMA auto_vacuum = INCREMENTAL")  # before anything is written
            self._drop_others()
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = OFF")  # a torn entry is told by its check
        connection.execute(
            "CREATE TABLE IF NOT EXISTS entries (name BLOB PRIMARY KEY, value BLOB NOT NULL, day INTEGER NOT NULL)"
        )
        return connection

    def _drop_oldest(self, connection: sqlite3.Connection) -> None:
        """Bring the file down to half of its limit, once it is above."""
        size = connection.execute("SELECT sum(length(value)) FROM entries").fetchone()[0] or 0
        if size <= self._largest:
            return
        left = size
        names = []
        # An answer on a whole tree goes before the readings of single files, of which it can be made again.
        ordered = (
            "SELECT name, length(value) FROM entries ORDER BY day, length(value) < ?, rowid",
            (_LARGE,),
        )
        for name, length in connection.execute(*ordered):
            if left <= self._largest // 2:
                break
            left -= length
            names.append((name,))
        with connection:
            connection.executemany("DELETE FROM entries WHERE name = ?", names)
        connection.execute("PRAGMA incremental_vacuum").fetchall()

    def _drop_others(self) -> None:
        """Remove the files of other versions and repositories that nobody has written to for some time."""
        oldest = time.time() - _DAYS_OF_DISUSE * _SECONDS_OF_A_DAY
        for path in self.path.parent.glob("*.sqlite"):
            with suppress(OSError):
                if path != self.path and path.stat().st_mtime < oldest:
                    for each in (path, *_beside(path)):
                        each.unlink(missing_ok=True)

    def _gave_up(self, error: sqlite3.Error) -> None:
        """Go on without the file; one that is no database is removed, for the next command to begin anew."""
        is_busy = isinstance(error, sqlite3.OperationalError)
        if self._connection is not None:
            with closing(self._connection), suppress(sqlite3.Error):
                self._connection.rollback()
        self._connection, self._is_broken = None, True
        if not is_busy:
            for path in (self.path, *_beside(self.path)):
                with suppress(OSError):
                    path.unlink(missing_ok=True)


def _beside(path: Path) -> tuple[Path, Path]:
    """What SQLite writes beside its file."""
    return path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-shm")


def _name(kind: str, key: object) -> bytes:
    text = f"{kind}\0{_written(key)}"
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=24).digest()


def _written(key: object) -> str:
    """A key as text, the same in every process: a set has its own order in each."""
    if isinstance(key, str):
        return repr(key)
    match key:
        case frozenset():
            return f"{{{', '.join(sorted(map(_written, key)))}}}"
        case tuple():
            return f"({', '.join(map(_written, key))})"
    if is_dataclass(key) and not isinstance(key, type):
        return f"{type(key).__qualname__}{_written(tuple(getattr(key, each.name) for each in fields(key)))}"
    return repr(key)


def _checked(name: bytes, value: bytes) -> bytes:
    return hashlib.blake2b(value, key=name, digest_size=_CHECK).digest()


def _today() -> int:
    return int(time.time()) // _SECONDS_OF_A_DAY


_kept: Store | None = None
_apart: ContextVar[bool] = ContextVar("_apart", default=False)


def keep_readings_in(folder: Path | None, repository: str = "") -> None:
    """From now on have this process take up, and leave, readings of a repository below a folder of the operator's.

    Without a folder none are kept. `repository` is as `Store` has it.
    """
    global _kept  # noqa: PLW0603  one process has one memory
    store = Store(folder, repository) if folder is not None else None
    if store is not None and _kept is not None and store.path == _kept.path:
        return
    if _kept is not None:
        atexit.unregister(_kept.close)
        _kept.close()
    _kept = store
    if store is not None:
        atexit.register(store.close)  # the last one who closes it merges SQLite's journal into the file


def kept_readings() -> Store | None:
    """Where readings are kept; None where they are not."""
    return None if _apart.get() else _kept


@contextmanager
def reading_apart() -> Iterator[None]:
    """Meanwhile this thread takes up and leaves nothing on disk: it reads trees that nobody will see again."""
    token = _apart.set(True)
    try:
        yield
    finally:
        _apart.reset(token)
