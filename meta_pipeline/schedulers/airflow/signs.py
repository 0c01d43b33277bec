"""How a repository with Airflow DAGs is known."""

import posixpath
import re
from collections.abc import Sequence

from meta_pipeline.delivery.tree import Tree
from meta_pipeline.schedulers.signs import Signs, common_folders

IGNORE_FILE = ".airflowignore"
_USUAL_FOLDER = "dags"


def _project_files(tree: Tree, paths: Sequence[str]) -> tuple[list[str], list[str]]:
    found = [path for path in paths if posixpath.basename(path) == IGNORE_FILE]
    # One may stand in any folder below that of the DAGs, for what is in that folder.
    folders = common_folders(found, _USUAL_FOLDER)
    return folders, [f"{path} is there" for path in found]


SIGNS = Signs(
    kind="airflow",
    package="apache-airflow",
    project_files=_project_files,
    pipelines=re.compile(
        rb"\bDAG[ \t]*\(|^[ \t]*@(?:\w+\.)*(?:dag|asset)\b|\w(?:Dag|DAG)[ \t]*\("
        rb"|\b(?:load_yaml_dags|DagFactory|create_dags?)[ \t]*\(",
        re.MULTILINE,
    ),
    usual_folder=_USUAL_FOLDER,
    library_folder="plugins",
    builders=("dagfactory", "gusty"),
    image=re.compile(rb"\bapache/airflow:"),
)
