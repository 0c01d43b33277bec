"""Who reads which column of a dataset, anywhere in a repository."""

from collections.abc import Mapping
from functools import cached_property

from meta_pipeline.contracts.dbt import dbt_models
from meta_pipeline.contracts.lineage.dbt import ProjectReaders
from meta_pipeline.contracts.lineage.literals import literal_readers
from meta_pipeline.contracts.lineage.reader import ColumnReader
from meta_pipeline.delivery.tree import Tree
from meta_pipeline.schedulers.dbt.project import project_folders


class ColumnReaders:
    """Answers for one tree; what is read once is kept."""

    def __init__(self, tree: Tree) -> None:
        self.tree = tree

    def of(self, dataset: str, columns: frozenset[str]) -> Mapping[str, tuple[ColumnReader, ...]]:
        """The places that read each of these columns, by column in lower case; those that nobody reads are left out.

        What cannot be read, such as a query that a macro writes, is no reader.
        """
        wanted = frozenset(column.casefold() for column in columns)
        found: dict[str, set[ColumnReader]] = {}
        for project in self._projects:
            for column, reader in project.readers(dataset, wanted):
                found.setdefault(column, set()).add(reader)
        for column, reader in literal_readers(self.tree, dataset, wanted, project_folders(self.tree)):
            found.setdefault(column, set()).add(reader)
        return {column: tuple(sorted(readers, key=_order)) for column, readers in sorted(found.items())}

    @cached_property
    def _projects(self) -> tuple[ProjectReaders, ...]:
        return tuple(ProjectReaders(models) for models in dbt_models(self.tree))


def _order(reader: ColumnReader) -> tuple[bool, bool, str, int]:
    """Queries first, then what YAML says."""
    return (not reader.certain, reader.path.endswith((".yml", ".yaml")), reader.path, reader.line or 0)
