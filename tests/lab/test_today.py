import json
import subprocess
import sys
from pathlib import Path

import pytest

from meta_pipeline.lab.today.problem import Problem, new_problems
from tests.conftest import ROOT, MakeRepository, commit


def judged(
    repo: Path, base: str, head: str, state: Path, *options: str
) -> tuple[int, list[tuple[str, str, int]]]:
    """The exit status, and the rule, path and line of each result."""
    command = [
        sys.executable,
        "-m",
        "meta_pipeline.lab.today",
        "--repo",
        str(repo),
        "--base",
        base,
        "--head",
        head,
    ]
    done = subprocess.run(
        [*command, "--state", str(state), "--home", str(state), *options],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    assert done.returncode in (0, 1), done.stderr
    found = []
    for result in json.loads(done.stdout)["runs"][0]["results"]:
        place = result["locations"][0]["physicalLocation"]
        found.append((result["ruleId"], place["artifactLocation"]["uri"], place["region"]["startLine"]))
    return done.returncode, found


def test_only_what_is_new_at_head_stops_a_change(git_repo: MakeRepository, tmp_path: Path) -> None:
    repo = git_repo({"a.py": "import os\n\nprint(nothing)\n", "b.sql": "SELECT a\nFROM t\n"})
    base, root = repo.head.commit.hexsha, Path(repo.working_dir)
    moved = commit(repo, {"a.py": "# moved down\nimport os\n\nprint(nothing)\n"})
    assert judged(root, base, moved, tmp_path) == (0, [])
    second = commit(repo, {"a.py": "# moved down\nimport os\n\nprint(nothing)\nprint(neither)\n"})
    assert judged(root, base, second, tmp_path) == (1, [("ruff F821", "a.py", 5)])


def test_the_scanners_find_a_secret_and_badly_written_sql(git_repo: MakeRepository, tmp_path: Path) -> None:
    repo = git_repo({"a.py": "x = 1\n", "b.sql": "SELECT a\nFROM t\n"})
    base, root = repo.head.commit.hexsha, Path(repo.working_dir)
    key = "AKIA" + "Z7QP2MWX4RTB6YNC"
    head = commit(repo, {"a.py": f'x = 1\nkey = "{key}"\n', "b.sql": "SELECT a\nfrom t\n"})
    assert judged(root, base, head, tmp_path) == (0, [])
    status, found = judged(root, base, head, tmp_path, "--scanners")
    assert status == 1
    assert ("detect-secrets AWS Access Key", "a.py", 2) in found
    assert {rule for rule, path, _ in found if path == "b.sql"} == {"sqlfluff CP01"}


@pytest.mark.parametrize("before, after, new", [(4, 5, 1), (5, 4, 0), (0, 2, 2)])
def test_of_alike_complaints_only_those_beyond_the_base_are_new(before: int, after: int, new: int) -> None:
    def alike(count: int) -> list[Problem]:
        return [Problem("ruff", "F821", "a.py", line, "x", "x") for line in range(count)]

    assert len(new_problems(alike(before), alike(after))) == new
