"""What a person does between the first policy file and the first delivery, as commands to paste."""

import shlex
from dataclasses import dataclass

from meta_pipeline.policy import INBOX, POLICY_FILE, SIGNERS_FILE
from meta_pipeline.schedulers.defaults import Detection

FIRST_ISSUE = f"{INBOX}/0001-what-it-wants.md"

_ISSUE = """\
---
title: {title}
requester: my-team
---

### What should change

{wanted}

### Acceptance criteria

- {criterion}
"""
_RETRY = (
    "Retry the load",
    "The load fails when the warehouse is busy.",
    "Retries of `my_pipeline.my_task` are at least 3",
)
_TEST = (
    "No order without a date",
    "What reads the table groups by this column, and loses the rows where it is empty.",
    "No value of `my_model.my_column` is null",
)
"""The example where dbt alone runs, which knows no retries."""


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do; `command` is empty where it is done in an editor."""

    text: str
    command: str = ""


@dataclass(frozen=True, slots=True)
class Machine:
    """What is known of the person's machine.

    `repo` is the repository as it was named, `key` an SSH key that is there, without `.pub`, `has_python`
    tells whether the policy's version of Python is.
    """

    repo: str
    key: str | None
    has_python: bool


def first_steps(
    detection: Detection, machine: Machine, *, reads_pipelines: bool, has_signers: bool, is_on_default: bool
) -> tuple[Step, ...]:
    """The way from a policy that was just written to a first delivery."""
    repo = shlex.quote(machine.repo)
    inside = "" if machine.repo == "." else f"{repo}/"
    git = "git" if machine.repo == "." else f"git -C {repo}"
    policy = detection.policy
    open_ones = len(detection.doubts)
    settle = f", and settle what it is unsure of ({open_ones})" if open_ones else ""
    steps = [Step(f"Read {inside}{POLICY_FILE}{settle}; every value may be changed.")]
    if not machine.has_python:
        version = policy.environment.python
        steps.append(
            Step(
                f"Python {version} is not on this machine; install it, or name another as environment.python.",
                f"uv python install {version}",
            )
        )
    if not has_signers:
        steps += _signers(machine, inside)
    add = f"{git} add {POLICY_FILE} {SIGNERS_FILE}"
    commit = f"{add} && {git} commit -m 'Say how changes are checked and approved'"
    where = "" if is_on_default else f" They count once they are on '{policy.default_branch}'."
    steps.append(Step(f"Commit both files.{where}", commit))
    if reads_pipelines:
        steps.append(
            Step("See that your pipelines are read as they are.", f"meta-pipeline topology --repo {repo}")
        )
    issue = f"{inside}{FIRST_ISSUE}"
    example = _first_issue(policy.all_schedulers[0].kind if policy.all_schedulers else None)
    steps.append(
        Step(
            "Say what you want in an issue: change its words and its criteria to your own.",
            f"mkdir -p {inside}{INBOX} && cat > {issue} <<'END'\n{example}END",
        )
    )
    steps.append(
        Step(
            "Have it planned; nothing is changed before a person has signed the plan.",
            f"meta-pipeline deliver --repo {repo} --issue {issue}",
        )
    )
    return tuple(steps)


def _first_issue(scheduler: str | None) -> str:
    title, wanted, criterion = _TEST if scheduler == "dbt" else _RETRY
    return _ISSUE.format(title=title, wanted=wanted, criterion=criterion)


def _signers(machine: Machine, inside: str) -> list[Step]:
    """How the first person gets to sign: nobody can yet."""
    steps = []
    key = machine.key
    if key is None:
        key = "~/.ssh/id_ed25519"
        steps.append(
            Step(
                "Make a key to sign with; there is none in ~/.ssh.",
                "ssh-keygen -t ed25519 -f ~/.ssh/id_ed25519",
            )
        )
    line = f'"$(git config user.email) namespaces=\\"meta-pipeline\\" $(cat {key}.pub)"'
    folder = SIGNERS_FILE.rpartition("/")[0]
    steps.append(
        Step(
            "Add yourself, and each person who may approve a plan or a change, to those who may sign.",
            f"mkdir -p {inside}{folder} && echo {line} >> {inside}{SIGNERS_FILE}",
        )
    )
    return steps
