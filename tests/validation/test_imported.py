"""Which pipelines are run for a change of what they only import."""

import pytest

from meta_pipeline.delivery.tree import MemoryTree
from meta_pipeline.gates import specimens
from meta_pipeline.validation.imported import importing

TREE = MemoryTree.of(
    {
        "flows/a.py": "from shop import queries\n",
        "flows/b.py": "import shop.lake as lake\n",
        "flows/c.py": "from .local import days\n",
        "flows/d.py": "import queries\n",
        "flows/local.py": "from shop.lake import write\n",
        "shop/__init__.py": "",
        "shop/queries.py": "",
        "shop/lake.py": "from shop.deep import x\n",
        "shop/deep.py": "",
    }
)
PIPELINES = [specimens.pipeline(id=name, path=f"flows/{name}.py") for name in "dcba"]


@pytest.mark.parametrize(
    "edited, run",
    [
        (["shop/queries.py"], ("a",)),
        (["shop/deep.py"], ("b", "c")),
        (["flows/local.py", "README.md"], ("c",)),
        (["shop/__init__.py"], ("a",)),
        (["shop/queries.sql"], ()),
        (["other.py"], ()),
    ],
)
def test_pipelines_run_for_what_they_import(edited: list[str], run: tuple[str, ...]) -> None:
    assert importing(TREE, PIPELINES, edited) == run


def test_a_few_are_run_for_what_all_import() -> None:
    tree = MemoryTree.of({"lib.py": "", **{f"flows/{n}.py": "import lib\n" for n in range(9)}})
    pipelines = [specimens.pipeline(id=str(n), path=f"flows/{n}.py") for n in range(9)]

    assert importing(tree, pipelines, ["lib.py"]) == ("0", "1", "2")
