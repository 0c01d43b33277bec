"""Where a repository is read in a browser."""

from pathlib import Path

import pytest
from git import Repo

from meta_pipeline.workspace.repository import Mirror
from meta_pipeline.workspace.web import file_address, github_address, web_address
from tests.conftest import MakeRepository


@pytest.mark.parametrize(
    "remote",
    [
        "https://github.com/team/pipelines",
        "https://github.com/team/pipelines.git",
        "https://github.com/team/pipelines/",
        "https://someone:a-token@github.com/team/pipelines.git",
        "https://a-token@github.com/team/pipelines",
        "git@github.com:team/pipelines.git",
        "ssh://git@github.com/team/pipelines.git",
    ],
)
def test_a_remote_on_github_is_known_without_user_or_token(remote: str) -> None:
    assert github_address(remote) == "https://github.com/team/pipelines"


@pytest.mark.parametrize(
    "remote",
    [
        "",
        "origin",
        "https://git.example.com/team/pipelines.git",
        "https://github.com.example.com/team/pipelines",
        "https://example.com/github.com/team/pipelines",
        "https://github.com/team",
        "https://github.com/team/pipelines/tree/main",
        'https://github.com/team/"><script>',
        "/srv/github.com/team/pipelines",
    ],
)
def test_any_other_remote_has_no_address(remote: str) -> None:
    assert github_address(remote) is None


def test_a_file_is_linked_at_its_line_and_commit() -> None:
    assert (
        file_address("https://github.com/team/pipelines", "abc", "dags/a b#.py", 3)
        == "https://github.com/team/pipelines/blob/abc/dags/a%20b%23.py#L3"
    )


def test_a_checkout_is_known_by_where_it_was_cloned_from(tmp_path: Path, git_repo: MakeRepository) -> None:
    repo: Repo = git_repo({"a.py": ""})
    mirror = Mirror.open(tmp_path / "home", "shop", str(repo.working_dir))
    assert web_address(mirror) is None
    repo.create_remote("origin", "git@github.com:team/pipelines.git")
    assert web_address(mirror) == "https://github.com/team/pipelines"
