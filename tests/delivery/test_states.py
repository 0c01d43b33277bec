from collections.abc import Sequence

import pytest

from meta_pipeline.delivery.ledger import (
    Answered,
    Concluded,
    Delivered,
    Effect,
    Event,
    Faulted,
    Judged,
    Judging,
    Withdrawn,
)
from meta_pipeline.delivery.model import digest
from meta_pipeline.delivery.requirements import Answer
from meta_pipeline.delivery.stages import JOBS, STAGES
from meta_pipeline.delivery.states import STATES, Standing, State, standing
from tests.delivery.stories import AUTHOR, SUBJECT, began, chained, judged, opened, result, signed, verdict

PLANNED = (opened(), *judged("discovery"), *judged("design", signatures=1))
APPROVED = (*PLANNED, signed("design"))
PROVED = (*APPROVED, *judged("implementation"), *judged("review", signatures=1))
SIGNED = (*PROVED, signed("review"))
MERGED = (*SIGNED, *judged("rollout"))
ANSWER = Answered(answer=Answer(question="q1", text="hourly", by="somebody"))
NO = signed("review", "rejected")
FAULT = Faulted(run="r1", message="the disk is full")

STORIES: list[tuple[State, str, Sequence[Event]]] = [
    ("planning", "discovery", [opened()]),
    ("planning", "design", [opened(), *judged("discovery")]),
    ("planning", "discovery", [opened(), *judged("discovery", "failed"), ANSWER]),
    ("awaiting_plan_signoff", "design", PLANNED),
    ("implementing", "implementation", APPROVED),
    ("implementing", "review", [*APPROVED, *judged("implementation")]),
    ("awaiting_review_signoff", "review", PROVED),
    ("rolling_out", "rollout", SIGNED),
    ("rolling_out", "rollout", MERGED),
    ("delivered", "rollout", [*MERGED, Delivered(commit="c" * 40)]),
    ("blocked", "discovery", [opened(), *judged("discovery", "failed")]),
    ("blocked", "implementation", [*APPROVED, *judged("implementation", "could_not_run")]),
    ("blocked", "rollout", [*SIGNED, *judged("rollout", "failed")]),
    ("rejected", "review", [*PROVED, NO]),
    ("withdrawn", "discovery", [*SIGNED, Withdrawn(by="somebody", reason="not needed")]),
    ("failed", "implementation", [*APPROVED, FAULT]),
    ("failed", "rollout", [*SIGNED, FAULT]),
    ("failed", "rollout", [*MERGED, FAULT]),
    # The re-judgement of an early stage brings the delivery back to it until its verdict is there.
    ("implementing", "implementation", [*SIGNED, began("implementation")]),
    ("failed", "implementation", [*SIGNED, began("implementation"), FAULT]),
    ("implementing", "implementation", [*APPROVED, FAULT, began("implementation")]),
]


@pytest.mark.parametrize("state, stage, events", STORIES)
def test_a_story_leads_to_its_state(state: State, stage: str, events: Sequence[Event]) -> None:
    found = standing(chained(events))
    assert (found.state, found.stage) == (state, stage)


def test_every_state_is_reached_but_those_of_parts_that_are_not_built() -> None:
    reached = {state for state, _, _ in STORIES}
    assert set(STATES) - reached == {"observing", "superseded", "rolled_back"}


def test_the_table_names_a_job_or_an_action_for_every_state() -> None:
    for state, row in STATES.items():
        assert row.meaning, state
        assert "{" not in row.next_action.format(delivery="sales/inbox-1", folder="record"), state
        assert row.job is None or row.job in JOBS, state


def test_a_delivery_that_nobody_opened_stands_nowhere() -> None:
    with pytest.raises(ValueError, match="never opened"):
        standing(())


def test_why_names_what_stopped_it() -> None:
    assert standing(chained([opened(), *judged("discovery", "failed")])).why == "DSC001 a-gate: it looked"
    assert standing(chained([*PROVED, NO])).why == "reviewer@example.com: no reason given"
    assert standing(chained([*SIGNED, FAULT])).why == "the disk is full"


def test_an_equal_re_run_voids_nothing() -> None:
    assert standing(chained([*SIGNED, *judged("discovery"), *judged("design", signatures=1)])) == standing(
        chained(SIGNED)
    )


@pytest.mark.parametrize("stage", STAGES[:-1])
def test_a_different_verdict_voids_what_came_after_it(stage: str) -> None:
    found = next(s for s in STAGES if s == stage)
    other = judged(
        found, "warned", says="something new", signatures=1 if found in ("design", "review") else 0
    )
    after = standing(chained([*MERGED, *other]))
    if found in ("design", "review"):
        assert after.state in ("awaiting_plan_signoff", "awaiting_review_signoff")
        assert after.stage == found
    else:
        assert STAGES.index(after.stage) == STAGES.index(found) + 1
        assert after.state in ("planning", "implementing")


def test_other_content_under_an_equal_outcome_voids_too() -> None:
    results = (result("discovery"),)
    subject = digest("other requirements")
    other = verdict("discovery").model_copy(update={"subject": subject})
    again: tuple[Event, ...] = (
        Judging(stage="discovery", subject=subject, gates=("DSC001",)),
        Judged(stage="discovery", subject=subject, results=results),
        Concluded(verdict=other),
    )
    assert standing(chained([*SIGNED, *again])).stage == "design"


def test_an_answer_voids_all_verdicts() -> None:
    assert standing(chained([*PLANNED, ANSWER])) == Standing("planning", "discovery", 1)


def test_a_withdrawn_or_delivered_one_goes_on_only_when_it_is_opened_again() -> None:
    gone = [*SIGNED, Withdrawn(by="the inbox", reason="closed")]
    assert standing(chained([*gone, *judged("discovery")])).state == "withdrawn"
    again = standing(chained([*gone, opened(2, "edited")]))
    assert (again.state == "withdrawn", again.revision) == (False, 2)


def test_a_sign_off_of_the_author_does_not_carry_the_state_on() -> None:
    # What `status` and the sensors say must be what the border says.
    mine = signed("review", signer=AUTHOR)
    assert standing(chained([*PROVED, mine])).state == "awaiting_review_signoff"


def test_the_command_that_a_person_must_run_is_the_reason_of_the_wait() -> None:
    awaited = Effect(key="await:c", what="merge_awaited", detail="merge it with: git merge --ff-only b")
    found = standing(chained([*MERGED, awaited]))
    assert (found.state, found.why) == ("rolling_out", awaited.detail)
    assert SUBJECT not in str(found.why)
