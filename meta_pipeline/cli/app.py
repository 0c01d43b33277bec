"""The commands, and the one place where an error becomes a message and an exit status.

Each command imports its own module when it is called: none waits for what the others need.
"""

import gc
import logging
import os
import sys
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated, Literal

import typer

from meta_pipeline.cli.lab import lab
from meta_pipeline.cli.output import STDERR, Exit, shown
from meta_pipeline.delivery.stages import StageId
from meta_pipeline.settings import HOME_VARIABLE, Home

_OBJECTS_BETWEEN_COLLECTIONS = 500_000

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Delivers reviewed, proved and reversible changes to data-pipeline repositories.",
    epilog="Begin with: meta-pipeline doctor, then: meta-pipeline init --repo PATH",
)

_BEGIN = "Begin"
_DELIVER = "Deliver an issue"
_DECIDE = "Decide on a delivery that waits"
_JUDGE = "Judge without a delivery"

Repo = Annotated[
    Path,
    typer.Option(
        "--repo", help="The repository: the root of a checkout, or a bare one; the current folder without it."
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document on standard output.")]
Format = Annotated[Literal["text", "json"], typer.Option("--format", help="The form of what is printed.")]
CheckFormat = Annotated[
    Literal["text", "json", "sarif", "github", "markdown"],
    typer.Option(
        "--format",
        help="The form of what is printed: sarif for code scanning, github for the annotations of a workflow, "
        "markdown for a comment on a pull request.",
    ),
]
Level = Annotated[
    Literal["static", "full"],
    typer.Option("--level", help="static runs no target code; full runs the target's tools in a sandbox."),
]
Delivery = Annotated[str, typer.Argument(help="A delivery's id, such as sales/inbox-0007.")]
SignedStage = Annotated[
    Literal["design", "review"], typer.Argument(help="What is signed: the plan or the change.")
]
Key = Annotated[
    Path, typer.Option("--key", help="Your private SSH key; its public half is an allowed signer.")
]


@app.command(rich_help_panel=_BEGIN)
def doctor(json: Json = False, form: Format = "text") -> None:
    """Tell what is missing on this machine, and how to get it."""
    from meta_pipeline.cli import doctor as doctoring

    doctoring.doctor(Home.of_environment(), as_json=json or form == "json")


@app.command(rich_help_panel=_BEGIN)
def init(repo: Repo = Path(), json: Json = False, form: Format = "text") -> None:
    """Write a detected .meta-pipeline.yaml into a repository; nothing else is touched."""
    from meta_pipeline.cli import init as initialising

    initialising.init(repo, as_json=json or form == "json")


@app.command(rich_help_panel=_DELIVER)
def deliver(
    *,
    repo: Repo = Path(),
    issue: Annotated[
        Path, typer.Option("--issue", help="The issue: a Markdown file, in the inbox or elsewhere.")
    ],
    author: Annotated[
        Literal["recipes", "command", "agent"], typer.Option("--author", help="Who writes the change.")
    ] = "recipes",
    patch: Annotated[
        Path | None, typer.Option("--patch", help="A person's patch, in place of an author.")
    ] = None,
    until: Annotated[StageId | None, typer.Option("--until", help="Stop after this stage.")] = None,
    json: Json = False,
    form: Format = "text",
) -> None:
    """Carry an issue through the stages, as far as it goes without a person."""
    from meta_pipeline.cli.deliver import deliver as run

    run(repo, issue, author=author, patch=patch, until=until, as_json=json or form == "json")


@app.command(rich_help_panel=_JUDGE)
def check(
    *,
    repo: Repo = Path(),
    base: Annotated[
        str | None,
        typer.Option(
            "--base",
            envvar="PRE_COMMIT_FROM_REF",
            help="The commit before the change, or the branch that the change goes to.",
        ),
    ] = None,
    head: Annotated[
        str | None, typer.Option("--head", envvar="PRE_COMMIT_TO_REF", help="The commit after the change.")
    ] = None,
    staged: Annotated[
        bool, typer.Option("--staged", help="In place of --head: what is staged for the next commit.")
    ] = False,
    level: Level = "static",
    json: Json = False,
    form: CheckFormat = "text",
) -> None:
    """Judge the difference between two commits by the gates; needs no delivery.

    A branch that is behind its base is judged by what it brings since it left it, as a pull request is.
    """
    from meta_pipeline.cli import check as checking

    chosen: Literal["text", "json", "sarif", "github", "markdown"] = "json" if json else form
    if staged:
        if head is not None:
            raise typer.BadParameter("give either --head or --staged")
        if level == "full":
            raise typer.BadParameter("the target's tools run on commits; leave --staged or --level full out")
        checking.check_staged(repo, base, form=chosen)
    if base is None or head is None:
        missing = "--base" if base is None else "--head"
        raise typer.BadParameter(
            f"'{missing}' is missing; name both commits, or judge what is staged by --staged"
        )
    checking.check(repo, base, head, level=level, form=chosen)


@app.command(rich_help_panel=_JUDGE)
def topology(
    *,
    repo: Repo = Path(),
    rev: Annotated[str, typer.Option("--rev", help="The commit to read.")] = "HEAD",
    pipeline: Annotated[
        str | None, typer.Option("--pipeline", help="One pipeline, with its nodes; all of them without.")
    ] = None,
    between: Annotated[
        str | None,
        typer.Option("--diff", metavar="BASE..HEAD", help="How the pipelines of two commits differ."),
    ] = None,
    svg: Annotated[
        Path | None, typer.Option("--svg", help="With --diff: a file to draw the changed part into.")
    ] = None,
    level: Level = "static",
    json: Json = False,
    form: Format = "text",
) -> None:
    """Show the pipelines of a repository as its schedulers see them, or how those of two commits differ."""
    as_json = json or form == "json"
    if svg is not None and between is None:
        raise typer.BadParameter("the picture is of a difference; give --diff BASE..HEAD too")
    if between is not None:
        if pipeline is not None:
            raise typer.BadParameter("--diff tells of all pipelines; leave --pipeline out")
        from meta_pipeline.cli.topology_diff import diff

        diff(repo, between, level=level, as_json=as_json, svg=svg)
        return
    from meta_pipeline.cli import topology as showing

    showing.topology(repo, rev, level=level, as_json=as_json, pipeline=pipeline)


@app.command(rich_help_panel=_JUDGE)
def gates(
    gate: Annotated[str | None, typer.Argument(help="One gate, such as CHG004; all of them without.")] = None,
    json: Json = False,
    form: Format = "text",
) -> None:
    """List every gate, or explain one: what it demands and why."""
    from meta_pipeline.cli import gates as listing

    listing.gates(gate, as_json=json or form == "json")


@app.command(rich_help_panel=_JUDGE)
def waive(
    *,
    gate: Annotated[str, typer.Argument(help="The gate whose finding is waived, such as CHG005.")],
    until: Annotated[str, typer.Option("--until", help="The last day on which it counts, as 2026-03-31.")],
    why: Annotated[str, typer.Option("--why", help="Why the finding is no reason to stop a change.")],
    key: Key,
    path: Annotated[
        str | None, typer.Option("--path", help="A file or folder, from the root; * stands for any text.")
    ] = None,
    pipeline: Annotated[
        str | None, typer.Option("--pipeline", help="The id of a pipeline; * stands for any text.")
    ] = None,
    message: Annotated[str | None, typer.Option("--message", help="A part of what the finding says.")] = None,
    repo: Repo = Path(),
    json: Json = False,
    form: Format = "text",
) -> None:
    """Take a gate's finding upon yourself until a day: write and sign a waiver, for you to commit."""
    from meta_pipeline.cli import waive as waiving

    waiving.waive(
        repo,
        gate.upper(),
        key,
        path=path,
        pipeline=pipeline,
        message=message,
        until=until,
        why=why,
        as_json=json or form == "json",
    )


@app.command(rich_help_panel=_DELIVER)
def status(
    delivery: Annotated[str | None, typer.Argument(help="A delivery's id; all of them without.")] = None,
    json: Json = False,
    form: Format = "text",
) -> None:
    """Show where deliveries stand and what to do next."""
    from meta_pipeline.cli import status as standing

    standing.status(Home.of_environment(), delivery, as_json=json or form == "json")


@app.command(rich_help_panel=_DECIDE)
def approve(
    delivery: Delivery, stage: SignedStage, key: Key, json: Json = False, form: Format = "text"
) -> None:
    """Sign a plan or a change, exactly as it stands."""
    from meta_pipeline.cli import decide

    decide.sign(Home.of_environment(), delivery, stage, key, "approved", None, as_json=json or form == "json")


@app.command(rich_help_panel=_DECIDE)
def reject(
    delivery: Delivery,
    stage: SignedStage,
    key: Key,
    reason: Annotated[str, typer.Option("--reason", help="What the author should do instead.")] = "",
    json: Json = False,
    form: Format = "text",
) -> None:
    """Refuse a plan or a change, and say why."""
    from meta_pipeline.cli import decide

    decide.sign(
        Home.of_environment(),
        delivery,
        stage,
        key,
        "rejected",
        reason or None,
        as_json=json or form == "json",
    )


@app.command(rich_help_panel=_DECIDE)
def answer(
    delivery: Delivery,
    question: Annotated[str, typer.Argument(help="The question's id, such as q1.")],
    text: Annotated[str, typer.Argument(help="The answer.")],
    json: Json = False,
    form: Format = "text",
) -> None:
    """Settle a question that holds a delivery up."""
    from meta_pipeline.cli import decide

    decide.answer(Home.of_environment(), delivery, question, text, as_json=json or form == "json")


@app.command(rich_help_panel=_DELIVER)
def withdraw(
    delivery: Delivery,
    reason: Annotated[str, typer.Option("--reason", help="Why it is given up.")] = "withdrawn by hand",
    json: Json = False,
    form: Format = "text",
) -> None:
    """Give a delivery up; nothing that was merged is undone."""
    from meta_pipeline.cli import decide

    decide.withdraw(Home.of_environment(), delivery, reason, as_json=json or form == "json")


@app.command(rich_help_panel=_DELIVER)
def hold(
    release: Annotated[bool, typer.Option("--release", help="Let runs and merges go on.")] = False,
    reason: Annotated[str, typer.Option("--reason", help="Why everything is held.")] = "held by hand",
    json: Json = False,
    form: Format = "text",
) -> None:
    """Hold all new runs and merges, on every target, until they are released."""
    from meta_pipeline.cli import decide

    decide.hold(Home.of_environment(), release=release, reason=reason, as_json=json or form == "json")


app.add_typer(lab, name="lab", rich_help_panel=_JUDGE)


def main() -> None:
    """Run a command; every error ends here as one message and an exit status."""
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    form = _wanted_form(sys.argv)
    # A path of the target may hold what the terminal's encoding has no sign for.
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    # No plugin of pydantic has a part in our types; to look for some in all that is installed takes a while.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    # What a command reads lives to its end, so that looking for garbage among it again and again is in vain.
    gc.freeze()
    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS, 10, 10)
    try:
        status_code = app(standalone_mode=False)
    except typer.TyperException as error:
        said = error.format_message().removesuffix(".")
        context = getattr(error, "ctx", None)
        if said:  # without a command there is nothing to complain of: the help was printed
            command = context.command_path if context else "meta-pipeline"
            _complain(f"{said}; see: {command} --help", form, Exit.USAGE)
        sys.exit(int(Exit.USAGE))
    except typer.Abort:
        said = "stopped by hand; nothing is lost, run the same command to go on"
        sys.exit(_complain(said, form, Exit.COULD_NOT_RUN))
    except OSError as error:
        where = error.filename or "this machine"
        said = (
            f"{where}: {error.strerror or error}; see that this user may write there and that there is room. "
            f"State is kept where {HOME_VARIABLE} says."
        )
        sys.exit(_complain(said, form, Exit.COULD_NOT_RUN))
    except Exception as error:
        from meta_pipeline.cli.errors import usage_errors

        if isinstance(error, usage_errors()):
            sys.exit(_complain(str(error), form, Exit.USAGE))
        logging.getLogger(__name__).debug("unexpected", exc_info=True)
        STDERR.console.print_exception()
        sys.exit(
            _complain(f"a fault of meta-pipeline, not of your change: {error}", form, Exit.COULD_NOT_RUN)
        )
    sys.exit(status_code if isinstance(status_code, int) else 0)


def _wanted_form(arguments: list[str]) -> str:
    """The form in which an error is told too; the arguments may be too wrong to be parsed."""
    form = "text"
    for one, two in zip(arguments, [*arguments[1:], ""], strict=True):
        if one == "--json":
            return "json"
        if one == "--format":
            form = two
        elif one.startswith("--format="):
            form = one.removeprefix("--format=")
    return form


def _complain(message: str, form: str, status: Exit) -> int:
    """Say why there is no answer, to a person and to whoever reads the answers; gives the exit status."""
    if form != "text":
        from meta_pipeline.cli.check_formats.errors import print_error

        print_error(message, form, status)
    STDERR.print(f"[red]error:[/red] {shown(message)}", highlight=False)
    return int(status)
