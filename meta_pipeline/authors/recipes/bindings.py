"""What the statements of one scope bind names to."""

from collections.abc import Iterator, Sequence

import libcst as cst

from meta_pipeline.authors.recipes.values import Env, origin


class _Bindings(cst.CSTVisitor):
    """Names that one scope binds; inner functions and classes are other scopes."""

    def __init__(self) -> None:
        self.bound: dict[str, cst.BaseExpression] = {}
        self.lost: set[str] = set()

    def visit_FunctionDef(self, node: cst.FunctionDef) -> bool:
        self._lose(node.name)
        return False

    def visit_ClassDef(self, node: cst.ClassDef) -> bool:
        self._lose(node.name)
        return False

    def visit_Lambda(self, node: cst.Lambda) -> bool:
        return False

    def visit_Assign(self, node: cst.Assign) -> None:
        for target in node.targets:
            self._bind(target.target, node.value)

    def visit_AnnAssign(self, node: cst.AnnAssign) -> None:
        if node.value is not None:
            self._bind(node.target, node.value)

    def visit_ImportFrom(self, node: cst.ImportFrom) -> None:
        """An imported name is unknown but for the other name that it was imported under."""
        if not isinstance(node.names, cst.ImportStar):
            for alias in node.names:
                if alias.asname is not None and isinstance(alias.asname.name, cst.Name):
                    self._bind(alias.asname.name, alias.name)

    def visit_AugAssign(self, node: cst.AugAssign) -> None:
        self._lose(node.target)

    def visit_For(self, node: cst.For) -> None:
        self._lose(node.target)

    def visit_Call(self, node: cst.Call) -> None:
        if isinstance(node.func, cst.Attribute) and node.func.attr.value in (
            "update",
            "pop",
            "setdefault",
            "clear",
        ):
            self._lose(node.func.value)

    def _bind(self, target: cst.BaseExpression, value: cst.BaseExpression) -> None:
        if isinstance(target, cst.Name) and target.value not in self.bound:
            self.bound[target.value] = value
        else:
            self._lose(target)

    def _lose(self, target: cst.BaseExpression) -> None:
        if isinstance(target, cst.Name):
            self.lost.add(target.value)
        elif isinstance(target, cst.Subscript):
            self._lose(target.value)
        elif isinstance(target, cst.Tuple | cst.List):
            for element in target.elements:
                self._lose(element.value)


def bindings(body: cst.CSTNode | Sequence[cst.CSTNode]) -> dict[str, cst.BaseExpression]:
    """The names that this scope binds once and never changes, with the expressions they are bound to."""
    visitor = _Bindings()
    for node in body if isinstance(body, Sequence) else (body,):
        node.visit(visitor)
    return {name: value for name, value in visitor.bound.items() if name not in visitor.lost}


def loop_bindings(loop: cst.For, env: Env) -> Iterator[dict[str, cst.BaseExpression]]:
    """One binding of the loop's names for each element, where the loop runs over a literal."""
    iterated = loop.iter
    method = ""
    if isinstance(iterated, cst.Call) and isinstance(iterated.func, cst.Attribute) and not iterated.args:
        method, iterated = iterated.func.attr.value, iterated.func.value
    node = origin(iterated, env)
    if isinstance(node, cst.Dict) and method in ("", "keys", "values", "items"):
        for element in node.elements:
            if isinstance(element, cst.DictElement):
                pair = (element.key, element.value)
                if method == "items":
                    yield _unpacked(loop.target, pair)
                else:
                    yield _bound(loop.target, pair[method == "values"])
    elif isinstance(node, cst.List | cst.Tuple | cst.Set) and not method:
        for item in node.elements:
            yield _bound(loop.target, item.value)


def _bound(target: cst.BaseExpression, value: cst.BaseExpression) -> dict[str, cst.BaseExpression]:
    if isinstance(target, cst.Name):
        return {target.value: value}
    if isinstance(value, cst.Tuple | cst.List):
        return _unpacked(target, tuple(element.value for element in value.elements))
    return {}


def _unpacked(
    target: cst.BaseExpression, values: Sequence[cst.BaseExpression]
) -> dict[str, cst.BaseExpression]:
    if not isinstance(target, cst.Tuple | cst.List) or len(target.elements) != len(values):
        return {}
    found: dict[str, cst.BaseExpression] = {}
    for element, value in zip(target.elements, values, strict=True):
        found |= _bound(element.value, value)
    return found
