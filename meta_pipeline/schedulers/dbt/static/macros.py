"""The macros and generic tests of a project, and the variables that they see."""

from collections.abc import Mapping
from typing import Any

from jinja2.nodes import Macro

from meta_pipeline.delivery.model import digest
from meta_pipeline.delivery.topology import TopologyError
from meta_pipeline.delivery.tree import Tree
from meta_pipeline.schedulers.dbt.project import Project
from meta_pipeline.schedulers.dbt.static.sql_files import Macros
from meta_pipeline.schedulers.dbt.static.templates import Malformed, macros_in, parse_template


def macros_of(
    tree: Tree, project: Project, of_packages: Mapping[str, Macro]
) -> tuple[Macros, list[TopologyError]]:
    """The project's own macros over those of its packages; a file that is no Jinja is an error."""
    found: dict[str, Macro] = dict(of_packages)
    errors: list[TopologyError] = []
    contents: list[tuple[str, str]] = []
    for path in project.files(tree, ("macro", "test"), (".sql",)):
        if not _holds_macros(path, project):
            continue
        data = tree.read(path) or b""
        template = parse_template(data)
        if isinstance(template, Malformed):
            errors.append(TopologyError(path=path, line=template.line, message=template.message))
            continue
        found |= {macro.name: macro for macro in macros_in(template)}
        contents.append((path, tree.entries()[path].content))
    variables = _variables(project)
    # A macro of a package has no file here; what it does is in its text.
    packaged = sorted((name, repr(macro)) for name, macro in of_packages.items())
    return Macros(found, variables, digest([contents, packaged, _plain(variables)])), errors


def _holds_macros(path: str, project: Project) -> bool:
    within = [folder for folder in project.paths["macro"] if folder == "." or path.startswith(f"{folder}/")]
    return bool(within) or any(path.startswith(f"{folder}/generic/") for folder in project.paths["test"])


def _variables(project: Project) -> Mapping[str, Any]:
    """The project's variables; those under its own name win, and those of a package are not its own."""
    given = project.settings.get("vars").plain()
    if not isinstance(given, dict):
        return {}
    own = given.get(project.name)
    return {**given, **(own if isinstance(own, dict) else {})}


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value if isinstance(value, str | int | bool | None) else str(value)
