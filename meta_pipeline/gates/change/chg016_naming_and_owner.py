"""CHG016: what is new is named, owned and tagged as everything else in the repository is."""

from collections.abc import Iterator
from typing import Any, ClassVar

from meta_pipeline.delivery.change import Change
from meta_pipeline.delivery.stages import StageId
from meta_pipeline.delivery.topology import Pipeline
from meta_pipeline.gates import specimens
from meta_pipeline.gates.case import Case
from meta_pipeline.gates.conventions.learned import FEWEST, learned_from
from meta_pipeline.gates.conventions.things import Group, Thing, things_of
from meta_pipeline.gates.gate import Example, Gate, Opinion, Strength
from meta_pipeline.gates.weighing import Weighed, weigh, weighed
from meta_pipeline.policy import Policy


class NamingAndOwner(Gate):
    """New pipelines, tasks, assets and models follow the conventions of the repository for names, owners and tags.

    The conventions are those that the repository has, not ours: what at least nine of ten things of a kind do at base,
    of at least ten. That may be the style of names (snake_case and the like), a name equal to the file's, a prefix of
    all models of a folder such as `stg_`, an owner, a mail address as the owner, tags, a family of tags such as
    `tier:`, or an asset group.

    What breaks a convention works all the same, so this only tells it, unless a policy asks for more. What was there
    before is not judged.
    """

    id: ClassVar[str] = "CHG016"
    name: ClassVar[str] = "naming-and-owner"
    stage: ClassVar[StageId] = "implementation"
    subject: ClassVar[str] = "patched_code"
    default: ClassVar[Strength] = "warned"
    needs: ClassVar[tuple[str, ...]] = ("change",)

    def judge(self, case: Case) -> Opinion:
        assert case.change is not None
        new = _new(case.change)
        if not new:
            return self.not_applicable("the change adds no pipeline, task, asset or model")
        return weigh(
            self, _breaches(case.change, new), "what is new is named, owned and tagged as all else is"
        )

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example("a DAG like all others", _case(), "passed"),
            Example(
                "a DAG in another style",
                _case(id="NewSales"),
                "warned",
                "NewSales is not named in snake_case",
            ),
            Example("a DAG without an owner", _case(owner=None), "warned", "sales_returns has no owner"),
            Example(
                "too few to tell a convention",
                Case(
                    Policy(),
                    change=specimens.change(base=_dags()[:3], head=(*_dags()[:3], _dag("B", owner=None))),
                ),
                "passed",
            ),
            Example(
                "nothing is new",
                Case(Policy(), change=specimens.change(base=_dags(), head=_dags())),
                "not_applicable",
            ),
        )


def _dag(dag_id: str, **fields: Any) -> Pipeline:
    return specimens.pipeline(**{"id": dag_id, "path": f"dags/{dag_id}.py", "owner": "sales-data"} | fields)


def _dags() -> tuple[Pipeline, ...]:
    return tuple(_dag(f"sales_{number}") for number in range(12))


def _case(**fields: Any) -> Case:
    given = {"id": "sales_returns"} | fields
    new = _dag(given.pop("id"), **given)
    return Case(Policy(), change=specimens.change(base=_dags(), head=(*_dags(), new)))


def _new(change: Change) -> list[Thing]:
    """The things of the head that are not at base under their name, each once."""
    if not any(one.change != "changed" or one.field == "kind" for one in change.differences):
        return []
    before = {one.key for one in things_of(change.base_topologies)}
    found = {one.key: one for one in things_of(change.head_topologies) if one.key not in before}
    return list(found.values())


def _breaches(change: Change, new: list[Thing]) -> Iterator[Weighed]:
    groups: dict[Group, dict[str, Thing]] = {}
    for one in things_of(change.base_topologies):
        groups.setdefault(one.group, {}).setdefault(one.id, one)
    for group in sorted({one.group for one in new}):
        known = list(groups.get(group, {}).values())
        if len(known) < FEWEST:
            continue
        for learned in learned_from(known):
            those = [one for one in new if one.group == group and learned.convention.holds(one) is False]
            if those:
                first = those[0]
                more = f" (nor do {len(those) - 1} more that are new)" if len(those) > 1 else ""
                yield weighed(
                    "warned",
                    f"the {group[1]} {first.id} {learned.convention.breach}{more}: {learned.follow} of {learned.all} "
                    f"{_plural(group[1])} here {learned.convention.rule}",
                    "follow the convention, or say in the policy that this one does not count",
                    path=first.path,
                    line=first.line,
                )


def _plural(kind: str) -> str:
    return f"{kind.replace('_', ' ')}s"
