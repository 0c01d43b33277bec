"""Actions that a change no longer pins, measured by how the repository pins them at base."""

from collections.abc import Iterator

from meta_pipeline.delivery.change import Change
from meta_pipeline.delivery.tree import FileChange, text_of
from meta_pipeline.gates.gate import Strength
from meta_pipeline.gates.infrastructure.workflows import RANKS, Use, is_workflow, read_workflow
from meta_pipeline.gates.weighing import Weighed, weighed

_OWN = frozenset({"actions", "github"})
_HABIT = 0.8


def loose_uses(change: Change, files: list[FileChange]) -> Iterator[Weighed]:
    """Every action of a touched workflow that its owner can change while its name here stays the same."""
    touched = [file for file in files if is_workflow(file.path)]
    if not touched:
        return
    base = [
        use
        for path in change.base.entries()
        if is_workflow(path)
        for use in _uses(path, text_of(change.base, path))
    ]
    known = {(use.action, use.reference) for use in base}
    best: dict[str, Use] = {}
    for use in base:
        if use.action not in best or RANKS[use.pinned_by] > RANKS[best[use.action].pinned_by]:
            best[use.action] = use
    pins = bool(base) and sum(use.pinned_by == "commit" for use in base) / len(base) >= _HABIT
    trusted = {use.owner for use in base if use.pinned_by == "branch"}
    for file in touched:
        for use in _uses(file.path, (file.new or b"").decode("utf-8", errors="replace")):
            if (use.action, use.reference) in known:
                continue
            known.add((use.action, use.reference))
            was = best.get(use.action)
            if was is not None and RANKS[use.pinned_by] < RANKS[was.pinned_by]:
                yield _lost(file, use, was)
            elif was is None and use.pinned_by != "commit":
                yield from _new(file, use, pins=pins, trusted=trusted)


def _uses(path: str, text: str | None) -> tuple[Use, ...]:
    workflow = read_workflow(path, text or "")
    return workflow.uses if workflow else ()


def _lost(file: FileChange, use: Use, was: Use) -> Weighed:
    return weighed(
        "failed" if was.pinned_by == "commit" else "needs_approval",
        f"{use.action} in {file.path} was pinned to the {was.pinned_by} {was.reference} and now follows the "
        f"{use.pinned_by} '{use.reference}': its owner, or who takes their place, decides what runs here",
        "pin it to the commit of the release that you mean",
        path=file.path,
        line=use.line,
    )


def _new(file: FileChange, use: Use, *, pins: bool, trusted: set[str]) -> Iterator[Weighed]:
    if pins:
        strength: Strength = "needs_approval" if use.owner in _OWN else "failed"
    elif use.pinned_by == "branch":
        strength = "warned" if use.owner in trusted | _OWN else "needs_approval"
    elif use.owner in _OWN:
        return
    else:
        strength = "warned"
    yield weighed(
        strength,
        f"{use.action} in {file.path} follows the {use.pinned_by} '{use.reference}'"
        + (", where the others are pinned to commits" if pins else "")
        + ": its owner, or who takes their place, decides what runs here",
        "pin it to the commit of the release that you mean",
        path=file.path,
        line=use.line,
    )
