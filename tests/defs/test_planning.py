import pytest

from tests.defs.workshop import Workshop

pytestmark = pytest.mark.timeout(900)  # the first one builds the target's environment and proves the change


def test_waiting_is_neither_red_nor_green(planned: Workshop) -> None:
    run = planned.materialize("plan_signoff")
    assert (run.success, run.made, run.is_blocked) == (True, [], False)
    check = run.checks["DSN006"]
    assert (check.passed, check.severity.value) == (False, "WARN")
    assert planned.standing.state == "awaiting_plan_signoff"


def test_made_again_by_hand_nothing_is_void_where_nothing_changed(proved: Workshop) -> None:
    proved.sign("review")
    for asset in ("requirements", "plan"):
        run = proved.materialize(asset)
        assert run.success, run.why
    assert proved.standing.state == "rolling_out"
    assert proved.materialize("plan_signoff", "review_signoff").made == ["plan_signoff", "review_signoff"]
