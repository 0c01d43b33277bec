"""CHG014: CI, containers and infrastructure gain no right and lose no pin."""

from collections.abc import Iterator
from typing import ClassVar

from meta_pipeline.delivery.stages import StageId
from meta_pipeline.delivery.tree import FileChange
from meta_pipeline.gates import specimens
from meta_pipeline.gates.case import Case
from meta_pipeline.gates.gate import Example, Gate, Opinion, Strength
from meta_pipeline.gates.infrastructure.grants import opened
from meta_pipeline.gates.infrastructure.images import RANKS, Image, images_in, is_dockerfile, last_user
from meta_pipeline.gates.infrastructure.pins import loose_uses
from meta_pipeline.gates.infrastructure.workflows import (
    Workflow,
    is_workflow,
    read_workflow,
    widened,
)
from meta_pipeline.gates.tools.tool import Missing, new_reports
from meta_pipeline.gates.tools.zizmor import Weakness, weaknesses
from meta_pipeline.gates.weighing import Weighed, weigh, weighed
from meta_pipeline.policy import Policy

_ASKED = frozenset(
    "template-injection dangerous-triggers github-env insecure-commands hardcoded-container-credentials "
    "overprovisioned-secrets unsound-contains unsound-condition bot-conditions unredacted-secrets".split()
)
"""The audits of zizmor whose answer is not told here by the repository's own habits."""


class PipelineSecurity(Gate):
    """What builds, deploys and runs the pipelines gains no right, and loses no pin.

    A workflow that may write, an action that its owner can change under a name that stays, a text of a stranger that
    ends in a shell, a container with the rights of its machine, a role that may do everything: each is how a small
    change becomes everybody's trouble. Actions are measured by how the repository names them at base; zizmor looks for
    what can be abused in workflows, whatever their comments ask.
    """

    id: ClassVar[str] = "CHG014"
    name: ClassVar[str] = "pipeline-security"
    stage: ClassVar[StageId] = "implementation"
    subject: ClassVar[str] = "patched_code"
    needs: ClassVar[tuple[str, ...]] = ("change",)
    catches: ClassVar[tuple[str, ...]] = (
        "ci-permission-widened",
        "action-unpinned",
    )

    def judge(self, case: Case) -> Opinion:
        assert case.change is not None
        held = {entry.content for entry in case.change.base.entries().values()}
        entries = case.change.head.entries()
        files = [
            file
            for file in case.change.files
            if file.new is not None and (file.old is not None or entries[file.path].content not in held)
        ]
        weak = _weaknesses(files)
        found = [
            *_workflows(files),
            *loose_uses(case.change, files),
            *(one for file in files for one in _images(file)),
            *_roots(files),
            *_grants(files),
        ]
        if isinstance(weak, Missing):
            return self.could_not_run(
                f"{weak.reason.rstrip('.')}; install it with: {weak.install}",
                findings=[one.finding for one in found],
            )
        return weigh(self, [*weak, *found], "no right is widened and no pin is lost")

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        path = ".github/workflows/ci.yml"
        commit = "11bd71901bbe5b1630ceea73d27597364c9af683"
        workflow = (
            "on: push\npermissions:\n  contents: read\njobs:\n  test:\n    runs-on: ubuntu-latest\n    steps:\n"
            f"      - uses: actions/checkout@{commit}\n      - run: pytest\n"
        )

        def edited(old: str, new: str) -> Case:
            return _case({path: workflow}, {path: workflow.replace(old, new)})

        role = 'resource "aws_iam_policy" "etl" {\n  policy = jsonencode({ Statement = [{\n'
        narrow = f'{role}    Effect = "Allow"\n    Action = "s3:GetObject"\n  }}] }})\n}}\n'
        return (
            Example("another step", edited("pytest", "pytest -q"), "passed"),
            Example("an action moves to another commit", edited(commit, "b" * 40), "passed"),
            Example(
                "a job may write",
                edited("contents: read", "contents: write"),
                "needs_approval",
                "contents: write",
            ),
            Example("an action loses its commit", edited(commit, "main"), "failed", "was pinned"),
            Example(
                "the title of a pull request ends in a shell",
                edited("pytest", 'echo "${{ github.event.pull_request.title }}"'),
                "failed",
                "template expansion",
            ),
            Example(
                "a role that may do everything",
                _case({"iam.tf": narrow}, {"iam.tf": narrow.replace("s3:GetObject", "*")}),
                "needs_approval",
                "every action",
            ),
            Example(
                "an image loses its tag",
                _case({"Dockerfile": "FROM python:3.11-slim\n"}, {"Dockerfile": "FROM python\n"}),
                "needs_approval",
                "was 'python:3.11-slim'",
            ),
        )


def _case(before: specimens.Files, after: specimens.Files) -> Case:
    return Case(Policy(), change=specimens.change(before, after))


