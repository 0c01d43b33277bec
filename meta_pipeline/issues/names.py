"""The names of a repository, and which of them a word of an issue can mean."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property
from pathlib import PurePosixPath

from meta_pipeline.delivery.context import Dataset, RepoContext
from meta_pipeline.delivery.topology import Pipeline, pipelines_of

NEAR = 0.75


@dataclass(frozen=True)
class Names:
    """What can be named: pipelines, `pipeline.node`, datasets, `dataset.column`, checkpoints and files.

    `scope` are the pipelines that the issue says it is about; they decide between equal node names.
    """

    context: RepoContext
    checkpoints: tuple[str, ...] = ()
    scope: tuple[str, ...] = ()

    @cached_property
    def pipelines(self) -> Mapping[str, Pipeline]:
        return pipelines_of(self.context.topologies)

    @cached_property
    def dbt_projects(self) -> tuple[str, ...]:
        """The names of the dbt projects, in the order of their folders."""
        found = (p.id for t in self.context.topologies if t.scheduler == "dbt" for p in t.pipelines)
        return tuple(dict.fromkeys(found))

    @cached_property
    def datasets(self) -> Mapping[str, Dataset]:
        return {dataset.name: dataset for dataset in self.context.datasets}

    @cached_property
    def written(self) -> frozenset[str]:
        """Datasets that a node reads or writes, with or without a contract."""
        nodes = [node for pipeline in self.pipelines.values() for node in pipeline.nodes]
        return frozenset(name for node in nodes for name in (*node.reads, *node.writes))

    @cached_property
    def files(self) -> frozenset[str]:
        return frozenset(self.context.files)

    @cached_property
    def nodes(self) -> Mapping[str, tuple[str, ...]]:
        """Every way to name a node (its full name, its id, the end of its id) with the full names it can mean."""
        found: dict[str, dict[str, None]] = {}
        for pipeline in self.pipelines.values():
            for node in pipeline.nodes:
                full = f"{pipeline.id}.{node.id}"
                short = node.id.rsplit(".", 1)[-1]
                for name in (full, node.id, short, f"{pipeline.id}.{short}"):
                    found.setdefault(name, {})[full] = None
        return {name: tuple(full) for name, full in found.items()}

    @cached_property
    def all(self) -> frozenset[str]:
        """Every name that a bare word of an issue may be."""
        columns = (f"{d.name}.{column}" for d in self.context.datasets for column in d.columns)
        return frozenset({*self.pipelines, *self.nodes, *self.datasets, *columns, *self.checkpoints})

    def nodes_named(self, name: str) -> tuple[str, ...]:
        """The full names that `name` can mean, those of the issue's own pipelines where there are any."""
        found = self.nodes.get(name, ())
        scoped = tuple(
            full for full in found if any(full.startswith(f"{pipeline}.") for pipeline in self.scope)
        )
        return scoped or found

    def pipeline_of(self, full: str) -> str | None:
        """The pipeline of a full node name."""
        return next((p for p in self.pipelines if full.startswith(f"{p}.") and full in self.nodes), None)

    def writers_of(self, dataset: str) -> tuple[str, ...]:
        """The pipelines with a node that writes the dataset."""
        return tuple(p.id for p in self.pipelines.values() if any(dataset in node.writes for node in p.nodes))

    def column(self, name: str) -> tuple[Dataset, str] | None:
        """The dataset and column of `dataset.column`; the column may be one that the contract does not list."""
        dataset, _, column = name.rpartition(".")
        return (self.datasets[dataset], column) if column and dataset in self.datasets else None

    def files_named(self, name: str) -> tuple[str, ...]:
        """The files that a path, a file name or a dotted module name can mean."""
        path = name.removeprefix("./").rstrip("/")
        if path in self.files:
            return (path,)
        module = path.replace(".", "/")
        wanted = (path, f"{module}.py", f"{module}/__init__.py", f"{module.rpartition('/')[0]}.py")
        dotted = "." in path and "/" not in path
        return tuple(
            sorted(
                file
                for file in self.files
                if file.endswith(f"/{path}")
                or (dotted and any(file == w or file.endswith(f"/{w}") for w in wanted[1:] if w != ".py"))
            )
        )

    def folder(self, name: str) -> bool:
        """Whether files stand below this folder."""
        prefix = name.removeprefix("./").rstrip("/") + "/"
        return any(file.startswith(prefix) for file in self.files)


def near(name: str, candidates: Iterable[str], count: int = 3) -> tuple[str, ...]:
    """The names most like `name`, best first; a path is also compared by its last part."""
    known = sorted(set(candidates))
    found = get_close_matches(name, known, n=count, cutoff=NEAR)
    if "/" in name or not found:
        last = PurePosixPath(name).name
        by_last = {PurePosixPath(candidate).name: candidate for candidate in reversed(known)}
        found += [by_last[match] for match in get_close_matches(last, sorted(by_last), n=count, cutoff=NEAR)]
    if not found and "." in name:
        # sale_daily.load: the part that is right must not hide the part that is wrong.
        found = [c for c in known if c.rpartition(".")[2] == name.rpartition(".")[2] and "." in c]
    return tuple(dict.fromkeys(found))[:count]
