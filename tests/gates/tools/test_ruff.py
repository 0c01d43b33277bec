import json

import pytest

from meta_pipeline.gates.tools.ruff import SYNTAX, ruff_reports
from meta_pipeline.gates.tools.tool import Missing, Reported

NOTEBOOK = {
    "cells": [
        {"cell_type": "markdown", "metadata": {}, "source": ["# Orders\n"]},
        {
            "cell_type": "code",
            "metadata": {},
            "execution_count": None,
            "outputs": [],
            "source": ["x = 1\n", "print(orders)\n"],
        },
    ],
    "metadata": {"language_info": {"name": "python"}},
    "nbformat": 4,
    "nbformat_minor": 5,
}


def test_reports_what_was_selected_by_path_and_line() -> None:
    files = {"dags/b.py": b"import os\nprint(x)\n", "dags/a.py": b"\nprint(y)\n"}

    assert ruff_reports(files, ("F821",)) == (
        Reported("dags/a.py", 2, "F821", "Undefined name `y`"),
        Reported("dags/b.py", 2, "F821", "Undefined name `x`"),
    )


def test_what_no_python_can_read_is_reported_whatever_is_selected() -> None:
    said = ruff_reports({"a.py": b"print 'x'\n"}, ("S",))

    assert not isinstance(said, Missing)
    assert [(one.path, one.line, one.code) for one in said] == [("a.py", 1, SYNTAX)]


def test_a_text_for_an_older_python_may_not_use_newer_syntax() -> None:
    text = {"a.py": b"import sys\nmatch sys.argv:\n    case _:\n        pass\n"}

    assert ruff_reports(text, ("F821",)) == ()
    old = ruff_reports(text, ("F821",), python="py39")
    assert not isinstance(old, Missing)
    assert [(one.line, one.code) for one in old] == [(2, SYNTAX)]


@pytest.mark.parametrize("beside", ["ruff.toml", "pyproject.toml", ".gitignore"])
def test_neither_a_comment_nor_a_file_of_the_target_silences_it(beside: str) -> None:
    said = {
        "ruff.toml": b'exclude = ["*.py"]\n',
        "pyproject.toml": b'[tool.ruff]\nexclude = ["*.py"]\n',
        ".gitignore": b"*.py\n",
    }
    files = {"build/a.py": b"print(x)  # noqa\n", beside: said[beside]}

    assert ruff_reports(files, ("F821",)) == (Reported("build/a.py", 1, "F821", "Undefined name `x`"),)


def test_the_code_of_a_notebook_is_looked_at_without_a_line() -> None:
    files = {"n.ipynb": json.dumps(NOTEBOOK).encode(), "query.sql": b"select"}

    assert ruff_reports(files, ("F821",)) == (Reported("n.ipynb", None, "F821", "Undefined name `orders`"),)


def test_what_ruff_does_not_know_is_no_answer() -> None:
    said = ruff_reports({"a.py": b"x = 1\n"}, ("NOPE999",))

    assert isinstance(said, Missing)
    assert "NOPE999" in said.reason
