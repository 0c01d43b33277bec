"""The values in component files, with what stands in `{{ ... }}` replaced."""

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from meta_pipeline.delivery.yaml_source import Located
from meta_pipeline.schedulers.source.files import joined
from meta_pipeline.schedulers.source.values import UNKNOWN, External, Scope, SourcePath

if TYPE_CHECKING:
    from meta_pipeline.schedulers.dagster.static.code import LocationCode

_TEMPLATE = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)


@dataclass(frozen=True)
class Texts:
    """Reads the values of one component file; `names` are what its templates may use."""

    machine: "LocationCode"
    path: str
    names: Mapping[str, object]

    @classmethod
    def of(cls, machine: "LocationCode", path: str, variables: Mapping[str, object]) -> "Texts":
        root = SourcePath(machine.home or "")
        own: dict[str, object] = {
            "project_root": root,
            "automation_condition": External("dagster.AutomationCondition"),
            "env": UNKNOWN,
            "context": UNKNOWN,
        }
        return cls(machine, path, {**own, **variables})

    def having(self, **more: object) -> "Texts":
        return replace(self, names={**self.names, **more})

    def value(self, held: object) -> object:
        """A value of YAML with all of its texts replaced."""
        if isinstance(held, Located):
            return self.value(held.plain())
        if isinstance(held, dict):
            return {key: self.value(item) for key, item in held.items()}
        if isinstance(held, list):
            return [self.value(item) for item in held]
        return self.text(held) if isinstance(held, str) else held

    def text(self, text: str) -> object:
        whole = _TEMPLATE.fullmatch(text.strip())
        if whole:
            return self.expression(whole[1])
        if "{%" in text:
            return UNKNOWN
        parts: list[object] = []
        for number, part in enumerate(_TEMPLATE.split(text)):
            parts.append(part if number % 2 == 0 else self.expression(part))
        parts = [part for part in parts if part != ""]
        if parts and isinstance(parts[0], SourcePath):
            rest = [part.lstrip("/") if isinstance(part, str) else part for part in parts[1:]]
            return joined(parts[0], rest)
        known = [str(part) for part in parts if isinstance(part, (str, int, float))]
        return "".join(known) if len(known) == len(parts) else UNKNOWN

    def expression(self, text: str) -> object:
        """What stands between the braces, which is much like Python."""
        try:
            tree = ast.parse(text.strip(), mode="eval").body
        except (SyntaxError, ValueError):
            return UNKNOWN
        scope = Scope(self.path)
        scope.names.update(self.names)
        known = {name for name, value in self.names.items() if isinstance(value, dict)}
        return self.machine.evaluate(_Items(known).visit(tree), scope)


class _Items(ast.NodeTransformer):
    """`node.name` means the item of that name where `node` is a mapping."""

    def __init__(self, mappings: set[str]) -> None:
        self.mappings = mappings

    def visit_Call(self, node: ast.Call) -> ast.expr:
        if isinstance(node.func, ast.Attribute):
            node.func.value = self.visit(node.func.value)
        node.args = [self.visit(argument) for argument in node.args]
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        held = self.visit(node.value)
        root = held
        while isinstance(root, ast.Subscript):
            root = root.value
        if isinstance(root, ast.Name) and root.id in self.mappings:
            return ast.copy_location(ast.Subscript(held, ast.Constant(node.attr), ast.Load()), node)
        node.value = held
        return node
