import signal
import subprocess
import sys
import textwrap
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import fsspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from meta_pipeline.delivery.ids import DeliveryId
from meta_pipeline.delivery.model import canonical_json, digest, digest_bytes
from meta_pipeline.evidence.signals import Signals
from meta_pipeline.evidence.store import EvidenceStore, Folder


@pytest.fixture(params=["folder", "memory"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "folder":
        yield str(tmp_path / "not" / "made yet")
        return
    root = f"/{uuid.uuid4().hex}"
    yield f"memory:/{root}"
    filesystem = fsspec.filesystem("memory")
    if filesystem.exists(root):
        filesystem.rm(root, recursive=True)


def test_a_fact_is_read_back_by_its_digest_and_found_by_its_chunk_id(url: str) -> None:
    store = EvidenceStore.at(url)
    fact = store.put(b"12 passed", "standard output of pytest")
    assert fact.digest == digest_bytes(b"12 passed")
    assert store.get(fact.digest) == b"12 passed"
    assert store.find(fact.chunk_id) == fact.digest
    assert (fact.kind, fact.title) == ("output", "standard output of pytest")


def test_the_same_fact_is_kept_once(url: str) -> None:
    store = EvidenceStore.at(url)
    one, two = store.put(b"a", "one"), store.put(b"a", "two")
    assert one.digest == two.digest
    assert len(store.folder.below(one.chunk_id[:2]).names()) == 1


def test_a_value_is_stored_as_the_bytes_of_its_digest(url: str) -> None:
    store = EvidenceStore.at(url)
    delivery = DeliveryId.parse("sales/inbox-1")
    fact = store.put_model(delivery, "a delivery")
    assert fact.digest == digest(delivery)
    assert store.get(fact.digest) == canonical_json(delivery)


def test_an_altered_fact_is_refused(url: str) -> None:
    store = EvidenceStore.at(url)
    fact = store.put(b"3 failed", "output")
    store.folder.write(store.path(fact.digest).removeprefix(f"{store.folder.root}/"), b"0 failed")
    with pytest.raises(ValueError, match="was altered; restore it from a copy"):
        store.get(fact.digest)


def test_a_fact_that_is_not_there_is_a_key_error(url: str) -> None:
    with pytest.raises(KeyError, match="no evidence sha256:"):
        EvidenceStore.at(url).get(digest("nothing"))


@pytest.mark.parametrize("chunk", ["", "c", "ca", "zz", "0123456789ab", "../../etc/passwd", ".."])
def test_what_stands_for_no_fact_finds_none(url: str, chunk: str) -> None:
    store = EvidenceStore.at(url)
    assert store.put(b"a", "one").chunk_id.startswith("ca")
    assert store.find(chunk) is None


def test_a_folder_that_is_not_there_is_empty(url: str) -> None:
    folder = Folder.at(url)
    assert folder.names() == []
    assert folder.read("a") is None
    folder.remove("a")


def test_a_file_is_created_once_and_written_often(url: str) -> None:
    folder = Folder.at(url)
    assert folder.create("ledger/1", b"first")
    assert not folder.create("ledger/1", b"second")
    assert folder.read("ledger/1") == b"first"
    folder.write("ledger/1", b"third")
    assert folder.read("ledger/1") == b"third"
    assert folder.below("ledger").names() == ["1"]
    folder.remove("ledger/1")
    assert folder.below("ledger").names() == []


@given(st.binary(max_size=64))
def test_any_bytes_are_read_back(data: bytes) -> None:
    store = EvidenceStore.at("memory://any-bytes")
    assert store.get(store.put(data, "bytes").digest) == data


def test_of_many_that_create_one_file_one_succeeds(tmp_path: Path) -> None:
    folder = Folder.at(str(tmp_path))
    with ThreadPoolExecutor(16) as pool:
        made = list(pool.map(lambda n: folder.create("one", str(n).encode() * 10_000), range(64)))
    assert made.count(True) == 1
    assert folder.read("one") == str(made.index(True)).encode() * 10_000
    assert [file.name for file in tmp_path.iterdir()] == ["one"]


WRITER = textwrap.dedent(
    """
    import sys
    from meta_pipeline.evidence.store import Folder

    folder = Folder.at(sys.argv[1])
    print("ready", flush=True)
    for n in range(10**6):
        folder.write("artifact.json", bytes([65 + n % 26]) * 2_000_000)
    """
)


def test_a_reader_never_sees_half_a_file_also_where_the_writer_is_killed(tmp_path: Path) -> None:
    folder = Folder.at(str(tmp_path))
    for pause in (0.02, 0.05, 0.09):
        writer = subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE)
        assert writer.stdout is not None
        writer.stdout.readline()
        while folder.read("artifact.json") is None:
            time.sleep(0.001)
        time.sleep(pause)
        writer.send_signal(signal.SIGKILL)
        writer.wait()
        writer.stdout.close()
        data = folder.read("artifact.json")
        assert data is not None
        assert (len(data), len(set(data))) == (2_000_000, 1)


def test_a_signal_waits_until_a_run_has_taken_it(url: str) -> None:
    signals = Signals.of(url, "sales")
    delivery = DeliveryId.parse("sales/inbox-1")
    signals.give(delivery, digest("entry"))
    signals.give(delivery, digest("entry"))
    signals.give(delivery, digest("later entry"))
    found = signals.waiting()
    assert [signal.delivery for signal in found] == ["sales/inbox-1"] * 2
    signals.taken(found[0])
    signals.taken(found[0])
    assert signals.waiting() == found[1:]
    assert Signals.of(url, "other").waiting() == ()
