"""Contracts of dbt models and seeds: what their YAML promises, and the columns that their files make."""

import csv
import io
import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from meta_pipeline.contracts.declared import Compared
from meta_pipeline.delivery.contract import Contract, ContractColumn
from meta_pipeline.delivery.tree import Tree, text_of
from meta_pipeline.delivery.yaml_source import Unreadable
from meta_pipeline.schedulers.dbt.project import Project, project_folders, read_project
from meta_pipeline.schedulers.dbt.properties import property_files, read_properties
from meta_pipeline.schedulers.dbt.resources import Column, Kind, Properties, Resource, Version
from meta_pipeline.schedulers.dbt.static.made import Columns, Doubtful, Made
from meta_pipeline.schedulers.dbt.static.rendering import read_model
from meta_pipeline.schedulers.dbt.static.settings import project_settings

_WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class Model:
    """One model, version of a model, or seed of a tree.

    `file` is what builds it and `text` its content; `entry` and `version` are what its YAML says, None where it says
    nothing. `inherited` are the settings of dbt_project.yml.
    """

    name: str
    file: str
    text: str
    entry: Resource | None
    version: Version | None
    inherited: Mapping[str, object]

    @property
    def declared(self) -> tuple[Column, ...]:
        if self.version is not None:
            return self.version.columns
        return self.entry.columns if self.entry else ()

    @property
    def line(self) -> int | None:
        place = self.version or self.entry
        return place.line if place else None

    @property
    def path(self) -> str:
        """The file that a reader of its contract opens: the YAML, else what builds it."""
        return self.entry.path if self.entry else self.file

    def setting(self, key: str) -> object:
        """A configuration of the model: its own file's, its version's, its YAML's, the project's."""
        own = read_model(self.text).config if self.file.endswith(".sql") else {}
        versioned = self.version.config.values if self.version else {}
        general = self.entry.config.values if self.entry else {}
        levels = (own, versioned, general, self.inherited)
        return next((values[key] for values in levels if key in values), None)

    @property
    def enforced(self) -> bool:
        contract = self.setting("contract")
        return isinstance(contract, dict) and contract.get("enforced") is True

    @property
    def is_public(self) -> bool:
        """Whether others may read it: enabled, built as something that can be read, and not private."""
        return (
            self.setting("enabled") is not False
            and self.setting("materialized") != "ephemeral"
            and self.setting("access") != "private"
        )


