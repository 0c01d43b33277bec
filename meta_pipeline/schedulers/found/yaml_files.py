"""Small YAML files of tools, read as far as they can be."""

from typing import Any


def mapping_of(text: str | None) -> dict[str, Any]:
    """The mapping that a file holds; empty where there is no file, where it is no YAML or holds something else."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        document = YAML(typ="safe", pure=True).load(text or "")
    except (YAMLError, RecursionError, ValueError):
        return {}
    return document if isinstance(document, dict) else {}
