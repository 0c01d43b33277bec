"""Everything that one operator's settings ask Dagster for."""

import dagster as dg

from meta_pipeline.defs import sensors
from meta_pipeline.defs.design import assets as design
from meta_pipeline.defs.discovery import assets as discovery
from meta_pipeline.defs.discovery.sensors import issue_sensor
from meta_pipeline.defs.implementation import assets as implementation
from meta_pipeline.defs.jobs import jobs
from meta_pipeline.defs.lineage.specs import kept_lineage, specs_of
from meta_pipeline.defs.lineage.survey import survey_job, topology_asset
from meta_pipeline.defs.parts import ARTIFACTS_IO
from meta_pipeline.defs.review import assets as review
from meta_pipeline.defs.rollout import assets as rollout
from meta_pipeline.delivery.lineage.cards import Lineage
from meta_pipeline.resources import ArtifactIOManager, DeskResource
from meta_pipeline.settings import Home, Target


def code_location(home: Home) -> dg.Definitions:
    """The assets, checks, jobs and sensors of every watched target; raises `SettingsError`."""
    settings = home.settings()
    seconds = settings.keep_watch_seconds
    common = dg.Definitions(
        executor=dg.in_process_executor,  # also for what a person materializes by hand
        sensors=[sensors.fault_sensor(seconds)],
        resources={
            "desk": DeskResource(home=str(home.path)),
            ARTIFACTS_IO: ArtifactIOManager(home=str(home.path)),
        },
    )
    return dg.Definitions.merge(common, *(_target(home, target, seconds) for target in settings.targets))


def _target(home: Home, target: Target, seconds: int) -> dg.Definitions:
    name = target.name
    made = jobs(name)
    surveyed = survey_job(name)
    lineage = kept_lineage(home.path, name)
    return dg.Definitions(
        assets=[
            *discovery.assets(name),
            *design.assets(name),
            *implementation.assets(name),
            *review.assets(name),
            *rollout.assets(name),
            topology_asset(target, lineage),
            *(specs_of(lineage) if isinstance(lineage, Lineage) else ()),
        ],
        jobs=[*made, surveyed],
        sensors=[
            issue_sensor(target, seconds),
            sensors.signoff_sensor(target, seconds, made),
            sensors.target_repo_sensor(target, seconds, (*made, surveyed)),
        ],
    )
