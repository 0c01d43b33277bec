"""Why a gate does not apply to a case that lacks a part."""

from collections.abc import Mapping

MISSING: Mapping[str, str] = {
    "change": "there is no change to look at",
    "change_set": "there is no patch of a delivery",
    "context": "there is no delivery",
    "requirements": "there is no issue",
    "audit": "there is no dependency audit",
    "plan": "there is no plan",
    "reports": "no target command was run",
    "rollback": "there is no rollback plan",
    "neighbours": "no known-bad neighbour of the change was judged; check --level full and deliveries do that",
    "packet": "there is no review packet",
    "signing": "nothing was asked to be signed",
    "merging": "nothing is being merged",
}
"""By the name of the part, as `Gate.needs` has it."""
