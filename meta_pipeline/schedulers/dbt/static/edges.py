"""What the calls of `ref` and `source` lead to: nodes of the project, sources, and things that are not there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from meta_pipeline.delivery.topology import TopologyError
from meta_pipeline.schedulers.dbt.freshness import strictest
from meta_pipeline.schedulers.dbt.project import Project
from meta_pipeline.schedulers.dbt.resources import Properties
from meta_pipeline.schedulers.dbt.static.evaluation import UNKNOWN, Asked
from meta_pipeline.schedulers.dbt.static.found import Found, latest_version
from meta_pipeline.schedulers.dbt.static.packages import Packages
from meta_pipeline.schedulers.dbt.static.sources import Source
from meta_pipeline.schedulers.dbt.static.sql_files import Asks


@dataclass
class Edges:
    """Resolves the references of one project.

    What is not in the project may be in one of its packages. One that lies in the repository is looked at; what may be
    in one that does not is taken by its name, and `errors` say so. Without packages dbt refuses it, and so does this.
    """

    project: str
    ids: Mapping[str, str]
    sources: Mapping[str, Source]
    packages: Packages
    errors: list[TopologyError] = field(default_factory=list)

    @classmethod
    def of(
        cls,
        project: Project,
        properties: Properties,
        relations: Sequence[Found],
        sources: Mapping[str, Source],
        packages: Packages,
    ) -> "Edges":
        ids = {one.id: one.id for one in relations}
        for resource in properties.resources:
            latest = latest_version(resource)
            if resource.kind == "model" and f"{resource.name}.v{latest}" in ids:
                ids.setdefault(resource.name, f"{resource.name}.v{latest}")
        return cls(project=project.name, ids=ids, sources=sources, packages=packages)

    def of_asks(self, asks: Asks, path: str) -> dict[str, Any]:
        """`upstream`, `reads` and `sla_s` of what asks for this; a reference that leads nowhere is an error.

        The service level is the strictest freshness of the sources that it reads.
        """
        upstream: set[str] = set()
        reads: set[str] = set()
        limits: list[float | None] = []
        for call in asks.asked:
            if any(value is UNKNOWN for value in call.arguments):
                continue
            if call.function == "ref":
                self._ref(call, path, upstream, reads)
            elif call.function == "source" and len(call.arguments) == 2:
                self._source(call, path, reads, limits)
        return {
            "upstream": tuple(sorted(upstream)),
            "reads": tuple(sorted(reads)),
            "sla_s": strictest(limits),
        }

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
        elif (at_hand := self.packages.holding(wanted)) and not package:
            reads.add(f"{at_hand}.{wanted}")
        elif self.packages.absent and not package:
            reads.add(wanted)
            self._elsewhere(path, call.line, f"ref('{name}')")
        else:
            self._missing(path, call.line, f"ref('{name}') leads to nothing that is built in this project")

    def _source(self, call: Asked, path: str, reads: set[str], limits: list[float | None]) -> None:
        name = ".".join(map(str, call.arguments))
        quoted = "source('{}', '{}')".format(*call.arguments)
        source = self.sources.get(name) or self.packages.sources.get(name)
        if source is not None and source.enabled:
            reads.add(source.relation)
            limits.append(source.freshness_s)
            return
        reads.add(source.relation if source else name)
        if source is None and self.packages.absent:
            self._elsewhere(path, call.line, quoted)
        else:
            self._missing(path, call.line, f"{quoted} is not declared")

    def _elsewhere(self, path: str, line: int, what: str) -> None:
        names = ", ".join(self.packages.absent)
        message = f"{what} is not in this project, and its packages ({names}) are not in the repository"
        self.errors.append(TopologyError(path=path, line=line, message=message, opaque=True))

    def _missing(self, path: str, line: int, message: str) -> None:
        self.errors.append(TopologyError(path=path, line=line, message=message))


def arguments_of(value: Any) -> list[str]:
    """All texts in the arguments of a test, however deep."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, Mapping):
        return [text for item in value.values() for text in arguments_of(item)]
    return [text for item in value for text in arguments_of(item)] if isinstance(value, list | tuple) else []
