"""CHG019: what watches over the repository is not weakened by the change that it watches."""

from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import ClassVar

from meta_pipeline.delivery.change import Change
from meta_pipeline.delivery.stages import StageId
from meta_pipeline.delivery.tree import FileChange
from meta_pipeline.gates import specimens
from meta_pipeline.gates.case import Case
from meta_pipeline.gates.gate import Example, Gate, Opinion
from meta_pipeline.gates.guards.checks_in_ci import weakened_checks
from meta_pipeline.gates.guards.kinds import guarded_by
from meta_pipeline.gates.guards.lint_settings import looser_settings
from meta_pipeline.gates.guards.loosened_policy import loosened_policy
from meta_pipeline.gates.guards.suppressions import new_suppressions
from meta_pipeline.gates.testing.python_tests import is_test_file
from meta_pipeline.gates.weighing import Weighed, weigh, weighed
from meta_pipeline.policy import POLICY_FILE, SIGNERS_FILE, Policy, PolicyError, read_policy

_MANY = 5
_FEW_BLANKET = 2


class GuardsUntouched(Gate):
    """What watches over the repository is not weakened by the change that it watches.

    Linters, type checkers, pre-commit, CI, the policy of the gates, the list of who may sign and the owners of code are
    how a repository defends itself; who may change them in passing needs no other trick. Of two commits, only what
    finds or asks less counts: a rule, hook or job that is added passes, and so does a comment or a newer version. A
    delivery is asked for a person's approval of every guard that it touches, whatever it does to it.
    """

    id: ClassVar[str] = "CHG019"
    name: ClassVar[str] = "guards-untouched"
    stage: ClassVar[StageId] = "implementation"
    subject: ClassVar[str] = "patched_code"
    needs: ClassVar[tuple[str, ...]] = ("change",)
    catches: ClassVar[tuple[str, ...]] = (
        "lint-rule-disabled",
        "ci-step-not-blocking",
        "suppressed-fault",
    )

    def judge(self, case: Case) -> Opinion:
        assert case.change is not None
        found = [
            *(one for file in case.change.files for one in _settings(file)),
            *weakened_checks(case.change),
            *_suppressed(case.change),
            *_policy(case.change),
            *_people(case.change, case.policy),
        ]
        if case.change_set is not None:
            told = {one.finding.path for one in found if one.strength == "needs_approval"}
            found += [one for one in _touched(case.change) if one.finding.path not in told]
        return weigh(self, found, "nothing that watches over the repository is weakened")

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        lint = {"ruff.toml": 'lint.select = ["E", "F", "S"]\n'}
        ci = {
            ".github/workflows/ci.yml": "on: pull_request\njobs:\n  test:\n    steps:\n      - run: pytest\n"
        }
        policy = {POLICY_FILE: "version: 1\nsignoff: {review: 2}\n"}

        def edited(files: dict[str, str], old: str, new: str) -> Case:
            return _case(files, {path: text.replace(old, new) for path, text in files.items()})

        touching = specimens.change(ci, {path: text + "# tidy\n" for path, text in ci.items()})
        return (
            Example("the linter gets another rule", edited(lint, '"S"', '"S", "B"'), "passed"),
            Example("CI gets a comment", Case(Policy(), change=touching), "passed"),
            Example(
                "one warning is passed over",
                _case({}, {"a.py": "import os  # noqa: F401\n"}),
                "warned",
                "noqa",
            ),
            Example(
                "the linter loses a rule", edited(lint, ', "S"', ""), "needs_approval", "no longer has S"
            ),
            Example(
                "the tests are no longer run", edited(ci, "pytest", "echo ok"), "needs_approval", "ran tests"
            ),
            Example(
                "a check may fail", edited(ci, "pytest", "pytest || true"), "needs_approval", "without a word"
            ),
            Example(
                "fewer people must sign",
                edited(policy, "review: 2", "review: 1"),
                "needs_approval",
                "1 instead of 2",
            ),
            Example(
                "a delivery touches CI",
                Case(Policy(), change=touching, change_set=specimens.change_set()),
                "needs_approval",
                "what CI checks",
            ),
        )


def _case(before: specimens.Files, after: specimens.Files) -> Case:
    return Case(Policy(), change=specimens.change(before, after))


