"""The folders of a repository that Python must search for the repository's own modules."""

import posixpath
import re
from collections.abc import Iterable, Iterator, Sequence

from meta_pipeline.delivery.topology import SchedulerKind
from meta_pipeline.delivery.tree import Tree
from meta_pipeline.schedulers.found.answer import (
    Answer,
    below,
    folder_of,
    from_near_to_root,
    is_below,
    listed,
    own_paths,
)
from meta_pipeline.schedulers.found.installing import names_of
from meta_pipeline.schedulers.found.suites import is_test_folder
from meta_pipeline.schedulers.found.toml_files import table, toml_of

KEY = "environment.variables"
KINDS = ("airflow", "dagster", "prefect", "dbt")

_IMPORT = re.compile(
    rb"^[ \t]*(?:from[ \t]+(?P<module>[A-Za-z_]\w*(?:\.\w+)*)[ \t]+import[ \t(]+(?P<name>\w*)"
    rb"|import[ \t]+(?P<plain>[A-Za-z_]\w*(?:\.\w+)*))",
    re.MULTILINE,
)


def import_roots(
    tree: Tree, kind: SchedulerKind | None, pipelines: Sequence[str], requirements: Sequence[str]
) -> Answer[tuple[str, ...]]:
    """The folders to name in `PYTHONPATH`, for what pipelines and tests import from the repository.

    What `requirements` bring is imported from the environment, whatever the repository's files are called.
    Airflow searches its folder of DAGs by itself, so what is found there needs none.
    """
    there = frozenset(own_paths(tree))
    searched = tuple(pipelines) if kind == "airflow" else ()
    roots = [root for root in _candidates(kind, pipelines) if root not in searched]
    installed = {*KINDS, *(name.replace("-", "_") for path in requirements for name in names_of(tree, path))}
    needed: dict[str, str] = {}
    for path, module in _wanted(tree, pipelines):
        if module.split(".")[0].lower() in installed:
            # A file of the same name must not hide an installed package.
            continue
        if any(_resolves(there, folder, module) for folder in searched):
            continue
        root = next((root for root in roots if _resolves(there, root, module)), None)
        if root is not None:
            verb = "names" if path.endswith(".toml") else "imports"
            where = "the root" if root == "." else root
            needed.setdefault(root, f"{path} {verb} {module.split('.')[0]} from {where}")
    return Answer(tuple(root for root in roots if root in needed), listed(list(needed.values())))


def _wanted(tree: Tree, pipelines: Sequence[str]) -> Iterator[tuple[str, str]]:
    """The modules that pipelines, tests and Dagster's settings name, each with the file that does."""
    for path in own_paths(tree):
        folder = folder_of(path)
        if posixpath.basename(path) == "pyproject.toml":
            yield from ((path, module) for module in _named_to_dagster(tree, path))
        elif path.endswith(".py") and (
            is_test_folder(folder) or any(is_below(path, root) for root in pipelines)
        ):
            yield from ((path, module) for module in sorted(_imported(tree.read(path) or b"")))


def _candidates(kind: SchedulerKind | None, pipelines: Iterable[str]) -> list[str]:
    above = [
        folder
        for folder in sorted(
            from_near_to_root(pipelines), key=lambda each: (each != ".", each.count("/"), each)
        )
        # A folder of DAGs or flows is no project; that of a code location is.
        if folder == "." or folder not in pipelines or kind == "dagster"
    ]
    names = ("src", "plugins") if kind == "airflow" else ("src",)
    return [*above, *(below(folder, name) for folder in above for name in names)]


def _named_to_dagster(tree: Tree, path: str) -> Iterable[str]:
    """The modules that a project's settings tell Dagster to load."""
    tools = table(toml_of(tree, path), "tool")
    project = table(tools, "dg", "project")
    named = (
        table(tools, "dagster").get("module_name"),
        project.get("code_location_target_module"),
        project.get("root_module"),
    )
    return (module for module in named if isinstance(module, str))


def _imported(source: bytes) -> set[str]:
    """The modules that are imported by an absolute name; `from a import b` gives `a.b`."""
    found = set()
    for match in _IMPORT.finditer(source):
        module, name, plain = match.group("module", "name", "plain")
        found.add((plain or module + (b"." + name if name else b"")).decode())
    return found


def _resolves(there: frozenset[str], root: str, module: str) -> bool:
    """Whether a module, or what a `from` import takes out of it, is a file below `root`.

    A folder alone does not count: a repository's `airflow/` or `dbt/` must not hide the installed package.
    """
    parts = module.split(".")
    places = [below(root, "/".join(parts[:count])) for count in range(1, len(parts) + 1)]
    return any(f"{place}.py" in there or f"{place}/__init__.py" in there for place in places)
