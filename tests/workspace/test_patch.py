from datetime import datetime
from pathlib import Path

import pytest

from meta_pipeline.workspace.git import GitFault
from tests.conftest import MakeRepository, commit
from tests.workspace.test_mirror import WHEN, applied, open_mirror, rejected


def test_equal_inputs_make_an_equal_commit(git_repo: MakeRepository, tmp_path: Path) -> None:
    mirror = open_mirror(tmp_path, git_repo({"a.txt": "1\n"}))
    again = open_mirror(tmp_path / "elsewhere", git_repo({"a.txt": "1\n"}, name="same"))
    base = mirror.tip("main")
    patch = mirror.write_tree_patch(base, {"a.txt": b"2\n"})

    made = applied(mirror, base, patch)

    assert applied(again, base, patch) == made
    written = mirror.commits(made.head, 1)[0]
    assert (written.parents, written.when, written.author_email) == ((base,), WHEN, "a@example.org")
    assert mirror.diff(base, made.head) == patch
    assert mirror.tree(made.head).tree_id == made.tree


def test_a_patch_carries_every_kind_of_file(git_repo: MakeRepository, tmp_path: Path) -> None:
    repo = git_repo(
        {
            "crlf.csv": b"a,b\r\n1,2\r\n",
            "latin.sql": "-- für\nselect 1\n".encode("latin-1"),
            "bin": bytes(range(256)),
            "gone": "x\n",
            "no newline": "x",
            "folder": "was a file\n",
            ".gitattributes": "*.sql diff=sql\n",
        }
    )
    (Path(repo.working_dir) / "run.sh").write_text("#!/bin/sh\n")
    (Path(repo.working_dir) / "run.sh").chmod(0o755)
    commit(repo, {})
    mirror = open_mirror(tmp_path, repo)
    base = mirror.tip("main")
    files: dict[str, bytes | None] = {
        "crlf.csv": b"a,b\r\n1,3\r\n",
        "latin.sql": "-- für immer\nselect 2\n".encode("latin-1"),
        "bin": bytes(range(255, -1, -1)),
        "gone": None,
        "no newline": b"y",
        "folder": None,
        "folder/a ü.txt": b"now a folder\n",
        "run.sh": b"#!/bin/sh\ntrue\n",
        "new": b"",
    }

    patch = mirror.write_tree_patch(base, files)
    tree = mirror.tree(applied(mirror, base, patch).head)

    assert patch.encode("utf-8"), "no surrogate, so that JSON can hold it"
    assert "-1,2\r\n" in patch
    assert {path: tree.read(path) for path in files} == files
    assert tree.entries()["run.sh"].mode == "100755"


@pytest.mark.parametrize(
    "path", ["../outside", "/etc/planted", ".git/hooks/pre-commit", "a/../../b", ".GIT/config"]
)
def test_a_path_outside_the_repository_is_refused(
    git_repo: MakeRepository, tmp_path: Path, path: str
) -> None:
    mirror = open_mirror(tmp_path, git_repo({"a.txt": "1\n"}))
    patch = (
        f"diff --git a/{path} b/{path}\nnew file mode 100644\nindex 0000000..587be6b\n"
        f"--- /dev/null\n+++ b/{path}\n@@ -0,0 +1 @@\n+x\n"
    )

    assert "invalid path" in rejected(mirror, mirror.tip("main"), patch)
    with pytest.raises(GitFault, match="inside the repository"):
        mirror.write_tree_patch("main", {path: b"x"})


def test_a_file_behind_a_symlink_is_refused(git_repo: MakeRepository, tmp_path: Path) -> None:
    repo = git_repo({"a.txt": "1\n"})
    (Path(repo.working_dir) / "link").symlink_to("/etc")
    commit(repo, {})
    mirror = open_mirror(tmp_path, repo)
    patch = (
        "diff --git a/link/planted b/link/planted\nnew file mode 100644\nindex 0000000..587be6b\n"
        "--- /dev/null\n+++ b/link/planted\n@@ -0,0 +1 @@\n+x\n"
    )

    assert "beyond a symbolic link" in rejected(mirror, mirror.tip("main"), patch)


