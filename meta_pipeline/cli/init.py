"""`init`: one policy file for a repository that has none."""

from pathlib import Path

from meta_pipeline.cli.documents import InitDocument
from meta_pipeline.cli.errors import UsageError
from meta_pipeline.cli.output import STDOUT, print_document, shown
from meta_pipeline.messages.policy_file import policy_text, target_name
from meta_pipeline.policy import INBOX, POLICY_FILE, SIGNERS_FILE
from meta_pipeline.schedulers.defaults import detect_policy
from meta_pipeline.workspace.repository import open_repository


def init(repo: Path, *, as_json: bool) -> None:
    """Detect what can be detected and write it down; an existing policy is left alone."""
    repository = open_repository(repo)
    path = repo / POLICY_FILE
    if path.exists():
        raise UsageError(f"{path} is there already; edit it, or remove it and run init again.")
    branch = repository.git.run("symbolic-ref", "--quiet", "--short", "HEAD").text or "main"
    detection = detect_policy(repository.tree("HEAD"), target_name(str(repo.resolve())), branch)
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(policy_text(detection))
    except OSError as error:
        raise UsageError(f"{path} cannot be written ({error.strerror}); run init in a checkout.") from error
    if as_json:
        print_document(InitDocument(written=str(path), unsure=detection.unsure))
        return
    STDOUT.print(f"wrote {shown(path)}", highlight=False)
    for doubt in detection.unsure:
        STDOUT.print(f"[yellow]unsure:[/yellow] {shown(doubt)}", highlight=False)
    STDOUT.print(
        f"next: read it, add who may sign to {SIGNERS_FILE}, commit both, "
        f"then write an issue under {INBOX}/ and run: meta-pipeline deliver --repo {shown(repo)} --issue FILE",
        highlight=False,
    )
