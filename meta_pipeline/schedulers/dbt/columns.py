"""The columns that a project's property files declare of its relations and sources.

What else a query makes is found by `static.select_list`, for those who need it: it takes a parser of SQL, and dbt's own
manifest does not know it either.
"""

from collections.abc import Iterable, Sequence

from meta_pipeline.delivery.topology import Dataset, DatasetColumn


def datasets_of(held: Iterable[tuple[str, Sequence[DatasetColumn]]]) -> tuple[Dataset, ...]:
    """A dataset for each name that any column is declared of, by name; of two with one name the first counts."""
    datasets: dict[str, Dataset] = {}
    for name, columns in held:
        if columns:
            datasets.setdefault(name, Dataset(name=name, columns=tuple(columns)))
    return tuple(datasets[name] for name in sorted(datasets))
