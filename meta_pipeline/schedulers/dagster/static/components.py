"""Component files of dg: what their components make, where the code or Dagster's own rules tell it."""

import ast
import posixpath
from collections.abc import Iterator
from typing import TYPE_CHECKING

from meta_pipeline.delivery.yaml_source import Located, Unreadable, read_documents
from meta_pipeline.schedulers.dagster.static import component_kinds
from meta_pipeline.schedulers.dagster.static.component_text import Texts
from meta_pipeline.schedulers.dagster.static.extending import instance_of
from meta_pipeline.schedulers.dagster.static.gathering import merged
from meta_pipeline.schedulers.dagster.static.mapping import mapped
from meta_pipeline.schedulers.dagster.static.methods import changed
from meta_pipeline.schedulers.dagster.static.values import Asset, Definitions, Given, Lazy
from meta_pipeline.schedulers.source.machine import Arguments, Site
from meta_pipeline.schedulers.source.objects import find_method
from meta_pipeline.schedulers.source.values import (
    UNKNOWN,
    Class,
    Function,
    Instance,
    Method,
    Module,
    SourcePath,
)

if TYPE_CHECKING:
    from meta_pipeline.schedulers.dagster.static.code import LocationCode

_FOLDERS = ("dagster.DefsFolderComponent", "dagster.components.DefsFolderComponent")


def components_in(machine: "LocationCode", path: str) -> Definitions | None:
    """The definitions of the components of a file; None where it only says more of the folder that it lies in."""
    documents = read_documents(machine.modules.text(path), path)
    if isinstance(documents, Unreadable):
        machine.error(path, documents.line, f"this is not YAML: {documents.message}")
        return Definitions(path, 1)
    found = [_component(machine, path, one) for one in documents if _kind(one) not in ("", *_FOLDERS)]
    return merged(found, Site(path, 1)) if found else None


def of_folder(machine: "LocationCode", path: str, inside: Definitions) -> Definitions:
    """What lies in a folder, after what its component file says of all of it."""
    documents = read_documents(machine.modules.text(path), path)
    for document in documents if not isinstance(documents, Unreadable) else ():
        inside = _post_processed(machine, Texts.of(machine, path, {}), document, inside)
    return inside


def _kind(document: Located) -> str:
    return document.get("type").text


def _component(machine: "LocationCode", path: str, document: Located) -> Definitions:
    kind, line = _kind(document), document.get("type").line
    site = Site(path, line)
    texts = Texts.of(machine, path, _variables(machine, path, document))
    made: object
    own = _class_of(machine, kind)
    if own is not None:
        made = _of_class(machine, own, document.get("attributes"), texts, site)
    else:
        name = kind.rpartition(".")[2]
        made = component_kinds.made_by(machine, name, document.get("attributes"), texts, site)
    if not isinstance(made, Definitions):
        machine.opaque(path, line, f"what the component {kind} makes is known only at run time")
        return Definitions(path, line)
    return _post_processed(machine, texts, document, made)


def _class_of(machine: "LocationCode", kind: str) -> Class | None:
    """The class of the repository that `type:` names."""
    module, _, name = kind.rpartition(".")
    if not module or machine.modules.find(module) is None:
        return None
    found = machine.member(Module(module), name)
    return found if isinstance(found, Class) else None


def _of_class(machine: "LocationCode", kind: Class, attributes: Located, texts: Texts, site: Site) -> object:
    """What a component of the repository makes: its `build_defs` is run on the attributes."""
    held = _fields(machine, kind, texts.value(attributes) or {})
    instance = instance_of(machine, kind, Arguments([], held), site)
    if not isinstance(instance, Instance):
        return UNKNOWN
    if find_method(kind, "build_defs"):
        return _built(machine, instance, site)
    return component_kinds.made_by_instance(machine, instance, attributes, texts, site)


def _built(machine: "LocationCode", instance: Instance, site: Site) -> object:
    context = Given("ComponentLoadContext", {"path": SourcePath(posixpath.dirname(site.path))})
    made = machine.call(Method(instance, "build_defs"), Arguments([context]), site)
    return machine.call(made, Arguments([context]), site) if isinstance(made, Lazy) else made


def _fields(machine: "LocationCode", kind: Class, held: object) -> dict[object, object]:
    """The attributes as the annotations of the class want them: a mapping may be an object of another class."""
    if not isinstance(held, dict):
        return {UNKNOWN: UNKNOWN}
    wanted = dict(_annotations(machine, kind))
    return {name: _as_wanted(machine, wanted.get(name), value) for name, value in held.items()}


def _as_wanted(machine: "LocationCode", kind: Class | None, value: object) -> object:
    if kind is None:
        return value
    if isinstance(value, list):
        return [_as_wanted(machine, kind, item) for item in value]
    if isinstance(value, dict):
        return instance_of(
            machine, kind, Arguments([], _fields(machine, kind, value)), Site(kind.scope.path, 1)
        )
    return value


def _annotations(machine: "LocationCode", kind: Class) -> Iterator[tuple[str, Class]]:
    """The fields that are of a class of the repository, or lists of its objects."""
    for ancestor in kind.ancestry():
        if not isinstance(ancestor, Class):
            continue
        scope = machine.file_scope(ancestor.scope.path)
        tree = machine.modules.syntax(ancestor.scope.path, is_shared=True)
        for node in ast.walk(tree):
            if not isinstance(node, ast.ClassDef) or node.name != ancestor.name:
                continue
            for part in node.body:
                if isinstance(part, ast.AnnAssign) and isinstance(part.target, ast.Name):
                    names = [one for one in ast.walk(part.annotation) if isinstance(one, ast.Name)]
                    found = [value for one in names if isinstance(value := scope.names.get(one.id), Class)]
                    if len(found) == 1:
                        yield part.target.id, found[0]


def _variables(machine: "LocationCode", path: str, document: Located) -> dict[str, object]:
    """The variables that a module of the code offers to the templates of a component file."""
    name = document.get("template_vars_module").text
    if not name:
        return {}
    relative = f"{machine.modules.name_of(posixpath.dirname(path))}{name}" if name.startswith(".") else name
    scope = machine.module_scope(relative)
    found: dict[str, object] = {}
    for key, value in scope.names.items() if scope is not None else ():
        if isinstance(value, Function):
            found[key] = machine.call_function(value, Arguments(), Site(value.scope.path, value.line))
    return found


def _post_processed(
    machine: "LocationCode", texts: Texts, document: Located, made: Definitions
) -> Definitions:
    """`post_processing:` changes attributes of the assets that its targets select."""
    for one in document.get("post_processing").get("assets").each():
        adds = (one.get("operation").text or "merge") == "merge"
        attributes = one.get("attributes")
        target = one.get("target").text or "*"

        def change(asset: Asset, attributes: Located = attributes, adds: bool = adds) -> object:
            given = component_kinds.attributes_of_yaml(texts.value(attributes))
            added = {key: value for key, value in given.items() if key in ("tags", "metadata")}
            put = {key: value for key, value in given.items() if key not in added or not adds}
            return changed(changed(asset, added, adds=True) if adds else asset, put, adds=False)

        made = mapped(machine, made, change, target, Site(texts.path, one.line))
    return made
