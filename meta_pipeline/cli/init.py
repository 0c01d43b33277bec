"""`init`: one policy file for a repository that has none."""

import os
import tempfile
from pathlib import Path

from meta_pipeline.cli.documents import FoundDocument, InitDocument
from meta_pipeline.cli.errors import UsageError
from meta_pipeline.cli.following import signing_key
from meta_pipeline.cli.output import STDOUT, print_document, shown
from meta_pipeline.messages.first_steps import Machine, Step, first_steps
from meta_pipeline.messages.policy_file import policy_text, target_name, told
from meta_pipeline.policy import POLICY_FILE, SIGNERS_FILE, Policy
from meta_pipeline.schedulers.defaults import Detection, detect_policy
from meta_pipeline.workspace.installer import find_interpreter
from meta_pipeline.workspace.repository import Repository, open_repository


def init(repo: Path, *, as_json: bool) -> None:
    """Detect what can be detected and write it down; an existing policy is left alone."""
    repository = open_repository(repo)
    if repository.is_bare():
        raise UsageError(
            f"{repo} holds git's own files and no checkout, so a policy has no place there; "
            "run init in the root of a checkout."
        )
    path = repo / POLICY_FILE
    if os.path.lexists(path):
        raise UsageError(
            f"{path} is there already, and init never writes over it; edit it, or move it away and run init again."
        )
    tree = repository.tree("HEAD")
    branch, is_default = repository.default_branch()
    detection = detect_policy(tree, target_name(str(repo.resolve())), branch, is_default=is_default)
    notes = _uncommitted(repository, tree.commit)
    _write(path, policy_text(detection))
    steps = first_steps(
        detection,
        Machine(
            repo=str(repo),
            key=signing_key(),
            has_python=_has_python(detection.policy),
        ),
        has_signers=bool((tree.read(SIGNERS_FILE) or b"").strip()),
        is_on_default=repository.git.run("symbolic-ref", "--quiet", "--short", "HEAD").text == branch,
    )
    if as_json:
        print_document(_document(path, detection, notes, steps))
    else:
        _show(path, detection, notes, steps)


def _write(path: Path, text: str) -> None:
    """Write a new file, whole or not at all, and over nothing."""
    unfinished = path.with_name(f"{path.name}.{os.getpid()}.new")
    try:
        with unfinished.open("x", encoding="utf-8") as file:
            file.write(text)
        # Unlike a rename, a link fails where somebody else wrote the file in the meantime.
        os.link(unfinished, path)
    except OSError as error:
        raise UsageError(
            f"{path} cannot be written ({error.strerror}); run init where you may write and have room."
        ) from error
    finally:
        unfinished.unlink(missing_ok=True)


def _has_python(policy: Policy) -> bool:
    with tempfile.TemporaryDirectory(prefix="meta-pipeline-init-") as folder:
        return find_interpreter(Path(folder), policy.environment.python) is not None


def _uncommitted(repository: Repository, commit: str) -> tuple[str, ...]:
    count = repository.uncommitted()
    if not count:
        return ()
    files = "1 file is" if count == 1 else f"{count} files are"
    return (f"{files} new or changed since {commit[:12]}; init read that commit, not these files.",)


def _document(
    path: Path, detection: Detection, notes: tuple[str, ...], steps: tuple[Step, ...]
) -> InitDocument:
    return InitDocument(
        written=str(path),
        unsure=detection.unsure,
        found=tuple(FoundDocument(key=key, value=value, why=why) for key, value, why in told(detection)),
        notes=notes,
        next=tuple(step.command for step in steps if step.command),
    )


def _show(path: Path, detection: Detection, notes: tuple[str, ...], steps: tuple[Step, ...]) -> None:
    STDOUT.print(f"Wrote {shown(path)}. What it says, and where that comes from:\n", highlight=False)
    for key, value, why in told(detection):
        STDOUT.print(f"  [bold]{key}[/bold]: {shown(value)}", highlight=False)
        if why:
            STDOUT.print(f"      {shown(why)}", highlight=False)
    if detection.doubts:
        STDOUT.print("\nUnsure of (each stands in the file, where it says 'To settle'):\n", highlight=False)
    for number, doubt in enumerate(detection.doubts, start=1):
        STDOUT.print(
            f"  {number}. [yellow]{shown(doubt.key)}[/yellow]: {shown(doubt.sentence)}", highlight=False
        )
    for note in notes:
        STDOUT.print(f"\n[yellow]note:[/yellow] {shown(note)}", highlight=False)
    STDOUT.print("\nNext:\n", highlight=False)
    for number, step in enumerate(steps, start=1):
        STDOUT.print(f"  {number}. {shown(step.text)}", highlight=False)
        if step.command:
            # At the margin, as what stands between the marks of a here-document is taken as it is.
            STDOUT.print(f"\n{shown(step.command)}\n", highlight=False)
