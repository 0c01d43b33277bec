"""Which schedulers a repository uses, and which folders hold their pipelines."""

import re

from meta_pipeline.delivery.tree import Tree
from meta_pipeline.schedulers.registry import ADAPTERS
from meta_pipeline.schedulers.signs import Detected, detected
from meta_pipeline.schedulers.source.readings import Answers

_SKIPPED = re.compile(r"(?:^|/)(?:\.git|\.venv|venv|node_modules|site-packages|dbt_packages|_?tests?)/")

_detected = Answers("detected", Detected)


def detect(tree: Tree) -> tuple[Detected, ...]:
    """The schedulers that `tree` uses, in the order of `ADAPTERS`."""
    return _detected.of(tree, "detect", _look)


def _look(tree: Tree) -> tuple[Detected, ...]:
    paths = [path for path in sorted(tree.entries()) if not _SKIPPED.search(path)]
    return tuple(found for adapter in ADAPTERS.values() if (found := detected(tree, paths, adapter.signs)))
