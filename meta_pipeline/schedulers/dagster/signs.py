"""How a repository with Dagster code locations is known."""

import re
from collections.abc import Sequence
from itertools import islice

from meta_pipeline.delivery.tree import Tree
from meta_pipeline.schedulers.found.code_locations import code_locations
from meta_pipeline.schedulers.signs import Signs


def _project_files(tree: Tree, paths: Sequence[str]) -> tuple[list[str], list[str]]:
    # What developers load counts; `init` tells where what is deployed is more than that.
    located = list(islice(code_locations(tree), 1))
    return [folder for each in located for folder in each.folders], [each.reason for each in located]


SIGNS = Signs(
    kind="dagster",
    package="dagster",
    project_files=_project_files,
    pipelines=re.compile(
        rb"\bDefinitions[ \t]*\(|^[ \t]*@(?:\w+\.)*(?:asset|multi_asset|job|op|graph|definitions|schedule|sensor)\b",
        re.MULTILINE,
    ),
)
