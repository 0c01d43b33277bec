"""Carrying out a plan's recipe calls."""

from collections.abc import Mapping

from meta_pipeline.authors.recipes.book import REWRITES
from meta_pipeline.delivery.overlay import OverlayTree
from meta_pipeline.delivery.plan import Plan
from meta_pipeline.delivery.tree import Tree


def carry_out(plan: Plan, tree: Tree) -> Mapping[str, bytes]:
    """The new content of every file that differs from `tree` after the plan's calls, made in their order.

    Raises `RecipeError` where a call meets a form that its recipe does not support, and `ValueError`
    where the plan calls a recipe that does not exist.
    """
    overlay = OverlayTree(tree)
    for call in plan.calls:
        rewrite = REWRITES.get(call.recipe)
        if rewrite is None:
            raise ValueError(
                f"the plan calls '{call.recipe}', which is no recipe; there are {', '.join(REWRITES)}."
            )
        overlay = overlay.over(rewrite.run(overlay, call.parameters))
    return {path: data for path, data in overlay.written.items() if data != tree.read(path)}
