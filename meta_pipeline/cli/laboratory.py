"""What the commands of `lab` do: choose, draw, run and tell."""

import inspect
import os
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.progress import Progress
from rich.table import Table

from meta_pipeline.cli.errors import UsageError
from meta_pipeline.cli.lab_tables import tell_answer, tell_case, tell_scores
from meta_pipeline.cli.output import STDERR, STDOUT, Exit, leave, shown
from meta_pipeline.lab.audit import audited
from meta_pipeline.lab.bases import Part
from meta_pipeline.lab.cases import Draw
from meta_pipeline.lab.cases import drawn as draw_cases
from meta_pipeline.lab.classes import mutators
from meta_pipeline.lab.environments import lacking
from meta_pipeline.lab.laboratory import Laboratory, Ready
from meta_pipeline.lab.mutation import Mutator
from meta_pipeline.lab.running import Runner
from meta_pipeline.lab.scoring import Scores, scored
from meta_pipeline.lab.seeded import Drawn, SeededCase
from meta_pipeline.lab.sources import sources
from meta_pipeline.lab.stack import Stack, read_stack
from meta_pipeline.lab.stores import write_example
from meta_pipeline.schedulers.registry import ADAPTERS
from meta_pipeline.settings import Home

_OURS = "meta-pipeline"


@dataclass(frozen=True)
class Choice:
    """Which cases; empty names mean all. `part` is `all` for both."""

    part: str
    seed: int
    per_class: int
    classes: tuple[str, ...]
    schedulers: tuple[str, ...]
    sources: tuple[str, ...]

    @property
    def draw(self) -> Draw:
        part: Part | None = "tuning" if self.part == "tuning" else "scored" if self.part == "scored" else None
        _refuse_unknown("scheduler", self.schedulers, ADAPTERS, "meta-pipeline lab run --help")
        chosen = frozenset(kind for kind in ADAPTERS if kind in self.schedulers)
        return Draw(self.seed, self.per_class, part, chosen)

    def mutators(self) -> tuple[Mutator, ...]:
        """The chosen classes; raises `UsageError` for one that there is not."""
        known = {mutator.id: mutator for mutator in mutators()}
        _refuse_unknown("class", self.classes, known, "meta-pipeline lab classes")
        return tuple(each for name, each in known.items() if not self.classes or name in self.classes)


def _first_sentence(mutator: Mutator) -> str:
    text = " ".join((inspect.getdoc(type(mutator)) or "").split("\n\n")[0].split())
    return text.partition(". ")[0]


def show_classes() -> None:
    """A table of the classes."""
    table = Table("class", "is", "schedulers", "what is done", box=None, pad_edge=False)
    for mutator in sorted(mutators(), key=lambda each: (not each.is_harmful, each.id)):
        kind = "a fault" if mutator.is_harmful else "harmless"
        table.add_row(mutator.id, kind, " ".join(sorted(mutator.schedulers)), shown(_first_sentence(mutator)))
    STDOUT.print(table)


def run_stacks(
    choice: Choice,
    stacks: Sequence[str],
    clones: Sequence[str],
    jobs: int | None,
    work: Path | None,
    *,
    again: bool,
    details: bool,
    page: Path | None,
) -> None:
    """Draw the cases, ask each stack for those that it has not answered, and tell the scores."""
    chosen = [read_stack(name) for name in stacks or [_OURS]]
    laboratory = _laboratory(work)
    ready = _ready(laboratory, choice, clones)
    drawn = laboratory.seeded(ready, choice.mutators(), choice.draw)
    _tell_draw(drawn, ready)
    for stack in chosen:
        runner = _runner(laboratory, stack)
        known = {} if again else runner.known()
        asked = _asked(stack, drawn.cases, ready)
        missing = [laboratory.pair(case) for case in asked if case.id not in known]
        with Progress(console=STDERR.console, transient=True) as progress:
            task = progress.add_task(stack.name, total=len(missing))
            jobs_at_once = jobs or os.cpu_count() or 1
            runner.ask(missing, jobs_at_once, lambda _: progress.advance(task), again=again)  # noqa: B023
    show_scores(stacks, work, details=details, page=page)


def _asked(stack: Stack, cases: Sequence[SeededCase], ready: Ready) -> Sequence[SeededCase]:
    """The cases of which the stack can say something on this machine."""
    if not stack.needs_environment:
        return cases
    home = Home.of_environment().path
    used = sorted({case.repository for case in cases})
    able = {name for name in used if lacking(home, ready.stores[name].tree(), build=False) is None}
    if len(able) < len(used):
        STDERR.print(
            f"{shown(stack.name)} is asked of {len(able)} of {len(used)} sources, as the others have no environment; "
            "build those that can be had with: meta-pipeline lab environments",
            highlight=False,
        )
    return [case for case in cases if case.repository in able]


def build_environments(choice: Choice, clones: Sequence[str], work: Path | None) -> None:
    """Build what each source needs to be run, and tell which cannot be."""
    home = Home.of_environment().path
    ready = _ready(_laboratory(work), choice, clones)
    for name, store in ready.stores.items():
        reason = lacking(home, store.tree(), build=True)
        STDOUT.print(f"{shown(name)}: {shown(reason) if reason else 'ready'}", highlight=False)


