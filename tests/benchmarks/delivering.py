"""A whole delivery of the shipped issue as its user runs it, and the commands of its evidence run by hand."""

import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from git import Repo

from meta_pipeline.delivery.evidence import CommandRecord
from meta_pipeline.delivery.ids import DeliveryId
from meta_pipeline.delivery.ledger import Judged, Ran, Recorded
from meta_pipeline.desk import Desk
from meta_pipeline.settings import Home
from meta_pipeline.validation.bench import SYSTEM_PATH
from meta_pipeline.validation.outputs import PROBE
from tests.shipped_target import ShippedTarget

DELIVERY = "sales/inbox-0001"
NEEDS_APPROVAL = 3


@dataclass(frozen=True)
class Delivered:
    """One delivery that ran to its merge. `root` holds the target's repository and the operator's folder."""

    root: Path

    @classmethod
    def from_the_issue(cls, root: Path, shared: Path, source: Path) -> "Delivered":
        """Deliver with the code in `source`; environments are taken from `shared`, what is known of a base is not."""
        root.mkdir()
        (root / "home").mkdir()
        (root / "home" / "environments").symlink_to(shared / "environments")
        key = shared / "signer_key"
        target = ShippedTarget.make(root, key)
        target.push_issues("0001")
        deliver = ("deliver", "--repo", str(target.origin), "--issue", str(target.issue("0001")))
        for arguments, wanted in (
            (deliver, NEEDS_APPROVAL),
            (("approve", DELIVERY, "design", "--key", str(key)), 0),
            (deliver, NEEDS_APPROVAL),
            (("approve", DELIVERY, "review", "--key", str(key)), 0),
            (deliver, 0),
        ):
            _meta_pipeline(arguments, wanted, root / "home", source)
        return cls(root)

    @property
    def validation_seconds(self) -> float:
        """From the change being recorded to its reports being judged."""
        entries = self._desk.record(DeliveryId.parse(DELIVERY)).entries()
        at = [datetime.fromisoformat(entry.at) for entry in entries]
        begun = next(n for n, e in enumerate(entries) if _is_recorded(e.event, "patched_code"))
        ran = max(n for n, e in enumerate(entries) if isinstance(e.event, Ran) and e.event.side != "reverted")
        judged = next(n for n, e in enumerate(entries) if n > ran and isinstance(e.event, Judged))
        return (at[judged] - at[begun]).total_seconds()

    def records(self) -> tuple[CommandRecord, ...]:
        """Every command of the target that the delivery ran, in the order of the ledger.

        The git commands of the rehearsed rollback and the looks at what was written are not among them: they are not
        the target's.
        """
        record = self._desk.record(DeliveryId.parse(DELIVERY))
        chunks = [entry.event.chunk_id for entry in record.entries() if isinstance(entry.event, Ran)]
        found = (record.evidence.find(chunk) for chunk in chunks)
        records = [CommandRecord.model_validate_json(record.evidence.get(each)) for each in found if each]
        return tuple(
            each
            for each in records
            if not each.command.name.startswith("rollback") and str(PROBE) not in each.command.argv
        )

    def by_hand(self, records: tuple[CommandRecord, ...], checkouts: Path) -> None:
        """Run these commands one after another, each in a plain checkout of its tree that is there already.

        Environment, arguments and variables are those of the evidence; there is no sandbox and no limit.
        """
        for number, record in enumerate(records):
            checkout = checkouts / str(number)
            environment = (
                self.root / "home" / "environments" / record.environment.removeprefix("sha256:")[:12]
            )
            home = checkouts / f"{number}.home"
            home.mkdir(exist_ok=True)
            done = subprocess.run(
                list(record.command.argv),
                cwd=checkout,
                env={
                    "PATH": f"{environment.resolve() / 'bin'}:{SYSTEM_PATH}",
                    "HOME": str(home),
                    "LANG": "C.UTF-8",
                    "TZ": "UTC",
                    "PYTHONDONTWRITEBYTECODE": "1",
                    "PYTHONPATH": str(checkout),
                    **dict(record.command.variables),
                },
                capture_output=True,
                text=True,
                check=False,
            )
            shown = shlex.join(record.command.argv)
            assert done.returncode == record.exit, f"{shown}\n{done.stdout[-1500:]}{done.stderr[-1500:]}"

    def checked_out(self, records: tuple[CommandRecord, ...], checkouts: Path) -> None:
        """A fresh checkout for each command, and the scratch folders that their arguments name."""
        mirror = self.root / "home" / "mirrors" / "sales.git"
        for number, record in enumerate(records):
            (checkouts / str(number)).mkdir(parents=True)
            Repo(mirror).git.execute(
                ["git", f"--work-tree={checkouts / str(number)}", "checkout", "-q", record.tree, "--", "."],
                env={"GIT_INDEX_FILE": str(checkouts / f"{number}.index")},
            )
            for output in _outputs(record):
                shutil.rmtree(output.parent, ignore_errors=True)
            for output in _outputs(record):
                output.parent.mkdir(parents=True, exist_ok=True)

    @property
    def _desk(self) -> Desk:
        return Desk(Home(self.root / "home"))


def _outputs(record: CommandRecord) -> tuple[Path, ...]:
    """The files in a scratch folder that a command was told to write."""
    named = [part.rpartition("=")[2] for part in record.command.argv if "meta-pipeline-" in part]
    return tuple(Path(part) for part in named if part.startswith(tempfile.gettempdir()))


def _is_recorded(event: object, artifact: str) -> bool:
    return isinstance(event, Recorded) and event.artifact == artifact


def _meta_pipeline(arguments: tuple[str, ...], wanted: int, home: Path, source: Path) -> None:
    kept = {name: value for name, value in os.environ.items() if name != "DAGSTER_HOME"}
    done = subprocess.run(
        [sys.executable, "-m", "meta_pipeline", *arguments],
        cwd=home,
        env={**kept, "META_PIPELINE_HOME": str(home), "PYTHONPATH": str(source)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == wanted, done.stdout[-3000:] + done.stderr[-3000:]
