"""DAGs that dag-factory builds from YAML files."""

import posixpath
from collections.abc import Mapping

from meta_pipeline.schedulers.airflow.static import yaml_dag
from meta_pipeline.schedulers.airflow.static.constructs import keywords
from meta_pipeline.schedulers.airflow.static.machine import Machine
from meta_pipeline.schedulers.airflow.static.values import YamlFactory
from meta_pipeline.schedulers.airflow.static.yaml_values import in_repository, lines_of, typed
from meta_pipeline.schedulers.source.files import documents
from meta_pipeline.schedulers.source.machine import Arguments, Site
from meta_pipeline.schedulers.source.values import UNKNOWN, External, OpenFile

_LOAD = ("globals_dict", "dags_folder", "config_filepath", "defaults_config_path", "config_dict")
_MAKE = ("config_filepath", "config_dict", "defaults_config_path", "defaults_config_dict")
_NO_DAGS = frozenset(("default", "task_groups"))
_DEFAULTS = ("defaults.yml", "defaults.yaml")
_OPAQUE = "which YAML files dag-factory reads is known only at run time"


def call(machine: Machine, external: External, arguments: Arguments, site: Site) -> object:
    """`load_yaml_dags(...)` and `DagFactory(...)`."""
    if external.last == "load_yaml_dags":
        given = keywords(arguments, *_LOAD)
        if given.get("config_filepath") or given.get("config_dict"):
            _generate(machine, given, site)
        else:
            _generate_folder(machine, given, site)
        return None
    if external.last.lstrip("_") == "DagFactory":
        return YamlFactory(keywords(arguments, *_MAKE))
    return UNKNOWN


def method(machine: Machine, factory: YamlFactory, name: str, site: Site) -> object:
    """`factory.generate_dags(globals())`."""
    if name in ("generate_dags", "_generate_dags"):
        _generate(machine, factory.named, site)
        return None
    return None if name == "clean_dags" else UNKNOWN


def _generate(machine: Machine, given: Mapping[object, object], site: Site) -> None:
    """Build the DAGs of one file, or of a dict in the code."""
    config = given.get("config_dict") or given.get("config")
    path = in_repository(machine, given.get("config_filepath"))
    if path is not None and machine.modules.has_file(path):
        _build_file(machine, path, given, site)
    elif path is not None:
        machine.error(site.path, site.line, f"the file {path} that dag-factory should read is not there")
    elif isinstance(config, dict):
        _build(machine, config, _defaults_of(machine, None, given), yaml_dag.Origin(site.path, site, {}))
    else:
        machine.opaque(site.path, site.line, _OPAQUE)


def _generate_folder(machine: Machine, given: Mapping[object, object], site: Site) -> None:
    """Build the DAGs of all YAML files below a folder, the DAG folder where none is named."""
    folder = in_repository(machine, given["dags_folder"]) if "dags_folder" in given else machine.folder
    suffixes = given.get("suffix") or [".yaml", ".yml"]
    if folder is None or not isinstance(suffixes, (list, tuple)):
        machine.opaque(site.path, site.line, _OPAQUE)
        return
    endings = tuple(ending for ending in suffixes if isinstance(ending, str))
    for path in machine.modules.files_below(folder):
        if path.endswith(endings) and not machine.ignored(path):
            _build_file(machine, path, given, site)


def _build_file(machine: Machine, path: str, given: Mapping[object, object], site: Site) -> None:
    config = _load(machine, path, site)
    if isinstance(config, dict):
        origin = yaml_dag.Origin(path, site, lines_of(machine.modules.text(path)))
        _build(machine, config, _defaults_of(machine, path, given), origin)


def _load(machine: Machine, path: str, site: Site) -> object:
    return typed(machine, next(documents(machine, OpenFile(path), "YAML"), None), site)


def _build(
    machine: Machine,
    config: Mapping[object, object],
    shared: Mapping[object, object],
    origin: yaml_dag.Origin,
) -> None:
    """Build each DAG of a configuration; what is no mapping of tasks is no DAG of dag-factory."""
    own = config.get("default")
    defaults = dict(own) if isinstance(own, dict) else {}
    arguments = (shared.get("default_args"), defaults.get("default_args"))
    defaults["default_args"] = {
        key: value for part in arguments if isinstance(part, dict) for key, value in part.items()
    }
    above = {key: value for key, value in shared.items() if key != "default_args"}
    for name, dag in config.items():
        if name in _NO_DAGS or not isinstance(name, str):
            continue
        if not isinstance(dag, dict) or not (
            isinstance(dag.get("tasks"), (dict, list)) or "tasks" in defaults
        ):
            continue
        yaml_dag.build(machine, name, _merged({**above, **dag}, defaults), origin)


def _merged(config: Mapping[object, object], defaults: Mapping[object, object]) -> dict[object, object]:
    """The configuration with the defaults where it says nothing, mapping by mapping."""
    found = dict(config)
    for key, value in defaults.items():
        held = found.get(key, UNKNOWN)
        if isinstance(held, dict) and isinstance(value, dict):
            found[key] = _merged(held, value)
        elif key not in found:
            found[key] = value
    return found


def _defaults_of(machine: Machine, path: str | None, given: Mapping[object, object]) -> dict[object, object]:
    """What `defaults.yml` files say for all DAGs: those nearer to the file win."""
    own = given.get("defaults_config_dict") or given.get("default_args_config_dict")
    if isinstance(own, dict):
        return own
    wanted = given.get("defaults_config_path", given.get("default_args_config_path"))
    top = machine.folder if wanted is None else in_repository(machine, wanted)
    found: dict[object, object] = {}
    arguments: dict[object, object] = {}
    for folder in _folders(path, top):
        names = [posixpath.join(folder, name) for name in _DEFAULTS]
        file = next(filter(machine.modules.has_file, names), None)
        part = _load(machine, file, Site(file, 1)) if file else None
        if isinstance(part, dict):
            inner = part.get("default_args")
            arguments.update(inner if isinstance(inner, dict) else {})
            tags = [*_listed(found.get("tags")), *_listed(part.get("tags"))]
            found.update(part)
            if tags:
                found["tags"] = sorted(set(map(str, tags)))
    return {**found, "default_args": arguments} if found else {}


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _folders(path: str | None, top: str | None) -> list[str]:
    """The folders whose defaults count, the outermost first."""
    if path is None:
        return [] if top is None else [top]
    folder = posixpath.dirname(path)
    if top is None or not f"{folder}/".startswith(f"{top}/" if top else ""):
        return [*([] if top is None else [top]), folder]
    found = [folder]
    while found[-1] != top:
        found.append(posixpath.dirname(found[-1]))
    return found[::-1]
