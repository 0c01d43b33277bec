"""What a file of a pipeline repository is for, as far as its path tells."""

from pathlib import PurePosixPath

_DOCUMENTS = frozenset({".md", ".rst", ".adoc", ".txt", ".png", ".svg", ".jpg", ".gif"})
_NOT_PROSE = ("requirements", "constraints")


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
