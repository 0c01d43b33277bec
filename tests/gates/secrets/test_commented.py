from meta_pipeline.gates.secrets.assigned import assigned
from tests.gates.secrets.made_values import Maker


def test_a_comment_of_sql_that_sets_a_variable() -> None:
    line = f"-- export AUTH_TOKEN={Maker(20261124).text(40)}"

    found = list(assigned("sql/copy.sql", f"{line}\nselect 1\n", frozenset({1, 2})))

    assert [(one.name, one.line) for one in found] == [("AUTH_TOKEN", 1)]
    assert not list(assigned("sql/copy.sql", "-- token = next_token\n", frozenset({1})))