def show_scores(stacks: Sequence[str], work: Path | None, *, details: bool, page: Path | None) -> None:
    """Tell the scores of the last run's cases."""
    laboratory = _laboratory(work)
    drawn = _last(laboratory)
    found = _scores(laboratory, drawn.cases, stacks)
    tell_scores(found, drawn.cases, details=details or drawn.part == "tuning")
    if page is not None:
        from meta_pipeline.lab.page import page_of

        page.write_text(page_of(found, drawn), encoding="utf-8")
        STDOUT.print(f"wrote {shown(page)}")


def show_case(case_id: str, stacks: Sequence[str], work: Path | None) -> None:
    """Tell one case, and what the stacks said of it."""
    laboratory = _laboratory(work)
    case = next((each for each in _last(laboratory).cases if each.id == case_id), None)
    if case is None:
        raise UsageError(
            f"the last run drew no case {case_id}; `meta-pipeline lab score` lists what went wrong."
        )
    pair = laboratory.pair(case)
    tell_case(case, laboratory.store(case.repository).diff(case.head))
    for name in stacks or [_OURS]:
        runner = _runner(laboratory, read_stack(name))
        tell_answer(name, runner.known().get(case.id), runner.command(pair, pair.folder))


def make_repository(choice: Choice, clones: Sequence[str], out: Path, work: Path | None) -> None:
    """Write one seeded change into a repository of its own."""
    if out.exists():
        raise UsageError(f"{out} is there already; name a folder that is not.")
    laboratory = _laboratory(work)
    ready = _ready(laboratory, choice, clones)
    cases = draw_cases(ready.bases, choice.mutators(), choice.draw)
    if not cases:
        raise UsageError(
            "no file of these sources can be changed so; choose another class, source or scheduler."
        )
    case = cases[0]
    store = ready.stores[case.repository]
    write_example(store, store.seed([case])[case.key], out)
    STDOUT.print(f"{shown(out)}: {shown(case.mutation.says)}", highlight=False)
    STDOUT.print(f"next: meta-pipeline check --repo {shown(out)} --base main --head change", highlight=False)


def audit_cases(choice: Choice, clones: Sequence[str], work: Path | None, *, load: bool) -> None:
    """Check the drawn changes; leaves with 1 where one is not what its class says. Twins are loaded too with `load`."""
    laboratory = _laboratory(work)
    ready = _ready(laboratory, choice, clones)
    chosen = choice.mutators()
    cases = draw_cases(ready.bases, chosen, choice.draw)
    trees = {name: store.tree() for name, store in ready.stores.items()}
    faults = [*audited(cases, chosen, trees)]
    if load:
        from meta_pipeline.cli.lab_loading import loadable, loaded

        able = loadable({name: ready.stores[name] for name in sorted({case.repository for case in cases})})
        twins = sum(case.repository in able and not case.is_harmful for case in cases)
        told = f"{twins} twins of {len(able)} sources are loaded; the others have no environment"
        STDERR.print(told, highlight=False)
        faults += loaded(cases, chosen, able, os.cpu_count() or 1)
    for fault in faults:
        STDOUT.print(f"{shown(fault.case)}: {shown(fault.says)}", highlight=False)
    STDOUT.print(f"{len(cases)} changes looked at, {len(faults)} complaints", highlight=False)
    if faults:
        leave(Exit.BLOCKED)


def _last(laboratory: Laboratory) -> Drawn:
    found = laboratory.drawn()
    if found is None:
        raise UsageError(f"{laboratory.work} holds no cases yet; draw some with: meta-pipeline lab run")
    return found


def _scores(laboratory: Laboratory, cases: Sequence[SeededCase], stacks: Sequence[str]) -> list[Scores]:
    found = []
    for name in stacks or [_OURS]:
        stack = read_stack(name)
        found.append(scored(stack.title, cases, _runner(laboratory, stack).known()))
    return found


def _runner(laboratory: Laboratory, stack: Stack) -> Runner:
    return Runner(stack, laboratory.work, Home.of_environment().path)


def _laboratory(work: Path | None) -> Laboratory:
    return Laboratory((work or Home.of_environment().path / "lab").resolve())


def _ready(laboratory: Laboratory, choice: Choice, clones: Sequence[str]) -> Ready:
    known = {source.name: source for source in sources()}
    places: dict[str, Path] = {}
    for clone in clones:
        name, _, path = clone.partition("=")
        if not path:
            raise UsageError(f"'{clone}' is no NAME=PATH; write a source and its folder.")
        places[name] = Path(path).resolve()
    _refuse_unknown("source", (*choice.sources, *places), known, "meta_pipeline/lab/sources.yaml")
    chosen = [source for name, source in known.items() if not choice.sources or name in choice.sources]
    ready = laboratory.ready(chosen, places, lambda name: STDERR.print(f"making {shown(name)} ready"))
    for reason in ready.missing:
        STDERR.print(f"[yellow]left out:[/yellow] {shown(reason)}", highlight=False)
    return ready


def _refuse_unknown(what: str, given: Sequence[str], known: Collection[str], listed: str) -> None:
    for name in given:
        if name not in known:
            raise UsageError(f"there is no {what} {name}; see {listed}.")


def _tell_draw(drawn: Drawn, ready: Ready) -> None:
    files = len({(case.repository, case.path) for case in drawn.cases})
    used = len({case.repository for case in drawn.cases})
    STDOUT.print(
        f"{len(drawn.cases)} cases {drawn.digest} (part {drawn.part}, seed {drawn.seed}), in {files} files of {used} "
        f"sources; at hand were {len(ready.bases)} files of {len(ready.stores)}",
        highlight=False,
    )
