"""The Great Expectations projects and the data contracts of a repository."""

import json
import posixpath
import re
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from meta_pipeline.delivery.tree import Tree, text_of
from meta_pipeline.policy import CheckpointPolicy
from meta_pipeline.schedulers.found.answer import Answer, Doubt, below, folder_of, is_below, listed, own_paths

CHECKPOINTS = "data_quality.great_expectations"

_EXAMPLE = "great_expectations:\n  - project: {project}\n    checkpoints: [nightly]"
_CONTRACT_KIND = re.compile(r"^kind:\s*[\"']?DataContract\b", re.MULTILINE)
_DBT_MODELS = re.compile(r"^models:", re.MULTILINE)
_ENFORCED = re.compile(r"\bcontract:\s*(?:\{\s*)?enforced:\s*true\b", re.IGNORECASE)
_DATA_SCHEMA = re.compile(r"(?:^|/)(?:contracts?|data_contracts|schemas?)/(?:.*/)?[^/]+\.json$")
_TEST_FOLDER = re.compile(r"(?:^|/)tests?/")


def expectation_projects(tree: Tree) -> Answer[tuple[CheckpointPolicy, ...]]:
    """Every folder with a `great_expectations.yml`, and the names of its checkpoints."""
    paths = [path for path in own_paths(tree) if not _TEST_FOLDER.search(path)]
    projects: list[CheckpointPolicy] = []
    doubts: list[Doubt] = []
    for path in paths:
        if posixpath.basename(path) != "great_expectations.yml":
            continue
        project = folder_of(path)
        stored = below(project, _checkpoint_folder(text_of(tree, path) or ""))
        files = [other for other in paths if is_below(other, stored)]
        names = tuple(
            _checkpoint_name(text_of(tree, other) or "", stored, other)
            for other in files
            if other.endswith(".json")
        )
        if names:
            projects.append(CheckpointPolicy(project=project, checkpoints=names))
        else:
            # One example for the block: a second one would repeat its key.
            example = "" if doubts else _EXAMPLE.format(project=json.dumps(project))
            doubts.append(Doubt(CHECKPOINTS, _why_none(project, stored, files), example))
    if projects:
        folders = listed([project.project for project in projects])
        sentence = (
            f"which pipelines write the data that the checkpoints of {folders} look at could not be told; "
            f"name them as 'pipelines' of the project under {CHECKPOINTS}, and they are run before the checkpoints."
        )
        doubts.insert(0, Doubt(CHECKPOINTS, sentence))
    reason = "; ".join(f"{below(each.project, 'great_expectations.yml')} is there" for each in projects)
    return Answer(tuple(projects), reason, tuple(doubts))


def contract_patterns(tree: Tree) -> Answer[tuple[str, ...]]:
    """Globs of the data contracts: the Open Data Contract Standard, enforced contracts of dbt, JSON Schemas of data."""
    paths = own_paths(tree)
    named = [path for path in paths if path.endswith((".odcs.yaml", ".odcs.yml"))]
    plain, enforced = [], []
    for path in paths:
        if path.endswith((".yaml", ".yml")) and path not in named:
            text = text_of(tree, path) or ""
            if _CONTRACT_KIND.search(text):
                plain.append(path)
            elif _DBT_MODELS.search(text) and _ENFORCED.search(text):
                enforced.append(path)
    schemas = [
        path for path in paths if _DATA_SCHEMA.search(path) and b'"$schema"' in (tree.read(path) or b"")
    ]
    patterns = dict.fromkeys(below(folder_of(path), f"*.odcs{posixpath.splitext(path)[1]}") for path in named)
    # A plain name says nothing of other files beside it, so each is named in full.
    patterns |= dict.fromkeys([*plain, *enforced])
    patterns |= dict.fromkeys(below(folder_of(path), "*.json") for path in schemas)
    said = [
        _told([*named, *plain], "is a data contract", "are data contracts"),
        _told(enforced, "enforces contracts of dbt models", "enforce contracts of dbt models"),
        _told(schemas, "is a schema of data", "are schemas of data"),
    ]
    return Answer(tuple(patterns), "; ".join(filter(None, said)))


def _told(paths: list[str], one: str, several: str) -> str:
    return f"{listed(paths)} {one if len(paths) == 1 else several}" if paths else ""


def _checkpoint_folder(text: str) -> str:
    """The folder of the checkpoint store below the project, as its configuration says."""
    document: Any
    try:
        document = YAML(typ="safe").load(text)
    except (YAMLError, RecursionError):
        document = None
    node: Any = document
    name = document.get("checkpoint_store_name", "checkpoint_store") if isinstance(document, dict) else ""
    for key in ("stores", name, "store_backend", "base_directory"):
        node = node.get(key) if isinstance(node, dict) else None
    return posixpath.normpath(node) if isinstance(node, str) and not node.startswith("/") else "checkpoints"


def _checkpoint_name(text: str, stored: str, path: str) -> str:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        document = None
    name = document.get("name") if isinstance(document, dict) else None
    return name if isinstance(name, str) and name else posixpath.splitext(posixpath.relpath(path, stored))[0]


def _why_none(project: str, stored: str, files: list[str]) -> str:
    if any(path.endswith((".yml", ".yaml")) for path in files):
        return (
            f"the checkpoints in {stored} are in the form of Great Expectations 0.x, which cannot be run here; "
            "move the project to 1.x and name its checkpoints."
        )
    return f"the Great Expectations project {project} has no checkpoint in {stored}; add one and name it."
