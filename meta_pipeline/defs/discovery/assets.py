"""Discovery: the issue, the repository as it meets it, and what it demands."""

from collections.abc import Iterator
from typing import Any

import dagster as dg

from meta_pipeline.defs.gating import at_work, block, checks, concluded, halt, judged, made
from meta_pipeline.defs.lineage.survey import keep_lineage
from meta_pipeline.defs.parts import artifact_asset
from meta_pipeline.delivery.change_set import Author
from meta_pipeline.delivery.context import RepoContext
from meta_pipeline.delivery.ids import INBOX_SOURCE
from meta_pipeline.delivery.issue import Issue
from meta_pipeline.delivery.ledger import Opened, answers_in, closed_by_issue, opening
from meta_pipeline.delivery.model import digest
from meta_pipeline.desk import Delivery, Tip, tip_of
from meta_pipeline.gates.case import Case
from meta_pipeline.issues.inbox import IssueError, list_inbox, read_issue
from meta_pipeline.issues.repo_context import read_context
from meta_pipeline.messages.notes import alignment_note
from meta_pipeline.policy import INBOX
from meta_pipeline.resources import DeskResource
from meta_pipeline.schedulers.survey import survey
from meta_pipeline.workspace.tree import GitTree

RECIPES = Author(kind="recipes", identity="meta-pipeline recipes")


def issue(context: dg.AssetExecutionContext, desk: DeskResource) -> Iterator[Any]:
    delivery = at_work(context, desk, opens=True)
    tip = tip_of(delivery.mirror, delivery.target)
    request = delivery.request
    try:
        if request is None or delivery.id.source == INBOX_SOURCE:
            found = _in_inbox(delivery.tree(tip.commit), delivery)
        else:
            found = read_issue(request.issue_text, request.issue_path)
    except IssueError as error:
        raise halt(context, str(error)) from error
    if found.status == "closed":
        raise halt(context, f"{found.path}: the issue is closed; open it again to deliver it.")
    _open(delivery, found, tip)
    yield made(delivery, "issue", found)


def repo_context(context: dg.AssetExecutionContext, desk: DeskResource, issue: Issue) -> Iterator[Any]:
    delivery = at_work(context, desk)
    commit = delivery.tip
    tree = delivery.tree(commit)
    topologies = survey(tree, delivery.policy)
    keep_lineage(delivery.mirror, commit, topologies)
    yield made(delivery, "repo_context", read_context(tree, commit, topologies, delivery.policy))


def requirements(
    context: dg.AssetExecutionContext, desk: DeskResource, issue: Issue, repo_context: RepoContext
) -> Iterator[Any]:
    delivery = at_work(context, desk)
    answers = answers_in(delivery.record.entries())
    from meta_pipeline.issues.digestion import digest_issue  # compiles all phrases that an issue may use

    digested = digest_issue(issue, repo_context, delivery.policy, answers)
    subject = digest(digested)
    case = Case(delivery.policy, requirements=digested, context=repo_context)
    results = judged(delivery, "discovery", subject, delivery.gates("discovery"), case)
    verdict = concluded(delivery, "discovery", subject, results)
    delivery.record.post("alignment", alignment_note(delivery.id, delivery.policy, issue, digested, verdict))
    if verdict.decision == "blocked":
        delivery.record.save("requirements", digested)
        yield from checks(delivery, results)
        raise block(context, delivery, verdict)
    yield made(delivery, "requirements", digested)
    yield from checks(delivery, results)


def _in_inbox(tree: GitTree, delivery: Delivery) -> Issue:
    """The committed issue with the delivery's number; raises `IssueError`."""
    for entry in list_inbox(tree):
        if entry.number == delivery.id.number:
            if entry.error is not None:
                raise IssueError(entry.path, 1, entry.error, "give each issue its own number")
            return read_issue((tree.read(entry.path) or b"").decode("utf-8", "replace"), entry.path)
    raise IssueError(
        INBOX, 1, f"no committed issue has the number {delivery.id.number}", "commit its file there"
    )


def _open(delivery: Delivery, issue: Issue, tip: Tip) -> None:
    """Begin a revision where issue, policy, signers or handed-in patch are not those of the last."""
    entries = delivery.record.entries()
    last = opening(entries)
    request = delivery.request
    patch = (
        delivery.record.evidence.put(request.patch.encode(), "patch") if request and request.patch else None
    )
    opened = Opened(
        revision=last.revision + 1 if last else 1,
        issue=digest(issue),
        policy=delivery.record.evidence.put_model(tip.policy, "policy").digest,
        policy_commit=tip.commit,
        signers=tip.signers,
        author=request.author if request else RECIPES,
        patch=patch.digest if patch else None,
    )
    if last is None or _content(last) != _content(opened) or closed_by_issue(entries):
        delivery.record.append(opened)


def _content(opened: Opened) -> tuple[object, ...]:
    return (opened.issue, opened.policy, opened.signers, opened.author, opened.patch)


def assets(target: str) -> list[dg.AssetsDefinition]:
    """The discovery assets of one target."""
    return [
        artifact_asset(target, issue, loads=[]),
        artifact_asset(target, repo_context, loads=["issue"]),
        artifact_asset(target, requirements, loads=["issue", "repo_context"]),
    ]
