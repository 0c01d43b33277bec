"""The questions that an issue leaves open, and how their answers are heard."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from meta_pipeline.delivery.issue import Issue
from meta_pipeline.delivery.requirements import Answer, Metric, Question, Span
from meta_pipeline.issues.criteria import Missing, Understood, understand
from meta_pipeline.issues.names import Names
from meta_pipeline.issues.quantities import COMPARISON, NUMBER
from meta_pipeline.issues.reading import CRON, read_sentence
from meta_pipeline.issues.sentences import sentences_of
from meta_pipeline.issues.vagueness import vague_words

_WHY = "A change is accepted only when every demand is measured on it."
_WHY_TIME = "A demand for speed or freshness needs a number, a unit and what it is measured on."
_STEMS: dict[Metric, str] = {
    "retries": "retries",
    "retry_delay": "retry delay",
    "retry_backoff": "backoff",
    "schedule": "schedule",
    "runtime": "run time",
}
_VALUE = re.compile(
    rf"(?:{COMPARISON})?\s*(?:{NUMBER}|{CRON}|an?\b|every\b|each\b|hourly\b|daily\b|weekly\b|monthly\b|exponential)"
)


@dataclass(frozen=True, slots=True)
class Doubt:
    """Sentences that cannot be measured and what they lack. `timing`: only a schedule or a run time settles it."""

    spans: tuple[Span, ...]
    gaps: tuple[Missing, ...]
    timing: bool = False

    def hear(self, answer: Answer, known: Names, mentioned: tuple[str, ...]) -> Understood:
        """Read an answer: a sentence of its own, or only what was missing, such as `5 minutes` or a name."""
        spans = [
            Span(source=f"answer:{answer.question}", line=number, quote=line.strip())
            for number, line in enumerate(answer.text.splitlines(), 1)
            if line.strip()
        ]
        about = self._about(known)
        results = [self._hear_line(span, known, mentioned, about) for span in spans]
        drafts = tuple(draft for result in results for draft in result.drafts)
        gaps = tuple(gap for result in results for gap in result.gaps)
        if self.timing and not any(draft.metric in ("schedule", "runtime") for draft in drafts):
            gaps = gaps or (Missing("a schedule or a run time"),)
        return Understood(drafts, gaps)

    def _hear_line(
        self, span: Span, known: Names, mentioned: tuple[str, ...], about: tuple[str, ...]
    ) -> Understood:
        whole = understand(span, known, mentioned, about=about)
        if whole.drafts and not whole.gaps:
            return whole
        for text in self._completed(span.quote, whole, known):
            completed = understand(span, known, mentioned, text=text, about=whole.names or about)
            if completed.drafts and not completed.gaps:
                return completed
        return whole

    def _completed(self, answer: str, whole: Understood, known: Names) -> Sequence[str]:
        """The answer with the words of the question that it leaves out."""
        text = answer.strip().rstrip(".")
        found: list[str] = []
        if _VALUE.match(read_sentence(text, known.all).text):
            metrics = dict.fromkeys(gap.metric for gap in self.gaps if gap.metric)
            found += [f"{_STEMS[metric]} {text}" for metric in metrics if metric in _STEMS]
        names = whole.names or (text.strip("`"),)
        named = [name for name in names if name in known.all or name in self._candidates]
        if named and re.fullmatch(r"[\s`\w.,\-]+", text):
            listed = " and ".join(f"`{name}`" for name in named)
            for span in self.spans:
                asked = read_sentence(span.quote, known.all).names
                if asked and all(name in known.pipelines for name in named):
                    # The answer says which pipeline's task is meant, not that all its tasks are.
                    found.append(f"{span.quote.rstrip('.')} in {listed}")
                    continue
                bare = span.quote
                for name in asked:
                    bare = re.sub(rf"`?{re.escape(name)}`?", "", bare)
                found.append(f"{listed} {bare}")
        return found

    @property
    def _candidates(self) -> frozenset[str]:
        return frozenset(name for gap in self.gaps for name in gap.candidates)

    def _about(self, known: Names) -> tuple[str, ...]:
        found = (name for span in self.spans for name in read_sentence(span.quote, known.all).names)
        return tuple(dict.fromkeys(name for name in found if name in known.all))


def doubt_of_time(spans: Sequence[Span]) -> Doubt:
    """Sentences that ask for speed or freshness and say no number."""
    words = dict.fromkeys(word.casefold() for span in spans for word in vague_words(span.quote))
    said = ", ".join(f"'{word}'" for word in words)
    return Doubt(
        tuple(spans),
        (Missing(f"a number, a unit and a reference point for {said}", "schedule"),),
        timing=True,
    )


def doubt_of_nothing(issue: Issue) -> Doubt:
    """An issue that says nothing measurable at all."""
    sentences = (span for section in issue.sections for span in sentences_of(section, issue.path))
    first = next(sentences, Span(source=issue.path, line=1, quote=issue.title))
    return Doubt((first,), (Missing("a measurable acceptance criterion anywhere in the issue"),))


def ask(question_id: str, doubt: Doubt, known: Names) -> Question:
    """The blocking question about a doubt: what is missing, and an answer that would do."""
    quotes = " and ".join(f'"{_shown(span.quote)}"' for span in doubt.spans)
    verb = "lack" if len(doubt.spans) > 1 else "lacks"
    return Question(
        id=question_id,
        text=f"{quotes} {verb} {_lacking(doubt.gaps)}. {_example(doubt, known)}",
        why=_why(doubt),
        span=doubt.spans[0],
    )


def ask_again(
    root: str, number: int, doubt: Doubt, answer: Answer, understood: Understood, known: Names
) -> Question:
    """The question that follows an answer which cannot be measured either."""
    lacking = _lacking(understood.gaps or (Missing("a metric with a number and a unit"),))
    return Question(
        id=f"{root}.{number}",
        text=f'The answer "{_shown(answer.text)}" to {answer.question} lacks {lacking}. {_example(doubt, known)}',
        why=_why(doubt),
        span=doubt.spans[0],
    )


def _lacking(gaps: Sequence[Missing]) -> str:
    parts = []
    for what in dict.fromkeys(gap.what for gap in gaps):
        candidates = dict.fromkeys(name for gap in gaps if gap.what == what for name in gap.candidates)
        parts.append(
            what + (f" (it may be {' or '.join(f'`{name}`' for name in candidates)})" if candidates else "")
        )
    return "; and ".join(parts)


def _why(doubt: Doubt) -> str:
    return _WHY_TIME if _is_timing(doubt) else _WHY


def _is_timing(doubt: Doubt) -> bool:
    return doubt.timing or any(vague_words(span.quote) for span in doubt.spans)


def _example(doubt: Doubt, known: Names) -> str:
    metric = next((gap.metric for gap in doubt.gaps if gap.metric), "schedule" if _is_timing(doubt) else None)
    candidates = [name for gap in doubt.gaps for name in gap.candidates]
    pipeline = next(iter((*known.scope, *known.pipelines)), "the_pipeline")
    nodes = known.pipelines[pipeline].nodes if pipeline in known.pipelines else ()
    node = next(iter(candidates), f"{pipeline}.{nodes[0].id}" if nodes else f"{pipeline}.the_task")
    checkpoint = next(iter(known.checkpoints), "the_checkpoint")
    shown = {
        "retries": f"Retries of `{node}` are at least 3",
        "retry_delay": f"Retry delay of `{node}` is at least 5 minutes",
        "retry_backoff": f"Backoff of `{node}` is exponential",
        "schedule": f"Schedule of `{pipeline}` is every 2 hours",
        "failed_expectations": f"Failed expectations of checkpoint `{checkpoint}` are 0",
        "failed_dbt_tests": f"Failed dbt tests of `{next(iter(known.dbt_projects), 'the_project')}` are 0",
        "column_description": 'The description of column `the_dataset.the_column` is "Price in EUR, with VAT"',
        "unexpected_values": "Every value of `the_dataset.the_column` is between 0 and 100",
    }.get(metric or "", f"Run time of `{pipeline}` is at most 10 minutes")
    return f"An answer such as '{shown}' would do."


def _shown(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= 200 else f"{flat[:199]}…"
