"""A human decision, bound to the exact content it approves."""

import re
from typing import Literal

from meta_pipeline.delivery.ids import DeliveryId
from meta_pipeline.delivery.model import Frozen, canonical_json
from meta_pipeline.delivery.stages import StageId

NAMESPACE = "meta-pipeline"
_ADDRESS = re.compile(r".*<(?P<address>[^<>]+)>\s*")


class SignOff(Frozen):
    """A verified decision on `digest`. `signature` is the armoured SSH signature over `statement`."""

    delivery: str
    stage: StageId
    digest: str
    decision: Literal["approved", "rejected"]
    signer: str
    signature: str
    reason: str | None = None


def is_same_person(one: str, other: str) -> bool:
    """Whether two identities name one person: by the address alone, as `Name <address>` is `address`."""
    return _address(one) == _address(other)


def _address(identity: str) -> str:
    match = _ADDRESS.fullmatch(identity)
    return (match["address"] if match else identity).strip().casefold()


def statement(delivery: DeliveryId, stage: StageId, digest: str, decision: str, reason: str | None) -> bytes:
    """The exact bytes that a signer signs."""
    return canonical_json(
        {
            "target": delivery.target,
            "delivery": str(delivery),
            "stage": stage,
            "digest": digest,
            "decision": decision,
            "reason": reason,
        }
    )
