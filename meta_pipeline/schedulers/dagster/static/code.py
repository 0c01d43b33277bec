"""Reads the code of one location: Python with all that Dagster adds to it."""

import ast
import posixpath
from collections.abc import Mapping

from meta_pipeline.schedulers.dagster.static import (
    calls,
    conditions,
    dbt_assets,
    extending,
    graphs,
    loading,
    methods,
)
from meta_pipeline.schedulers.dagster.static.dbt_translator import Translator
from meta_pipeline.schedulers.dagster.static.graphs import Composer
from meta_pipeline.schedulers.dagster.static.values import (
    Asset,
    AssetKey,
    Assets,
    Condition,
    Decorator,
    Definitions,
    EnvironmentVariable,
    Given,
    Graph,
    Job,
    Lazy,
    Op,
    OpOutput,
    Selection,
)
from meta_pipeline.schedulers.dbt.static.manifest import SourceManifest
from meta_pipeline.schedulers.source.files import joined
from meta_pipeline.schedulers.source.functions import call_known
from meta_pipeline.schedulers.source.machine import NO_VARIABLES, Arguments, Site
from meta_pipeline.schedulers.source.modules import Modules
from meta_pipeline.schedulers.source.values import (
    UNKNOWN,
    Class,
    External,
    Function,
    Method,
    Module,
    SourcePath,
    Thing,
)

_SET_OPERATIONS: Mapping[type[ast.operator], str] = {ast.BitOr: "or", ast.BitAnd: "and", ast.Sub: "minus"}

_ENDING = ("sys.exit", "os._exit", "os.abort", "builtins.exit", "builtins.quit")


class LocationCode(Composer):
    """The machine for one code location; `defs_folder` is where `load_from_defs_folder` looks."""

    def __init__(
        self,
        path: str,
        modules: Modules,
        defs_folder: str | None,
        environment: Mapping[str, str] = NO_VARIABLES,
    ) -> None:
        super().__init__(path, modules, environment)
        self.defs_folder = defs_folder
        self.translator: Translator | None = None
        self.manifests: dict[str, SourceManifest | None] = {}

    def call_external(self, external: External, arguments: Arguments, site: Site) -> object:
        if external.name in _ENDING and not self.depth and not self.uncertain:
            self.error(site.path, site.line, f"{external.name} ends the process that loads this file")
        path = self._path(external.name, arguments.positional)
        if path is not None:
            return path
        if external.last == "EnvVar" and calls.is_of_dagster(external):
            return EnvironmentVariable(next(iter(arguments.positional), UNKNOWN))
        if not calls.is_of_dagster(external):
            return call_known(self, external, arguments, site)
        return calls.call_dagster(self, external, arguments, site)

    def definitions_at(self, path: str, site: Site) -> Definitions:
        """What a Python file defines, or all that lies in a folder."""
        if path.endswith(".py"):
            return loading.of_module(self, path)
        return loading.defs_folder(self, path, site, stops_at_definitions=False)

    def derived(self, kind: Class, ancestor: External, arguments: Arguments, site: Site) -> object | None:
        if not calls.is_of_dagster(ancestor) or not extending.is_known(ancestor):
            return None
        return extending.instance_of(self, kind, arguments, site)

    def imported(self, module: Module) -> None:
        self.module_scope(module.name)

    def inherited(self, kind: Class, name: str) -> bool:
        return extending.offers(kind, name)

    def call_inherited(self, receiver: object, name: str, arguments: Arguments, site: Site) -> object:
        return extending.call(self, receiver, name, arguments)

    def super_init(self, receiver: object, arguments: Arguments) -> object:
        return extending.initialised(receiver, arguments)

    def _path(self, name: str, values: list[object]) -> object | None:
        """A path in the folder that the code runs in, or beside a file of the code; None where it is neither."""
        match name, values:
            case "pathlib.Path", [str() as first, *rest] if self.home is not None:
                return joined(SourcePath(self.home), [first, *rest])
            case "dagster.file_relative_path" | "dagster._utils.file_relative_path", [
                SourcePath() as file,
                *rest,
            ]:
                return joined(SourcePath(posixpath.dirname(file.path)), rest)
        return None

    def call_thing(self, thing: Thing, arguments: Arguments, site: Site) -> object:
        match thing:
            case Decorator() if len(arguments.positional) == 1:
                function = arguments.positional[0]
                if isinstance(function, Function):
                    return calls.used(self, thing.role, thing.named, function)
            case Op() | Graph():
                return graphs.use(self, thing, arguments, site)
            case Lazy():
                return self.call_function(thing.function, Arguments([UNKNOWN]), site)
            case Definitions():
                return thing
        return UNKNOWN

    def call_method(self, method: Method, arguments: Arguments, site: Site) -> object:
        if isinstance(method.receiver, EnvironmentVariable) and method.name == "get_value":
            return self._set(method.receiver.name, arguments)
        return methods.call_method(self, method, arguments, site)

    def _set(self, name: object, arguments: Arguments) -> object:
        """`EnvVar(name).get_value(default)`."""
        default = next(iter(arguments.positional), arguments.named.get("default", UNKNOWN))
        return self.environment.get(name, default) if isinstance(name, str) else UNKNOWN

    def thing_member(self, thing: Thing, name: str) -> object:
        match thing, name:
            case ((Asset() | Assets(assets=(_,))), "key"):
                asset = thing if isinstance(thing, Asset) else thing.assets[0]
                return AssetKey(asset.key)
            case Assets(), "keys":
                return [AssetKey(asset.key) for asset in thing.assets]
            case AssetKey(parts=tuple() as parts), "path":
                return list(parts)
            case ((Job() | Op() | Graph()), "name"):
                return thing.name
            case Given(name="DbtProject"), _ if name in ("manifest_path", "project_dir"):
                return dbt_assets.project_member(thing, name)
            case Definitions(), ("assets" | "jobs" | "schedules" | "sensors"):
                return list(getattr(thing, name))
            case OpOutput(), _ if name not in ("map", "collect"):
                return thing
        return Method(thing, name)

    def combined(self, operator: ast.operator, left: object, right: object) -> object | None:
        if isinstance(left, Selection) or isinstance(right, Selection):
            operation = _SET_OPERATIONS.get(type(operator))
            return Selection(operation, (left, right)) if operation else None
        if isinstance(left, Condition) or isinstance(right, Condition):
            sign = {"or": "|", "and": "&"}.get(_SET_OPERATIONS.get(type(operator), ""))
            return conditions.joined(sign, left, right) if sign else conditions.CUSTOM
        return None

    def inverted(self, value: object) -> object | None:
        return conditions.inverted(value) if isinstance(value, Condition) else None

    def keep(self, value: object) -> None:
        """What only one branch makes is found through the definitions that hold it, or not at all."""
