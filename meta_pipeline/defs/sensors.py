"""Watches what people decide, what the default branch does, and what breaks."""

import dagster as dg
from dagster_shared.error import SerializableErrorInfo

from meta_pipeline.defs.jobs import DELIVERY_TAG, Jobs, run_request
from meta_pipeline.defs.lineage.events import told_without_run
from meta_pipeline.defs.lineage.survey import survey_job_name
from meta_pipeline.delivery.change_set import ChangeSet
from meta_pipeline.delivery.ids import DeliveryId
from meta_pipeline.delivery.ledger import Faulted, effect, opening
from meta_pipeline.delivery.stages import JobName
from meta_pipeline.delivery.states import STATES
from meta_pipeline.delivery.tree import changes_between
from meta_pipeline.desk import Desk, Tip, needs_new_pins, tip_of
from meta_pipeline.evidence.lineage import LineageStore, NotKept
from meta_pipeline.evidence.record import DeliveryRecord
from meta_pipeline.evidence.signals import Signals
from meta_pipeline.messages.notes import fault_note
from meta_pipeline.policy import INBOX
from meta_pipeline.resources import BLOCKED_TAG, DeskResource
from meta_pipeline.settings import Target
from meta_pipeline.workspace.repository import Mirror

_RUN_KEY_TAG = "dagster/run_key"


def signoff_sensor(target: Target, seconds: int, jobs: Jobs) -> dg.SensorDefinition:
    """Launches the next run of a delivery that a person approved, answered or mended.

    A signal is forgotten only when its run is there, so a launch that is lost is made again.
    """

    @dg.sensor(
        name=f"signoff_sensor_{target.name}",
        jobs=jobs,  # which one depends on where the delivery stands
        minimum_interval_seconds=seconds,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="A verified sign-off or an answer carries its delivery on; a no is told on its pipelines' pages.",
    )
    def watch(context: dg.SensorEvaluationContext, desk: DeskResource) -> dg.SensorResult | dg.SkipReason:
        held = skipped_while_held(desk)
        if held is not None:
            return held
        signals = Signals.of(desk.home, target.name)
        requests: list[dg.RunRequest] = []
        events: list[dg.AssetObservation] = []
        asked: set[DeliveryId] = set()
        for signal in signals.waiting():
            delivery = DeliveryId.parse(signal.delivery)
            state = desk.desk.record(delivery).standing().state
            job = STATES[state].job
            # One run takes up all that was decided on a delivery until now; the signal it is named after stays.
            if job is None or delivery in asked or _has_run(context.instance, signal.name):
                if state in ("rejected", "withdrawn"):
                    events += told_without_run(desk.desk.delivery(delivery))
                signals.taken(signal)
            else:
                asked.add(delivery)
                requests.append(run_request(job, delivery, signal.name))
        if not requests and not events:
            return dg.SkipReason("nobody decided anything")
        return dg.SensorResult(run_requests=requests, asset_events=events)

    return watch


def target_repo_sensor(target: Target, seconds: int, jobs: Jobs) -> dg.SensorDefinition:
    """Re-validates what a move of the default branch invalidates, and has its pipelines read anew.

    Commits to the inbox alone invalidate nothing.
    """

    @dg.sensor(
        name=f"target_repo_sensor_{target.name}",
        jobs=jobs,  # which one depends on where the delivery stands
        minimum_interval_seconds=seconds,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="When the default branch moves, changes validated on the old base are validated again, "
        "and its pipelines are surveyed.",
    )
    def watch(context: dg.SensorEvaluationContext, desk: DeskResource) -> dg.SensorResult | dg.SkipReason:
        held = skipped_while_held(desk)
        if held is not None:
            return held
        mirror = desk.desk.mirror(target)
        tip = tip_of(mirror, target)
        store = LineageStore(desk.desk.home.path, target.name)
        if context.cursor == tip.commit and store.file.exists():
            return dg.SkipReason("the default branch is where it was")
        requests = []
        is_moved = bool(context.cursor) and _invalidates(mirror, context.cursor or "", tip.commit)
        if _wants_survey(store, tip.commit, is_moved=is_moved):
            run_key = f"{target.name}:survey:{context.cursor}:{tip.commit}"
            requests.append(dg.RunRequest(run_key=run_key, job_name=survey_job_name(target.name)))
        if is_moved:
            for delivery in desk.desk.known(target.name):
                job = _job_after_move(desk.desk, mirror, delivery, tip)
                if job is not None:
                    requests.append(run_request(job, delivery, f"{delivery}:base:{tip.commit}"))
        return dg.SensorResult(run_requests=requests, cursor=tip.commit)

    return watch


