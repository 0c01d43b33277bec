"""Surveys a target's default branch and keeps what the lineage shows of it."""

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

from meta_pipeline.defs.lineage.specs import pipelines_group
from meta_pipeline.delivery.lineage.cards import PIPELINE_KINDS, Lineage
from meta_pipeline.delivery.lineage.drawing import cards_of
from meta_pipeline.delivery.topology import Topology
from meta_pipeline.desk import tip_of
from meta_pipeline.evidence.lineage import LineageStore, NotKept
from meta_pipeline.evidence.record import utc_now
from meta_pipeline.resources import DeskResource
from meta_pipeline.schedulers.survey import survey
from meta_pipeline.settings import Target
from meta_pipeline.workspace.repository import Mirror
from meta_pipeline.workspace.web import web_address

_NAMED = 20

WHEN_SHOWN = (
    "What is new, gone or otherwise since the last load of the code location shows in the UI after the next: press "
    "'Reload definitions' on the page Catalog. What deliveries told is on its page before that."
)


def keep_lineage(mirror: Mirror, commit: str, topologies: tuple[Topology, ...]) -> Lineage:
    """Keep the cards of `commit` for Dagster to load, unless those of a later commit are kept already.

    Gives what is kept now. `commit` is one of the target's default branch.
    """
    store = LineageStore(mirror.root, mirror.target)
    known = store.read()
    if isinstance(known, Lineage) and known.commit != commit and mirror.is_ancestor(commit, known.commit):
        return known
    cards, left_out = cards_of(mirror.target, topologies)
    lineage = Lineage(
        target=mirror.target,
        commit=commit,
        at=utc_now().isoformat(timespec="seconds"),
        web=web_address(mirror),
        cards=cards,
        left_out=left_out,
        unread=len({error.path for topology in topologies for error in topology.errors}),
    )
    store.write(lineage)
    return lineage


def survey_job_name(target: str) -> str:
    return f"survey_{target}"


def survey_job(target: str) -> UnresolvedAssetJobDefinition:
    """Reads the default branch anew; a run of its own, as a large repository takes longer than a sensor may."""
    return dg.define_asset_job(
        survey_job_name(target),
        selection=[dg.AssetKey([target, "topology"])],
        executor_def=dg.in_process_executor,
        description=f"Survey: what pipelines the default branch of {target} holds.",
    )


def topology_asset(target: Target, loaded: Lineage | NotKept) -> dg.AssetsDefinition:
    """The survey of a target's default branch; `loaded` is the one that Dagster shows until its next load."""

    @dg.asset(
        key=[target.name, "topology"],
        group_name=pipelines_group(target.name),
        description=(
            f"The pipelines on the default branch of {target.name}, read from source without running any of it. "
            f"{_shown_now(loaded)}\n\n{WHEN_SHOWN}"
        ),
        tags={"target": target.name},
        kinds={"python"},
    )
    def topology(context: dg.AssetExecutionContext, desk: DeskResource) -> dg.MaterializeResult[None]:
        before = LineageStore(desk.desk.home.path, target.name).read()
        mirror = desk.desk.mirror(target)
        tip = tip_of(mirror, target)
        lineage = keep_lineage(mirror, tip.commit, survey(mirror.tree(tip.commit), tip.policy))
        return dg.MaterializeResult(metadata=_told(lineage, before))

    return topology


def _shown_now(loaded: Lineage | NotKept) -> str:
    if isinstance(loaded, NotKept):
        return f"No pipeline is shown yet: {loaded.reason}."
    return f"Shown now: {_counted(loaded)}, as of commit `{loaded.commit[:12]}`."


def _counted(lineage: Lineage) -> str:
    pipelines = sum(card.kind in PIPELINE_KINDS for card in lineage.cards)
    data = len(lineage.cards) - pipelines
    made = f", {data} assets, models and datasets" if data else ""
    more = f" ({lineage.left_out} more are left out)" if lineage.left_out else ""
    return f"{pipelines} pipeline{'' if pipelines == 1 else 's'}{made}{more}"


def _told(lineage: Lineage, before: Lineage | NotKept) -> dict[str, dg.MetadataValue]:
    told: dict[str, dg.MetadataValue] = {
        "found": dg.MetadataValue.text(_counted(lineage)),
        "commit": dg.MetadataValue.text(lineage.commit),
    }
    known = {card.key for card in before.cards} if isinstance(before, Lineage) else set()
    now = {card.key for card in lineage.cards}
    if known:
        for what, keys in (("new since the last survey", now - known), ("gone since then", known - now)):
            if keys:
                told[what] = dg.MetadataValue.text(_names(keys))
    if lineage.unread:
        told["files that could not be read"] = dg.MetadataValue.text(
            f"{lineage.unread}; see: meta-pipeline topology --repo PATH"
        )
    if now != known:
        told["when it is shown"] = dg.MetadataValue.text(WHEN_SHOWN)
    return told


def _names(keys: set[tuple[str, ...]]) -> str:
    names = ["/".join(key[1:]) for key in sorted(keys)]
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"{', '.join(names[:_NAMED])}{more}"
