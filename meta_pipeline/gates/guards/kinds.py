"""Which files of a repository are guards, and what each guards."""

import re
from pathlib import PurePosixPath

from meta_pipeline.policy import POLICY_FILE, SIGNERS_FILE

_NAMED = {
    POLICY_FILE: "how changes are judged",
    SIGNERS_FILE: "who may approve a change",
    "CODEOWNERS": "who must review which files",
    ".pre-commit-config.yaml": "what is checked before each commit",
    ".gitlab-ci.yml": "what CI checks",
    "azure-pipelines.yml": "what CI checks",
    "bitbucket-pipelines.yml": "what CI checks",
    "cloudbuild.yaml": "what CI checks",
    "Jenkinsfile": "what CI checks",
    ".travis.yml": "what CI checks",
    ".drone.yml": "what CI checks",
    "tox.ini": "how tests and linters are run",
    "noxfile.py": "how tests and linters are run",
    "pytest.ini": "which tests run",
    "conftest.py": "which tests run, and how",
    ".coveragerc": "which share of the code tests must cover",
    "codecov.yml": "which share of the code tests must cover",
    "ruff.toml": "what the linter finds",
    ".ruff.toml": "what the linter finds",
    ".flake8": "what the linter finds",
    ".pylintrc": "what the linter finds",
    "pylintrc": "what the linter finds",
    ".sqlfluff": "what the linter of SQL finds",
    ".sqlfluffignore": "what the linter of SQL finds",
    ".yamllint": "what the linter of YAML finds",
    ".yamllint.yaml": "what the linter of YAML finds",
    "mypy.ini": "what the type checker finds",
    ".mypy.ini": "what the type checker finds",
    "pyrightconfig.json": "what the type checker finds",
    ".bandit": "what the security linter finds",
    "bandit.yaml": "what the security linter finds",
    ".secrets.baseline": "which credentials are passed over",
    ".gitleaks.toml": "which credentials are passed over",
    ".gitleaksignore": "which credentials are passed over",
    "zizmor.yml": "what is found in workflows",
}
_CI = re.compile(r"(^|.*/)(\.github/(workflows|actions)/.+|\.circleci/.+|\.buildkite/.+)")
_WAIVERS = re.compile(r"\.meta-pipeline/waivers\b.*")


def guarded_by(path: str) -> str | None:
    """What a file guards; None where it is no guard. Of a pyproject.toml or setup.cfg only some tables are."""
    if _CI.fullmatch(path):
        return "what CI checks"
    if _WAIVERS.fullmatch(path):
        return "which findings are passed over"
    if path in _NAMED:
        return _NAMED[path]
    return _NAMED.get(PurePosixPath(path).name)


_RUNNERS = frozenset({"Makefile", "GNUmakefile", "makefile", "justfile", "Justfile", "noxfile.py", "tox.ini"})


def is_runner(path: str) -> bool:
    """Whether a file says what stands behind a name that CI calls, as `make lint` or `tox -e lint`."""
    return PurePosixPath(path).name in _RUNNERS


def runs_checks(path: str) -> bool:
    """Whether a file says which checks are run at a commit or a pull request."""
    return guarded_by(path) in ("what CI checks", "what is checked before each commit") and path.endswith(
        (".yml", ".yaml", "Jenkinsfile")
    )
