"""CHG012: who owns data, who may see it and how long it is kept stays as it is said."""

from typing import ClassVar

from meta_pipeline.delivery.stages import StageId
from meta_pipeline.gates import specimens
from meta_pipeline.gates.case import Case
from meta_pipeline.gates.gate import Example, Gate, Opinion, Strength
from meta_pipeline.gates.governance.weakened import weakened_in_code, weakened_in_topology, weakened_in_yaml
from meta_pipeline.gates.weighing import weigh
from meta_pipeline.policy import Policy


class GovernanceKept(Gate):
    """Marks of sensitive data, masking, owners and retention are not taken away or weakened without a person's word.

    Looked at are tags, `meta` and classifications of dbt, ODCS, BigQuery and Dagster, policy tags, masking and row
    access policies, columns that a query masks or hashes, owners of pipelines and nodes, and how long partitions,
    tables and logs are kept. A mark that a column loses opens it to everybody who reads the table; a shorter retention
    deletes data that no revert brings back; without an owner nobody is called when a pipeline fails.

    All of it may well be meant: a column may no longer hold anything about a person. So it asks somebody who knows
    instead of refusing. Another owner, and data that is kept longer, are worth knowing. What goes with its column,
    model or pipeline is not told here.
    """

    id: ClassVar[str] = "CHG012"
    name: ClassVar[str] = "governance-kept"
    stage: ClassVar[StageId] = "implementation"
    subject: ClassVar[str] = "patched_code"
    default: ClassVar[Strength] = "needs_approval"
    needs: ClassVar[tuple[str, ...]] = ("change",)
    catches: ClassVar[tuple[str, ...]] = (
        "owner-removed",
        "sensitive-mark-removed",
    )

    def judge(self, case: Case) -> Opinion:
        assert case.change is not None
        found = [
            *weakened_in_topology(case.change),
            *weakened_in_yaml(case.change),
            *weakened_in_code(case.change),
        ]
        return weigh(self, found, "no mark of sensitive data, owner or retention is taken away or weakened")

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        def owned(before: str | None, after: str | None) -> Case:
            sides = (specimens.pipeline(specimens.node(owner=owner)) for owner in (before, after))
            base, head = sides
            return Case(Policy(), change=specimens.change(base=(base,), head=(head,)))

        return (
            Example(
                "a description is added",
                _yaml(_MARKED, _MARKED.replace("tags:", "description: where to write\n        tags:")),
                "passed",
            ),
            Example(
                "the column goes with its mark",
                _yaml(_MARKED, "models:\n  - name: users\n    columns: []\n"),
                "passed",
            ),
            Example(
                "a column is no longer marked",
                _yaml(_MARKED, _MARKED.replace("        tags: [pii]\n", "")),
                "needs_approval",
                "users.email is no longer marked as 'pii'",
            ),
            Example(
                "nobody owns the task any more",
                owned("sales", None),
                "needs_approval",
                "sales no longer owns",
            ),
            Example("another team owns the task", owned("sales", "finance"), "warned", "finance"),
            Example(
                "partitions are deleted earlier",
                _sql("OPTIONS (partition_expiration_days = 365)", "OPTIONS (partition_expiration_days = 30)"),
                "needs_approval",
                "365",
            ),
            Example(
                "a query shows what it masked",
                _sql("select sha256(email) as email\nfrom users", "select email\nfrom users"),
                "needs_approval",
                "email",
            ),
        )


_MARKED = "models:\n  - name: users\n    columns:\n      - name: email\n        tags: [pii]\n"


def _yaml(before: str, after: str) -> Case:
    return Case(Policy(), change=specimens.change({"models/users.yml": before}, {"models/users.yml": after}))


def _sql(before: str, after: str) -> Case:
    return Case(Policy(), change=specimens.change({"sql/users.sql": before}, {"sql/users.sql": after}))
