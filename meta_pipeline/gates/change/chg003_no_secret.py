"""CHG003: no credential in added lines."""

import re
from collections.abc import Iterator, Mapping
from typing import ClassVar

from meta_pipeline.delivery.change import Change
from meta_pipeline.delivery.stages import StageId
from meta_pipeline.delivery.tree import FileChange
from meta_pipeline.gates import specimens
from meta_pipeline.gates.case import Case
from meta_pipeline.gates.change.pipeline_code import former_texts, is_apart
from meta_pipeline.gates.gate import Example, Gate, Opinion
from meta_pipeline.gates.secrets.leaks import Leak, Weakness, leaks_in, printable
from meta_pipeline.gates.weighing import Weighed, weigh, weighed
from meta_pipeline.policy import Policy

_LINE = re.compile(rb"[^\n]+")
_KEY_STORE = re.compile(r"\.(?:p12|pfx|jks|jceks|keystore|bcfks|kdbx)\Z", re.IGNORECASE)
_WEAK: Mapping[Weakness, tuple[str, str]] = {
    "image": ("the well-known password of a development image", "keep it out of every shared environment"),
    "test": ("a password that looks like one of its tests alone", "make sure that it opens nothing real"),
}


class NoSecret(Gate):
    """No added line, in a file of any kind, holds a password, token or key.

    What is once in git stays in its history: the credential must then be replaced, not only removed.
    A comment in the patch that asks a scanner to look away changes nothing. A file that is renamed brings nothing new;
    a credential that goes to another file does. The well-known passwords of public development images and simple
    passwords of tests only warn, stores of private keys are refused as files. A finding never shows the value.
    """

    id: ClassVar[str] = "CHG003"
    name: ClassVar[str] = "no-secret"
    stage: ClassVar[StageId] = "implementation"
    subject: ClassVar[str] = "patched_code"
    needs: ClassVar[tuple[str, ...]] = ("change",)
    catches: ClassVar[tuple[str, ...]] = (
        "secret-in-python",
        "secret-in-yaml",
        "secret-in-sql",
        "secret-in-notebook",
        "secret-file-added",
        "connection-literal",
    )

    def judge(self, case: Case) -> Opinion:
        assert case.change is not None
        return weigh(
            self,
            [*(_weighed(leak, line) for leak, line in _added(case.change)), *_key_stores(case.change)],
            "no added line holds a credential",
        )

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        # Put together, so that no scanner of this repository reports the example.
        halves = ("p7Qz1vKx", "93LwbTe4")
        value = "".join(halves)
        literal = f"warehouse_password = '{value}'\n"
        uri = f"AIRFLOW_CONN_WAREHOUSE=postgresql://etl:{value}@db.internal/sales\n"
        return (
            Example(
                "the password comes from the platform",
                _case({}, {"sales/db.py": 'password = os.environ["WAREHOUSE_PASSWORD"]\n'}),
                "passed",
                "no added line",
            ),
            Example(
                "a lock file gets a checksum",
                _case({}, {"requirements.txt": f"pandas==2.2.3 --hash=sha256:{'0f9e8d7c6b5a4132' * 4}\n"}),
                "passed",
            ),
            Example(
                "the credential was there before",
                _case({"sales/db.py": literal}, {"sales/db.py": literal + "timeout = 30\n"}),
                "passed",
            ),
            Example(
                "a password in a module, with a comment that asks to look away",
                _case({}, {"sales/db.py": literal.replace("\n", "  # pragma: allowlist secret\n")}),
                "failed",
                "warehouse_password of 16 characters",
            ),
            Example(
                "a connection string in an .env file", _case({}, {".env": uri}), "failed", "URL Credentials"
            ),
            Example(
                "the made-up password of a test",
                _case({}, {"tests/test_db.py": "connect(user='test', password='test_password')\n"}),
                "passed",
            ),
            Example(
                "a store of keys",
                _case({}, {"keys/sales.p12": b"\x30\x82\x00\x01"}),
                "failed",
                "private keys",
            ),
            Example(
                "the default password of the Postgres image",
                _case(
                    {},
                    {
                        "docker-compose.yml": "      AIRFLOW__CELERY__RESULT_BACKEND: db+postgresql://airflow:airflow@postgres/airflow\n"
                    },
                ),
                "warned",
                "development image",
            ),
        )


def _case(before: specimens.Files, after: specimens.Files) -> Case:
    return Case(Policy(), change=specimens.change(before, after))


def _added(change: Change) -> list[tuple[Leak, int | None]]:
    """The leaks that the change brings in, with the first of their added lines; None in binary files."""
    whole = {file.path: file for file in (*change.files, *change.unread)}
    files = {path: file for path, file in whole.items() if file.new}
    former = former_texts(whole.values())
    added = {path: _added_lines(file, former.get(path)) for path, file in files.items()}
    leaks = leaks_in({path: _text(file, file.new) for path, file in files.items()}, added)
    return [
        (leak, None if files[leak.path].is_binary else min(leak.lines & added[leak.path])) for leak in leaks
    ]


def _text(file: FileChange, side: bytes | None) -> bytes:
    data = side or b""
    return printable(data) if file.is_binary else data


def _added_lines(file: FileChange, former: bytes | None) -> set[int]:
    """The lines that the file had nowhere before, under this name or its former one."""
    pieces = [piece.strip() for piece in _text(file, file.new).split(b"\n")]
    wanted = set(pieces)
    known = {line for found in _LINE.finditer(_text(file, former)) if (line := found[0].strip()) in wanted}
    if file.is_binary or file.old is None:
        return {number for number, piece in enumerate(pieces, start=1) if piece not in known}
    return {line.number for line in file.added if pieces[line.number - 1] not in known}


def _key_stores(change: Change) -> Iterator[Weighed]:
    """Files that hold private keys in a form of their own, whatever is in them."""
    moved = {file.old for file in change.files if file.status == "deleted"}
    for file in change.files:
        if file.new and file.old is None and file.new not in moved and _KEY_STORE.search(file.path):
            yield weighed(
                "warned" if is_apart(file.path) else "failed",
                f"{file.path} is a store of private keys; whoever reads the repository has them",
                "take it out, replace its keys, and mount the new store where the pipeline runs",
                path=file.path,
            )


def _weighed(leak: Leak, line: int | None) -> Weighed:
    held = f"({leak.kind}: {leak.hint})"
    if leak.weakness is not None:
        what, fix = _WEAK[leak.weakness]
        return weighed("warned", f"{leak.path} holds {what} {held}", fix, path=leak.path, line=line)
    return weighed(
        "failed",
        f"{leak.path} holds a credential {held}; whoever reads the repository can use it",
        "revoke it, and read its successor from the environment or from a connection of the scheduler",
        path=leak.path,
        line=line,
    )
