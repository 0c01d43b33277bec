"""`lab`: the commands of the laboratory; each imports what it needs when it is called."""

from pathlib import Path
from typing import Annotated, Literal

import typer

lab = typer.Typer(
    no_args_is_help=True,
    help="Seed faults and harmless twins into real pipelines, and score any gates on them.",
)

Work = Annotated[
    Path | None,
    typer.Option("--work", help="Where sources and answers are kept; the folder lab of the home without it."),
]
Classes = Annotated[
    list[str] | None, typer.Option("--class", help="One class of change; all without. Repeat it for more.")
]
Only = Annotated[
    list[str] | None, typer.Option("--only", metavar="SOURCE", help="Seed into this source; all without.")
]
Clones = Annotated[
    list[str] | None,
    typer.Option(
        "--clone", metavar="NAME=PATH", help="Take a source from a clone or folder of this machine."
    ),
]
Schedulers = Annotated[
    list[str] | None,
    typer.Option("--scheduler", help="airflow, dagster, prefect or dbt; all four without."),
]
Part = Annotated[
    Literal["tuning", "scored", "all"],
    typer.Option("--part", help="The part of the base files; whoever builds gates looks at tuning alone."),
]
Seed = Annotated[int, typer.Option("--seed", help="Equal seeds draw equal changes.")]
PerClass = Annotated[int, typer.Option("--per-class", min=1, help="Changes for each class and scheduler.")]
Stacks = Annotated[
    list[str] | None,
    typer.Option("--stack", help="A stack's YAML file, or the name of a shipped one; meta-pipeline without."),
]
Details = Annotated[
    bool, typer.Option("--details", help="List what went wrong on the scored part too, which then is seen.")
]
Page = Annotated[
    Path | None, typer.Option("--page", help="Write the scores as a page of Markdown into this file.")
]
Case = Annotated[str, typer.Argument(help="A case's id, as `lab score` prints it.")]


@lab.command()
def classes() -> None:
    """List the classes of change: faults, and harmless twins."""
    from meta_pipeline.cli.laboratory import show_classes

    show_classes()


@lab.command()
def run(
    *,
    stack: Stacks = None,
    part: Part = "tuning",
    seed: Seed = 0,
    per_class: PerClass = 10,
    klass: Classes = None,
    scheduler: Schedulers = None,
    only: Only = None,
    clone: Clones = None,
    jobs: Annotated[
        int | None, typer.Option("--jobs", min=1, help="Cases at a time; one a processor.")
    ] = None,
    again: Annotated[bool, typer.Option("--again", help="Ask anew what was answered before.")] = False,
    details: Details = False,
    page: Page = None,
    work: Work = None,
) -> None:
    """Seed changes, run stacks of gates on them, and print the scores. What was stopped goes on where it was."""
    from meta_pipeline.cli.laboratory import Choice, run_stacks

    choice = Choice(part, seed, per_class, tuple(klass or ()), tuple(scheduler or ()), tuple(only or ()))
    run_stacks(choice, stack or [], clone or [], jobs, work, again=again, details=details, page=page)


@lab.command()
def score(
    *,
    stack: Stacks = None,
    details: Details = False,
    page: Page = None,
    work: Work = None,
) -> None:
    """Print the scores of stacks on the cases of the last run, from what they answered."""
    from meta_pipeline.cli.laboratory import show_scores

    show_scores(stack or [], work, details=details, page=page)


@lab.command()
def show(case: Case, stack: Stacks = None, work: Work = None) -> None:
    """Show one case: the change, where a finding should point, and what each stack said of it."""
    from meta_pipeline.cli.laboratory import show_case

    show_case(case, stack or [], work)


@lab.command()
def seed(
    *,
    klass: Annotated[str, typer.Option("--class", help="The class of change.")],
    out: Annotated[Path, typer.Option("--out", help="A folder to make; it must not be there yet.")],
    part: Part = "tuning",
    number: Annotated[int, typer.Option("--seed", help="Another one draws another change.")] = 0,
    scheduler: Schedulers = None,
    only: Only = None,
    clone: Clones = None,
    work: Work = None,
) -> None:
    """Make a repository with one seeded change: its base is the branch main, the change the branch change."""
    from meta_pipeline.cli.laboratory import Choice, make_repository

    choice = Choice(part, number, 1, (klass,), tuple(scheduler or ()), tuple(only or ()))
    make_repository(choice, clone or [], out, work)


@lab.command()
def audit(
    *,
    part: Part = "all",
    seed: Seed = 0,
    per_class: PerClass = 10,
    klass: Classes = None,
    scheduler: Schedulers = None,
    only: Only = None,
    clone: Clones = None,
    work: Work = None,
    load: Annotated[
        bool,
        typer.Option("--load", help="Have the schedulers load each twin too, where environments are built."),
    ] = False,
) -> None:
    """Check the drawn changes themselves, without any gate: is a fault one, is a twin harmless, is the place there."""
    from meta_pipeline.cli.laboratory import Choice, audit_cases

    choice = Choice(part, seed, per_class, tuple(klass or ()), tuple(scheduler or ()), tuple(only or ()))
    audit_cases(choice, clone or [], work, load=load)


@lab.command()
def environments(*, only: Only = None, clone: Clones = None, work: Work = None) -> None:
    """Build what is needed to run the code of each source, one environment a source, for stacks that run it."""
    from meta_pipeline.cli.laboratory import Choice, build_environments

    build_environments(Choice("all", 0, 1, (), (), tuple(only or ())), clone or [], work)
