import pytest
from hypothesis import given
from hypothesis import strategies as st

from meta_pipeline.delivery.ledger import (
    Answered,
    BrokenChainError,
    Effect,
    Entry,
    Event,
    Recorded,
    answers_in,
    effect,
    opening,
    signoffs_on,
    verify_chain,
)
from meta_pipeline.delivery.model import digest
from meta_pipeline.delivery.requirements import Answer
from tests.delivery.stories import chained, judged, opened, signed, verdict

STORY = chained([opened(), *judged("discovery"), *judged("design", signatures=1), signed("design")])


def test_a_whole_chain_holds_also_when_it_was_written_and_read_again() -> None:
    verify_chain(STORY)
    verify_chain([Entry.stored(entry.model_dump(mode="json")) for entry in STORY])


def test_a_field_that_a_later_version_added_breaks_no_old_chain() -> None:
    documents = [entry.model_dump(mode="json") for entry in STORY]
    # As an older version wrote it, whose verdicts named no number of signatures.
    for number, document in enumerate(documents):
        document["event"].pop("signatures", None)
        document["previous"] = digest(documents[number - 1]) if number else document["previous"]
    verify_chain([Entry.stored(document) for document in documents])
    documents[3]["event"]["verdict"]["decision"] = "blocked"
    with pytest.raises(BrokenChainError, match="entry 5 "):
        verify_chain([Entry.stored(document) for document in documents])


@given(st.data())
def test_any_altered_entry_breaks_the_chain(data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(STORY) - 2))
    entry = STORY[place]
    other = data.draw(
        st.sampled_from(
            [
                entry.model_copy(update={"at": "2026-01-06T00:00:00.000+00:00"}),
                entry.model_copy(update={"event": Recorded(artifact="plan", digest=digest("forged"))}),
                entry.model_copy(update={"number": entry.number + 1}),
                entry.model_copy(update={"previous": digest("forged")}),
            ]
        )
    )
    with pytest.raises(BrokenChainError, match="restore the delivery's ledger folder"):
        verify_chain([*STORY[:place], other, *STORY[place + 1 :]])


@given(st.integers(0, len(STORY) - 2))
def test_a_removed_or_swapped_entry_breaks_the_chain(place: int) -> None:
    swapped = [*STORY[:place], STORY[place + 1], STORY[place], *STORY[place + 2 :]]
    for altered in ([*STORY[:place], *STORY[place + 1 :]], swapped):
        with pytest.raises(BrokenChainError, match=f"entry {place + 1} "):
            verify_chain(altered)


def answered(question: str, text: str) -> Answered:
    return Answered(answer=Answer(question=question, text=text, by="somebody"))


def test_the_newest_answer_counts_and_an_edited_issue_asks_anew() -> None:
    story: list[Event] = [opened(), answered("q1", "daily"), answered("q2", "no"), answered("q1", "hourly")]
    assert [(a.question, a.text) for a in answers_in(chained(story))] == [("q1", "hourly"), ("q2", "no")]
    # A new policy or patch opens a revision too, and the questions stay the same.
    same = chained([*story, opened(2)])
    assert len(answers_in(same)) == 2
    edited = chained([*story, opened(2, "edited"), answered("q1", "weekly")])
    assert [(a.question, a.text) for a in answers_in(edited)] == [("q1", "weekly")]


def test_the_newest_opening_and_the_first_effect_of_a_key_are_found() -> None:
    first = Effect(key="merge:c", what="merged", detail="at c")
    entries = chained([opened(), first, opened(2, "edited"), first.model_copy(update={"detail": "again"})])
    assert opening(entries) == opened(2, "edited")
    assert effect(entries, "merge:c") == first
    assert effect(entries, "merge:d") is None
    assert opening(()) is None


def test_each_signers_newest_decision_on_this_digest_counts() -> None:
    entries = chained(
        [signed("design", "rejected"), signed("design"), signed("review", of=verdict("design"))]
    )
    assert [s.decision for s in signoffs_on(entries, "design", verdict("design").digest)] == ["approved"]
    assert signoffs_on(entries, "design", digest("other")) == ()
