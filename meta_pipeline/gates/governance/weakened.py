"""Marks of sensitive data, owners and retention that a change takes away or weakens, each with its weight."""

from collections import Counter
from collections.abc import Iterator

from meta_pipeline.delivery.change import Change
from meta_pipeline.delivery.differences.difference import Difference, thing_name
from meta_pipeline.delivery.file_kinds import is_of_others, is_test
from meta_pipeline.delivery.topology import UNRESOLVED
from meta_pipeline.gates.change.lines import ChangedLines
from meta_pipeline.gates.governance.code_lines import CODE, Lost, lost_in_code
from meta_pipeline.gates.governance.declared import Declarations, Said, declarations, may_say
from meta_pipeline.gates.governance.words import NO_OWNER, PERSONAL, SENSITIVE, length_of
from meta_pipeline.gates.weighing import Weighed, weighed

_DECLARING = (".yml", ".yaml", ".json")


def weakened_in_topology(change: Change) -> Iterator[Weighed]:
    """Owners and tags, as the schedulers know them."""
    yield from _owners(change)
    for one in change.differences:
        if (
            one.field != "tags"
            or not isinstance(one.before, tuple)
            or not isinstance(one.after, tuple | None)
        ):
            continue
        kept = one.after or ()
        gone = [tag for tag in one.before if isinstance(tag, str) and tag not in kept]
        for tag in gone if UNRESOLVED not in kept else ():
            if SENSITIVE.search(tag):
                yield _unmarked(thing_name(one.kind, one.pipeline, one.node), tag, one.path, one.line)


def _owners(change: Change) -> Iterator[Weighed]:
    """Whose pipelines and nodes change hands: the nodes of a pipeline that do so alike are told once.

    The owner of a pipeline is mostly that of its nodes, and changes as they come and go: it counts where it has none.
    """
    empty = {one.id for topology in change.head_topologies for one in topology.pipelines if not one.nodes}
    alike: dict[tuple[str, str, str], list[Difference]] = {}
    lines = ChangedLines(change)
    for one in change.differences:
        before, after = str(one.before or ""), str(one.after or "")
        is_told = one.node is not None or one.pipeline in empty
        if one.field != "owner" or one.change != "changed" or not is_told:
            continue
        if before.casefold() not in NO_OWNER and UNRESOLVED not in (before, after):
            alike.setdefault((one.pipeline, before, after), []).append(one)
    for (_, before, after), ones in alike.items():
        first = ones[0]
        more = f" and {len(ones) - 1} more of its pipeline" if len(ones) > 1 else ""
        what = thing_name(first.kind, first.pipeline, first.node) + more
        spot = lines.of(first)
        yield _of_owner(what, before, after, spot.path, spot.line)


def _of_owner(what: str, before: str, after: str, path: str, line: int | None) -> Weighed:
    if after.casefold() not in NO_OWNER:
        return weighed(
            "warned",
            f"{after} now owns {what} instead of {before}; see that both know",
            "have both owners agree",
            path=path,
            line=line,
        )
    return weighed(
        "needs_approval",
        f"{before} no longer owns {what}, and nobody else does: nobody is called when it fails",
        f"name {before} again, or who takes it over",
        path=path,
        line=line,
    )


def _unmarked(what: str, mark: str, path: str, line: int | None) -> Weighed:
    return weighed(
        "needs_approval",
        f"{what} is no longer marked as '{mark}': what reads the mark, such as access rules and masking, lets "
        "everybody see it",
        f"keep '{mark}', or have somebody approve who knows what the data holds",
        path=path,
        line=line,
    )


def weakened_in_yaml(change: Change) -> Iterator[Weighed]:
    """What YAML and JSON no longer say of things that are still there, and new columns that lack what others have."""
    files = [
        file
        for file in change.files
        if file.path.endswith(_DECLARING)
        and not is_of_others(file.path)
        and (may_say(file.old or b"") or may_say(file.new or b""))
    ]
    before = {file.path: declarations(file.path, file.old) for file in files if file.old}
    after = {file.path: declarations(file.path, file.new) for file in files if file.new}
    everywhere = [one for one in after.values() if one is not None]
    for path, old in before.items():
        new = after.get(path)
        if old is None or (path in after and new is None):
            continue
        for said in old.said:
            yield from _kept(said, old, path, new, everywhere)
    yield from _like_siblings(before, after)


