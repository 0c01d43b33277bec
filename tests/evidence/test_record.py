import json
import subprocess
import sys
import textwrap
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from meta_pipeline.delivery.ids import DeliveryId
from meta_pipeline.delivery.ledger import BrokenChainError, Recorded
from meta_pipeline.delivery.model import digest
from meta_pipeline.evidence.record import ArtifactMissingError, DeliveryRecord
from meta_pipeline.evidence.store import EvidenceStore, Folder
from tests.delivery.stories import began, judged, opened

DELIVERY = DeliveryId.parse("sales/inbox-1")


def record_in(url: str) -> DeliveryRecord:
    return DeliveryRecord(DELIVERY, Folder.at(f"{url}/delivery"), EvidenceStore.at(f"{url}/evidence"))


def noted(name: str) -> Recorded:
    return Recorded(artifact=name, digest=digest(name))


def names(record: DeliveryRecord) -> list[str]:
    return [e.event.artifact for e in record.entries() if isinstance(e.event, Recorded)]


def test_a_ledger_reads_back_as_it_was_written(tmp_path: Path) -> None:
    record = record_in(str(tmp_path))
    assert record.entries() == ()
    added = record.append(opened(), *judged("discovery"))
    assert [(e.digest, e.event) for e in record.entries()] == [(e.digest, e.event) for e in added]
    assert record.standing().stage == "design"
    assert [entry.number for entry in added] == [1, 2, 3, 4]


def test_the_clock_is_the_records_own(tmp_path: Path) -> None:
    at = datetime(2026, 1, 5, 8, tzinfo=UTC)
    folder = Folder.at(str(tmp_path))
    record = DeliveryRecord(DELIVERY, folder, EvidenceStore(folder), clock=lambda: at)
    assert record.append(opened())[0].at == "2026-01-05T08:00:00.000+00:00"


@pytest.mark.parametrize("url", ["folder", "memory"])
def test_threads_lose_nothing_and_each_sees_a_whole_chain(url: str, tmp_path: Path) -> None:
    record = record_in(str(tmp_path) if url == "folder" else f"memory://threads-{tmp_path.name}")
    wanted = [f"{thread}-{number}" for thread in range(6) for number in range(8)]
    stop = threading.Event()
    reads = 0

    def write(thread: int) -> None:
        for name in wanted[thread * 8 : thread * 8 + 8]:
            record.append(noted(name))

    def read() -> None:
        nonlocal reads
        while not stop.is_set():
            record.entries()
            reads += 1

    with ThreadPoolExecutor(7) as pool:
        reader = pool.submit(read)
        for writer in [pool.submit(write, thread) for thread in range(6)]:
            writer.result()
        stop.set()
        reader.result()
    assert sorted(names(record)) == sorted(wanted)
    assert reads


APPENDER = textwrap.dedent(
    """
    import sys
    from tests.evidence.test_record import noted, record_in

    record = record_in(sys.argv[1])
    for number in range(12):
        record.append(noted(f"{sys.argv[2]}-{number}"))
    """
)


def test_processes_lose_nothing(tmp_path: Path) -> None:
    root = Path(__file__).parents[2]
    started = [
        subprocess.Popen([sys.executable, "-c", APPENDER, str(tmp_path), str(n)], cwd=root) for n in range(3)
    ]
    assert [process.wait() for process in started] == [0, 0, 0]
    found = names(record_in(str(tmp_path)))
    assert sorted(found) == sorted(f"{p}-{n}" for p in range(3) for n in range(12))
    for process in range(3):
        mine = [name for name in found if name.startswith(f"{process}-")]
        assert mine == [f"{process}-{n}" for n in range(12)]


def test_what_a_killed_writer_left_is_no_entry(tmp_path: Path) -> None:
    record = record_in(str(tmp_path))
    record.append(opened())
    (tmp_path / "delivery/ledger/.writing-abc").write_bytes(b'{"number": 2')
    assert len(record.entries()) == 1
    assert record.append(began("discovery"))[0].number == 2


def test_an_altered_removed_or_unreadable_entry_is_named(tmp_path: Path) -> None:
    record = record_in(str(tmp_path))
    record.append(opened(), *judged("discovery"))
    second = tmp_path / "delivery/ledger/000002.json"
    text = second.read_text()
    document = json.loads(text)
    document["at"] = "2026-01-01T00:00:00.000+00:00"
    second.write_text(json.dumps(document))
    with pytest.raises(BrokenChainError, match="entry 3 does not follow"):
        record.entries()
    second.unlink()
    with pytest.raises(BrokenChainError, match="entry 2 does not follow"):
        record.append(began("design"))
    second.write_text("{")
    with pytest.raises(ValueError, match=r"000002\.json: this ledger entry cannot be read"):
        record.entries()
    second.write_text(text)
    assert len(record.entries()) == 4


def test_an_artifact_is_readable_and_the_newest_one_counts(tmp_path: Path) -> None:
    record = record_in(str(tmp_path))
    with pytest.raises(
        ArtifactMissingError, match="plan of sales/inbox-1 has not been made yet; materialize"
    ):
        record.load("plan", DeliveryId)
    assert record.find("plan", DeliveryId) is None
    for text in ("sales/inbox-1", "sales/inbox-2"):
        record.save("plan", DeliveryId.parse(text))
    assert record.load("plan", DeliveryId).number == "2"
    assert (tmp_path / "delivery/artifacts/plan.json").read_text().count("\n") == 5


def test_a_message_is_posted_once(tmp_path: Path) -> None:
    record = record_in(str(tmp_path))
    path = record.post("update", "All is well.\n")
    assert record.post("update", "All is well.\n") == path
    assert Path(path).read_text() == "All is well.\n"
    assert len(record.entries()) == 1
    record.post("update", "All is better.\n")
    assert len(record.entries()) == 2
