"""Which files of a checkout hold flows or deployments; a part of `probe.py`."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

PREFECT = re.compile(rb"\bprefect", re.IGNORECASE)
FLOW_WORD = re.compile(rb"flow", re.IGNORECASE)
DEPLOYS = re.compile(rb"\ba?(?:serve|deploy|to_deployment)\s*\(|\bRunnerDeployment\b")
ASIDE = {".git", ".venv", "venv", "node_modules", "site-packages", "__pycache__"}
TESTS = re.compile(r"_?tests?")
TEST_FILE = re.compile(r"(?:test_.*|.*_test|conftest)\.py")
PROJECT_FILE = re.compile(r"(?:(?:[\w-]+[.-])?prefect(?:[.-][\w-]+)?|(?:[\w-]+-)?deployments?)\.ya?ml")


def below(folder: str, kind: Callable[[str], bool]) -> Iterator[str]:
    """The files of a folder, without links, tests and what is installed; paths are relative to the checkout."""
    for where, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if name not in ASIDE and not TESTS.fullmatch(name))
        for name in sorted(names):
            path = Path(os.path.normpath(where)) / name
            if kind(name) and path.is_file() and not path.is_symlink():
                yield path.as_posix()


def content(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError:
        return b""


def flow_files(folder: str) -> list[str]:
    found = below(folder, lambda name: name.endswith(".py") and not TEST_FILE.fullmatch(name))
    return [path for path in found if PREFECT.search(content(path)) and FLOW_WORD.search(content(path))]


def deploys(path: str) -> bool:
    return bool(DEPLOYS.search(content(path)))


def deploying_files() -> list[str]:
    return [path for path in flow_files(".") if deploys(path)]


def project_files() -> list[str]:
    return list(below(".", lambda name: PROJECT_FILE.fullmatch(name) is not None))


def mentions(path: str, flow: str) -> bool:
    """Whether a file may be the one that makes the flow."""
    data = content(path)
    return flow.encode() in data or flow.replace("-", "_").encode() in data
