import pytest

from meta_pipeline.delivery.tree import SYMLINK
from meta_pipeline.gates import specimens
from meta_pipeline.gates.change.surprises import surprises

EXECUTABLE = "100755"


def strengths(
    before: specimens.Files, after: specimens.Files, modes: dict[str, str] | None = None
) -> list[str]:
    return [item.strength for item in surprises(specimens.change(before, after, after_modes=modes))]


@pytest.mark.parametrize(
    "path",
    [
        "/etc/passwd",
        "../outside.py",
        "dags/../../outside.py",
        "dags\\..\\outside.py",
        "C:/outside.py",
        ".git/hooks/pre-commit",
        "dags/.GIT/config",
        "dags/.git /config",
        "dags/.git./config",
        "dags/.g\u200cit/config",
        "dags/GIT~1/config",
        "dags/.git::$INDEX_ALLOCATION/config",
        "dags/a\nb.py",
        ".gitmodules",
    ],
)
def test_a_path_that_git_must_not_write_is_refused(path: str) -> None:
    assert strengths({}, {path: "x\n"}) == ["failed"]


@pytest.mark.parametrize(
    "path",
    [
        "dags/a.py",
        ".gitignore",
        ".gitattributes",
        ".github/workflows/ci.yml",
        "dags/über/größe.py",
        "a..b/c.py",
    ],
)
def test_a_usual_path_is_no_surprise(path: str) -> None:
    assert strengths({}, {path: "x\n"}) == []


def test_a_bad_path_may_be_deleted() -> None:
    assert strengths({"dags/.GIT/config": "x\n"}, {}) == []


@pytest.mark.parametrize(
    "destination,expected",
    [
        ("load.py", []),
        ("../sales/load.py", []),
        ("../../outside.py", ["failed"]),
        ("/etc/passwd", ["failed"]),
        ("../.git/config", ["failed"]),
        ("link.py", ["failed"]),
        ("deep/up/../x", ["failed"]),
    ],
)
def test_a_symlink_must_end_inside(destination: str, expected: list[str]) -> None:
    # `dags/deep/up` leads to the root, so that `dags/deep/up/..` is outside though it does not look so.
    base = {"dags/deep/up": "../.."}
    change = specimens.change(
        base,
        base | {"dags/link.py": destination},
        before_modes={"dags/deep/up": SYMLINK},
        after_modes={"dags/deep/up": SYMLINK, "dags/link.py": SYMLINK},
    )

    assert [item.strength for item in surprises(change)] == expected


@pytest.mark.parametrize(
    "path,old,new,expected",
    [
        ("docs/a.png", None, b"\x89PNG\0", []),
        ("data/a.parquet", None, b"PAR1\0", []),
        ("docs/a.png", b"\x89PNG\0", b"\x89PNG\0\0", []),
        ("data/a.dat", None, b"\0\1", ["needs_approval"]),
        ("model.pkl", None, b"\x80\0", ["needs_approval"]),
        ("dags/a.py", b"x = 1\n", b"x\0", ["failed"]),
        ("lib/a.so", None, b"\x7fELF\0", ["failed"]),
        ("dags/__pycache__/a.pyc", None, b"\xa7\r\r\n\0", ["failed"]),
    ],
)
def test_binary_files(path: str, old: bytes | None, new: bytes, expected: list[str]) -> None:
    assert strengths({path: old} if old else {}, {path: new}) == expected


def test_a_script_may_become_executable_and_a_module_warns() -> None:
    files = {"a.sh": "#!/bin/sh\n", "b.py": "x = 1\n"}

    assert strengths(files, files, {"a.sh": EXECUTABLE}) == []
    assert strengths(files, files, {"b.py": EXECUTABLE}) == ["warned"]
