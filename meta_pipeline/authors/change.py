"""From a plan to a change set: the author's files or patch, on a base commit."""

from datetime import UTC, datetime
from email.utils import parseaddr

from meta_pipeline.delivery.change_set import Author, ChangeSet
from meta_pipeline.delivery.ids import DeliveryId
from meta_pipeline.delivery.model import digest
from meta_pipeline.delivery.plan import Meant, Plan, TopologyEdit
from meta_pipeline.policy import Policy
from meta_pipeline.schedulers.found.needs import new_needs
from meta_pipeline.schedulers.survey import read_change
from meta_pipeline.workspace.patch import Applied, Rejected
from meta_pipeline.workspace.repository import Mirror

OURSELVES = ("meta-pipeline", "meta-pipeline@localhost")


def write_change(
    mirror: Mirror,
    delivery: DeliveryId,
    title: str,
    plan: Plan,
    base: str,
    *,
    patch: str | None,
    author: Author,
    when: datetime,
) -> ChangeSet:
    """The change that carries out `plan` on `base`: the recipes' files, or a human's `patch`.

    Equal inputs give the same commit. A patch that does not apply, or changes nothing, gives a change
    set with a `rejection`. Raises `RecipeError` where a recipe meets a source it does not understand.
    """
    text = patch if patch is not None else _written_by_recipes(mirror, plan, base)
    message = commit_message(delivery, title, plan)
    change = ChangeSet(plan=digest(plan), base=base, patch=text, author=author, message=message)
    if not text.strip():
        return change.model_copy(
            update={"rejection": "the change is empty: the repository already is as the plan wants it"}
        )
    applied = mirror.commit_patch(base, text, message, *_git_author(author), when)
    if isinstance(applied, Rejected):
        return change.model_copy(update={"rejection": applied.reason})
    return change.model_copy(
        update={"head": applied.head, "tree": applied.tree, "patch_id": applied.patch_id}
    )


def _git_author(author: Author) -> tuple[str, str]:
    """Name and address of the commit's author: the person who wrote the patch, or ourselves."""
    if author.kind != "patch":
        return OURSELVES
    name, address = parseaddr(author.identity)
    return name or author.identity, address or author.identity


def tried(mirror: Mirror, base: str, patch: str) -> Applied | Rejected:
    """What a patch makes of `base`, or why it does not apply; nothing is published."""
    return mirror.commit_patch(base, patch, "Try a patch", *OURSELVES, datetime(2000, 1, 1, tzinfo=UTC))


def meaning_of_patch(mirror: Mirror, base: str, patch: str, policy: Policy) -> Meant:
    """What a patch on `base` would do, for its plan to name; nothing where it does not apply."""
    applied = tried(mirror, base, patch)
    if isinstance(applied, Rejected):
        return Meant()
    change = read_change(mirror.tree(base), mirror.tree(applied.head), policy)
    edits = (TopologyEdit(pipeline=d.pipeline, node=d.node, field=d.field) for d in change.differences)
    touched = [file.path for file in change.files if file.new is not None]
    return Meant(edits=tuple(dict.fromkeys(edits)), needs=new_needs(change.base, change.head, touched))


def commit_message(delivery: DeliveryId, title: str, plan: Plan) -> str:
    """The issue's title, the plan's steps, and trailers that lead back to the delivery."""
    steps = "\n".join(f"{step.number}. {step.title} ({', '.join(step.files)})" for step in plan.steps)
    trailers = f"Delivery: {delivery}\nPlan: {digest(plan)}"
    return f"{' '.join(title.split())}\n\n{steps}\n\n{trailers}\n"


def _written_by_recipes(mirror: Mirror, plan: Plan, base: str) -> str:
    from meta_pipeline.authors.write import carry_out  # loads LibCST, which a person's patch does not need

    return mirror.write_tree_patch(base, carry_out(plan, mirror.tree(base)))
