"""Component files of dg: what they make is known only when their component runs, so each one is reported."""

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from meta_pipeline.schedulers.source.machine import Machine

_FOLDER = "dagster.DefsFolderComponent"


def report_components(machine: Machine, path: str) -> bool:
    """Note the components of a file as errors; False where it only gives attributes to its folder."""
    try:
        documents = list(YAML(typ="rt").load_all(machine.modules.text(path)))
    except (YAMLError, ValueError) as error:
        machine.error(path, 1, f"this is not YAML: {str(error).splitlines()[0]}")
        return True
    found = False
    for document in documents:
        kind = document.get("type") if hasattr(document, "get") else None
        if kind is None or kind == _FOLDER:
            continue
        found = True
        line = document.lc.key("type")[0] + 1
        machine.error(path, line, f"what the component {kind} makes is known only at run time")
    return found
