"""The documents of a repository that a change may have to keep up to date, and its file of signers."""

import posixpath
import re
from collections.abc import Sequence

from meta_pipeline.delivery.tree import Tree
from meta_pipeline.policy import SIGNERS_FILE
from meta_pipeline.schedulers.found.answer import Answer, Doubt, listed, own_paths
from meta_pipeline.schedulers.found.owners import owners_of

SIGNERS = "signoff.allowed_signers"

_README = re.compile(r"readme(?:\.(?:md|rst|txt))?", re.IGNORECASE)
_CHANGE_LOG = re.compile(r"(?:changelog|changes|history)(?:\.(?:md|rst|txt))?", re.IGNORECASE)
_RUNBOOK = re.compile(r"(?:.*/)?(?:[^/]*runbook[^/]*|runbooks?/(?:.*/)?[^/]+)\.(?:md|rst|txt)", re.IGNORECASE)


def references(tree: Tree) -> Answer[dict[str, str]]:
    """The readme and the change log at the root, and every runbook, by names such as `readme` and `runbook`."""
    paths = own_paths(tree)
    found: dict[str, str] = {}
    for name, pattern in (("readme", _README), ("changelog", _CHANGE_LOG)):
        path = next(filter(pattern.fullmatch, paths), None)
        if path:
            found[name] = path
    runbooks = [path for path in paths if _RUNBOOK.fullmatch(path)]
    if len(runbooks) == 1:
        found["runbook"] = runbooks[0]
    else:
        for path in runbooks:
            stem = posixpath.splitext(posixpath.basename(path))[0].lower()
            words = re.sub(r"runbooks?|readme", "", re.sub(r"[^a-z0-9]+", "_", stem)).strip("_")
            name = f"runbook_{words}" if words else "runbook"
            found.setdefault(
                name if name not in found else f"runbook_{posixpath.dirname(path).replace('/', '_')}", path
            )
    return Answer(found)


def signers(tree: Tree, pipelines: Sequence[str]) -> Answer[None]:
    """Who should be able to sign, as far as CODEOWNERS tells; a doubt where nobody can sign yet."""
    owners = owners_of(tree, pipelines or ["."])
    names = tuple(dict.fromkeys(name for each in owners for name in each.names))
    said = ""
    if owners:
        more = f" and {len(owners) - 1} more of its lines" if len(owners) > 1 else ""
        said = f"{listed(names, 6)} {'owns' if len(names) == 1 else 'own'} the pipelines ({owners[0].where}{more})"
    if (tree.read(SIGNERS_FILE) or b"").strip():
        return Answer(None, f"{said}: the keys of these people belong there" if said else "")
    who = (
        f"{said}; commit it with a line for each of these people"
        if said
        else "commit it with a line for each person"
    )
    sentence = (
        f"nobody can sign off a change yet, as there is no {SIGNERS_FILE}; {who}, as: "
        'name@example.com namespaces="meta-pipeline" ssh-ed25519 AAAA...'
    )
    return Answer(None, doubts=(Doubt(SIGNERS, sentence),))
