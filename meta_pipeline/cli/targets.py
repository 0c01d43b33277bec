"""From a repository on disk to a watched target and a delivery's id."""

import re
from dataclasses import dataclass
from pathlib import Path

from meta_pipeline.cli.errors import UsageError
from meta_pipeline.delivery.ids import INBOX_SOURCE, DeliveryId
from meta_pipeline.delivery.model import digest_bytes
from meta_pipeline.desk import Delivery, Desk, tip_of
from meta_pipeline.issues.inbox import issue_number
from meta_pipeline.messages.policy_file import target_name
from meta_pipeline.policy import INBOX, POLICY_FILE, read_policy
from meta_pipeline.settings import Home, Target
from meta_pipeline.workspace.repository import Mirror, open_repository

_NOT_A_NAME = re.compile(r"[^a-z0-9]+")


def watched(home: Home, repo: Path) -> Target:
    """The target that this repository is, registered in the settings if it was not.

    Its name is the one in its policy, or its folder's. Raises `GitFault`, `PolicyError` or `SettingsError`.
    """
    repository = open_repository(repo)
    source = str(repo.resolve())
    for known in home.settings().targets:
        if known.repository == source:
            return known
    text = repository.tree(repository.resolve("HEAD")).read(POLICY_FILE)
    name = read_policy(text.decode("utf-8", "replace")).target if text else target_name(source)
    return home.watch(Target(name=name, repository=source))


def existing(home: Home, text: str) -> Delivery:
    """The delivery that `text` names; raises `UsageError` or `SettingsError` where nobody opened it."""
    try:
        delivery = DeliveryId.parse(text)
    except ValueError as error:
        raise UsageError(f"{error}.") from error
    home.target(delivery.target)
    desk = Desk(home)
    if not desk.record(delivery).entries():
        known = ", ".join(map(str, desk.known(delivery.target))) or "none"
        raise UsageError(
            f"there is no delivery {delivery}; the deliveries of {delivery.target} are: {known}."
        )
    return desk.delivery(delivery)


@dataclass(frozen=True)
class IssueFile:
    """An issue file on disk. `committed` tells that the inbox of the default branch holds these very bytes."""

    path: Path
    text: str
    committed: bool

    def delivery(self, target: str) -> DeliveryId:
        """`inbox-<number>` for a committed issue, `file-...` for any other; equal paths give equal ids."""
        if self.committed:
            return DeliveryId(target=target, source=INBOX_SOURCE, number=issue_number(self.path.name))
        stem = _NOT_A_NAME.sub("", self.path.stem.lower())[:24]
        mark = digest_bytes(str(self.path.resolve()).encode())[7:11]
        return DeliveryId(target=target, source="file", number=f"{stem}{mark}")


def issue_file(mirror: Mirror, target: Target, path: Path) -> IssueFile:
    """Read an issue file; raises `UsageError` where there is none."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UsageError(
            f"{path}: the issue cannot be read ({error.strerror}); name a Markdown file that says what you want, "
            f"such as {INBOX}/0001-what-it-wants.md."
        ) from error
    tree = mirror.tree(tip_of(mirror, target).commit)
    committed = tree.read(f"{INBOX}/{path.name}") == data
    return IssueFile(path, data.decode("utf-8", "replace"), committed)
