"""CHG001: the patch applies to its base and brings no surprise."""

from typing import ClassVar

from meta_pipeline.delivery.stages import StageId
from meta_pipeline.delivery.tree import SUBMODULE, SYMLINK
from meta_pipeline.gates import specimens
from meta_pipeline.gates.case import Case
from meta_pipeline.gates.change.surprises import surprises
from meta_pipeline.gates.gate import Example, Gate, Opinion
from meta_pipeline.gates.weighing import weigh, weighed
from meta_pipeline.policy import Policy

PROGRAM = b"\x7fELF\x02\x01\x01\0"
PICTURE = b"\x89PNG\r\n\x1a\n\0"
EXECUTABLE = "100755"


class AppliesCleanly(Gate):
    """The patch applies to its base commit, and a reader of the diff sees everything that it does.

    A path or symlink that leaves the repository, a submodule, a git hook or a compiled program takes
    effect where nobody reads it. A picture, font or data file is no surprise.
    """

    id: ClassVar[str] = "CHG001"
    name: ClassVar[str] = "applies-cleanly"
    stage: ClassVar[StageId] = "implementation"
    subject: ClassVar[str] = "patched_code"
    may_be_waived: ClassVar[bool] = False

    def judge(self, case: Case) -> Opinion:
        if case.change_set is None and case.change is None:
            return self.not_applicable("there is no change to look at")
        found = []
        if case.change_set is not None and case.change_set.head is None:
            said = case.change_set.rejection or "git gave no reason"
            base = case.change_set.base[:12]
            found.append(
                weighed(
                    "failed", f"the patch does not apply to {base}: {said}", f"make the patch anew on {base}"
                )
            )
        if case.change is not None:
            found += surprises(case.change)
            lacking = [file.path for file in case.change.files if file.lacks_content]
            if lacking:
                return self.could_not_run(
                    f"the contents of {len(lacking)} changed file(s) are not in this clone, such as {lacking[0]}; run "
                    "'git fetch --refetch' in it without a filter, or use a full clone",
                    findings=[one.finding for one in found],
                )
        return weigh(self, found, "the change applies and every part of it can be read")

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        dag = {specimens.DAG_FILE: "from airflow.sdk import DAG\n"}
        rejected = specimens.change_set(head=None, rejection="dags/sales_daily.py:12: patch does not apply")
        return (
            Example("a changed DAG", _case(dag, {specimens.DAG_FILE: "import pendulum\n"}), "passed"),
            Example(
                "a picture for the documentation", _case(dag, dag | {"docs/flow.png": PICTURE}), "passed"
            ),
            Example(
                "a shell script that may be run",
                _case(dag, dag | {"scripts/load.sh": "#!/bin/sh\n"}, {"scripts/load.sh": EXECUTABLE}),
                "passed",
            ),
            Example(
                "a patch for another base",
                Case(Policy(), change_set=rejected),
                "failed",
                "patch does not apply",
            ),
            Example("a path that leaves the repository", _case(dag, dag | {"../x": ""}), "failed", "leaves"),
            Example("a file of git itself", _case(dag, dag | {"sub/.GIT/config": ""}), "failed", "git's own"),
            Example(
                "a symlink to the outside",
                _case(dag, dag | {"dags/lib": "../../other"}, {"dags/lib": SYMLINK}),
                "failed",
                "../../other",
            ),
            Example("a submodule", _case(dag, dag | {"lib": ""}, {"lib": SUBMODULE}), "failed", "submodule"),
            Example("a compiled program", _case(dag, dag | {"docs/flow.png": PROGRAM}), "failed", "program"),
            Example(
                "a shared git hook", _case(dag, dag | {".husky/pre-commit": "ls\n"}), "needs_approval", "hook"
            ),
            Example(
                "a DAG that became executable",
                _case(dag, dag, {specimens.DAG_FILE: EXECUTABLE}),
                "warned",
                "executable",
            ),
        )


def _case(before: specimens.Files, after: specimens.Files, after_modes: dict[str, str] | None = None) -> Case:
    return Case(Policy(), change=specimens.change(before, after, after_modes=after_modes))
