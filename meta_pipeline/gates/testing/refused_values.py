"""Values that a dbt test accepted and refuses now: what is in the data already may hold them."""

from collections.abc import Iterator

from meta_pipeline.delivery.change import Change
from meta_pipeline.gates.testing.dbt_tests import DbtTest, same_test, stated_in
from meta_pipeline.gates.weighing import Weighed, weighed


def refused_values(change: Change) -> Iterator[Weighed]:
    """Each test of accepted values that lost one; a test that is new, or whose values are all others, is not told."""
    files = [file for file in change.files if file.path.endswith((".yml", ".yaml"))]
    before = [test for file in files for test in _tests(file.path, file.old)]
    if not before:
        return
    after = {same_test(test): test for file in files for test in _tests(file.path, file.new)}
    for test in before:
        now = after.get(same_test(test))
        if now is None:
            continue
        was, kept = _values(test), _values(now)
        lost = [value for value in was if value not in kept]
        if lost and len(lost) < len(was):
            yield weighed(
                "needs_approval",
                f"the test {test.name} on {test.subject} refuses {', '.join(lost)} now; rows that hold it fail it, and "
                "what is downstream is not built",
                "make sure that no row holds it any more, or keep the value",
                path=now.path,
                line=now.line,
            )


def _tests(path: str, data: bytes | None) -> Iterator[DbtTest]:
    text = (data or b"").decode("utf-8", errors="replace")
    if "accepted_values" not in text:
        return
    for test in stated_in(path, text).tests:
        if test.name.rpartition(".")[2].startswith("accepted_values") and not test.switched_off:
            yield test


def _values(test: DbtTest) -> list[str]:
    values = test.arguments.get("values")
    return [str(value) for value in values] if isinstance(values, list) else []