def _weaknesses(files: list[FileChange]) -> list[Weighed] | Missing:
    """What zizmor finds at head and not at base."""
    touched = [file for file in files if is_workflow(file.path)]
    head = weaknesses({file.path: file.new or b"" for file in touched})
    if isinstance(head, Missing):
        return head
    head = tuple(one for one in head if one.report.code in _ASKED)
    base = weaknesses({file.path: file.old for file in touched if file.old}) if head else ()
    if isinstance(base, Missing):
        return base
    new = new_reports([one.report for one in base], [one.report for one in head])
    return [_of_weakness(one) for one in head if one.report in new and one.severity in ("high", "medium")]


def _of_weakness(one: Weakness) -> Weighed:
    strength: Strength = "warned"
    if one.severity == "high":
        surely = one.report.code == "template-injection" and one.confidence == "high"
        strength = "failed" if surely else "needs_approval"
    return weighed(
        strength,
        f"{one.report.message}: {one.report.code} of zizmor",
        "pass what strangers write by an environment variable, and give such a workflow no rights",
        path=one.report.path,
        line=one.report.line,
    )


def _workflows(files: list[FileChange]) -> Iterator[Weighed]:
    for file in files:
        if not is_workflow(file.path):
            continue
        after = read_workflow(file.path, _text(file.new))
        before = read_workflow(file.path, _text(file.old)) if file.old is not None else Workflow()
        if after is None or before is None:
            continue
        yield from _permissions(file, before, after)
        if after.runs_strangers and not before.runs_strangers:
            yield weighed(
                "failed",
                f"{file.path} runs the code of any pull request with the rights and secrets of this repository",
                "use pull_request, or do not check out the head",
                path=file.path,
                line=after.head_checkouts[0],
            )
        if len(after.inherits_secrets) > len(before.inherits_secrets):
            yield weighed(
                "needs_approval",
                f"{file.path} hands every secret of the repository to another workflow",
                "name the secrets that it needs",
                path=file.path,
                line=after.inherits_secrets[-1],
            )
        for name, job in after.jobs.items():
            was = before.jobs.get(name)
            if "self-hosted" in job.runs_on and not (was and "self-hosted" in was.runs_on):
                public = bool(after.triggers & {"pull_request", "pull_request_target"})
                yield weighed(
                    "needs_approval" if public else "warned",
                    f"the job {name} of {file.path} runs on a machine of your own"
                    + (", where a pull request may bring code of strangers" if public else ""),
                    "run it on a machine that is thrown away",
                    path=file.path,
                    line=job.line,
                )


def _permissions(file: FileChange, before: Workflow, after: Workflow) -> Iterator[Weighed]:
    told: set[tuple[str, ...]] = set()
    for name, job in after.jobs.items():
        was = before.jobs.get(name)
        if was is None:
            # A job that is new is judged by what it asks for alone.
            gained: tuple[str, ...] = ("write-all",) if (job.permissions or {}).get("*") == "write" else ()
        else:
            gained = widened(was.permissions, job.permissions)
        if gained and gained not in told:
            told.add(gained)
            yield weighed(
                "needs_approval",
                f"the job {name} of {file.path} gets more rights: {', '.join(gained)}; whatever it runs has them too",
                "give it the rights that it needs, and no other",
                path=file.path,
                line=job.permissions_line if job.permissions is not None else job.line,
            )


def _images(file: FileChange) -> Iterator[Weighed]:
    before = images_in(file.path, _text(file.old))
    known: dict[str, Image] = {image.name: image for image in before}
    said = {image.said for image in before}
    for image in images_in(file.path, _text(file.new)):
        was = known.get(image.name)
        if image.said in said or image.exactness == "unknown":
            continue
        if was is not None and was.exactness != "unknown" and RANKS[image.exactness] < RANKS[was.exactness]:
            yield weighed(
                "failed" if was.exactness == "digest" else "needs_approval",
                f"the image '{image.said}' in {file.path} was '{was.said}': it may be another one at each build",
                "name the image as exactly as it was",
                path=file.path,
                line=image.line,
            )
        elif was is None and image.exactness == "latest":
            careful = bool(before) and all(RANKS[one.exactness] >= RANKS["tag"] for one in before)
            yield weighed(
                "needs_approval" if careful else "warned",
                f"the image '{image.said}' in {file.path} is whatever is newest: it may be another one at each build",
                "give it a tag or a digest",
                path=file.path,
                line=image.line,
            )


def _roots(files: list[FileChange]) -> Iterator[Weighed]:
    for file in files:
        if not is_dockerfile(file.path) or file.old is None:
            continue
        (before, _), (after, line) = last_user(_text(file.old)), last_user(_text(file.new))
        if before not in (None, "root", "0") and after in (None, "root", "0"):
            yield weighed(
                "needs_approval",
                f"the image of {file.path} ran as {before} and now runs as root: who breaks out of it owns the machine",
                f"end it with USER {before}",
                path=file.path,
                line=line,
            )


def _grants(files: list[FileChange]) -> Iterator[Weighed]:
    for file in files:
        for one in opened(file):
            yield weighed(
                "needs_approval",
                f"{file.path} {one.does} ({one.words})",
                "name whom and what it is for, and nothing more",
                path=file.path,
                line=one.line,
            )


def _text(data: bytes | None) -> str:
    return (data or b"").decode("utf-8", errors="replace")
