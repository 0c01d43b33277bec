"""Applying `set_retries` to the text of one file, for the tests of its forms."""

import ast

from meta_pipeline.authors.recipes.bounds import Bounds
from meta_pipeline.authors.recipes.set_retries import RetryParameters, SetRetries
from meta_pipeline.delivery.tree import MemoryTree

PATH = "dags/sales.py"


def asked(node: object = None, **settings: object) -> RetryParameters:
    wanted = settings or {"retries": Bounds(at_least=3)}
    return RetryParameters.model_validate({"path": PATH, "pipeline": "sales", "node": node, **wanted})


def applied(source: str | bytes, parameters: RetryParameters, **others: str) -> str:
    """The source after the recipe; a second application must change nothing, and the result must be Python."""
    files = {path.replace("__", "/") + ".py": text for path, text in others.items()}
    tree = MemoryTree.of({PATH: source, **files})
    written = SetRetries().apply(tree, parameters)
    assert set(written) <= {PATH}
    after = written.get(PATH, tree.files[PATH])
    ast.parse(after)
    assert SetRetries().apply(MemoryTree.of({PATH: after, **files}), parameters) == {}
    return after.decode()
