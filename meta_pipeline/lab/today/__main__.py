"""Judge two commits as the CI of a careful team does today, and print SARIF 2.1.0.

usage: python -m meta_pipeline.lab.today --repo PATH --base REV --head REV --state FOLDER --home FOLDER
    [--scanners] [--build]

Ends with 1 where something is new at head, else with 0, and with 2 where a tool is missing or gave no answer. The
environment for the scheduler's parse and the tests is that of the base, as meta-pipeline keeps it in its home;
`--build` makes it there first. Without one the two are left out, and a notification says so.
"""

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Any

from meta_pipeline.delivery.tree import Tree, changes_between
from meta_pipeline.lab.environments import environment_of, policy_at
from meta_pipeline.lab.stores import checked_out
from meta_pipeline.lab.today.checkouts import Side, ToolFault, ToolMissingError
from meta_pipeline.lab.today.parsing import Parsing
from meta_pipeline.lab.today.problem import Problem, new_problems
from meta_pipeline.lab.today.tools import detect_secrets, ruff, sqlfluff
from meta_pipeline.workspace.environment import Built
from meta_pipeline.workspace.repository import open_repository
from meta_pipeline.workspace.scratch import scratch_folder

_NO_PARSE = "the scheduler's parse and the tests were left out, as no environment with the scheduler is built"
Tool = Callable[[Side], Iterable[Problem]]


def main() -> int:
    """Returns the exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repo", type=Path, required=True)
    parser.add_argument("--base", required=True)
    parser.add_argument("--head", required=True)
    parser.add_argument("--state", type=Path, required=True, help="keeps what base gave")
    parser.add_argument("--home", type=Path, required=True, help="keeps the environments of targets")
    parser.add_argument("--scanners", action="store_true", help="detect-secrets and sqlfluff too")
    parser.add_argument("--build", action="store_true", help="build the environment where it is missing")
    options = parser.parse_args()
    try:
        found, left_out = judged(options.repo, options.base, options.head, options)
    except (ToolMissingError, ToolFault) as error:
        print(error, file=sys.stderr)  # noqa: T201  it is a command
        return 2
    print(json.dumps(_sarif(found, left_out)))  # noqa: T201
    return 1 if found else 0


def judged(
    repo: Path, base: str, head: str, options: argparse.Namespace
) -> tuple[tuple[Problem, ...], tuple[str, ...]]:
    """What is new at head, and which tools were left out, each with the reason."""
    repository = open_repository(repo)
    trees = repository.tree(base), repository.tree(head)
    changed = [change.path for change in changes_between(*trees) if change.new is not None]
    quick: list[Tool] = [ruff, *([detect_secrets, sqlfluff] if options.scanners else [])]
    parsing = _parsing(trees[0], options)
    found: list[Problem] = []
    with ExitStack() as stack:
        before, after = (
            Side(
                stack.enter_context(checked_out(repo.resolve(), tree.commit)),
                tuple(path for path in changed if path in tree.entries()),
                stack.enter_context(scratch_folder()),
            )
            for tree in trees
        )
        for tool in quick:
            found += new_problems(tool(before), tool(after))
        if parsing is not None:
            for slow in (parsing.problems, parsing.tests):
                kept = options.state / "base" / f"{trees[0].tree_id}-{slow.__name__}.json"
                found += new_problems(_kept(kept, slow, before), slow(after))
    return tuple(found), () if parsing else (_NO_PARSE,)


def _parsing(tree: Tree, options: argparse.Namespace) -> Parsing | None:
    policy = policy_at(tree)
    built = environment_of(options.home, tree, policy, build=options.build)
    parsing = Parsing(policy, built) if isinstance(built, Built) else None
    return parsing if parsing is not None and parsing.is_possible else None


def _kept(file: Path, tool: Tool, side: Side) -> Sequence[Problem]:
    """What a slow tool says of a base, which many changes share."""
    if file.is_file():
        return [Problem(**problem) for problem in json.loads(file.read_text())]
    found = list(tool(side))
    file.parent.mkdir(parents=True, exist_ok=True)
    unfinished = file.with_suffix(f".{os.getpid()}")
    unfinished.write_text(json.dumps([asdict(problem) for problem in found]))
    unfinished.rename(file)
    return found


def _sarif(found: Iterable[Problem], left_out: Iterable[str]) -> dict[str, Any]:
    return {
        "version": "2.1.0",
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "runs": [
            {
                "tool": {"driver": {"name": "today"}},
                "results": [_result(problem) for problem in found],
                "invocations": [
                    {
                        "executionSuccessful": True,
                        "toolExecutionNotifications": [{"message": {"text": text}} for text in left_out],
                    }
                ],
            }
        ],
    }


def _result(problem: Problem) -> dict[str, Any]:
    place: dict[str, Any] = {"artifactLocation": {"uri": problem.path}}
    if problem.line:
        place["region"] = {"startLine": problem.line}
    return {
        "ruleId": f"{problem.tool} {problem.rule}" if problem.tool != problem.rule else problem.tool,
        "level": "error",
        "message": {"text": problem.message},
        **({"locations": [{"physicalLocation": place}]} if problem.path else {}),
    }


if __name__ == "__main__":
    sys.exit(main())
