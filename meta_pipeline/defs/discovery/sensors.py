"""Watches the inbox: a new or edited issue becomes a partition and a run."""

from collections.abc import Iterator

import dagster as dg

from meta_pipeline.defs.jobs import job_name, run_request
from meta_pipeline.defs.parts import partitions
from meta_pipeline.defs.sensors import skipped_while_held
from meta_pipeline.delivery.ids import INBOX_SOURCE, DeliveryId
from meta_pipeline.delivery.ledger import Withdrawn, closed_by_issue, opening
from meta_pipeline.delivery.model import digest
from meta_pipeline.delivery.states import STATES
from meta_pipeline.desk import Desk, tip_of
from meta_pipeline.evidence.signals import Signals
from meta_pipeline.issues.inbox import InboxEntry, IssueError, list_inbox, read_issue
from meta_pipeline.policy import INBOX
from meta_pipeline.resources import DeskResource
from meta_pipeline.settings import Target
from meta_pipeline.workspace.tree import GitTree


def issue_sensor(target: Target, seconds: int) -> dg.SensorDefinition:
    """The sensor of one target's inbox: the issue files committed on its default branch.

    Its cursor is the git id of the inbox's tree, so an idle tick costs the same whatever the inbox holds.
    """

    @dg.sensor(
        name=f"issue_sensor_{target.name}",
        job_name=job_name("plan_delivery", target.name),
        minimum_interval_seconds=seconds,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="New and edited issues in the inbox begin deliveries; closed ones withdraw them.",
    )
    def watch(context: dg.SensorEvaluationContext, desk: DeskResource) -> dg.SensorResult | dg.SkipReason:
        held = skipped_while_held(desk)
        if held is not None:
            return held
        mirror = desk.desk.mirror(target)
        tree = mirror.tree(tip_of(mirror, target).commit)
        inbox = tree.folder_id(INBOX) or "none"
        if inbox == context.cursor:
            return dg.SkipReason("the inbox is as it was")
        for entry in list_inbox(tree):
            if entry.error is not None:
                context.log.error(entry.error)
        fresh = list(_fresh(desk.desk, target, tree))
        partition_keys = [delivery.partition_key for delivery, _ in fresh]
        known = set(context.instance.get_dynamic_partitions(partitions(target.name).name or ""))
        new = [key for key in partition_keys if key not in known]
        return dg.SensorResult(
            run_requests=[run_request("plan_delivery", delivery, run_key) for delivery, run_key in fresh],
            dynamic_partitions_requests=[partitions(target.name).build_add_request(new)] if new else [],
            cursor=inbox,
        )

    return watch


def _fresh(desk: Desk, target: Target, tree: GitTree) -> Iterator[tuple[DeliveryId, str]]:
    """The deliveries to begin or revise, each with the key of its run; withdraws those that were closed.

    The key holds the git id of the issue and the revision so far: an issue may come back as it once was.
    """
    there: set[str] = set()
    for entry in list_inbox(tree):
        if entry.error is not None:
            continue
        delivery = DeliveryId(target=target.name, source=INBOX_SOURCE, number=entry.number)
        there.add(delivery.partition_key)
        if _is_wanted(desk, delivery, tree, entry):
            opened = opening(desk.record(delivery).entries())
            yield delivery, f"{delivery}:{entry.content}:{opened.revision if opened else 0}"
    for delivery in desk.known(target.name):
        if delivery.source == INBOX_SOURCE and delivery.partition_key not in there:
            _withdraw(desk, delivery, "its file is no longer in the inbox")


def _is_wanted(desk: Desk, delivery: DeliveryId, tree: GitTree, entry: InboxEntry) -> bool:
    """Whether this issue asks for a run: it is open, and not what the delivery was last opened with."""
    try:
        issue = read_issue((tree.read(entry.path) or b"").decode("utf-8", "replace"), entry.path)
    except IssueError:
        return True  # the run shows the author of the issue what is wrong with it
    if issue.status == "closed":
        _withdraw(desk, delivery, "the issue was closed")
        return False
    entries = desk.record(delivery).entries()
    opened = opening(entries)
    return opened is None or opened.issue != digest(issue) or closed_by_issue(entries)


def _withdraw(desk: Desk, delivery: DeliveryId, reason: str) -> None:
    record = desk.record(delivery)
    if record.entries() and not STATES[record.standing().state].final:
        entry = record.append(Withdrawn(by=INBOX_SOURCE, reason=reason))[0]
        Signals.of(str(desk.home.path), delivery.target).give(delivery, entry.digest)
