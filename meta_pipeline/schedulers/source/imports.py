"""`import` and `from ... import`."""

import ast

from meta_pipeline.schedulers.source.machine import Machine, Site
from meta_pipeline.schedulers.source.members import external_member, module_member
from meta_pipeline.schedulers.source.values import External, Module, Scope


def import_module(machine: Machine, node: ast.Import, scope: Scope) -> None:
    """`import a.b` and `import a.b as c`."""
    for alias in node.names:
        name = alias.name if alias.asname else alias.name.partition(".")[0]
        scope.names[alias.asname or name] = _module(machine, name)


def import_from(machine: Machine, node: ast.ImportFrom, scope: Scope) -> None:
    """`from a.b import c`, also relative and with `*`."""
    source = _module(machine, _absolute(machine, node, scope.path))
    machine.sites.append(Site(scope.path, node.lineno))
    try:
        for alias in node.names:
            if alias.name == "*":
                _import_all(machine, source, scope)
            elif isinstance(source, Module):
                value = module_member(machine, source, alias.name)
                scope.names[alias.asname or alias.name] = value
                if isinstance(value, Module):
                    machine.imported(value)
            else:
                scope.names[alias.asname or alias.name] = external_member(machine, source, alias.name)
    finally:
        machine.sites.pop()


def _module(machine: Machine, name: str) -> Module | External:
    if not machine.modules.find(name):
        return External(name)
    module = Module(name)
    machine.imported(module)
    return module


def _absolute(machine: Machine, node: ast.ImportFrom, path: str) -> str:
    """The dotted name that a relative import means."""
    if not node.level:
        return node.module or ""
    folders = path.split("/")[: -node.level]
    parts = [machine.modules.name_of("/".join(folders))] if folders else []
    return ".".join([*parts, *([node.module] if node.module else [])]).strip(".")


def _import_all(machine: Machine, source: Module | External, scope: Scope) -> None:
    found = machine.module_scope(source.name) if isinstance(source, Module) else None
    if found:
        scope.names.update({name: value for name, value in found.names.items() if not name.startswith("_")})
