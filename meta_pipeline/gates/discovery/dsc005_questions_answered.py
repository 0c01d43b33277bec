"""DSC005: a human has answered every blocking question."""

from typing import ClassVar

from meta_pipeline.delivery.judgement import Finding
from meta_pipeline.delivery.requirements import Answer, Question
from meta_pipeline.delivery.stages import StageId
from meta_pipeline.gates import specimens
from meta_pipeline.gates.case import Case
from meta_pipeline.gates.gate import Example, Gate, Opinion
from meta_pipeline.policy import Policy


class QuestionsAnswered(Gate):
    """Every blocking question about the issue has an answer by a human.

    Whoever writes the change must not settle what the issue leaves open: the guess would be delivered as if
    somebody had asked for it.
    """

    id: ClassVar[str] = "DSC005"
    name: ClassVar[str] = "questions-answered"
    stage: ClassVar[StageId] = "discovery"
    subject: ClassVar[str] = "requirements"
    needs: ClassVar[tuple[str, ...]] = ("requirements",)

    def judge(self, case: Case) -> Opinion:
        assert case.requirements is not None
        # The follow-ups that every change must face are DSC007's.
        topics = {follow_up.topic for follow_up in case.requirements.follow_ups}
        asked = [q for q in case.requirements.questions if q.blocking and q.id not in topics]
        unanswered = [q for q in case.requirements.open_questions if q.id not in topics]
        if unanswered:
            return self.found(
                f"questions that are open: {len(unanswered)} of {len(asked)}", map(_finding, unanswered)
            )
        if not asked:
            return self.passed("the issue leaves nothing open")
        return self.passed(f"all {len(asked)} questions are answered")

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        question = Question(
            id="q1", text="How often?", why="'more often' has no number", span=specimens.span()
        )

        def case(*answers: Answer, asked: tuple[Question, ...] = (question,)) -> Case:
            return Case(
                policy=Policy(), requirements=specimens.requirements(questions=asked, answers=answers)
            )

        given = Answer(question="q1", text="every 2 hours", by=specimens.SIGNER)
        remark = question.model_copy(update={"blocking": False})
        return (
            Example("nothing was asked", case(asked=()), "passed"),
            Example("the question is answered", case(given), "passed"),
            Example("a question that does not block", case(asked=(remark,)), "passed"),
            Example("nobody has answered", case(), "failed", "How often?"),
            Example(
                "an answer to another question", case(given.model_copy(update={"question": "q2"})), "failed"
            ),
            Example(
                "one of two is answered",
                case(given, asked=(question, question.model_copy(update={"id": "q2"}))),
                "failed",
            ),
        )


def _finding(question: Question) -> Finding:
    return Finding(
        path=question.span.source,
        line=question.span.line,
        message=f"Question {question.id} is open: {question.text} {question.why}",
        fix=f'Answer it with: meta-pipeline answer <delivery> {question.id} "..."',
    )
