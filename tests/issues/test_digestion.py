from typing import Any

import pytest

from meta_pipeline.delivery.context import RepoContext
from meta_pipeline.delivery.model import digest
from meta_pipeline.delivery.requirements import Answer
from meta_pipeline.issues.digestion import digest_issue
from meta_pipeline.issues.inbox import read_issue
from meta_pipeline.policy import FollowUpPolicy, Policy


def answer(text: str, question: str = "q1") -> Answer:
    return Answer(question=question, text=text, by="lead@example.com")


def test_quotes_stand_word_for_word_on_their_line(context: RepoContext, policy: Policy) -> None:
    text = (
        "---\ntitle: x\nrequester: a\n---\n\n### Acceptance criteria\n\n- [ ] `load` retries\n  3 times\n\n"
        "1. All tests pass. No import errors.\n"
    )

    criteria = digest_issue(read_issue(text, "7.md"), context, policy).criteria

    assert [c.metric for c in criteria] == ["retries", "failed_tests", "import_errors"]
    for criterion in criteria:
        first, *rest = criterion.span.quote.split("\n")
        line = criterion.span.line
        assert first in text.split("\n")[line - 1]
        assert rest == text.split("\n")[line : line + len(rest)]


@pytest.mark.parametrize(
    "words, said",
    [
        ("every 2 hours", "0 */2 * * *"),
        ("Schedule of `store_inventory` is every 2 hours", "0 */2 * * *"),
        ("`0 */2 * * *`", "0 */2 * * *"),
        ("Daily at 06:30.", "30 6 * * *"),
    ],
)
def test_an_answer_closes_the_gap_of_its_question(
    words: str, said: str, context: RepoContext, policy: Policy, write_issue: Any
) -> None:
    issue = write_issue(
        "- Managers see the counts sooner",
        wish="`store_inventory` should be refreshed more often.",
        pipelines="- `store_inventory`",
        service_level="As fast as possible.",
    )
    asked = digest_issue(issue, context, policy)
    assert [q.id for q in asked.open_questions] == ["q1"]
    assert len(asked.unmeasurable) == 3

    answered = digest_issue(issue, context, policy, (answer(words),))

    assert answered.open_questions == ()
    assert answered.unmeasurable == ()
    (criterion,) = answered.criteria
    assert (criterion.subject, criterion.threshold) == ("store_inventory", said)
    assert (criterion.span.source, criterion.span.quote) == ("answer:q1", words)
    assert digest(answered) != digest(asked)


@pytest.mark.parametrize("words", ["much faster", "", "  ", "yes", "`load` retries 3 times", "ask finance"])
def test_an_answer_that_cannot_be_measured_is_asked_again(
    words: str, context: RepoContext, policy: Policy, write_issue: Any
) -> None:
    issue = write_issue(
        "- Managers see the counts sooner", wish="Counts must come sooner.", pipelines="`store_inventory`"
    )

    first = digest_issue(issue, context, policy, (answer(words),))

    assert [q.id for q in first.questions] == ["q1", "q1.2"]
    assert [q.id for q in first.open_questions] == ["q1.2"]
    assert first.unmeasurable
    assert not any(c.span.source == "answer:q1" for c in first.criteria)
    second = digest_issue(issue, context, policy, (answer(words), answer("every 2 hours", "q1.2")))
    assert second.open_questions == ()
    assert second.unmeasurable == ()
    assert [c.threshold for c in second.criteria] == ["0 */2 * * *"]


@pytest.mark.parametrize(
    "criterion, words, said",
    [
        (
            "Retry delay of `load` is at least 5",
            "at least 5 minutes",
            ("retry_delay", "sales_daily.load", ">=", 300),
        ),
        ("`load` retries more often", "3", ("retries", "sales_daily.load", "==", 3)),
        ("`load` retries more often", "at least three times", ("retries", "sales_daily.load", ">=", 3)),
        ("`roll_up` retries 3 times", "`rollup_north.roll_up`", ("retries", "rollup_north.roll_up", "==", 3)),
        ("`roll_up` retries 3 times", "rollup_north.roll_up", ("retries", "rollup_north.roll_up", "==", 3)),
        (
            "`roll_up` retries 3 times",
            "the one in `rollup_south`",
            ("retries", "rollup_south.roll_up", "==", 3),
        ),
        ("`roll_up` retries 3 times", "both of them", None),
        ("`load` retries more often", "the one that fails", None),
    ],
)
def test_an_answer_may_say_only_what_was_missing(
    criterion: str,
    words: str,
    said: tuple[Any, ...] | None,
    context: RepoContext,
    policy: Policy,
    write_issue: Any,
) -> None:
    requirements = digest_issue(write_issue(f"- {criterion}"), context, policy, (answer(words),))

    read = [(c.metric, c.subject, c.comparator, c.threshold) for c in requirements.criteria]
    assert read == ([said] if said else [])
    assert bool(requirements.open_questions) == (said is None)


