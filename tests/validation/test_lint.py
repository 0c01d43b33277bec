"""What linters print, read as findings."""

from meta_pipeline.validation.lane import tail
from meta_pipeline.validation.lint import complaints

SQLFLUFF = """\
== [models/customers.sql] FAIL
L:  21 | P:   1 | LT02 | Expected indent of 4 spaces. [layout.indent]
L:  37 | P:  13 | RF02 | Unqualified reference 'amount' found in select with more
                       | than one referenced table/view.
== [models/orders.sql] PASS
== [models/staging/a.sql] FAIL
L:   1 | P:   1 | LT05 | Line is too long (83 > 80). [layout.long_lines]
All Finished!
"""


def test_findings_of_sqlfluff_have_the_file_that_stands_over_them() -> None:
    found = complaints(SQLFLUFF)
    assert [(one.path, one.line) for one in found] == [
        ("models/customers.sql", 21),
        ("models/customers.sql", 37),
        ("models/staging/a.sql", 1),
    ]
    assert found[0].message == "LT02 | Expected indent of 4 spaces. [layout.indent]"


def test_a_module_that_is_not_installed_is_said_with_the_mend() -> None:
    for output in (
        "Traceback\nModuleNotFoundError: No module named 'airflow'\n",
        "python: No module named pytest",
    ):
        assert "is in the target's environment" not in tail(output)
        assert "bring it with environment.requirements" in tail(output)
    assert tail("a\n\nb\n") == "a / b"
