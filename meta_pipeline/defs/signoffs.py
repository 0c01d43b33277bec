"""A human's approval as an asset: made when it is there, waiting (neither red nor green) while it is not."""

from collections.abc import Iterator
from typing import Any

import dagster as dg

from meta_pipeline.defs.gating import checks, halt, made
from meta_pipeline.delivery.judgement import Verdict
from meta_pipeline.delivery.ledger import signoffs_on
from meta_pipeline.delivery.packet import SignedStage
from meta_pipeline.desk import Delivery
from meta_pipeline.gates.case import Case, Signing
from meta_pipeline.gates.catalogue import catalogue
from meta_pipeline.gates.gate import judge


def signed_stage(context: dg.AssetExecutionContext, delivery: Delivery, verdict: Verdict) -> Iterator[Any]:
    """The sign-off itself if enough people approved this very verdict, and the check of its gate."""
    signing = Signing(
        digest=verdict.digest,
        needed=delivery.signatures(verdict.stage),
        signed=signoffs_on(delivery.record.entries(), verdict.stage, verdict.digest),
        author=delivery.opened.author.identity,
    )
    gate = next(gate for gate in catalogue().of_stage(verdict.stage) if gate.is_on_signing)
    result = judge(gate, Case(delivery.policy, signing=signing))
    if result.outcome == "passed":
        stage = SignedStage(stage=verdict.stage, digest=verdict.digest, signoffs=signing.signed)
        yield made(delivery, gate.subject, stage)
    yield from checks(delivery, [result])
    if result.outcome == "failed":
        raise halt(context, f"{result.reason[0].upper()}{result.reason[1:]}.")
