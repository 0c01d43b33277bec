import re

from meta_pipeline.delivery.borders import Open, Shut, border, review_subject
from meta_pipeline.delivery.judgement import GateResult, verdict_of
from meta_pipeline.delivery.ledger import Concluded, Event, Judged, Judging
from meta_pipeline.delivery.model import digest
from tests.delivery.stories import (
    AUTHOR,
    GATES,
    SUBJECT,
    began,
    chained,
    ended,
    judged,
    opened,
    result,
    signed,
    verdict,
)

PASSED = judged("review", signatures=1)


def look(*events: Event, signatures: int = 0, subject: str = SUBJECT, gates: int = 1) -> Open | Shut:
    entries = chained([opened(), *events])
    ids = [GATES["review"], "REV099"][:gates]
    return border(entries, "review", subject, gates=ids, signatures=signatures, author=AUTHOR)


def shut(found: Open | Shut, says: str, *, waits: bool = False) -> bool:
    return (
        isinstance(found, Shut)
        and re.search(says, found.reason) is not None
        and found.waits_for_human == waits
    )


def test_a_passed_stage_is_open() -> None:
    assert look(*PASSED) == Open(verdict("review"))


def test_a_stage_that_nobody_judged_is_shut() -> None:
    assert shut(look(), "no verdict on this very content")


def test_a_verdict_on_other_content_counts_for_nothing() -> None:
    assert shut(look(*PASSED, subject=digest("another change")), "no verdict on this very content")


def test_results_without_a_verdict_count_for_nothing() -> None:
    assert shut(look(began("review"), ended("review")), "no verdict")


def test_a_verdict_without_results_counts_for_nothing() -> None:
    assert shut(look(Concluded(verdict=verdict("review"))), "REV001 began and has not ended")


def test_a_gate_that_was_added_since_shuts_the_border() -> None:
    assert shut(look(*PASSED, gates=2), "REV099 began and has not ended")


def test_a_judgement_that_began_and_never_ended_shuts_the_border() -> None:
    assert shut(look(*PASSED, signed("review"), began("review"), signatures=1), "began and has not ended")


def test_a_later_failed_judgement_shuts_the_border_with_and_without_its_verdict() -> None:
    again = (began("review"), ended("review", "failed"))
    assert shut(look(*PASSED, signed("review"), *again, signatures=1), "blocked by REV001")
    concluded = judged("review", "failed")
    assert shut(look(*PASSED, signed("review"), *concluded, signatures=1), "blocked by REV001")


def test_what_could_not_run_shuts_the_border() -> None:
    assert shut(look(*judged("review", "could_not_run")), "blocked by REV001")


def test_a_later_judgement_that_says_something_else_asks_for_its_verdict() -> None:
    again = (began("review"), ended("review", "warned"))
    assert shut(look(*PASSED, *again), "judged again after its verdict")


def test_an_equal_re_run_keeps_the_sign_off() -> None:
    slower: GateResult = result("review", seconds=9.0)
    again = (
        Judging(stage="review", subject=SUBJECT, gates=("REV001",)),
        Judged(stage="review", subject=SUBJECT, results=(slower,)),
        Concluded(verdict=verdict_of("review", SUBJECT, [slower]), signatures=1),
    )
    assert isinstance(look(*PASSED, signed("review"), *again, signatures=1), Open)


def test_a_failure_that_was_mended_opens_again() -> None:
    assert isinstance(look(*PASSED, *judged("review", "failed"), *PASSED), Open)


def test_a_missing_sign_off_waits_for_a_human() -> None:
    assert shut(look(*PASSED, signatures=1), "0 of 1 sign-offs", waits=True)


def test_the_author_cannot_sign_and_nobody_counts_twice() -> None:
    mine = signed("review", signer=AUTHOR)
    assert shut(look(*PASSED, mine, signatures=1), "0 of 1 sign-offs", waits=True)
    by_name = signed("review", signer=f"An Author <{AUTHOR.title()}>")
    assert shut(look(*PASSED, by_name, signatures=1), "0 of 1 sign-offs", waits=True)
    twice = (signed("review"), signed("review", signer="Reviewer@example.com"))
    assert shut(look(*PASSED, *twice, mine, signatures=2), "1 of 2 sign-offs", waits=True)
    both = (signed("review"), signed("review", signer="second@example.com"))
    assert isinstance(look(*PASSED, *both, signatures=2), Open)


def test_a_sign_off_of_another_stage_or_verdict_counts_for_nothing() -> None:
    other_stage = signed("design", of=verdict("review"))
    other_verdict = signed("review", of=verdict("review", "warned", says="look here"))
    assert shut(look(*PASSED, other_stage, other_verdict, signatures=1), "0 of 1", waits=True)


def test_one_rejection_shuts_the_border_until_its_signer_changes_their_mind() -> None:
    no = signed("review", "rejected", signer="second@example.com")
    assert shut(look(*PASSED, signed("review"), no, signatures=1), "rejected by second@example.com")
    yes = signed("review", signer="second@example.com")
    assert isinstance(look(*PASSED, no, yes, signatures=1), Open)


def test_what_needs_approval_is_open_to_whoever_signs_it() -> None:
    asks = judged("review", "needs_approval", says="the schedule changes")
    on_it = signed("review", of=verdict("review", "needs_approval", says="the schedule changes"))
    assert shut(look(*asks, signatures=1), "0 of 1", waits=True)
    assert isinstance(look(*asks, on_it, signatures=1), Open)
    # A finding that is new since asks for a new approval.
    more = judged("review", "needs_approval", says="another schedule changes")
    assert shut(look(*asks, on_it, *more, signatures=1), "0 of 1", waits=True)


def test_the_review_binds_the_change_its_judgement_and_the_way_back() -> None:
    subject = review_subject(SUBJECT, verdict("implementation"), ["git revert x"])
    assert subject == review_subject(SUBJECT, verdict("implementation"), ("git revert x",))
    assert subject != review_subject(digest("other"), verdict("implementation"), ["git revert x"])
    assert subject != review_subject(SUBJECT, verdict("implementation", "warned"), ["git revert x"])
    assert subject != review_subject(SUBJECT, verdict("implementation"), ["git revert y"])
