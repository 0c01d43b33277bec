"""The files of a gusty folder: what each says of its task, or of the DAG or group that its folder makes."""

import json
import posixpath
import re
from collections.abc import Callable, Iterator, Mapping

import yaml

from meta_pipeline.schedulers.airflow.static.machine import Machine
from meta_pipeline.schedulers.source.dates import DATE_FUNCTIONS
from meta_pipeline.schedulers.source.limits import ELEMENTS_PER_STEP, MAX_FILE
from meta_pipeline.schedulers.source.machine import Arguments
from meta_pipeline.schedulers.source.values import UNKNOWN

METADATA = "METADATA.yml"
_ENDINGS = (".yml", ".yaml", ".Rmd", ".py", ".ipynb", ".sql")
_FRONT = re.compile(r"\A\s*---[ \t]*\n(.*?)^---[ \t]*$", re.DOTALL | re.MULTILINE)
_COMMENTED = re.compile(r"\A\s*# ---[ \t]*\n((?:#.*\n)*?)# ---[ \t]*$", re.MULTILINE)
_CELL = re.compile(r"\A```ya?ml\n(.*?)```", re.DOTALL)
_PYTHON = "airflow.operators.python.PythonOperator"

Spec = dict[object, object]


class _Loader(yaml.SafeLoader):
    """Plain YAML with gusty's own tags."""


def _call(name: str) -> Callable[[yaml.SafeLoader, yaml.Node], object]:
    def construct(loader: yaml.SafeLoader, node: yaml.Node) -> object:
        if isinstance(node, yaml.MappingNode):
            arguments = Arguments([], dict(loader.construct_mapping(node, deep=True)))
        elif isinstance(node, yaml.SequenceNode):
            arguments = Arguments(list(loader.construct_sequence(node, deep=True)))
        else:
            value = yaml.safe_load(str(node.value))
            arguments = Arguments([], dict(value)) if isinstance(value, dict) else Arguments([value])
        return DATE_FUNCTIONS[name](arguments)

    return construct


_Loader.add_multi_constructor("", lambda _loader, _suffix, _node: UNKNOWN)
_Loader.add_constructor("!timedelta", _call("datetime.timedelta"))
_Loader.add_constructor("!datetime", _call("datetime.datetime"))


def is_task_file(name: str) -> bool:
    """Whether gusty makes a task of a file of this name."""
    return name.endswith(_ENDINGS) and name != METADATA and not name.startswith(("_", "."))


def metadata_of(machine: Machine, folder: str) -> Spec:
    """What `METADATA.yml` says of its folder; what a template makes of it is unknown."""
    path = posixpath.join(folder, METADATA)
    if not machine.modules.has_file(path):
        return {}
    found = _loaded(machine, path, _text(machine, path)) or {}
    return {key: _rendered(value) for key, value in found.items()}


def _rendered(value: object) -> object:
    if isinstance(value, str):
        return UNKNOWN if "{{" in value or "{%" in value else value
    if isinstance(value, dict):
        return {key: _rendered(item) for key, item in value.items()}
    return [_rendered(item) for item in value] if isinstance(value, list) else value


def tasks_of(machine: Machine, path: str) -> Iterator[Spec]:
    """The tasks of one file, each with its `task_id`; a file that gusty could not read is noted."""
    text = _text(machine, path)
    stem, ending = posixpath.splitext(posixpath.basename(path))
    spec: Spec = {"operator": _PYTHON} if ending == ".py" else {}
    said = _loaded(machine, path, _header(text, ending))
    if said is None:
        return
    spec |= said
    if not isinstance(spec.get("operator"), str):
        machine.error(path, 1, "this file of a gusty folder names no operator")
        return
    spec["task_id"] = stem.lower().strip()
    several = _several(spec)
    for task_id, own in several.items():
        yield _updated({**spec, "task_id": task_id}, own)
    if not several:
        yield spec


def _several(spec: Spec) -> dict[object, Mapping[object, object]]:
    """The tasks that one file makes by variation."""
    listed = spec.get("multi_task_spec")
    found: dict[object, Mapping[object, object]] = {
        key: value if isinstance(value, dict) else {} for key, value in _mapping(listed).items()
    }
    for key in _mapping(spec.get("python_callable_partials")) if "python_callable" in spec else ():
        found.setdefault(key, {})
    return found


def _mapping(value: object) -> Mapping[object, object]:
    return value if isinstance(value, dict) else {}


def _updated(base: Mapping[object, object], news: Mapping[object, object]) -> Spec:
    found = dict(base)
    for key, value in news.items():
        found[key] = _updated(_mapping(found.get(key)), value) if isinstance(value, dict) else value
    return found


def _text(machine: Machine, path: str) -> str:
    text = machine.modules.text(path)
    machine.step(len(text) // ELEMENTS_PER_STEP)
    return text if len(text) <= MAX_FILE else ""


def _header(text: str, ending: str) -> str:
    """The part of a file that is YAML."""
    if ending == ".py":
        found = _COMMENTED.match(text)
        return re.sub(r"^# ?", "", found[1], flags=re.MULTILINE) if found else ""
    if ending == ".ipynb":
        return _cell(text)
    front = _FRONT.match(text)
    if front:
        return front[1]
    return text if ending in (".yml", ".yaml") else ""


def _cell(text: str) -> str:
    """The first cell of a notebook that is a block of YAML."""
    try:
        cells = json.loads(text)["cells"]
        sources = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return ""
    return next((found[1] for source in sources if (found := _CELL.match(source))), "")


def _loaded(machine: Machine, path: str, text: str) -> Spec | None:
    """The mapping in a text; None for what is no YAML, which is noted."""
    try:
        found = yaml.load(text, Loader=_Loader)  # noqa: S506  derived from the safe loader
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else None
        machine.error(path, line, f"this is not YAML: {error.problem or error.context}")
        return None
    except (yaml.YAMLError, ValueError, RecursionError):
        machine.error(path, None, "this is not YAML")
        return None
    return dict(found) if isinstance(found, dict) else {}
