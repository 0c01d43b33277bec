"""What the calls of `ref` and `source` lead to: nodes of the project, sources, and things that are not there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from meta_pipeline.delivery.topology import TopologyError
from meta_pipeline.schedulers.dbt.project import Project
from meta_pipeline.schedulers.dbt.resources import Properties
from meta_pipeline.schedulers.dbt.static.evaluation import UNKNOWN, Asked
from meta_pipeline.schedulers.dbt.static.found import Found, latest_version
from meta_pipeline.schedulers.dbt.static.sql_files import Asks


@dataclass
class Edges:
    """Resolves the references of one project.

    With `packages`, what is not in the project may be in an installed package, which is not at hand: it is
    taken by its name. Without, it is in `errors`, as dbt refuses it.
    """

    project: str
    ids: Mapping[str, str]
    sources: frozenset[str]
    disabled_sources: frozenset[str]
    packages: bool
    errors: list[TopologyError] = field(default_factory=list)

    @classmethod
    def of(
        cls, project: Project, properties: Properties, relations: Sequence[Found], *, packages: bool
    ) -> "Edges":
        ids = {one.id: one.id for one in relations}
        for resource in properties.resources:
            latest = latest_version(resource)
            if resource.kind == "model" and f"{resource.name}.v{latest}" in ids:
                ids.setdefault(resource.name, f"{resource.name}.v{latest}")
        declared = [one for one in properties.resources if one.kind == "source"]
        return cls(
            project=project.name,
            ids=ids,
            sources=frozenset(one.name for one in declared if one.config.enabled is not False),
            disabled_sources=frozenset(one.name for one in declared if one.config.enabled is False),
            packages=packages,
        )

    def of_asks(self, asks: Asks, path: str) -> dict[str, tuple[str, ...]]:
        """`upstream` and `reads` of what asks for this; a reference that leads nowhere is an error at its line."""
        upstream: set[str] = set()
        reads: set[str] = set()
        for call in asks.asked:
            if any(value is UNKNOWN for value in call.arguments):
                continue
            if call.function == "ref":
                self._ref(call, path, upstream, reads)
            elif call.function == "source" and len(call.arguments) == 2:
                self._source(call, path, reads)
        return {"upstream": tuple(sorted(upstream)), "reads": tuple(sorted(reads))}

    def known(self, name: str) -> bool:
        """Whether a `ref` to this name leads to a node of the project."""
        return name in self.ids

    def _ref(self, call: Asked, path: str, upstream: set[str], reads: set[str]) -> None:
        if not 1 <= len(call.arguments) <= 2:
            return
        *package, name = map(str, call.arguments)
        version = call.named.get("v", call.named.get("version"))
        if version is UNKNOWN:
            return
        wanted = name if version is None else f"{name}.v{version}"
        if package and package[0] != self.project:
            reads.add(f"{package[0]}.{wanted}")
        elif wanted in self.ids:
            upstream.add(self.ids[wanted])
        elif self.packages and not package:
            reads.add(wanted)
        else:
            self._missing(path, call.line, f"ref('{name}') leads to nothing that is built in this project")

    def _source(self, call: Asked, path: str, reads: set[str]) -> None:
        name = ".".join(map(str, call.arguments))
        reads.add(name)
        if name in self.disabled_sources or not (name in self.sources or self.packages):
            self._missing(
                path, call.line, f"source('{name.replace('.', chr(39) + ', ' + chr(39))}') is not declared"
            )

    def _missing(self, path: str, line: int, message: str) -> None:
        self.errors.append(TopologyError(path=path, line=line, message=message))


def arguments_of(value: Any) -> list[str]:
    """All texts in the arguments of a test, however deep."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, Mapping):
        return [text for item in value.values() for text in arguments_of(item)]
    return [text for item in value for text in arguments_of(item)] if isinstance(value, list | tuple) else []