def _kept(
    said: Said, old: Declarations, path: str, new: Declarations | None, everywhere: list[Declarations]
) -> Iterator[Weighed]:
    """Whether something is still said of what is still there, in this file or in the one that it moved to."""
    home = new if new is not None and said.of in new.named else None
    if home is None:
        home = next((one for one in everywhere if said.of and said.of in one.named), None)
    if home is None:
        return
    same = [one for one in home.said if one.of == said.of and one.kind == said.kind]
    if any(one.value == said.value for one in same):
        return
    now = next((one for one in same if one.key == said.key), None)
    line = now.line if now else said.line
    if said.kind == "mark":
        is_tag = said.key in ("tags", "labels")
        # One tag may stand for another, but not for two.
        fewer = len(same) < sum(one.of == said.of and one.kind == "mark" for one in old.said)
        weaker = now is not None and SENSITIVE.search(said.value) and not SENSITIVE.search(now.value)
        if (is_tag and fewer) or (not is_tag and ((now is None and fewer) or weaker)):
            yield _unmarked(said.subject, said.value if is_tag else f"{said.key}: {said.value}", path, line)
    elif said.kind == "owner":
        replaced = now or next(iter(same), None)
        if said.value.casefold() not in NO_OWNER:
            yield _of_owner(said.subject, said.value, replaced.value if replaced else "", path, line)
    else:
        yield from _of_length(said.subject, said.key, said.value, now.value if now else None, path, line)


def _of_length(
    what: str, key: str, before: str, after: str | None, path: str, line: int | None
) -> Iterator[Weighed]:
    old, new = length_of(before), length_of(after) if after is not None else None
    if after is None:
        message = f"{what} no longer says how long its data is kept ({key} was {before})"
        fix = f"keep {key}: {before}, or have it approved"
        yield weighed("needs_approval", message, fix, path=path, line=line)
    elif old is not None and new is not None and new < old:
        message = f"{key} of {what} is now {after} instead of {before}: what is older is deleted for good"
        yield weighed("needs_approval", message, f"keep {before}, or have it approved", path=path, line=line)
    elif old is not None and new is not None and new > old:
        message = f"{key} of {what} is now {after} instead of {before}: data is kept longer than it was"
        yield weighed(
            "warned", message, "see that nobody was promised an earlier deletion", path=path, line=line
        )


def _like_siblings(
    before: dict[str, Declarations | None], after: dict[str, Declarations | None]
) -> Iterator[Weighed]:
    """New columns about a person that are called as marked ones are, and are not marked."""
    old = [held for held in before.values() if held]
    marked = {
        one.of[-1].casefold()
        for held in old
        for one in held.said
        if one.kind == "mark" and one.of and PERSONAL.search(one.of[-1])
    }
    known = {name for held in old for name in held.named}
    for path, held in after.items() if marked else ():
        marks = {one.of for one in held.said if one.kind == "mark"} if held else set()
        for name in sorted(held.named - known) if held else ():
            is_marked = any(name[:count] in marks for count in range(1, len(name) + 1))
            if len(name) > 1 and name[-1].casefold() in marked and not is_marked:
                yield weighed(
                    "warned",
                    f"the new {'.'.join(name[-2:])} is not marked as sensitive, and other columns of that name are",
                    "mark it as the others are",
                    path=path,
                )


def weakened_in_code(change: Change) -> Iterator[Weighed]:
    """What Python, SQL and Terraform no longer say, or show of what they hid; tests speak of no data that is kept."""
    files = [
        file
        for file in change.files
        if file.path.endswith(CODE) and not is_of_others(file.path) and not is_test(file.path)
    ]
    added = Counter(line.text.strip() for file in files for line in file.added)
    for file in files:
        for lost in lost_in_code(file, added):
            yield from _told(lost, file.path)


def _told(lost: Lost, path: str) -> Iterator[Weighed]:
    match lost.kind:
        case "retention":
            yield from _of_length("what stands here", lost.subject, lost.before, lost.after, path, lost.line)
        case "mark":
            yield _unmarked("what stands here", f"{lost.subject}: {lost.before}", path, lost.line)
        case "unmasked":
            yield weighed(
                "needs_approval",
                f"{lost.subject} was hidden by {lost.before} and is now shown as it is to all who read the result",
                f"keep {lost.before}, or have it approved",
                path=path,
                line=lost.line,
            )
        case "policy":
            yield weighed(
                "needs_approval",
                f"'{lost.before}' takes a rule away that decides who may see the data",
                "keep the rule, or have it approved",
                path=path,
                line=lost.line,
            )
