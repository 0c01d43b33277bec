"""The digested issue: what must become true, how it is measured, and what is not yet clear."""

from typing import Literal

from meta_pipeline.delivery.model import Frozen

Comparator = Literal["==", "!=", ">=", "<=", ">", "<"]
Metric = Literal[
    "retries",
    "retry_delay",
    "retry_backoff",
    "schedule",
    "runtime",
    "import_errors",
    "failed_tests",
    "lint_findings",
    "failed_expectations",
    "unexpected_values",
    "failed_dbt_tests",
    "column_description",
]
Argument = bool | int | float | str | tuple[int | float | str, ...]
Verification = Literal["topology", "dry_run", "parse", "unit_tests", "lint", "data_quality", "contract"]


class Span(Frozen):
    """Where a demand was read: `quote` stands word for word at `line` of `source` (a path, or `answer:<id>`)."""

    source: str
    line: int
    quote: str


class Expectation(Frozen):
    """A data-quality rule on a column, in the words of Great Expectations, or `relationships` as dbt calls it.

    `type` is the registered snake-case name, such as `expect_column_values_to_be_between`; `kwargs`
    are its arguments in sorted order, the column left out; a tuple is a list there, as in `value_set`.
    """

    type: str
    dataset: str
    column: str
    kwargs: tuple[tuple[str, Argument], ...] = ()


class Criterion(Frozen):
    """One measurable acceptance criterion: `metric` of `subject` `comparator` `threshold` `unit`.

    `subject` is a pipeline, `pipeline.node`, checkpoint, dbt project or `dataset.column`, or empty for the whole
    repository. Thresholds of `schedule`, `retry_backoff` and `column_description` are text; all others are numbers in
    `unit`.
    """

    id: str
    metric: Metric
    subject: str
    comparator: Comparator
    threshold: float | int | str
    unit: str
    verification: Verification
    span: Span
    expectation: Expectation | None = None

    @property
    def sentence(self) -> str:
        """The criterion as a person would say it."""
        of = f" of {self.subject}" if self.subject else ""
        threshold = f'"{self.threshold}"' if self.metric == "column_description" else self.threshold
        return f"{self.metric.replace('_', ' ')}{of} {self.comparator} {threshold} {self.unit}".rstrip()


class Question(Frozen):
    """An ambiguity that a human must settle. `blocking` questions stop the delivery until they are answered."""

    id: str
    text: str
    why: str
    span: Span
    blocking: bool = True


class Answer(Frozen):
    """A human's answer to one question."""

    question: str
    text: str
    by: str


class Touchpoint(Frozen):
    """A thing of the repository that the issue names. `near` lists the closest existing names where it has none."""

    name: str
    kind: Literal["pipeline", "node", "dataset", "file"]
    exists: bool
    declared_new: bool = False
    near: tuple[str, ...] = ()
    path: str | None = None
    contract: str | None = None
    span: Span


class FollowUp(Frozen):
    """One of the four questions that every change must face, with its answer and who gave it."""

    topic: Literal["upstream_schema", "environments", "dashboards", "backfill"]
    answer: str | None
    given_by: Literal["issue", "policy", "answer", "nobody"]


class Requirements(Frozen):
    """Everything that the issue demands; its digest changes exactly when a demand or an answer changes."""

    issue: str
    title: str
    summary: str
    criteria: tuple[Criterion, ...]
    unmeasurable: tuple[Span, ...] = ()
    questions: tuple[Question, ...] = ()
    answers: tuple[Answer, ...] = ()
    touchpoints: tuple[Touchpoint, ...] = ()
    follow_ups: tuple[FollowUp, ...] = ()

    @property
    def open_questions(self) -> tuple[Question, ...]:
        """The blocking questions that nobody has answered."""
        answered = {answer.question for answer in self.answers}
        return tuple(q for q in self.questions if q.blocking and q.id not in answered)
