"""The things of the repository that an issue names: whether they exist, and what comes near where they do not."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from typing import Literal

from meta_pipeline.delivery.issue import Issue
from meta_pipeline.delivery.requirements import Span, Touchpoint
from meta_pipeline.issues.criteria import Draft
from meta_pipeline.issues.names import Names, near
from meta_pipeline.issues.sentences import sentences_of

Kind = Literal["pipeline", "node", "dataset", "file"]

_BACKTICKED = re.compile(r"`([^`\n]+)`")
_NAME = re.compile(r"[A-Za-z_][\w\-]*(?:\.[\w\-]+)*")
_PATH = re.compile(
    r"(?:\.{0,2}/)?[\w.\-*<>{}]+(?:/[\w.\-*<>{}]+)+/?|[\w\-]+\.(?:py|sql|ya?ml|toml|json|txt|in|md|cfg|ini|csv|parquet|lock|sh|tf)"
)
_TEMPLATE = re.compile(r"<[^>/]*>|\{\{?[^}/]*\}\}?")
_NOUNS: dict[str, Kind] = {
    "pipeline": "pipeline",
    "dag": "pipeline",
    "flow": "pipeline",
    "job": "pipeline",
    "task": "node",
    "operator": "node",
    "asset": "node",
    "dataset": "dataset",
    "table": "dataset",
    "model": "dataset",
    "view": "dataset",
    "file": "file",
    "module": "file",
    "script": "file",
}
_NOUN = "|".join(_NOUNS)
_BEFORE = re.compile(rf"\b({_NOUN})s?\s+(?:called\s+|named\s+)?$", re.IGNORECASE)
_AFTER = re.compile(rf"^\s+({_NOUN})s?\b", re.IGNORECASE)
_NEW_BEFORE = re.compile(
    rf"\b(?:new|brand-new)\s+(?:(?!to\b|on\b|of\b|for\b|in\b|from\b|and\b)\w+\s+){{0,3}}$"
    rf"|\b(?:create|introduce|add)[sd]?\s+(?:an?\s+|the\s+)?(?:{_NOUN})\s+(?:called\s+|named\s+)?$"
    rf"|\b(?:create|introduce)[sd]?\s+(?:an?\s+|the\s+)?$",
    re.IGNORECASE,
)
_NEW_AFTER = re.compile(
    rf"^\s*(?:\(new\)|is new\b|is a new\b|does not exist yet|,?\s*(?:a|the) new\b"
    rf"|\(to be created\)|(?:{_NOUN})\s+is new\b)",
    re.IGNORECASE,
)
_ADDED = re.compile(r"\b(?:create|introduce|add)[sd]?\s+(?:an?\s+|the\s+)?$", re.IGNORECASE)
_AROUND = 120
_NOTHING = frozenset({"none", "no", "n/a", "na", "all", "nothing", "unchanged", "-"})


@dataclass(frozen=True, slots=True)
class _Named:
    name: str
    span: Span
    wanted: Kind | None
    new: bool


def touchpoints_of(issue: Issue, known: Names, drafts: Sequence[Draft]) -> tuple[Touchpoint, ...]:
    """One touchpoint per name and kind, in the order of the text, then the subjects of answers.

    A word in backticks that is neither a known name nor close to one is taken for what it is: code.
    """
    mentions = [*_mentions(issue), *_subjects(drafts)]
    new = {mention.name for mention in mentions if mention.new}
    first = {(mention.name, mention.wanted): mention for mention in reversed(mentions)}
    found: dict[tuple[str, Kind], Touchpoint] = {}
    for mention in mentions:
        if first[mention.name, mention.wanted] is not mention:
            continue
        for point in _points(mention, known, declared_new=mention.name in new):
            found.setdefault((point.name, point.kind), point)
    return tuple(found.values())


def _mentions(issue: Issue) -> Iterator[_Named]:
    sections: dict[str, Kind] = {"pipelines": "pipeline", "datasets": "dataset"}
    for section in issue.sections:
        listed = sections.get(section.heading.casefold())
        for span in sentences_of(section, issue.path):
            yield from _in_sentence(span, listed)


def _in_sentence(span: Span, listed: Kind | None) -> Iterator[_Named]:
    ticked = list(_BACKTICKED.finditer(span.quote))
    for match in ticked:
        start, end = match.span()
        before, after = span.quote[max(0, start - _AROUND) : start], span.quote[end : end + _AROUND]
        noun = _BEFORE.search(before) or _AFTER.search(after)
        wanted = listed or (_NOUNS[noun[1].casefold()] if noun else None)
        new = (
            _NEW_BEFORE.search(before)
            or _NEW_AFTER.search(after)
            or (_ADDED.search(before) and _AFTER.search(after))
        )
        yield _Named(match[1].strip(), span, wanted, bool(new))
    if listed and not ticked:
        # Only the first word of each item is a name: the rest of the line explains it.
        for item in re.split(r"[,;]\s*", span.quote):
            word = re.match(
                rf"(?:new\s+)?(?:(?:{_NOUN})s?:?\s+)?({_NAME.pattern})(?P<rest>.*)",
                item.strip(),
                re.IGNORECASE,
            )
            if (
                word
                and word[1].casefold() not in _NOTHING
                and (not word["rest"].strip(" .") or re.match(r"\s*[(:\-.]", word["rest"]))
            ):
                yield _Named(
                    word[1],
                    span,
                    listed,
                    item.casefold().startswith("new ") or bool(_NEW_AFTER.search(word["rest"])),
                )


def _subjects(drafts: Sequence[Draft]) -> Iterator[_Named]:
    for draft in drafts:
        if draft.metric == "failed_expectations" or not draft.subject:
            continue
        wanted: Kind = (
            "pipeline" if draft.metric == "schedule" else "node" if "." in draft.subject else "pipeline"
        )
        of_column = draft.expectation is not None or draft.metric == "column_description"
        yield _Named(draft.subject, draft.span, "dataset" if of_column else wanted, new=False)


def _points(mention: _Named, known: Names, *, declared_new: bool) -> Iterator[Touchpoint]:
    """The touchpoints that one mention makes; none where it names nothing of the repository."""
    name = mention.name

    def missing(kind: Kind, close: tuple[str, ...]) -> Touchpoint:
        return Touchpoint(
            name=name, kind=kind, exists=False, declared_new=declared_new, near=close, span=mention.span
        )

    kind = _known_kind(name, mention.wanted, known)
    if kind is not None:
        yield from _existing(name, kind, mention.span, known)
    elif _PATH.fullmatch(name):
        yield from _file(name, known, missing)
    elif _NAME.fullmatch(name):
        dataset = known.column(name)
        if dataset is not None and dataset[0].columns and dataset[0].complete:
            # The dataset is there; the column is not.
            yield from _existing(dataset[0].name, "dataset", mention.span, known)
            columns = near(dataset[1], dataset[0].columns)
            yield missing("dataset", tuple(f"{dataset[0].name}.{column}" for column in columns))
            return
        wanted = mention.wanted
        if wanted == "file" and known.files_named(name):
            yield from _existing(name, "file", mention.span, known)
        elif wanted is not None:
            if wanted == "pipeline" and "." in name and name.partition(".")[0] in known.pipelines:
                wanted = "node"
            yield missing(wanted, near(name, _candidates(wanted, known)))
        elif "_" in name or "." in name:
            close = near(name, (*known.pipelines, *known.nodes, *known.datasets))
            if close and not known.files_named(name):
                closest = _known_kind(close[0], None, known) or "pipeline"
                yield missing(closest, close)
            elif known.files_named(name) and "." in name:
                yield from _existing(name, "file", mention.span, known)


def _known_kind(name: str, wanted: Kind | None, known: Names) -> Kind | None:
    column = known.column(name)
    is_dataset = (
        name in known.datasets
        or name in known.written
        or bool(
            column and (not column[0].columns or not column[0].complete or column[1] in column[0].columns)
        )
    )
    kinds: list[Kind] = []
    if name in known.pipelines:
        kinds.append("pipeline")
    if known.nodes_named(name) and not (wanted is None and len(name) < 3):
        kinds.append("node")
    if is_dataset:
        kinds.append("dataset")
    if name.removeprefix("./") in known.files:
        kinds.append("file")
    if wanted in kinds:
        return wanted
    # A pipeline may be listed by one of its tasks; a table is never meant by a pipeline's name.
    if wanted == "dataset" or (wanted == "file" and kinds):
        return None
    return kinds[0] if kinds else None


def _existing(name: str, kind: Kind, span: Span, known: Names) -> Iterator[Touchpoint]:
    if kind == "pipeline":
        pipeline = known.pipelines[name]
        yield Touchpoint(name=name, kind=kind, exists=True, path=pipeline.path, span=span)
    elif kind == "node":
        for full in known.nodes_named(name):
            owner = known.pipelines[known.pipeline_of(full) or ""]
            node = owner.node(full.removeprefix(f"{owner.id}."))
            yield Touchpoint(
                name=full, kind=kind, exists=True, path=(node and node.path) or owner.path, span=span
            )
    elif kind == "dataset":
        column = None if name in known.datasets else known.column(name)
        dataset = column[0] if column else known.datasets.get(name)
        contract = dataset.contract if dataset else None
        yield Touchpoint(
            name=dataset.name if dataset else name,
            kind=kind,
            exists=True,
            path=contract or (dataset.model if dataset else None),
            contract=contract,
            span=span,
        )
    else:
        for path in known.files_named(name):
            yield Touchpoint(name=path, kind="file", exists=True, path=path, span=span)


def _file(
    name: str, known: Names, missing: Callable[[Kind, tuple[str, ...]], Touchpoint]
) -> Iterator[Touchpoint]:
    plain = name.removeprefix("./")
    if _TEMPLATE.search(plain) or "*" in plain:
        # A pattern names files that runs make; nothing can be looked up for it.
        return
    if known.files_named(plain) or known.folder(plain):
        for path in known.files_named(plain)[:1]:
            point = missing("file", ())
            yield point.model_copy(update={"name": path, "exists": True, "declared_new": False, "path": path})
        return
    if plain in known.written or any(fnmatch(dataset, f"*{plain}") for dataset in known.written):
        return
    yield missing("file", near(plain, known.files))


def _candidates(kind: Kind, known: Names) -> tuple[str, ...]:
    if kind == "pipeline":
        return tuple(known.pipelines)
    if kind == "node":
        return tuple(known.nodes)
    if kind == "dataset":
        columns = (f"{d.name}.{c}" for d in known.datasets.values() for c in d.columns)
        return (*known.datasets, *known.written, *columns)
    return tuple(known.files)
