"""The linters and scanners of a team: each looks at the changed files of one side."""

from collections.abc import Iterator

from meta_pipeline.lab.today.checkouts import Side, as_json
from meta_pipeline.lab.today.problem import Problem


def ruff(side: Side) -> Iterator[Problem]:
    """Ruff with the repository's own settings, and what Python itself would trip over in any case (F, E9)."""
    files = [path for path in side.changed if path.endswith(".py")]
    if not files:
        return
    options = ("check", "--no-cache", "--exit-zero", "--output-format", "json", "--extend-select", "F,E9")
    ran = side.tool("ruff", *options, *files)
    if ran.exit != 0:  # settings that this release does not know
        ran = side.tool("ruff", *options, "--isolated", *files)
    for found in as_json(ran, "ruff"):
        path = found["filename"].removeprefix(f"{side.root}/")
        rule = found["code"] or "invalid-syntax"
        yield Problem("ruff", rule, path, found["location"]["row"], found["message"], found["message"])


def detect_secrets(side: Side) -> Iterator[Problem]:
    """detect-secrets with its default plugins; no vendor is asked whether a secret is still in force."""
    if not side.changed:
        return
    ran = side.tool("detect-secrets", "scan", "--no-verify", "--all-files", *side.changed)
    for path, secrets in as_json(ran, "detect-secrets")["results"].items():
        for secret in secrets:
            yield Problem(
                "detect-secrets",
                secret["type"],
                path,
                secret["line_number"],
                f"a possible secret: {secret['type']}",
                secret["hashed_secret"],
            )


def sqlfluff(side: Side) -> Iterator[Problem]:
    """Sqlfluff with the repository's own settings, or its defaults and the ANSI dialect."""
    files = [path for path in side.changed if path.endswith(".sql")]
    if not files:
        return
    is_set_up = any((side.root / name).is_file() for name in (".sqlfluff", "setup.cfg", "tox.ini"))
    dialect = () if is_set_up else ("--dialect", "ansi")
    ran = side.tool(
        "sqlfluff", "lint", "--format", "json", "--nocolor", "--disable-progress-bar", *dialect, *files
    )
    for file in as_json(ran, "sqlfluff"):
        for found in file["violations"]:
            yield Problem(
                "sqlfluff",
                found["code"],
                file["filepath"],
                found["start_line_no"],
                found["description"],
                found["description"],
            )
