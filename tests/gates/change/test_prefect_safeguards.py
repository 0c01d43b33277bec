"""CHG018 on what flows of Prefect lose: hooks, calls that a failure stops, limits and checks of parameters."""

import pytest

from tests.gates.change.test_safeguards import judged

FLOW = """\
from prefect import allow_failure, flow, task
from prefect.concurrency.sync import concurrency, rate_limit
from prefect.transactions import transaction


def page(flow, run, state): ...


@task
def load(day): ...


@task
def publish(rows): ...


@flow{settings}
def sales(day):
{body}
"""


def a_flow(*body: str, settings: str = "") -> dict[str, str]:
    return {"flows/sales.py": FLOW.format(settings=settings, body="\n".join(f"    {line}" for line in body))}


@pytest.mark.parametrize(
    "settings, outcome, words",
    [
        ("(on_failure=[page])", "needs_approval", "dies with its machine"),
        ("(on_crashed=[page])", "needs_approval", "a failure goes unseen"),
        ("", "needs_approval", "a failure goes unseen"),
        ("(on_failure=[page], on_crashed=[page], on_completion=[page])", "passed", ""),
    ],
)
def test_failures_and_crashes_of_a_flow_of_prefect_are_told_apart(
    settings: str, outcome: str, words: str
) -> None:
    before = a_flow("load(day)", settings="(on_failure=[page], on_crashed=[page])")

    found, messages = judged(before, a_flow("load(day)", settings=settings))

    assert found == outcome
    assert any(words in message for message in messages) or not words


SUBMITTED = ("rows = load.submit(day)", "publish(rows)", "rows.result()")


@pytest.mark.parametrize(
    "body, outcome",
    [
        (("rows = load.submit(day)", "publish(allow_failure(rows))", "rows.result()"), "needs_approval"),
        (("rows = allow_failure(load.submit(day))", "publish(rows)", "rows.result()"), "needs_approval"),
        (("rows = load.submit(day, return_state=True)", "publish(rows)", "rows.result()"), "needs_approval"),
        (
            ("rows = load.submit(day)", "publish(rows)", "rows.result(raise_on_failure=False)"),
            "needs_approval",
        ),
        (("rows = load.submit(day)", "publish(rows)", "rows.wait()"), "needs_approval"),
        (
            ("rows = load.submit(day)", "publish(rows, wait_for=[allow_failure(rows)])", "rows.result()"),
            "needs_approval",
        ),
        # A new call that cleans up after failures.
        ((*SUBMITTED, "tidy(allow_failure(rows))"), "passed"),
        (
            (
                "rows = load.submit(day)",
                "publish(rows)",
                "state = load(day, return_state=True)",
                "rows.result(raise_on_failure=False)",
                "if state.is_failed(): raise RuntimeError",
            ),
            "warned",
        ),
        (("rows = load.submit(day)", "log(rows)", "publish(rows)", "rows.result()"), "passed"),
    ],
)
def test_a_call_that_a_failure_stopped_goes_on_only_with_a_person(
    body: tuple[str, ...], outcome: str
) -> None:
    assert judged(a_flow(*SUBMITTED), a_flow(*body))[0] == outcome


@pytest.mark.parametrize(
    "after, outcome",
    [
        (("load(day)",), "needs_approval"),
        (('with concurrency("other"):', "    load(day)"), "needs_approval"),
        (('with concurrency("warehouse", occupy=1, timeout_seconds=9):', "    load(day)"), "passed"),
        (("def inner():", '    with concurrency("warehouse"):', "        load(day)", "inner()"), "passed"),
    ],
)
def test_work_that_leaves_a_limit_of_prefect_needs_a_person(after: tuple[str, ...], outcome: str) -> None:
    before = a_flow('with concurrency("warehouse"):', "    load(day)")

    assert judged(before, a_flow(*after))[0] == outcome


@pytest.mark.parametrize(
    "before, after, outcome",
    [
        ("", "(validate_parameters=False)", "needs_approval"),
        ("(validate_parameters=True)", "(validate_parameters=False)", "needs_approval"),
        ("(validate_parameters=False)", "(validate_parameters=False, log_prints=True)", "passed"),
        ("(validate_parameters=True)", "", "passed"),
    ],
)
def test_a_flow_that_no_longer_looks_at_its_parameters_needs_a_person(
    before: str, after: str, outcome: str
) -> None:
    assert judged(a_flow("load(day)", settings=before), a_flow("load(day)", settings=after))[0] == outcome