def test_questions_are_numbered_in_the_order_of_the_text_and_stay_when_one_is_answered(
    context: RepoContext, policy: Policy, write_issue: Any
) -> None:
    issue = write_issue("- `load` retries more\n- All tests pass\n- Retry delay of `load` is 5")

    asked = digest_issue(issue, context, policy)
    answered = digest_issue(issue, context, policy, (answer("3"), answer("none asked", "q9")))

    assert [q.id for q in asked.questions] == [q.id for q in answered.questions] == ["q1", "q2"]
    assert [q.id for q in answered.open_questions] == ["q2"]
    assert [a.question for a in answered.answers] == ["q1"]
    assert [(c.id, c.metric) for c in answered.criteria] == [("c1", "failed_tests"), ("c2", "retries")]


def test_without_the_section_only_what_is_asked_for_counts(
    context: RepoContext, policy: Policy, write_issue: Any
) -> None:
    wish = "The source writes every hour. `load` retried 2 times last week. `load` should retry at least 3 times."

    (criterion,) = digest_issue(write_issue("_No response_", wish=wish), context, policy).criteria

    assert (criterion.metric, criterion.comparator, criterion.threshold) == ("retries", ">=", 3)
    assert criterion.span.quote == "`load` should retry at least 3 times."


def test_an_issue_without_anything_measurable_is_asked_for_it(
    context: RepoContext, policy: Policy, write_issue: Any
) -> None:
    requirements = digest_issue(write_issue(wish="The load is a mess."), context, policy)

    assert requirements.criteria == ()
    assert [q.id for q in requirements.open_questions] == ["q1"]


@pytest.mark.parametrize(
    "level, questions",
    [
        ("None.", 0),
        ("No change", 0),
        ("As soon as possible", 1),
        ("Within 10 minutes", 1),
        ("near real-time", 1),
    ],
)
def test_a_service_level_is_measured_or_asked(
    level: str, questions: int, context: RepoContext, policy: Policy, write_issue: Any
) -> None:
    requirements = digest_issue(write_issue("- All tests pass", service_level=level), context, policy)

    assert len(requirements.open_questions) == questions


def test_equal_demands_are_one_criterion(context: RepoContext, policy: Policy, write_issue: Any) -> None:
    issue = write_issue(
        "- Run time of `sales_daily` is at most 10 minutes\n- `sales_daily` finishes within 600 seconds",
        service_level="`sales_daily` ends within ten minutes.",
    )

    assert len(digest_issue(issue, context, policy).criteria) == 1


def test_the_digest_does_not_depend_on_the_base_or_on_what_the_issue_does_not_name(
    context: RepoContext, policy: Policy, write_issue: Any
) -> None:
    issue = write_issue("- `load` retries 3 times")
    moved = context.model_copy(update={"base": "c" * 40, "files": (*context.files, "README.md")})

    assert digest(digest_issue(issue, context, policy)) == digest(digest_issue(issue, moved, policy))
    relabelled = issue.model_copy(update={"labels": ("urgent",)})
    assert digest(digest_issue(issue, context, policy)) == digest(digest_issue(relabelled, context, policy))


def test_follow_ups_come_from_the_issue_then_from_the_policy_then_from_nobody(
    context: RepoContext, write_issue: Any
) -> None:
    issue = write_issue("- All tests pass", backfill="None.", dashboards_and_alerts="_No response_")
    policy = Policy(follow_ups=FollowUpPolicy(dashboards="Nothing to add.", backfill="Ask."))

    found = {f.topic: (f.answer, f.given_by) for f in digest_issue(issue, context, policy).follow_ups}

    assert found == {
        "upstream_schema": (None, "nobody"),
        "environments": (None, "nobody"),
        "dashboards": ("Nothing to add.", "policy"),
        "backfill": ("None.", "issue"),
    }


def test_a_follow_up_that_nobody_speaks_of_is_asked_and_a_person_answers_it(
    context: RepoContext, write_issue: Any
) -> None:
    issue = write_issue("- All tests pass", backfill="None.", dashboards_and_alerts="As they are.")
    policy = Policy(follow_ups=FollowUpPolicy(environments="All."))
    answer = Answer(question="upstream_schema", text="It stays.", by="reviewer@example.com")

    asked = digest_issue(issue, context, policy)
    answered = digest_issue(issue, context, policy, (answer,))

    assert [question.id for question in asked.open_questions] == ["upstream_schema"]
    assert not answered.open_questions
    assert answered.answers == (answer,)
    assert answered.follow_ups[0].answer == "It stays."
    assert answered.follow_ups[0].given_by == "answer"


def test_hostile_text_is_read_quickly(context: RepoContext, policy: Policy, write_issue: Any) -> None:
    pieces = [
        "retry " * 160,
        "a" * 999,
        "`" * 900,
        "between 0 and " * 60,
        "every " * 150,
        "<!--" * 200,
        "1," * 400,
        "not be " * 130,
    ]

    digest_issue(write_issue("\n".join(f"- {piece}" for piece in pieces)), context, policy)