def fault_sensor(seconds: int) -> dg.SensorDefinition:
    """Turns a crash of the machinery into a note that a person can act on; a blocked delivery is no crash."""

    @dg.run_failure_sensor(
        name="run_failure_sensor",
        minimum_interval_seconds=seconds,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="A run that broke, not one that a gate blocked, becomes a request for guidance.",
    )
    def watch(context: dg.RunFailureSensorContext, desk: DeskResource) -> None:
        tags = context.dagster_run.tags
        if BLOCKED_TAG in tags or DELIVERY_TAG not in tags:
            return
        record = desk.desk.record(DeliveryId.parse(tags[DELIVERY_TAG]))
        errors = [
            e.step_failure_data.error for e in context.get_step_failure_events() if e.step_failure_data.error
        ]
        cause = root_cause(errors[0]) if errors else context.failure_event.message or "the run broke"
        run = context.dagster_run.run_id
        if record.entries() and not _is_known(record, run):
            record.append(Faulted(run=run, message=cause))
            record.post(
                "guidance", fault_note(record.delivery, run, errors[0].to_string() if errors else cause)
            )

    return watch


def skipped_while_held(desk: DeskResource) -> dg.SkipReason | None:
    """Why no sensor does anything now; None where they may."""
    held = desk.desk.home.held
    return None if held is None else dg.SkipReason(f"all deliveries are held: {held}")


def root_cause(error: SerializableErrorInfo) -> str:
    """The first line of the exception that all others were caused by."""
    while error.cause is not None:
        error = error.cause
    return error.message.strip().splitlines()[0][:500]


def _is_known(record: DeliveryRecord, run: str) -> bool:
    """Whether the fault of a run stands in the ledger: `deliver` notes those of its own runs."""
    return any(isinstance(entry.event, Faulted) and entry.event.run == run for entry in record.entries())


def _wants_survey(store: LineageStore, tip: str, *, is_moved: bool) -> bool:
    """Whether what is kept of the target's pipelines is not that of its tip; a merge of ours keeps it by itself."""
    kept = store.read()
    return isinstance(kept, NotKept) or (is_moved and kept.commit != tip)


def _has_run(instance: dg.DagsterInstance, run_key: str) -> bool:
    return instance.get_runs_count(dg.RunsFilter(tags={_RUN_KEY_TAG: run_key})) > 0


def _invalidates(mirror: Mirror, old: str, new: str) -> bool:
    files = changes_between(mirror.tree(old), mirror.tree(new))
    return any(not file.path.startswith(f"{INBOX}/") for file in files)


def _job_after_move(desk: Desk, mirror: Mirror, delivery: DeliveryId, tip: Tip) -> JobName | None:
    """What a delivery does when its base moved: nothing, plan or validate again, or end a person's merge."""
    record = desk.record(delivery)
    opened = opening(record.entries())
    if opened is None:
        return None
    standing = record.standing()
    if STATES[standing.state].final:
        return None
    if needs_new_pins(standing, opened, tip):
        return "plan_delivery"
    change_set = record.find("patched_code", ChangeSet)
    if change_set is None or change_set.base == tip.commit:
        return None
    if change_set.head and mirror.is_ancestor(change_set.head, tip.commit):
        # Our own merge ends in the run that made it; a person's is taken up here.
        is_ours = effect(record.entries(), f"merge:{change_set.head}") is not None
        return None if is_ours else "roll_out_delivery"
    return "implement_delivery" if standing.stage in ("implementation", "review", "rollout") else None
