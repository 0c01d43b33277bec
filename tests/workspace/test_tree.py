"""Reading one commit's files: alike with and without the list of them, and whatever lies beside them."""

from pathlib import Path

from git import Repo

from meta_pipeline.workspace.repository import open_repository
from tests.conftest import MakeRepository, commit


def test_a_file_reads_alike_before_and_after_the_files_are_listed(
    git_repo: MakeRepository, tmp_path: Path
) -> None:
    inner = git_repo({"a.txt": "a\n"}, name="inner")
    repo = git_repo({"dags/a.py": "A = 1\n", "dags/b.py": "B = 2\n", "with space.txt": "s\n", "empty": ""})
    Path(repo.working_dir, "link.py").symlink_to("dags/a.py")
    repo.git.execute(
        ["git", "update-index", "--add", "--cacheinfo", f"160000,{inner.head.commit.hexsha},sub"]
    )
    repo.git.add("link.py")
    repo.index.commit("Special files")
    paths = (
        "dags/a.py",
        "link.py",
        "with space.txt",
        "empty",
        "sub",
        "dags",
        "absent.py",
        "dags/../dags/a.py",
        "",
    )

    fresh = {path: open_repository(Path(repo.working_dir)).tree("HEAD").read(path) for path in paths}
    listed_tree = open_repository(Path(repo.working_dir)).tree("HEAD")
    listed_tree.entries()
    listed = {path: listed_tree.read(path) for path in paths}

    assert fresh == listed
    assert (fresh["dags/a.py"], fresh["link.py"], fresh["sub"], fresh["dags"]) == (
        b"A = 1\n",
        b"dags/a.py",
        None,
        None,
    )


def test_a_damaged_neighbour_hides_no_file(git_repo: MakeRepository) -> None:
    repo = git_repo({f"dags/d{number}.py": f"N = {number}\n" for number in range(5)})
    damage(repo, "dags/d3.py")

    tree = open_repository(Path(repo.working_dir)).tree("HEAD")
    tree.entries()
    found = {path: tree.read(path) for path in tree.entries()}

    assert found == {f"dags/d{n}.py": None if n == 3 else f"N = {n}\n".encode() for n in range(5)}


def test_both_sides_of_a_change_read_what_they_share_once(git_repo: MakeRepository) -> None:
    repo = git_repo({"a.py": "A = 1\n", "b.py": "B = 1\n"})
    commit(repo, {"b.py": "B = 2\n"})
    opened = open_repository(Path(repo.working_dir))
    base, head = opened.tree("HEAD~1"), opened.tree("HEAD")

    for tree in (base, head):
        for path in tree.entries():
            tree.read(path)

    assert head.read("a.py") is base.read("a.py")
    assert (base.read("b.py"), head.read("b.py")) == (b"B = 1\n", b"B = 2\n")


def damage(repo: Repo, path: str) -> None:
    """Overwrite the object of a file with bytes that git cannot read."""
    name = repo.head.commit.tree.join(path).hexsha
    stored = Path(repo.git_dir, "objects", name[:2], name[2:])
    stored.chmod(0o600)
    stored.write_bytes(b"no object\n")
