"""The configuration of dbt_project.yml that holds for one resource, from the general to the particular."""

from collections.abc import Mapping, Sequence
from typing import Any

from meta_pipeline.delivery.yaml_source import Located


def project_settings(tree: Located, names: Sequence[str]) -> dict[str, Any]:
    """The settings under a section such as `models:` for the resource of these `names`: project, folders, own name.

    A key with a plus, or one whose value is no mapping, is a setting; the deeper one wins, and tags add up.
    """
    found: dict[str, Any] = {}
    level = tree
    for name in (None, *names):
        if name is not None:
            if name not in level:
                break
            level = level.get(name)
        own = {
            key.lstrip("+"): value.plain()
            for key, value in level.pairs()
            if key.startswith("+") or not isinstance(value.value, dict)
        }
        found = overlaid(found, own)
    return found


def overlaid(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of two levels; `above` wins, tags add up and `meta` is merged, as dbt does."""
    found = {**below, **above}
    if "tags" in below and "tags" in above:
        found["tags"] = [*_list(below["tags"]), *_list(above["tags"])]
    if isinstance(below.get("meta"), dict) and isinstance(above.get("meta"), dict):
        found["meta"] = {**below["meta"], **above["meta"]}
    return found


def _list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]
