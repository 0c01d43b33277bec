"""What a file declares, and what CHG010 says of a change of it."""

from collections.abc import Mapping

from meta_pipeline.contracts.declared import Declarations
from meta_pipeline.delivery.contract import Contract
from meta_pipeline.delivery.tree import MemoryTree
from meta_pipeline.gates import specimens
from meta_pipeline.gates.case import Case
from meta_pipeline.gates.catalogue import catalogue
from meta_pipeline.gates.gate import judge
from meta_pipeline.policy import Policy


def contracts(files: Mapping[str, str], *patterns: str) -> dict[str, Contract]:
    declared = Declarations(MemoryTree.of(files), patterns).all()
    assert declared.unreadable == ()
    return {contract.dataset: contract for contract in declared.contracts}


def judged(before: Mapping[str, str], after: Mapping[str, str], *patterns: str) -> tuple[str, list[str]]:
    change = specimens.change(before, after)
    result = judge(catalogue().gates["CHG010"], Case(Policy(contracts=patterns), change=change))
    return result.outcome, [
        finding.message.removesuffix("; its readers rely on it") for finding in result.findings
    ]


def columns(contract: Contract) -> dict[str, str | None]:
    return {column.name: column.type for column in contract.columns}
