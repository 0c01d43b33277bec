"""The page docs/gate-lab.md: the scores of stacks side by side, written from what they answered."""

from collections.abc import Sequence
from pathlib import Path

import jinja2

from meta_pipeline.lab.scoring import Rate, Scores
from meta_pipeline.lab.seeded import Drawn, SeededCase


def page_of(scores: Sequence[Scores], drawn: Drawn) -> str:
    """The page."""
    cases = drawn.cases
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).resolve().parent),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,  # noqa: S701  the page is Markdown
    )
    environment.filters |= {"rate": _rate, "counted": _counted}
    harmful = {case.mutator: case.is_harmful for case in cases}
    return environment.get_template("page.md.j2").render(
        drawn=drawn,
        scores=scores,
        cases=cases,
        faults=sorted(name for name, is_harmful in harmful.items() if is_harmful),
        sights={case.mutator: case.seen_by for case in cases},
        twins=sorted(name for name, is_harmful in harmful.items() if not is_harmful),
        schedulers=sorted({case.scheduler for case in cases}),
        sources=_sources(cases),
        files=len({(case.repository, case.path) for case in cases}),
    )


def _sources(cases: Sequence[SeededCase]) -> list[tuple[str, str, int, int]]:
    """Each repository with its schedulers, how many of its files were changed, and how many cases it gave."""
    found = []
    for name in sorted({case.repository for case in cases}):
        own = [case for case in cases if case.repository == name]
        schedulers = ", ".join(sorted({case.scheduler for case in own}))
        found.append((name, schedulers, len({case.path for case in own}), len(own)))
    return found


def _rate(rate: Rate) -> str:
    """A rate with its interval."""
    if rate.value is None:
        return "-"
    # A rate reads 1 or 0 only where it is.
    inner = f"{min(max(rate.value, 0.001), 0.999):.3f}"
    shown = {0: "0", rate.total: "1"}.get(rate.hits, inner)
    low, high = rate.interval
    return f"{shown} ({low:.2f}-{high:.2f})"


def _counted(rate: Rate) -> str:
    return f"{rate.hits} of {rate.total}" if rate.total else "-"
