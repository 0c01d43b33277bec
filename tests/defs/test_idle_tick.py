"""What an idle tick asks of git; how long it takes is measured by `make bench`."""

import sys
from pathlib import Path

import pytest

from tests.benchmarks.idle_target import IdleTarget
from tests.conftest import MakeRepository

_started: list[tuple[str, ...]] | None = None


def _note(event: str, arguments: tuple[object, ...]) -> None:
    if event == "subprocess.Popen" and _started is not None and isinstance(arguments[1], (list, tuple)):
        _started.append(tuple(map(str, arguments[1])))


def asked_in_a_tick(target: IdleTarget, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The subcommands of git that one tick starts, in order."""
    started: list[tuple[str, ...]] = []
    with monkeypatch.context() as patched:
        patched.setattr(sys.modules[__name__], "_started", started)
        target.tick()
    known = ("cat-file", "fetch", "for-each-ref", "log", "ls-remote", "ls-tree", "rev-list", "rev-parse")
    return [next(part for part in each if part in known) for each in started if "git" in each]


def test_an_idle_tick_asks_git_the_same_whatever_the_inbox_holds(
    tmp_path: Path, git_repo: MakeRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    sys.addaudithook(_note)

    few, many = (asked_in_a_tick(IdleTarget(tmp_path / str(n), git_repo, n), monkeypatch) for n in (3, 300))

    assert few == many
    assert "fetch" in few
    assert "ls-tree" not in few, "a listing grows with the repository"