def _settings(file: FileChange) -> Iterator[Weighed]:
    for looser in looser_settings(file):
        line = next((line.number for line in file.added if looser.word in line.text), None)
        yield weighed(
            looser.strength,
            f"{file.path}: {looser.said}: what it would find goes unseen",
            "mend what it finds, or have a person agree that it may be passed over",
            path=file.path,
            line=line or (file.added[0].number if file.added else 1),
        )


def _suppressed(change: Change) -> Iterator[Weighed]:
    found = list(new_suppressions(change))
    blanket = [one for one in found if one.width == "blanket"]
    many = len(found) > _MANY or len(blanket) > _FEW_BLANKET
    for one in found:
        wide = one.width == "file"
        yield weighed(
            "needs_approval" if wide or many else "warned",
            f"{one.path} asks a checker to look away ('{one.text}')"
            + (", in the whole file" if wide else f", one of {len(found)} such comments" if many else ""),
            "mend what it finds, or name the one rule that is wrong here",
            path=one.path,
            line=one.line,
        )


def _policy(change: Change) -> Iterator[Weighed]:
    for file in change.files:
        if file.path != POLICY_FILE or file.old is None:
            continue
        if file.new is None:
            yield _of_policy(file, "it is deleted, so that only the defaults are left", "")
            continue
        try:
            before, after = (
                read_policy(side.decode("utf-8", errors="replace")) for side in (file.old, file.new)
            )
        except PolicyError:
            continue
        for said, word in loosened_policy(before, after):
            yield _of_policy(file, said, word)


def _of_policy(file: FileChange, said: str, word: str) -> Weighed:
    line = next((line.number for line in (*file.added, *file.removed) if word and word in line.text), None)
    return weighed(
        "needs_approval",
        f"the policy asks less: {said}",
        "have somebody who may sign agree to it, in a change of its own",
        path=file.path,
        line=line or (file.added[0].number if file.added else 1),
    )


def _people(change: Change, policy: Policy) -> Iterator[Weighed]:
    """Who may sign, who must review, and what is passed over by their word."""
    signers = {SIGNERS_FILE, policy.signoff.allowed_signers}
    for file in change.files:
        guarded = guarded_by(file.path)
        if file.path in signers and file.old is not None:
            yield weighed(
                "needs_approval",
                f"{file.path} is changed, which says who may approve a change",
                "have somebody who may sign agree to it, in a change of its own",
                path=file.path,
                line=file.added[0].number if file.added else 1,
            )
        elif guarded == "which findings are passed over" and file.added:
            yield weighed(
                "needs_approval",
                f"{file.path} lets a gate's finding pass",
                "have somebody who may sign agree to it",
                path=file.path,
                line=file.added[0].number,
            )
        elif PurePosixPath(file.path).name == "CODEOWNERS" and file.old is not None:
            yield from _owners(file)


def _owners(file: FileChange) -> Iterator[Weighed]:
    before, after = _owned(file.old), _owned(file.new)
    lost = [pattern for pattern in before if pattern not in after or not after[pattern]]
    if lost:
        yield weighed(
            "needs_approval",
            f"{file.path}: nobody must review {', '.join(lost[:5])} any more",
            "keep an owner",
            path=file.path,
            line=file.added[0].number if file.added else 1,
        )


def _owned(data: bytes | None) -> dict[str, list[str]]:
    lines = (
        line.split("#")[0].split() for line in (data or b"").decode("utf-8", errors="replace").split("\n")
    )
    return {parts[0]: parts[1:] for parts in lines if parts}


def _touched(change: Change) -> Iterator[Weighed]:
    """Every guard that a delivery touches, tests that were there among them."""
    for file in change.files:
        guarded = guarded_by(file.path)
        if guarded is None and file.old is not None and is_test_file(file.path):
            guarded = "what the tests demand"
        if guarded is None and PurePosixPath(file.path).name in ("pyproject.toml", "setup.cfg"):
            words = (
                "[tool.ruff",
                "[tool.mypy",
                "[tool.pytest",
                "[tool.coverage",
                "[tool.pylint",
                "[flake8",
                "[mypy",
            )
            head = (file.new or b"").decode("utf-8", errors="replace").split("\n")
            for line in file.added:
                table = next((one for one in reversed(head[: line.number]) if one.startswith("[")), "")
                if table.startswith(words):
                    guarded = "what linters and tests find"
        if guarded is not None:
            yield weighed(
                "needs_approval",
                f"{file.path} is changed, which says {guarded}",
                "have a person agree to it",
                path=file.path,
                line=file.added[0].number if file.added else 1,
            )
