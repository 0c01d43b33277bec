import pytest
from git import Repo

from meta_pipeline.authors.patch import read_patch
from tests.conftest import MakeRepository, commit

DIFF = """\
diff --git a/dags/a.py b/dags/a.py
index 1111111..2222222 100644
--- a/dags/a.py
+++ b/dags/a.py
@@ -1,2 +1,2 @@
 x = 1
--- y
+-- z
"""


def every_kind(repo: Repo) -> None:
    """One commit that adds, changes, deletes, renames, and touches a binary file and odd names."""
    commit(
        repo, {"old.sql": "-- a\n-- b\n" * 9, "gone.py": "x\n", "a.py": "one\n", "pic.png": b"\0\1"}, "Before"
    )
    repo.git.mv("old.sql", "new name.sql")
    commit(
        repo,
        {"gone.py": None, "a.py": "-- two\n+++ three", "für.py": "y\n", "pic.png": b"\0\2", "empty.txt": ""},
        "Retry the load\n\n--- not a file\n",
    )


@pytest.mark.parametrize("form", ["diff", "mail"])
def test_what_git_writes(git_repo: MakeRepository, form: str) -> None:
    repo = git_repo({"README.md": "hello\n"})
    every_kind(repo)
    whole = ["--binary", "-M"]
    text = (
        repo.git.diff("HEAD~1", *whole) if form == "diff" else repo.git.format_patch("-1", "--stdout", *whole)
    )
    patch = read_patch(text)
    assert patch.files == ("a.py", "empty.txt", "für.py", "gone.py", "new name.sql", "old.sql", "pic.png")
    assert patch.created == {"für.py", "empty.txt"}
    assert patch.deleted == {"gone.py"}
    assert patch.text.startswith("diff --git ")
    assert patch.subject == ("Retry the load" if form == "mail" else None)
    assert (patch.author_identity is None) == (form == "diff")
    if form == "mail":
        assert str(patch.author_identity).endswith("<author@example.org>")


def test_lines_that_look_like_headers_are_content() -> None:
    patch = read_patch(DIFF)
    assert patch.files == ("dags/a.py",)
    assert patch.text == DIFF


@pytest.mark.parametrize(
    "text, says",
    [
        ("", "p:1: the patch is empty"),
        ("hello\n", "p:1: no line begins with 'diff --git'"),
        ("--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n", "no line begins with 'diff --git'"),
        (DIFF.replace("@@ -1,2 +1,2 @@", "@@ -1,4 +1,4 @@"), "p:5: this hunk ends before"),
        (DIFF.replace("@@ -1,2 +1,2 @@\n x = 1\n--- y\n+-- z\n", ""), "p:1: this file has no hunk"),
        (DIFF.replace("a/dags", "dags").replace("b/dags", "dags"), "has no a/ or b/"),
        (f"{DIFF}@@ nonsense\n", "p:9: this line belongs to no file"),
        (
            f"From {'0' * 40} Mon Sep 17 00:00:00 2001\nSubject: a\n\n{DIFF}From {'1' * 40} Mon Sep 17 00:00:00 2001\n",
            "more than one mail",
        ),
    ],
)
def test_broken_patches_say_where(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=r"^p:\d+: ") as error:
        read_patch(text, "p")
    assert says in str(error.value)
