"""How a repository with dbt projects is known."""

from collections.abc import Sequence

from meta_pipeline.delivery.tree import Tree
from meta_pipeline.schedulers.found.dbt_projects import projects_of
from meta_pipeline.schedulers.signs import Signs


def _project_files(tree: Tree, paths: Sequence[str]) -> tuple[list[str], list[str]]:
    projects = projects_of(tree)
    return [each.folder for each in projects], [f"{each.path} is there" for each in projects]


SIGNS = Signs(kind="dbt", package="dbt-core", project_files=_project_files)
