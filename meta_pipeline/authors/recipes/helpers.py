"""Whether a helper function that makes a task hands keywords on to the operator."""

import libcst as cst

from meta_pipeline.authors.recipes.python_source import PythonSource, dotted
from meta_pipeline.authors.recipes.recipe import RecipeError
from meta_pipeline.delivery.tree import Tree


def hands_on(source: PythonSource, tree: Tree, call: cst.BaseExpression, keywords: tuple[str, ...]) -> None:
    """Raise `RecipeError` unless the called function is in the tree and takes `keywords`."""
    name = dotted(call.func) if isinstance(call, cst.Call) else ()
    function = _function(source, tree, name[0]) if len(name) == 1 else None
    shown = ".".join(name) or source.code(call).split("(", maxsplit=1)[0]
    if function is None:
        raise source.error(
            call,
            f"`{shown}` makes this task and its source is not found; set the retries where it makes the operator.",
        )
    parameters = {p.name.value for p in (*function.params.params, *function.params.kwonly_params)}
    if function.params.star_kwarg is None and not set(keywords) <= parameters:
        raise source.error(
            call, f"`{shown}` takes no {keywords[0]}; let it hand keywords on to the operator."
        )


def _function(source: PythonSource, tree: Tree, name: str) -> cst.FunctionDef | None:
    local = [f for f in source.all(cst.FunctionDef) if f.name.value == name]
    if local:
        return local[0]
    for node in source.all(cst.ImportFrom):
        if isinstance(node.names, cst.ImportStar) or node.module is None:
            continue
        for alias in node.names:
            bound = alias.asname.name if alias.asname else alias.name
            if isinstance(bound, cst.Name) and bound.value == name:
                return _imported(tree, "/".join(dotted(node.module)), ".".join(dotted(alias.name)))
    return None


def _imported(tree: Tree, module: str, name: str) -> cst.FunctionDef | None:
    ends = (f"{module}.py", f"{module}/__init__.py")
    paths = [p for p in tree.entries() if any(p == end or p.endswith(f"/{end}") for end in ends)]
    if len(paths) != 1:
        return None
    try:
        found = PythonSource.open(tree, paths[0])
    except RecipeError:
        return None
    return next((f for f in found.all(cst.FunctionDef) if f.name.value == name), None)
