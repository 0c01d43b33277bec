"""`check` has an answer to whatever a repository holds: no crash, and never more than a gigabyte."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest
from git import Repo

from tests.cli.command import DAG, POLICY, SHOP, Shell
from tests.conftest import ROOT, MakeRepository, commit

GIGABYTE = 1_000_000_000
EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
LATER = DAG.replace("0 5", "0 6")


def judged(shell: Shell, base: str = "HEAD~1", head: str = "HEAD", repo: str = "repo") -> dict[str, Any]:
    """The document, which is there, as is an exit status that fits to it."""
    said = shell.run("check", "--repo", repo, "--base", base, "--head", head, "--json")
    assert "Traceback" not in said.text
    document = said.document("check")
    statuses = {"pass": (0,), "needs_approval": (3,), "blocked": (1, 4)}
    assert said.exit in statuses[document["verdict"]], said.text
    return document


def outcome(document: Mapping[str, Any], gate: str) -> str:
    return next(str(each["outcome"]) for each in document["gates"] if each["id"] == gate)


def link(repo: Repo, path: str, to: str) -> None:
    place = Path(repo.working_dir) / path
    place.parent.mkdir(parents=True, exist_ok=True)
    place.symlink_to(to)


def _binary(repo: Repo) -> None:
    commit(repo, {"data/rows.parquet": bytes(range(256)) * 100, "dags/blob.py": b"\0\1\2\xff" * 50})


def _pointer(repo: Repo) -> None:
    oid = "a" * 64
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize 12345\n"
    commit(repo, {"seeds/big.csv": pointer, "dags/model.py": pointer, ".gitattributes": "*.csv filter=lfs\n"})


def _submodule(repo: Repo) -> None:
    sha = repo.head.commit.hexsha
    (Path(repo.working_dir) / ".gitmodules").write_text('[submodule "lib"]\n\tpath = lib\n\turl = ../lib\n')
    repo.git.add(".gitmodules")
    repo.git.update_index("--add", "--cacheinfo", f"160000,{sha},dags/lib")
    repo.git.commit("-m", "A submodule")


def _modes(repo: Repo) -> None:
    repo.git.update_index("--chmod=+x", "dags/daily.py")
    repo.git.commit("-m", "Executable")


def _returns(repo: Repo) -> None:
    commit(repo, {"dags/daily.py": DAG.replace("\n", "\r\n"), "sql/a.sql": "select 1;\r\nselect 2;\r"})


def _no_utf8(repo: Repo) -> None:
    root = os.fsencode(repo.working_dir)
    for name in (b"dags/caf\xe9.py", b"dags/two\nlines.py", b"dags/tab\t|`x`.sql", b"\xff\xfe/x.yml"):
        place = os.path.join(root, name)  # noqa: PTH118  a name that is no text
        os.makedirs(os.path.dirname(place), exist_ok=True)  # noqa: PTH103,PTH120
        with open(place, "wb") as file:  # noqa: PTH123
            file.write(b"# caf\xe9 \xff\xfe\nX = 1\n")
    (Path(repo.working_dir) / "dags/daily.py").write_bytes(DAG.encode() + b"# \xe9\xff\n")
    repo.git.add("--all")
    repo.git.commit("-m", "Names and contents that are no text")  # GitPython's own index cannot hold them


def _loops(repo: Repo) -> None:
    link(repo, "dags/loop", "loop")
    link(repo, "dags/a", "b")
    link(repo, "dags/b", "a")
    link(repo, "dags/up", "..")
    commit(repo, {})


def _deep(repo: Repo) -> None:
    nested = "(" * 5_000 + ")" * 5_000
    commit(repo, {"dags/deep.py": f"X = {nested}\n", "a.yml": "[" * 5_000, "b.json": "[" * 50_000})


def _everything_goes(repo: Repo) -> None:
    commit(repo, {"dags/daily.py": None, ".meta-pipeline.yaml": None, "README.md": ""})


@pytest.mark.parametrize(
    "change",
    [_binary, _pointer, _submodule, _modes, _returns, _no_utf8, _loops, _deep, _everything_goes],
    ids=lambda change: change.__name__.strip("_"),
)
def test_any_file_is_judged(shell: Shell, git_repo: MakeRepository, change: Callable[[Repo], None]) -> None:
    repo = git_repo(SHOP)
    change(repo)
    there = judged(shell)
    assert outcome(there, "CHG001") != "not_applicable"
    for form in ("text", "sarif", "github", "markdown"):
        said = shell.run(
            "check",
            "--repo",
            "repo",
            "--base",
            "HEAD~1",
            "--head",
            "HEAD",
            "--format",
            form,
            PYTHONIOENCODING="ascii",
        )
        assert "Traceback" not in said.text
        assert said.exit in (0, 1, 3, 4), said.text
    judged(shell, base="HEAD", head="HEAD~1")


def test_a_submodule_that_moves(shell: Shell, git_repo: MakeRepository) -> None:
    repo = git_repo(SHOP)
    _submodule(repo)
    moved = repo.head.commit.hexsha
    repo.git.update_index("--cacheinfo", f"160000,{moved},dags/lib")
    repo.git.commit("-m", "Newer")
    assert outcome(judged(shell), "CHG001") == "failed"


def test_no_difference_passes(shell: Shell, git_repo: MakeRepository) -> None:
    repo = git_repo(SHOP)
    repo.git.commit("--allow-empty", "-m", "Nothing")
    assert judged(shell)["verdict"] == "pass"
    assert judged(shell, base="HEAD", head="HEAD")["verdict"] == "pass"


def test_a_merge_is_judged_against_its_first_parent(shell: Shell, git_repo: MakeRepository) -> None:
    repo = git_repo(SHOP)
    repo.git.checkout("-q", "-b", "topic")
    commit(repo, {"dags/daily.py": LATER})
    repo.git.checkout("-q", "main")
    commit(repo, {"README.md": "More\n"})
    repo.git.merge("--no-ff", "-m", "Merge", "topic")
    document = judged(shell)
    assert (document["verdict"], document["base"]) == ("needs_approval", repo.commit("HEAD^1").hexsha)
    assert judged(shell, base="HEAD^2")["verdict"] == "pass"


def test_the_empty_tree_is_a_base(shell: Shell, git_repo: MakeRepository) -> None:
    git_repo(SHOP)
    assert judged(shell, base=EMPTY_TREE)["base"] == EMPTY_TREE
    gone = judged(shell, base="HEAD", head=EMPTY_TREE)
    assert gone["verdict"] != "pass"


def test_a_bare_repository(shell: Shell, git_repo: MakeRepository) -> None:
    repo = git_repo(SHOP)
    commit(repo, {"dags/daily.py": LATER})
    repo.clone(str(shell.folder / "bare.git"), bare=True)
    assert judged(shell, repo="bare.git")["verdict"] == "needs_approval"


def test_a_base_that_is_gone(shell: Shell, git_repo: MakeRepository) -> None:
    git_repo(SHOP)
    error = shell.refused(2, "check", "--repo", "repo", "--base", "d" * 40, "--head", "HEAD")
    assert f"repo has no commit '{'d' * 40}'" in error


def test_a_broken_policy_is_named(shell: Shell, git_repo: MakeRepository) -> None:
    repo = git_repo({**SHOP, ".meta-pipeline.yaml": POLICY + "nonsense: [\n"})
    commit(repo, {"dags/daily.py": LATER})
    error = shell.refused(2, "check", "--repo", "repo", "--base", "HEAD~1", "--head", "HEAD")
    assert ".meta-pipeline.yaml:7" in error
    # The base's policy is the measure: one that the change breaks is a finding, or none, and never a crash.
    commit(repo, {".meta-pipeline.yaml": POLICY})
    commit(repo, {".meta-pipeline.yaml": POLICY + "nonsense: [\n"})
    judged(shell)


def test_a_partial_clone_that_lacks_a_file_beside_the_change(shell: Shell, git_repo: MakeRepository) -> None:
    repo = git_repo({**SHOP, "dags/settings.py": "RETRIES = 2\n"})
    commit(repo, {"dags/daily.py": "from settings import RETRIES\n" + LATER})
    repo.git.config("uploadpack.allowFilter", "true")
    subprocess.run(
        [
            "git",
            "clone",
            "--quiet",
            "--filter=blob:none",
            "--no-checkout",
            f"file://{repo.working_dir}",
            "partial",
        ],
        cwd=shell.folder,
        check=True,
        capture_output=True,
    )
    for name in ("HEAD~1:dags/daily.py", "HEAD:dags/daily.py", "HEAD:.meta-pipeline.yaml"):
        subprocess.run(["git", "show", name], cwd=shell.folder / "partial", check=True, capture_output=True)
    shutil.rmtree(repo.working_dir)
    said = shell.run("check", "--repo", "partial", "--base", "HEAD~1", "--head", "HEAD", "--json")
    assert said.exit == 2, said.text
    assert "dags/settings.py" in said.stdout
    assert "git fetch --refetch" in said.stdout


def test_data_that_a_clone_lacks_keeps_no_finding_back(shell: Shell, git_repo: MakeRepository) -> None:
    repo = git_repo({**SHOP, "data/rows.duckdb": "old\n"})
    commit(repo, {"dags/daily.py": LATER, "data/rows.duckdb": "new\n"})
    folder = Path(repo.working_dir)
    name = repo.git.rev_parse("HEAD~1:data/rows.duckdb")
    (folder / ".git/objects" / name[:2] / name[2:]).unlink()
    said = shell.run("check", "--repo", "repo", "--base", "HEAD~1", "--head", "HEAD", "--json")
    document = json.loads(said.stdout)
    assert outcome(document, "CHG001") == "could_not_run"
    assert outcome(document, "CHG005") == "needs_approval"
    assert said.exit != 0


def test_a_partial_clone_whose_remote_is_gone(shell: Shell, git_repo: MakeRepository) -> None:
    repo = git_repo(SHOP)
    commit(repo, {"dags/daily.py": LATER})
    repo.git.config("uploadpack.allowFilter", "true")
    url = f"file://{repo.working_dir}"
    options = ("--quiet", "--no-checkout", "--filter=blob:none")
    subprocess.run(
        ["git", "clone", *options, url, "partial"], cwd=shell.folder, check=True, capture_output=True
    )
    shutil.rmtree(repo.working_dir)
    said = shell.run("check", "--repo", "partial", "--base", "HEAD~1", "--head", "HEAD", "--json")
    assert "Traceback" not in said.text
    assert "a fault of meta-pipeline" not in said.text
    # What cannot be read is never taken for harmless.
    assert said.exit in (1, 2, 4), said.stdout
    assert "partial clone" in said.stdout


def fast_import(folder: Path, commits: Iterable[Iterable[tuple[str, bytes]]]) -> None:
    """A repository on `main`, without a checkout."""
    Repo.init(folder, initial_branch="main")
    started = subprocess.Popen(["git", "fast-import", "--quiet"], cwd=folder, stdin=subprocess.PIPE)
    assert started.stdin
    with started.stdin as out:
        for files in commits:
            out.write(b"commit refs/heads/main\ncommitter T <t@example.com> 1767614400 +0000\ndata 1\nc\n")
            for path, data in files:
                out.write(b"M 100644 inline %s\ndata %d\n%s\n" % (path.encode(), len(data), data))
    assert started.wait() == 0


def peak(shell: Shell) -> tuple[int, dict[str, Any]]:
    """The most bytes that the command or one of its processes held, and its document."""
    arguments = ("check", "--repo", "repo", "--base", "main~1", "--head", "main", "--json")
    out = shell.folder / "out.json"
    with out.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "meta_pipeline", *arguments],
            cwd=shell.folder,
            env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "META_PIPELINE_HOME": str(shell.home)},
            stdout=file,
        )
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    document = json.loads(out.read_text())
    assert "gates" in document, document
    return used.ru_maxrss * 1024, document


SOURCE = b"".join(
    b"value_%d = call('some text', key=3.14, path=[1])\n" % number for number in range(1_000_000)
)
ROWS = b"".join(b"%d,some text of a row,3.14,\n" % number for number in range(1_800_000))
DAGS = [(path, text.encode() if isinstance(text, str) else text) for path, text in SHOP.items()]


@pytest.mark.slow
@pytest.mark.parametrize(
    "commits",
    [
        pytest.param(lambda: [DAGS, [("seeds/data.csv", ROWS)]], id="50 MB added"),
        pytest.param(
            lambda: [[*DAGS, ("seeds/data.csv", ROWS)], [("seeds/data.csv", ROWS[::-1])]], id="50 MB changed"
        ),
        pytest.param(
            lambda: [DAGS, [("data/one.json", b'"' + b"x" * 50_000_000 + b'"')]], id="one long line"
        ),
        pytest.param(
            lambda: [
                [
                    *DAGS,
                    *((f"data/{number % 300}/{number}.txt", b"%d\n" % number) for number in range(100_000)),
                ],
                [("dags/daily.py", LATER.encode())],
            ],
            id="beside 100,000 files",
        ),
    ],
)
def test_what_is_huge_stays_below_a_gigabyte(
    shell: Shell, commits: Callable[[], list[list[tuple[str, bytes]]]]
) -> None:
    fast_import(shell.folder / "repo", commits())
    most, document = peak(shell)
    assert most < GIGABYTE
    assert outcome(document, "CHG001") == "passed"


@pytest.mark.slow
@pytest.mark.parametrize("path", ["dags/x.py", "sql/x.sql", "models/x.yml"])
def test_source_that_nobody_can_read_asks_a_person(shell: Shell, path: str) -> None:
    secret = b"warehouse_password = '" + b"p7Qz1vKx" + b"93LwbTe4'\n"
    fast_import(shell.folder / "repo", [DAGS, [(path, SOURCE + secret)]])
    most, document = peak(shell)
    assert most < GIGABYTE
    found = {gate["id"]: gate["findings"] for gate in document["gates"] if gate["findings"]}
    assert "is only searched for credentials" in found["CHG017"][0]["message"]
    assert (outcome(document, "CHG017"), outcome(document, "CHG003")) == ("needs_approval", "failed")
