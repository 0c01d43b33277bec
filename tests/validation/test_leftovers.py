from pathlib import Path

from meta_pipeline.delivery.tree import MemoryTree
from meta_pipeline.evidence.store import Folder
from meta_pipeline.validation import leftovers
from meta_pipeline.workspace.repository import Mirror
from tests.conftest import MakeRepository, commit

FILES = {"kept.sql": "1", "changed.sql": "1", ".gitignore": "*.duckdb\n"}


def test_what_a_build_made_or_changed_is_put_into_another_checkout_but_not_over_the_change(
    git_repo: MakeRepository, tmp_path: Path
) -> None:
    repo = git_repo(FILES)
    base = repo.head.commit.hexsha
    (Path(repo.working_dir) / "out").symlink_to(tmp_path)
    head = commit(repo, {"changed.sql": "2", "data": "a file"})
    mirror = Mirror.open(tmp_path / "home", "shop", str(repo.working_dir))
    manifest, archive = tmp_path / "manifest.json", tmp_path / "left.tar"
    manifest.write_text("{}")
    with mirror.worktree(base) as worktree:
        (worktree.path / "shop.duckdb").write_text("rows")
        (worktree.path / "kept.sql").write_text("rewritten")
        (worktree.path / "changed.sql").write_text("rewritten")
        (worktree.path / "link").symlink_to("/etc/passwd")
        (worktree.path / "again.duckdb").hardlink_to(worktree.path / "shop.duckdb")
        for folder in ("out", "data"):
            (worktree.path / folder).mkdir()
            (worktree.path / folder / "rows.duckdb").write_text("rows")
        assert leftovers.pack(worktree, manifest, archive)
    trees = MemoryTree.of(FILES), MemoryTree.of({**FILES, "changed.sql": "2"})
    with mirror.worktree(head) as worktree:
        leftovers.unpack(archive, worktree, trees, tmp_path / "state")
        assert (worktree.path / "shop.duckdb").read_text() == "rows"
        assert (worktree.path / "again.duckdb").read_text() == "rows"
        assert (worktree.path / "kept.sql").read_text() == "rewritten"
        assert (worktree.path / "changed.sql").read_text() == "2"
        assert not (worktree.path / "link").is_symlink()
        assert (worktree.path / "data").read_text() == "a file"
        assert not (tmp_path / "rows.duckdb").exists()
    assert (tmp_path / "state" / "manifest.json").read_text() == "{}"


def test_a_build_without_a_manifest_is_not_carried_on(git_repo: MakeRepository, tmp_path: Path) -> None:
    mirror = Mirror.open(tmp_path / "home", "shop", str(git_repo(FILES).working_dir))
    with mirror.worktree("main") as worktree:
        assert not leftovers.pack(worktree, tmp_path / "none.json", tmp_path / "left.tar")


def test_a_manifest_behind_a_link_is_not_carried_on(git_repo: MakeRepository, tmp_path: Path) -> None:
    mirror = Mirror.open(tmp_path / "home", "shop", str(git_repo(FILES).working_dir))
    (tmp_path / "operator").mkdir()
    (tmp_path / "operator" / "manifest.json").write_text("{}")
    (tmp_path / "target").symlink_to("operator")
    with mirror.worktree("main") as worktree:
        manifest = tmp_path / "target" / "manifest.json"
        assert not leftovers.pack(worktree, manifest, tmp_path / "left.tar")


def test_an_archive_is_kept_whole_and_fetched_again(tmp_path: Path) -> None:
    archive = tmp_path / "a.tar"
    archive.write_bytes(b"content")
    folder = Folder.at(str(tmp_path / "kept"))
    leftovers.keep(folder, "one.tar", archive)
    assert leftovers.fetch(folder, "one.tar", tmp_path / "b.tar")
    assert (tmp_path / "b.tar").read_bytes() == b"content"
    assert not leftovers.fetch(folder, "two.tar", tmp_path / "c.tar")
    assert folder.names() == ["one.tar"]
