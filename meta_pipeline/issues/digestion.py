"""An issue, met with its repository, becomes requirements: pure, deterministic, and nothing is invented."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from meta_pipeline.delivery.context import RepoContext
from meta_pipeline.delivery.issue import Issue, Section
from meta_pipeline.delivery.requirements import Answer, Criterion, Question, Requirements, Span
from meta_pipeline.issues.criteria import Draft, Understood, understand
from meta_pipeline.issues.follow_ups import follow_ups_of, questions_of
from meta_pipeline.issues.inbox import FIRST_SECTION
from meta_pipeline.issues.names import Names
from meta_pipeline.issues.questions import Doubt, ask, ask_again, doubt_of_nothing, doubt_of_time
from meta_pipeline.issues.reading import read_sentence
from meta_pipeline.issues.sentences import Block, blocks_of, sentences_of
from meta_pipeline.issues.touchpoints import touchpoints_of
from meta_pipeline.issues.vagueness import vague_words, wants
from meta_pipeline.policy import Policy

CRITERIA_HEADINGS = ("Acceptance criteria", "Success criteria", "Definition of done")
SERVICE_LEVEL = "Service level"
TIMING = frozenset({"schedule", "runtime"})


@dataclass
class _Digest:
    """What has been read so far, in the order of the issue."""

    drafts: list[Draft] = field(default_factory=list)
    doubts: list[Doubt] = field(default_factory=list)

    def take(self, understood: Understood) -> None:
        self.drafts += understood.drafts

    @property
    def times(self) -> bool:
        return any(draft.metric in TIMING for draft in self.drafts)


def digest_issue(
    issue: Issue, context: RepoContext, policy: Policy, answers: tuple[Answer, ...] = ()
) -> Requirements:
    """The requirements of an issue: its criteria, what cannot be measured, questions, touchpoints, follow-ups.

    Equal issue text, answers, standing answers and touched names give an equal digest, whatever the base.
    An answer to a question that was not asked is left out.
    """
    known = names_of(issue, context, policy)
    mentioned = _mentioned(issue, known)
    read = _read(issue, known, mentioned)
    drafts = list(read.drafts)
    questions: list[Question] = []
    used: list[Answer] = []
    unmeasurable: list[Span] = []
    given = {answer.question: answer for answer in answers}
    for number, doubt in enumerate(read.doubts, 1):
        settled, asked, heard = _settle(f"q{number}", doubt, given, known, mentioned)
        questions += asked
        used += heard
        if settled is None:
            unmeasurable += doubt.spans
        else:
            drafts += settled
    follow_ups = follow_ups_of(issue, policy.follow_ups, answers)
    questions += questions_of(issue, follow_ups)
    used += [given[f.topic] for f in follow_ups if f.given_by == "answer"]
    return Requirements(
        issue=issue.path,
        title=issue.title,
        summary=_summary(issue),
        criteria=_numbered(drafts),
        unmeasurable=tuple(dict.fromkeys(unmeasurable)),
        questions=tuple(questions),
        answers=tuple(used),
        touchpoints=touchpoints_of(issue, known, tuple(drafts)),
        follow_ups=follow_ups,
    )


def names_of(issue: Issue, context: RepoContext, policy: Policy) -> Names:
    """The names of the repository, narrowed to the pipelines that the issue lists."""
    checkpoints = [c for project in policy.data_quality.great_expectations for c in project.checkpoints]
    files = [
        path.rpartition("/")[2].removesuffix(".json")
        for path in context.files
        if "/checkpoints/" in f"/{path}" and path.endswith(".json")
    ]
    everything = Names(context, tuple(dict.fromkeys([*checkpoints, *files])))
    section = issue.section("Pipelines")
    listed = _listed(section, everything) if section else []
    scope = [name for name in listed if name in everything.pipelines]
    scope += [
        owner
        for name in listed
        for full in everything.nodes_named(name)
        if (owner := everything.pipeline_of(full))
    ]
    return Names(context, everything.checkpoints, tuple(dict.fromkeys(scope)))


def _listed(section: Section, known: Names) -> list[str]:
    found: list[str] = []
    for span in sentences_of(section, ""):
        reading = read_sentence(span.quote, known.all)
        found += reading.names or [
            word.strip(".,;") for word in span.quote.split() if word.strip(".,;") in known.pipelines
        ]
    return found


def _mentioned(issue: Issue, known: Names) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for section in issue.sections:
        for span in sentences_of(section, issue.path):
            found.update(
                dict.fromkeys(n for n in read_sentence(span.quote, known.all).names if n in known.nodes)
            )
    return tuple(found)


def _criteria_section(issue: Issue) -> Section | None:
    return next(filter(None, map(issue.section, CRITERIA_HEADINGS)), None)


def _read(issue: Issue, known: Names, mentioned: tuple[str, ...]) -> _Digest:
    """Everything that the issue alone says; the doubts are in the order of its text."""
    read = _Digest()
    wish = issue.section(FIRST_SECTION)
    demanded = _criteria_section(issue)
    if demanded is not None:
        for block in blocks_of(demanded, issue.path):
            _read_block(block, known, mentioned, read)
    elif wish is not None:
        for span in sentences_of(wish, issue.path):
            understood = understand(span, known, mentioned)
            # Without the section, only sentences that ask for something are demands; the rest tells a story.
            if understood.drafts and not understood.gaps and (wants(span.quote) or _is_order(span)):
                read.take(understood)
            elif understood.gaps and wants(span.quote) and not vague_words(span.quote):
                read.take(understood)
                read.doubts.append(Doubt((span,), understood.gaps))
    vague = [
        span
        for span in (sentences_of(wish, issue.path) if wish else ())
        if vague_words(span.quote) and wants(span.quote)
    ]
    vague += _read_service_level(issue, known, mentioned, read)
    if vague and not read.times:
        _doubt_time(vague, read)
    if not read.drafts and not read.doubts:
        read.doubts.append(doubt_of_nothing(issue))
    return read


def _doubt_time(vague: list[Span], read: _Digest) -> None:
    """Ask once about all vague times: a criterion that cannot be measured for the same reason takes them in."""
    for number, doubt in enumerate(read.doubts):
        if any(vague_words(span.quote) for span in doubt.spans):
            spans = dict.fromkeys((*doubt.spans, *vague))
            read.doubts[number] = doubt_of_time(tuple(spans))
            return
    read.doubts.append(doubt_of_time(vague))


def _is_order(span: Span) -> bool:
    first = span.quote.split()[0].casefold()
    return first in {
        "set",
        "run",
        "retry",
        "make",
        "schedule",
        "change",
        "increase",
        "raise",
        "lower",
        "add",
        "use",
        "let",
        "give",
    }


def _read_block(block: Block, known: Names, mentioned: tuple[str, ...], read: _Digest) -> None:
    """One bullet or paragraph: a sentence beside measured ones may explain them, unless it asks for something."""
    understood = [(span, understand(span, known, mentioned)) for span in block.sentences]
    measured = any(item.drafts for _, item in understood)
    for span, item in understood:
        read.take(item)
        if item.gaps and (item.read or not measured or wants(span.quote)):
            read.doubts.append(Doubt((span,), item.gaps))


def _read_service_level(issue: Issue, known: Names, mentioned: tuple[str, ...], read: _Digest) -> list[Span]:
    """Take the measurable sentences of the service level; give back the vague ones."""
    section = issue.section(SERVICE_LEVEL)
    vague: list[Span] = []
    for span in sentences_of(section, issue.path) if section else ():
        understood = understand(span, known, mentioned)
        read.take(understood)
        if understood.drafts and not understood.gaps:
            continue
        if understood.has_time:
            read.doubts.append(Doubt((span,), understood.gaps))
        elif vague_words(span.quote):
            vague.append(span)
    return vague


def _settle(
    root: str, doubt: Doubt, given: Mapping[str, Answer], known: Names, mentioned: tuple[str, ...]
) -> tuple[list[Draft] | None, list[Question], list[Answer]]:
    """Ask, hear the answer, and ask again while it cannot be measured; None while the doubt stands."""
    question = ask(root, doubt, known)
    asked, heard = [question], []
    while (answer := given.get(question.id)) is not None:
        heard.append(answer)
        understood = doubt.hear(answer, known, mentioned)
        if understood.drafts and not understood.gaps:
            return list(understood.drafts), asked, heard
        question = ask_again(root, len(asked) + 1, doubt, answer, understood, known)
        asked.append(question)
    return None, asked, heard


def _numbered(drafts: list[Draft]) -> tuple[Criterion, ...]:
    """One criterion for each different demand, c1 first."""
    unique = {draft.key: draft for draft in reversed(drafts)}
    ordered = [draft for draft in drafts if unique[draft.key] is draft]
    return tuple(draft.criterion(f"c{number}") for number, draft in enumerate(ordered, 1))


def _summary(issue: Issue) -> str:
    section = issue.section(FIRST_SECTION) or next(s for s in issue.sections if s.text.strip())
    blocks = blocks_of(section, issue.path)
    sentences = blocks[0].sentences if blocks else ()
    return " ".join(" ".join(span.quote.split()) for span in sentences) or issue.title
