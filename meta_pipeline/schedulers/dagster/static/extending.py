"""Classes of the repository that extend those of Dagster and its integrations: translators and components."""

from typing import TYPE_CHECKING

from meta_pipeline.schedulers.dagster.static import dbt_translator
from meta_pipeline.schedulers.source.machine import Arguments, Site
from meta_pipeline.schedulers.source.objects import fill_fields, find_method, run_method
from meta_pipeline.schedulers.source.values import UNKNOWN, Class, External, Instance

if TYPE_CHECKING:
    from meta_pipeline.schedulers.dagster.static.code import LocationCode

_DBT = "DagsterDbtTranslator"
_COMPONENTS = ("Component", "StateBackedComponent", "Resolvable", "Model", "DbtProjectComponent")
_KNOWN = (_DBT, "DagsterSlingTranslator", *_COMPONENTS)


def is_known(ancestor: External) -> bool:
    """Whether objects of classes below this one can be read."""
    return ancestor.last in _KNOWN


def instance_of(machine: "LocationCode", kind: Class, arguments: Arguments, site: Site) -> object:
    """An object of such a class, as its own `__init__` or its fields make it."""
    instance = Instance(kind, {})
    initializer = find_method(kind, "__init__")
    if initializer:
        function, owner = initializer
        run_method(machine, function, owner, instance, arguments, site)
    elif arguments.open:
        return UNKNOWN
    else:
        fill_fields(instance, arguments)
    return instance


def initialised(receiver: object, arguments: Arguments) -> object:
    """`super().__init__(...)` of such a class: what it is given stands under its names."""
    if isinstance(receiver, Instance):
        fill_fields(receiver, Arguments([], dict(arguments.named)))
        if arguments.positional and _extends(receiver.kind, _DBT):
            receiver.attributes["settings"] = arguments.positional[0]
    return None


def offers(kind: Class, name: str) -> bool:
    """Whether a class has a method from one of Dagster's that can be called."""
    return name in dbt_translator.INHERITED and _extends(kind, _DBT, "DbtProjectComponent")


def call(machine: "LocationCode", receiver: object, name: str, arguments: Arguments) -> object:
    """The value of a method that Dagster's class has."""
    if isinstance(receiver, Instance) and offers(receiver.kind, name):
        return dbt_translator.inherited(machine, name, arguments)
    return UNKNOWN


def _extends(kind: Class, *names: str) -> bool:
    return any(isinstance(one, External) and one.last in names for one in kind.ancestry())
