"""TOML files of tools, read as far as they can be."""

from collections.abc import Mapping
from typing import Any

from meta_pipeline.delivery.tree import Tree, text_of


def toml_of(tree: Tree, path: str) -> Mapping[str, Any]:
    """A TOML file; empty where it is absent or cannot be read."""
    import tomllib

    try:
        return tomllib.loads(text_of(tree, path) or "")
    except (tomllib.TOMLDecodeError, RecursionError):
        return {}


def table(document: Mapping[str, Any], *keys: str) -> Mapping[str, Any]:
    """A table inside a TOML document; empty where there is none."""
    node: Any = document
    for key in keys:
        node = node.get(key) if isinstance(node, Mapping) else None
    return node if isinstance(node, Mapping) else {}