class Models:
    """The models and seeds of one dbt project at one moment."""

    def __init__(self, tree: Tree, project: Project) -> None:
        self.tree = tree
        self.project = project
        self._made: dict[str, Columns] = {}
        self._models: dict[str, Model | None] = {}

    @cached_property
    def properties(self) -> Properties:
        return read_properties(self.tree, self.project)

    @cached_property
    def files(self) -> Mapping[str, str]:
        """The file that builds each model and seed, by the name that dbt gives it."""
        endings = {"model": (".sql", ".py"), "seed": (".csv",)}
        return {
            _stem(path): path
            for kind, ending in endings.items()
            for path in self.project.files(self.tree, (kind,), ending)
        }

    @cached_property
    def all(self) -> Mapping[str, Model]:
        """Every model and seed that has a file, by name; a version is `model.v2`."""
        return self._built_by(self.properties, self.files)

    def model(self, name: str) -> Model | None:
        """The one of this name; of the YAML only the files that may speak of it are read."""
        if "all" in self.__dict__:
            return self.all.get(name)
        if name not in self._models:
            stems = (name,) if name in self.files else ()
            self._models[name] = self._built_by(self._properties_near(name), stems).get(name)
        return self._models[name]

    def names_at(self, paths: Iterable[str]) -> frozenset[str]:
        """What these files of the project build or describe, whether or not a model of that name is there."""
        yaml = [path for path in paths if path in self._yaml]
        found = {_stem(path) for path in paths if path not in self._yaml}
        for stem in tuple(found):
            versions = self._built_by(self._properties_near(stem), ())
            found |= {model.name for model in versions.values() if _stem(model.file) == stem}
        for resource in read_properties(self.tree, self.project, yaml).resources:
            found |= {resource.name, *(f"{resource.name}.v{version.v}" for version in resource.versions)}
        return frozenset(found)

    @cached_property
    def _yaml(self) -> Mapping[str, bytes]:
        return {path: self.tree.read(path) or b"" for path in property_files(self.tree, self.project)}

    def _properties_near(self, name: str) -> Properties:
        """What the YAML says in the files that hold the name, or that of the model which it may be a version of."""
        words = {word.encode() for word in (name, name.rpartition("_v")[0], name.rpartition(".v")[0]) if word}
        paths = [path for path, data in self._yaml.items() if any(word in data for word in words)]
        return read_properties(self.tree, self.project, paths)

    def _built_by(self, properties: Properties, stems: Iterable[str]) -> Mapping[str, Model]:
        """The versions that are described, and the models and seeds of files of these names."""
        found: dict[str, Model] = {}
        versioned: set[str] = set()
        for resource in properties.resources:
            for version in resource.versions if resource.kind == "model" else ():
                default = f"{resource.name}_v{version.v}"
                names = (version.defined_in or default, f"{resource.name}.v{version.v}", resource.name)
                stem = next((name for name in names if name in self.files), None)
                if stem is not None:
                    versioned.add(stem)
                    name = f"{resource.name}.v{version.v}"
                    found[name] = self._model(name, self.files[stem], resource, version)
        for name in stems:
            if name not in versioned:
                path = self.files[name]
                kind: Kind = "seed" if path.endswith(".csv") else "model"
                found[name] = self._model(name, path, properties.by_name.get((kind, name)), None)
        return found

    def _model(self, name: str, path: str, entry: Resource | None, version: Version | None) -> Model:
        section = "seeds" if path.endswith(".csv") else "models"
        folders = self._inside(path).split("/")[:-1]
        names = (self.project.name, *folders, entry.name if entry else name)
        inherited = project_settings(self.project.settings.get(section), names)
        return Model(name, path, text_of(self.tree, path) or "", entry, version, inherited)

    def _inside(self, path: str) -> str:
        """The path within the folder of models or seeds."""
        folders = (*self.project.paths["model"], *self.project.paths["seed"])
        within = [folder for folder in folders if path.startswith(f"{folder}/")]
        return path.removeprefix(f"{max(within, key=len)}/") if within else path

    def made(self, name: str) -> Columns:
        """The columns that a model's file makes: the select list of its query, the head of a seed."""
        if name not in self._made:
            # A model that reads itself through others has no columns of its own.
            self._made[name] = Doubtful("it reads itself")
            self._made[name] = self._read(name)
        return self._made[name]

    def _read(self, name: str) -> Columns:
        model = self.model(name)
        if model is None:
            return Doubtful("it selects all columns of a model that is not in the project")
        if model.file.endswith(".csv"):
            head = next(csv.reader(io.StringIO(model.text), delimiter=_delimiter(model)), [])
            return tuple(Made(column.strip().casefold(), None, f"column {column}") for column in head)
        if model.file.endswith(".py"):
            return Doubtful("it is a Python model")
        from meta_pipeline.schedulers.dbt.static.select_list import columns_of  # it loads a parser of SQL

        return columns_of(model.text, self.made)


def _stem(path: str) -> str:
    return posixpath.splitext(posixpath.basename(path))[0]


def _delimiter(model: Model) -> str:
    given = model.setting("delimiter")
    return given if isinstance(given, str) and len(given) == 1 else ","


def dbt_models(tree: Tree) -> Iterator[Models]:
    """The models of every dbt project of a tree; a project whose file cannot be read has none."""
    for folder in project_folders(tree):
        project = read_project(tree, folder)
        if project is not None and not isinstance(project, Unreadable):
            yield Models(tree, project)


def declared_contract(model: Model) -> Contract:
    """What the YAML of a model promises: types and constraints are one only where the contract is enforced."""
    enforced = model.enforced
    key = [column for column in model.declared if any(c.type == "primary_key" for c in column.constraints)]
    whole = model.entry.constraints if model.entry else ()
    names = [name for c in whole if c.type == "primary_key" for name in c.columns] or [c.name for c in key]
    return Contract(
        dataset=model.name,
        declared_by="dbt",
        path=model.path,
        line=model.line,
        enforced=enforced,
        description=model.entry.description if model.entry else "",
        key=tuple(name.casefold() for name in names) if enforced else (),
        columns=tuple(_declared(column, enforced=enforced) for column in model.declared),
    )


def _declared(column: Column, *, enforced: bool) -> ContractColumn:
    kinds = {constraint.type for constraint in column.constraints} if enforced else set()
    return ContractColumn(
        name=column.name if column.quote else column.name.casefold(),
        type=column.data_type if enforced else None,
        required=bool(kinds & {"not_null", "primary_key"}),
        unique=bool(kinds & {"unique", "primary_key"}),
        rules=tuple(
            f"check ({constraint.expression})"
            for constraint in column.constraints
            if enforced and constraint.type == "check"
        ),
        description=column.description,
        tags=column.tags,
        line=column.line,
    )


