"""The three jobs of a target, cut at the human decisions."""

from collections.abc import Mapping
from typing import TypeAlias, get_args

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

from meta_pipeline.defs.parts import partitions
from meta_pipeline.delivery.ids import DeliveryId
from meta_pipeline.delivery.stages import JOBS, JobName

DELIVERY_TAG = "meta_pipeline/delivery"
Jobs: TypeAlias = tuple[UnresolvedAssetJobDefinition, ...]
JOB_NAMES: tuple[JobName, ...] = get_args(JobName)


def job_name(job: JobName, target: str) -> str:
    """A job's name in Dagster, where every target has its own three."""
    return f"{job}_{target}"


def jobs(target: str) -> Jobs:
    """The jobs of one target. They run in process: a step of its own process costs more than most steps."""
    return tuple(
        dg.define_asset_job(
            job_name(name, target),
            selection=[dg.AssetKey([target, artifact]) for artifact in JOBS[name]],
            partitions_def=partitions(target),
            executor_def=dg.in_process_executor,
            description=f"{name.replace('_', ' ').capitalize()}: {', '.join(JOBS[name])}.",
        )
        for name in JOB_NAMES
    )


def run_tags(delivery: DeliveryId) -> Mapping[str, str]:
    """The tags of every run of a delivery: one run of it at a time, and a way to find them all."""
    return {DELIVERY_TAG: str(delivery)}


def run_request(job: JobName, delivery: DeliveryId, run_key: str) -> dg.RunRequest:
    """Ask for a run, once for each `run_key`."""
    return dg.RunRequest(
        run_key=run_key,
        job_name=job_name(job, delivery.target),
        partition_key=delivery.partition_key,
        tags=run_tags(delivery),
    )
