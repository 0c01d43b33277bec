"""The dbt projects of a repository, where their profiles are, and into which output a change can be built."""

import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from meta_pipeline.delivery.tree import Tree, text_of
from meta_pipeline.policy import DbtPolicy
from meta_pipeline.schedulers.found.answer import (
    Answer,
    Doubt,
    below,
    folder_of,
    from_near_to_root,
    line_of,
    listed,
    own_paths,
)
from meta_pipeline.schedulers.found.yaml_files import mapping_of

KEY = "dbt"

_PROJECT_FILES = ("dbt_project.yml", "dbt_project.yaml")
_LOCAL = ("duckdb", "sqlite")
_NOT_THE_PROJECT = re.compile(r"(?:^|/)(?:tests?|integration_tests|fixtures|examples?|templates?)/")
_DEFAULT_OF_VARIABLE = re.compile(r"^\{\{\s*env_var\([^,]+,\s*[\"'](?P<value>[^\"']*)[\"']\s*\)\s*\}\}$")


@dataclass(frozen=True, slots=True)
class Project:
    """A dbt project: its folder, the profile that it names, and the folders of its models."""

    path: str
    profile: str
    models: tuple[str, ...]

    @property
    def folder(self) -> str:
        return folder_of(self.path)


@dataclass(frozen=True, slots=True)
class _Profile:
    """A profile as `profiles.yml` at `path` gives it: adapter and line of each output, and the default output."""

    path: str
    line: int
    adapters: Mapping[str, str]
    lines: Mapping[str, int]
    default: str


def projects_of(tree: Tree) -> tuple[Project, ...]:
    """Every dbt project, those for tests left out where there are others; a file that is no project is passed over."""
    paths = [path for path in own_paths(tree) if posixpath.basename(path) in _PROJECT_FILES]
    chosen = [path for path in paths if not _NOT_THE_PROJECT.search(path)] or paths
    found = []
    for path in chosen:
        document = mapping_of(text_of(tree, path))
        folder = folder_of(path)
        models = document.get("model-paths", document.get("source-paths"))
        named = [each for each in models if isinstance(each, str)] if isinstance(models, list) else ["models"]
        profile = document.get("profile")
        found.append(
            Project(
                path,
                profile if isinstance(profile, str) else "",
                tuple(posixpath.normpath(below(folder, each)) for each in named),
            )
        )
    return tuple(found)


def dbt_projects(tree: Tree) -> tuple[Answer[tuple[DbtPolicy, ...]], Mapping[str, str]]:
    """The projects as a policy names them, and the packages that they need with what for.

    A doubt says where no output can be built on one machine: a change's data is built into DuckDB or
    SQLite, never into a warehouse.
    """
    policies: list[DbtPolicy] = []
    reasons: list[str] = []
    doubts: list[Doubt] = []
    needs: dict[str, str] = {}
    for project in projects_of(tree):
        profile = _profile_of(tree, project)
        local = _local_output(profile) if profile else None
        profiles = folder_of(profile.path) if profile else project.folder
        policies.append(
            DbtPolicy(
                project=project.folder,
                profiles=None if profiles == project.folder else profiles,
                target=local if profile and local != profile.default else None,
            )
        )
        if profile and local:
            adapter = profile.adapters[local]
            place = f"{profile.path}:{profile.lines[local]}"
            reasons.append(f"{project.path} is there, and the output '{local}' ({place}) is {_name(adapter)}")
            needs.setdefault(f"dbt-{adapter}", f"{project.path} is built into {_name(adapter)}")
        else:
            reasons.append(f"{project.path} is there")
            doubts.append(_doubt(tree, project, profile))
    return Answer(tuple(policies), "; ".join(reasons), tuple(doubts)), needs


def _local_output(profile: _Profile) -> str | None:
    """The default output where it is local, else the first that is; None where all are warehouses."""
    names = [profile.default, *profile.adapters]
    return next((name for name in names if profile.adapters.get(name) in _LOCAL), None)


def _doubt(tree: Tree, project: Project, profile: _Profile | None) -> Doubt:
    name = project.profile or "(the profile's name)"
    wanted = "an output of type duckdb with a path inside the project, such as 'path: target/check.duckdb'"
    if profile is None:
        place = below(project.folder, "profiles.yml")
        files = [path for path in own_paths(tree) if posixpath.basename(path) == "profiles.yml"]
        why = (
            f"{listed(files)} {'has' if len(files) == 1 else 'have'} no profile '{name}', which {project.path} asks for"
            if files
            else f"no profiles.yml is committed for {project.path}"
        )
        sentence = (
            f"{why}, so its models cannot be built; commit {place} with the profile '{name}' and {wanted}."
        )
        return Doubt(KEY, sentence)
    adapters = listed(sorted({_name(adapter) for adapter in profile.adapters.values()})) or "nothing"
    sentence = (
        f"{profile.path}:{profile.line} builds into {adapters} alone, which a check must not touch; add {wanted} "
        f"there, and name that output as 'target' of the project {project.folder}; until then no model is built."
    )
    return Doubt(KEY, sentence)


def _profile_of(tree: Tree, project: Project) -> _Profile | None:
    """The profile that a project names, from the file nearest to it: in its folder, above it, or elsewhere."""
    for path in _profile_files(tree, project.folder):
        text = text_of(tree, path) or ""
        found = mapping_of(text).get(project.profile)
        outputs = found.get("outputs") if isinstance(found, dict) else None
        if isinstance(found, dict) and isinstance(outputs, dict):
            adapters = {
                str(name): _plain(output.get("type"))
                for name, output in outputs.items()
                if isinstance(output, dict)
            }
            default = _plain(found.get("target")) or "default"
            start = line_of(text, f"{project.profile}:")
            lines = {name: _line_below(text, name, start) for name in adapters}
            return _Profile(path, start, adapters, lines, default)
    return None


def _line_below(text: str, key: str, start: int) -> int:
    """The line of an indented key after the line `start`; that line where the key is written otherwise."""
    for number, line in enumerate(text.splitlines()[start:], start=start + 1):
        if line.strip().startswith(f"{key}:"):
            return number
    return start


def _profile_files(tree: Tree, folder: str) -> Iterator[str]:
    there = [
        path for path in own_paths(tree) if posixpath.basename(path) in ("profiles.yml", "profiles.yaml")
    ]
    above: Sequence[str] = from_near_to_root([folder])
    near = [path for place in above for path in there if folder_of(path) == place]
    yield from near
    yield from (path for path in there if path not in near)


def _plain(value: Any) -> str:
    """A text, or the default of `{{ env_var('NAME', 'default') }}`; empty where only the environment knows."""
    text = str(value).strip() if value is not None else ""
    match = _DEFAULT_OF_VARIABLE.match(text)
    return match["value"] if match else "" if "{{" in text else text


def _name(adapter: str) -> str:
    names = {"duckdb": "DuckDB", "sqlite": "SQLite", "bigquery": "BigQuery", "": "what the environment says"}
    return names.get(adapter, adapter.title())
