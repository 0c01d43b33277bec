"""What a command prints and how it ends."""

import sys
from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property
from typing import TYPE_CHECKING, Any, NoReturn

import typer

if TYPE_CHECKING:
    from pydantic import BaseModel
    from rich.console import Console

    from meta_pipeline.delivery.judgement import Decision, GateResult, Verdict
    from meta_pipeline.delivery.states import Standing


@dataclass(frozen=True)
class Stream:
    """Standard output or standard error; its console is made when something is first said there."""

    is_error: bool

    @cached_property
    def console(self) -> "Console":
        from rich.console import Console

        # In a file or a pipe a table keeps its columns whole.
        width = None if self.is_error or sys.stdout.isatty() else 200
        return Console(stderr=self.is_error, soft_wrap=True, width=width)

    def print(self, *objects: object, highlight: bool | None = None) -> None:
        """Print text with rich's markup, or what rich can draw."""
        self.console.print(*objects, highlight=highlight)


STDOUT = Stream(is_error=False)
STDERR = Stream(is_error=True)


class Exit(IntEnum):
    """The exit statuses of every command."""

    PASS = 0
    BLOCKED = 1
    USAGE = 2
    NEEDS_APPROVAL = 3
    COULD_NOT_RUN = 4


def print_document(document: "BaseModel") -> None:
    """One JSON document on standard output, and nothing else there."""
    sys.stdout.write(document.model_dump_json(indent=2) + "\n")
    sys.stdout.flush()


def leave(status: Exit) -> NoReturn:
    raise typer.Exit(int(status))


def exit_of_results(decision: "Decision", results: "tuple[GateResult, ...]") -> Exit:
    """A failed gate is 1; a gate that could not run, with none failed, is 4."""
    if decision == "blocked":
        failed = any(result.outcome == "failed" for result in results)
        return Exit.BLOCKED if failed else Exit.COULD_NOT_RUN
    return Exit.NEEDS_APPROVAL if decision == "needs_approval" else Exit.PASS


def exit_of_standing(standing: "Standing") -> Exit:
    """How a delivery that stands so ends the command that looked at it."""
    match standing.state:
        case "delivered" | "observing":
            return Exit.PASS
        case "blocked":
            verdict: Verdict | None = standing.verdict
            return exit_of_results("blocked", verdict.results if verdict else ())
        case "rejected":
            return Exit.BLOCKED
        case "failed":
            return Exit.COULD_NOT_RUN
        case "withdrawn" | "superseded" | "rolled_back":
            return Exit.USAGE
        case _:
            return Exit.NEEDS_APPROVAL


def shown(value: Any) -> str:
    """Text of others, safe for the console's markup."""
    return str(value).replace("[", r"\[")
