"""What the gates must catch: classes of fault of the laboratory, by their ids."""

from meta_pipeline.gates.catalogue import own_gates
from meta_pipeline.lab.classes import mutators

FAULTS = {mutator.id: mutator for mutator in mutators() if mutator.is_harmful}
CLAIMED = {fault for gate in own_gates().gates.values() for fault in gate.catches}
NOT_CLAIMED = {
    "broken-import-module": "a module that no lock names may still be installed where the pipeline runs",
    "broken-import-name": "what an installed package offers is known to the parse alone (VAL004)",
    "clock-as-interval": "a clock is wrong only where a run may come late, which source does not always tell",
    "data-check-loosened": "a bound of a data test is a number among others where no tool's format tells what it is",
    "data-check-tightened": "it may be meant; the data tells (VAL006)",
    "definition-unlisted": "several gates share it, by what is lost: CHG004, CHG011 and CHG017",
    "dependency-unpinned": "a repository that pins nothing else loses nothing",
    "drop-or-truncate-added": "a table that the same statement fills again may be emptied",
    "import-cycle": "most cycles of imports load; the parse tells which do not (VAL004)",
    "reader-orphaned": "several gates share it, by what is lost: CHG004, CHG011 and CHG017",
    "reference-missing": "what other projects and packages hold is not seen in source",
    "retention-shortened": "too few formats of it are known",
    "sql-injection": "a text may come from a constant of another module",
    "task-removed": "a task without a name of its own is not told from one that was renamed",
    "timeout-dropped": "a default of the scheduler's own settings may stand behind it",
    "trigger-rule-loosened": "a rule may be loosened together with what made it needed",
}


def test_a_gate_claims_classes_that_there_are() -> None:
    assert not CLAIMED - FAULTS.keys()


def test_each_class_that_source_shows_is_claimed_or_said_not_to_be() -> None:
    static = {fault for fault, mutator in FAULTS.items() if mutator.level == "static"}

    assert static - CLAIMED == NOT_CLAIMED.keys()
    assert all(NOT_CLAIMED.values())
