"""The linters and tests that a repository's CI and its named tasks run, each with the line that says so."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from meta_pipeline.delivery.tree import Tree, text_of
from meta_pipeline.schedulers.found.checks import Check, check_of
from meta_pipeline.schedulers.found.ci import ci_steps
from meta_pipeline.schedulers.found.shell_lines import Call, calls
from meta_pipeline.schedulers.found.tasks import Tasks, read_tasks

HOOKS = ".pre-commit-config.yaml"

_HOOK = re.compile(
    r"^[ \t]*-?[ \t]*id:[ \t]*[\"']?(?P<id>ruff(?:-check)?|flake8|sqlfluff-lint)(?=[\"']?\s*$)", re.MULTILINE
)
_HOOK_COMMANDS = {
    "ruff": "ruff check",
    "ruff-check": "ruff check",
    "flake8": "flake8",
    "sqlfluff-lint": "sqlfluff lint",
}
_DEEPEST = 3


@dataclass(frozen=True, slots=True)
class Seen:
    """A check that something runs: `where` is file and line, `text` what stands there, `name` the job or task.

    `whole` is the task to run in its place, such as `make lint`; empty where there is none, or where it
    cannot be a check.
    """

    check: Check
    where: str
    text: str
    name: str
    whole: str = ""

    @property
    def command(self) -> str:
        return self.whole or self.check.command


def in_ci(tree: Tree) -> tuple[Seen, ...]:
    """What CI runs, in the order of its files; tasks and hooks that it calls are followed."""
    tasks = read_tasks(tree)
    return tuple(
        seen
        for step in ci_steps(tree)
        for call in calls(step.script, step.folder)
        for seen in _seen(tree, call, f"{step.path}:{step.line + call.line}", step.name, tasks, 0)
    )


def in_tasks(tree: Tree, names: re.Pattern[str]) -> tuple[Seen, ...]:
    """What the tasks with such names run."""
    tasks = read_tasks(tree)
    return tuple(
        seen
        for each in tasks
        for name in each.named
        if names.fullmatch(name)
        for seen in _in_task(tree, each, name, each.where(name), name, tasks, 0)
    )


def in_hooks(tree: Tree) -> tuple[Seen, ...]:
    """The linters among the hooks of pre-commit: their programs, as the sandbox cannot fetch the hooks themselves."""
    text = text_of(tree, HOOKS) or ""
    found = []
    for match in _HOOK.finditer(text):
        where = f"{HOOKS}:{text.count(chr(10), 0, match.start('id')) + 1}"
        for call in calls(_HOOK_COMMANDS[match["id"]]):
            check = check_of(call)
            if check:
                found.append(Seen(check, where, call.text, HOOKS))
    return tuple(found)


def _seen(
    tree: Tree, call: Call, where: str, name: str, tasks: Sequence[Tasks], depth: int
) -> Iterator[Seen]:
    if depth > _DEEPEST:
        return
    called = [
        (each, task)
        for each in tasks
        if call.folder == "."
        # `uv run tox` runs tox, but in `pdm run lint` what looks like a wrapper is the runner of the task.
        for task in each.called(call.argv) or each.called(call.text.split())
    ]
    for each, task in called:
        yield from _in_task(tree, each, task, where, f"{name} {task}", tasks, depth)
    if called:
        return
    if call.argv[0] == "pre-commit":
        yield from (Seen(hook.check, where, call.text, name) for hook in in_hooks(tree))
        return
    check = check_of(call)
    if check:
        yield Seen(check, where, call.text, name)


def _in_task(
    tree: Tree, tasks: Tasks, task: str, where: str, name: str, others: Sequence[Tasks], depth: int
) -> Iterator[Seen]:
    # make is on every machine that has the product; the other runners are not in the target's environment.
    whole = f"make {task}" if tasks.call == "make" and tasks.obstacle(task) is None else ""
    for line in tasks.lines(task):
        for call in calls(line):
            for seen in _seen(tree, call, where, name, others, depth + 1):
                yield Seen(seen.check, where, f"{tasks.call} {task}" if whole else seen.text, name, whole)
