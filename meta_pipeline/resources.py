"""What Dagster binds to the assets: the operator's desk, and the store of artifacts."""

from pathlib import Path
from typing import Any

import dagster as dg
from pydantic import BaseModel

from meta_pipeline.delivery.ids import DeliveryId
from meta_pipeline.desk import Delivery, Desk
from meta_pipeline.evidence.record import ArtifactMissingError
from meta_pipeline.settings import Home

BLOCKED_TAG = "meta_pipeline/blocked"
"""Marks a run that a gate ended, so that nobody takes it for a crash."""


class DeskResource(dg.ConfigurableResource):  # type: ignore[type-arg]
    """Opens deliveries. `home` is the operator's folder."""

    home: str

    @property
    def desk(self) -> Desk:
        return Desk(Home(Path(self.home)))

    def delivery(self, context: dg.AssetExecutionContext) -> Delivery:
        """The delivery that a step works on: its asset's prefix and its partition name it."""
        target = next(iter(context.selected_asset_keys)).path[0]
        return self.desk.delivery(DeliveryId.of_partition(target, context.partition_key))


class ArtifactIOManager(dg.ConfigurableIOManager):
    """Keeps each artifact as readable JSON in its delivery's folder."""

    home: str

    def handle_output(self, context: dg.OutputContext, obj: Any) -> None:
        target, name = context.asset_key.path
        Desk(Home(Path(self.home))).record(DeliveryId.of_partition(target, context.partition_key)).save(
            name, obj
        )

    def load_input(self, context: dg.InputContext) -> BaseModel:
        """The newest value; raises `dagster.Failure`, and marks the run as blocked, where it was never made."""
        target, name = context.asset_key.path
        record = Desk(Home(Path(self.home))).record(DeliveryId.of_partition(target, context.partition_key))
        try:
            kept: BaseModel = record.load(name, context.dagster_type.typing_type)
        except ArtifactMissingError as error:
            context.step_context.instance.add_run_tags(context.step_context.run_id, {BLOCKED_TAG: name})
            raise dg.Failure(str(error), allow_retries=False) from error
        return kept
