"""How a repository with Prefect flows is known."""

import posixpath
import re
from collections.abc import Sequence

from meta_pipeline.delivery.tree import Tree
from meta_pipeline.schedulers.found.answer import listed
from meta_pipeline.schedulers.signs import Signs, common_folders, outermost

_ENTRYPOINT = re.compile(r"^\s*-?\s*entrypoint:\s*[\"']?(?P<file>[^\s\"':]+\.py):", re.MULTILINE)
_USUAL_FOLDER = "flows"


def _project_files(tree: Tree, paths: Sequence[str]) -> tuple[list[str], list[str]]:
    """The folders of the flows that `prefect.yaml` files deploy; of a file without any, its own."""
    there = set(paths)
    flows: list[str] = []
    folders: list[str] = []
    reasons = []
    for path in paths:
        if posixpath.basename(path) == "prefect.yaml":
            text = (tree.read(path) or b"").decode("utf-8", "replace")
            named = {posixpath.normpath(match["file"]) for match in _ENTRYPOINT.finditer(text)} & there
            flows += named
            folders += [] if named else [posixpath.dirname(path) or "."]
            reasons.append(f"{path} deploys {listed(sorted(named))}" if named else f"{path} is there")
    return outermost([*common_folders(flows, _USUAL_FOLDER), *folders]), reasons


SIGNS = Signs(
    kind="prefect",
    package="prefect",
    project_files=_project_files,
    pipelines=re.compile(rb"^[ \t]*@(?:\w+\.)*flow\b", re.MULTILINE),
    usual_folder=_USUAL_FOLDER,
)
