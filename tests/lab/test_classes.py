from typing import get_args

from meta_pipeline.delivery.topology import SchedulerKind
from meta_pipeline.lab.classes import mutators


def test_there_are_as_many_twins_as_the_measure_of_false_alarms_needs() -> None:
    harmful = [mutator for mutator in mutators() if mutator.is_harmful]
    assert len(harmful) >= 30
    assert len(mutators()) - len(harmful) >= 30


def test_every_scheduler_has_faults_and_twins_of_its_own() -> None:
    for scheduler in get_args(SchedulerKind):
        here = [mutator for mutator in mutators() if scheduler in mutator.schedulers]
        assert sum(mutator.is_harmful for mutator in here) >= 25
        assert sum(not mutator.is_harmful for mutator in here) >= 15


def test_every_class_says_what_it_does_and_a_fault_why_it_harms() -> None:
    for mutator in mutators():
        text = (type(mutator).__doc__ or "").strip()
        assert text.endswith("."), mutator.id
        if mutator.is_harmful:
            assert "\n\n" in text, mutator.id