def test_a_patch_that_does_not_fit_says_where(git_repo: MakeRepository, tmp_path: Path) -> None:
    mirror = open_mirror(tmp_path, git_repo({"dags/a.py": "one\ntwo\nthree\n"}))
    base = mirror.tip("main")

    assert "dags/a.py:2" in rejected(
        mirror, base, "--- a/dags/a.py\n+++ b/dags/a.py\n@@ -2 +2 @@\n-zwei\n+2\n"
    )
    assert "corrupt patch at line" in rejected(
        mirror, base, "--- a/dags/a.py\n+++ b/dags/a.py\n@@ -2,9 +2 @@\n-t\n"
    )
    assert "No valid patches" in rejected(mirror, base, "just words\n")
    assert "No valid patches" in rejected(mirror, base, "")


def test_a_patch_without_effect_is_refused(git_repo: MakeRepository, tmp_path: Path) -> None:
    repo = git_repo({"a.txt": "1\n"})
    mirror = open_mirror(tmp_path, repo)
    base = mirror.tip("main")
    patch = mirror.write_tree_patch(base, {"a.txt": b"2\n"})
    applied(mirror, base, patch)
    already = commit(repo, {"a.txt": "2\n"})
    mirror.refresh()

    assert "changes nothing" in rejected(mirror, already, patch)
    assert mirror.write_tree_patch(base, {"a.txt": b"1\n"}) == ""


def test_a_patch_follows_a_base_that_moved(git_repo: MakeRepository, tmp_path: Path) -> None:
    lines = [f"line {n}\n" for n in range(12)]
    repo = git_repo({"a.txt": "".join(lines)})
    mirror = open_mirror(tmp_path, repo)
    base = mirror.tip("main")
    patch = mirror.write_tree_patch(base, {"a.txt": "".join([*lines[:6], "changed\n", *lines[7:]]).encode()})
    above = commit(repo, {"a.txt": "".join(["new\n", *lines])})
    near = commit(repo, {"a.txt": "".join(["new\n", *lines[:4], "moved\n", *lines[5:]])})
    same = commit(repo, {"a.txt": "".join(["new\n", *lines[:6], "otherwise\n", *lines[7:]])})
    mirror.refresh()

    original, shifted, merged = (applied(mirror, commit_, patch) for commit_ in (base, above, near))

    assert shifted.patch_id == original.patch_id
    assert merged.patch_id != original.patch_id, "its context changed, so a person must look again"
    assert b"moved\nline 5\nchanged\n" in (mirror.tree(merged.head).read("a.txt") or b"")
    assert "a.txt" in rejected(mirror, same, patch)


def test_the_patch_id_sees_indentation(git_repo: MakeRepository, tmp_path: Path) -> None:
    mirror = open_mirror(tmp_path, git_repo({"a.py": "if x:\n    y()\n"}))
    one = mirror.write_tree_patch("main", {"a.py": b"if x:\n    y()\n    z()\n"})
    other = mirror.write_tree_patch("main", {"a.py": b"if x:\n    y()\nz()\n"})

    assert mirror.patch_id(one) != mirror.patch_id(other)
    assert mirror.patch_id("") == ""


def test_a_commit_needs_a_time_zone(git_repo: MakeRepository, tmp_path: Path) -> None:
    mirror = open_mirror(tmp_path, git_repo({"a.txt": "1\n"}))

    with pytest.raises(ValueError, match="time zone"):
        mirror.commit_patch(
            "main",
            "",
            "m",
            author_name="A",
            author_email="a@example.org",
            when=datetime(2026, 1, 1),  # noqa: DTZ001
        )
