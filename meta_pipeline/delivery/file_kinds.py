"""What a file of a pipeline repository is for, as far as its path tells."""

import re
from pathlib import PurePosixPath

_DOCUMENTS = frozenset({".md", ".rst", ".adoc", ".txt", ".png", ".svg", ".jpg", ".gif"})
_NOT_PROSE = ("requirements", "constraints")
# `vendor` and `target` are words of the business too: dags/vendor/ and models/target/ are a team's own.
_OF_OTHERS = re.compile(
    r"(?:^|/)(?:\.git|\.venv|venv|\.tox|\.nox|node_modules|site-packages|dbt_packages|dbt_modules|third_party"
    r"|vendored|_vendor|target/(?:compiled|run))/|^(?:(?:src|lib|libs|plugins)/)?vendor/"
)


def is_document(path: str) -> bool:
    """Whether people read it and no tool runs it: `requirements.txt` is none."""
    file = PurePosixPath(path)
    return file.suffix.casefold() in _DOCUMENTS and not file.name.startswith(_NOT_PROSE)


def is_test(path: str) -> bool:
    """Whether it belongs to the tests in Python: below a folder of tests, or named as pytest collects it."""
    file = PurePosixPath(path)
    if {"tests", "test", "_tests"} & set(file.parts[:-1]):
        return True
    return file.suffix == ".py" and (
        file.name.startswith("test_") or file.stem.endswith("_test") or file.name == "conftest.py"
    )


def is_of_others(path: str) -> bool:
    """Whether a file is installed, vendored or compiled code, which nobody of this repository wrote."""
    return bool(_OF_OTHERS.search(path))
