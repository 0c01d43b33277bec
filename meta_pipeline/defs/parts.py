"""How an artifact of the stage graph becomes an asset of a target."""

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import dagster as dg

from meta_pipeline.delivery.stages import StageId, artifact
from meta_pipeline.gates.catalogue import catalogue
from meta_pipeline.gates.gate import Gate

ARTIFACTS_IO = "artifacts"


def partitions(target: str) -> dg.DynamicPartitionsDefinition:
    """The deliveries of a target."""
    return dg.DynamicPartitionsDefinition(name=f"deliveries_{target}")


def group_name(target: str, stage: StageId) -> str:
    """The asset group of a stage. Every target has its own: a group's page names its assets without their target."""
    return f"{target}_{stage}"


def check_name(gate: Gate) -> str:
    """The name of a gate's asset check: letters, digits and underscores."""
    return f"{gate.id}_{gate.name.replace('-', '_')}"


def check_specs(target: str, *names: str) -> list[dg.AssetCheckSpec]:
    """One check, per delivery, for each gate that is shown on these artifacts."""
    with warnings.catch_warnings():
        # Without it one delivery's pass hides another's failure; the version of Dagster is pinned for it.
        warnings.simplefilter("ignore", dg.PreviewWarning)
        return [
            dg.AssetCheckSpec(
                name=check_name(gate),
                asset=dg.AssetKey([target, gate.subject]),
                description=gate.rationale,
                partitions_def=partitions(target),
            )
            for gate in catalogue().of_subject(*names)
        ]


def artifact_asset(target: str, body: Callable[..., Any], *, loads: Sequence[str]) -> dg.AssetsDefinition:
    """The asset of `target` that `body` makes; it is named after the function.

    `loads` are the inputs that `body` takes as arguments. The other inputs are dependencies only: their
    stored values are not trusted, the ledger is asked instead.
    """
    made = artifact(body.__name__)
    return dg.asset(
        key=[target, made.name],
        description=made.description,
        group_name=group_name(target, made.stage),
        partitions_def=partitions(target),
        ins={name: dg.AssetIn(key=[target, name]) for name in loads},
        deps=[dg.AssetKey([target, name]) for name in made.inputs if name not in loads],
        check_specs=check_specs(target, made.name),
        io_manager_key=ARTIFACTS_IO,
        output_required=not made.optional,
        tags={"stage": made.stage, "target": target},
        kinds={"python"},
    )(body)