def compared(old: Model, new: Model, base: Models, head: Models) -> Compared:
    """Both sides of a model that both have, as far as YAML and query say what its columns are.

    The query decides which columns there are, as a description can be missing or old; where it cannot be read, what the
    YAML declares is taken for the columns.
    """
    before, after = declared_contract(old), declared_contract(new)
    old_made, new_made = base.made(old.name), head.made(new.name)
    if not isinstance(old_made, Doubtful) and not isinstance(new_made, Doubtful):
        return Compared(_as_made(before, old, old_made), _as_made(after, new, new_made))
    kept = []
    doubts = []
    for column in before.columns:
        if after.column(column.name) is not None or before.enforced:
            continue
        if not isinstance(new_made, Doubtful):
            still = any(made.name == column.name for made in new_made)
        else:
            still = old.text == new.text or column.name in _WORD.findall(new.text.casefold())
            if still and old.text != new.text:
                doubts.append(column.name)
        if still:
            # Only its description went.
            kept.append(column)
    after = after.model_copy(update={"columns": (*after.columns, *kept)})
    dropped = {column.name for column in before.columns if after.column(column.name) is None}
    reason = next(made.why for made in (new_made, old_made) if isinstance(made, Doubtful))
    return Compared(before, after, _doubt(old, new, reason, doubts, dropped))


def _as_made(contract: Contract, model: Model, made: tuple[Made, ...]) -> Contract:
    """The contract with exactly the columns that the query makes, each with what is declared of it."""
    columns = []
    for column in made:
        own = contract.column(column.name)
        place: dict[str, str | int | None] = (
            {"path": contract.path}
            if own is not None
            else {"path": model.file, "line": line_of(column, model.text)}
        )
        own = own or ContractColumn(name=column.name)
        found: dict[str, object] = {
            "type": own.type or column.type,
            "made_as": column.type,
            "expression": column.expression,
            "made_at": line_of(column, model.text),
            **place,
        }
        columns.append(own.model_copy(update=found))
    return contract.model_copy(update={"columns": tuple(columns), "path": model.file, "line": None})


def line_of(column: Made, text: str) -> int | None:
    """The line of a model's file that makes the column: the one on which its query names it.

    What the query is rendered to has fewer lines than the file, as those within Jinja go.
    """
    lines = text.splitlines()
    for variant in reversed(read_model(text).variants):
        written = variant.splitlines()
        at = column.line or len(written) + 1
        wanted = written[at - 1].strip() if at <= len(written) else ""
        if column.name in _WORD.findall(wanted.casefold()):
            furthest = at + max(0, len(lines) - len(written))
            same = [n for n, line in enumerate(lines, 1) if at <= n <= furthest and line.strip() == wanted]
            if same:
                return same[-1]
    return _named_line(column.name, lines)


def _named_line(name: str, lines: Sequence[str]) -> int | None:
    """The last line that gives the name by `as`, else that lists it, else that holds it."""
    word = re.escape(name)
    named = re.compile(rf"\bas\s+[\"`]?{word}\b", re.IGNORECASE)
    listed = re.compile(rf"\b{word}[\"`]?\s*,?\s*(?:--.*|/\*.*)?$", re.IGNORECASE)
    last = max(
        (number for number, line in enumerate(lines, 1) if re.match(r"\s*from\b", line, re.IGNORECASE)),
        default=len(lines),
    )
    ways = (
        [number for number, line in enumerate(lines, 1) if named.search(line)],
        [number for number, line in enumerate(lines, 1) if number <= last and listed.search(line)],
        [number for number, line in enumerate(lines, 1) if name in _WORD.findall(line.casefold())],
    )
    return next((found[-1] for found in ways if found), None)


def _doubt(old: Model, new: Model, reason: str, missed: list[str], dropped: set[str]) -> str | None:
    """What cannot be known of the columns, and why; None where no name went from the file that may be a column."""
    if missed:
        return f"whether {new.name} still has {', '.join(missed)} cannot be read, as {reason}"
    if _names(old.text) - _names(new.text) - dropped:
        return f"the columns of {new.name} cannot be compared, as {reason}"
    return None


def _names(text: str) -> set[str]:
    """What a query names by `as`: its columns are among them."""
    return {name.casefold() for name in re.findall(r"\bas\s+[\"`]?(\w+)", text, re.IGNORECASE)}
