"""Which files are manifests and locks, by their names: known without the parsers that read them."""

import re
from pathlib import PurePosixPath

_REQUIREMENTS = re.compile(r"[\w.-]*(requirements|constraints)[\w.-]*\.(txt|in|lock)")
_MANIFESTS = {
    "pyproject.toml": "pyproject",
    "Pipfile": "pipfile",
    "setup.py": "setup.py",
    "setup.cfg": "setup.cfg",
    "environment.yml": "conda",
    "environment.yaml": "conda",
    "conda.yml": "conda",
    "conda.yaml": "conda",
    "packages.yml": "dbt",
    "dependencies.yml": "dbt",
}
_LOCKS = {
    "uv.lock": "uv",
    "poetry.lock": "poetry",
    "pdm.lock": "pdm",
    "pylock.toml": "pylock",
    "Pipfile.lock": "pipfile",
    "package-lock.yml": "dbt",
    "conda-lock.yml": "conda",
}


def kind_of(path: str) -> str | None:
    """What kind of manifest a path is; None where it is none."""
    pure = PurePosixPath(path)
    name = pure.name
    if _REQUIREMENTS.fullmatch(name) or (
        pure.parent.name == "requirements" and pure.suffix in (".txt", ".in")
    ):
        return "requirements"
    if name == "Dockerfile" or name.startswith("Dockerfile.") or name.lower().endswith(".dockerfile"):
        return "container"
    return _MANIFESTS.get(name)


def kind_of_lock(path: str) -> str | None:
    """What kind of lock a path is; None where it is none. A compiled requirement file is known by its source alone."""
    return _LOCKS.get(PurePosixPath(path).name)
