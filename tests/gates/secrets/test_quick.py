"""The quick look at a line never says no where the expression itself finds something."""

import re

import pytest

from meta_pipeline.gates.secrets.quick import AnyOf

FORMS = (
    re.compile(
        r"(?<![\w.-])(?P<name>\w{0,9}?password)\s*=\s*(?P<quote>[\"'])(?P<value>\w{4,}?)(?P=quote)",
        re.IGNORECASE,
    ),
    re.compile(r"\bcurl\b.*\s(?P<name>-u)\s+(?P<value>\S+)"),
)


@pytest.mark.parametrize(
    "line",
    [
        "PassWord = 'abcdef'",
        'db_password="abcdef"',
        "a.password = 'abcdef'",
        "curl -s -u someone https://example.com",
        "CURL -u someone",
        "password\u00a0= 'abcdef'",
        "pa\u017f\u017fword = 'abcdef'",
        "naïve password = 'abcdef'",
    ],
)
def test_what_matches_may_match(line: str) -> None:
    if any(form.search(line) for form in FORMS):
        assert AnyOf(FORMS).may_match(line)


def test_an_ordinary_line_needs_no_second_look() -> None:
    assert not AnyOf(FORMS).may_match("password = read('abcdef')")
    assert not AnyOf(FORMS).may_match("naïve = read('abcdef')")
