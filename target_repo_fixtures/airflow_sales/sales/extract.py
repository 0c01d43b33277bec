"""Raw CSV drops -> typed staging partitions."""

from pathlib import Path

from sales.settings import SETTINGS, Settings
from sales.storage import open_duckdb, read_sql, write_partition


def extract_orders(ds: str, settings: Settings = SETTINGS) -> int:
    """Stage the order lines of business date `ds`; returns the number of lines."""
    return _stage("orders", ds, settings)


def extract_counts(ds: str, settings: Settings = SETTINGS) -> int:
    """Stage the stock counts of `ds`; returns the number of counts."""
    return _stage("inventory", ds, settings)


def extract_region_orders(region: str, ds: str, settings: Settings = SETTINGS) -> int:
    """Stage the order lines of one region's stores; returns the number of lines."""
    source = _drop("orders", ds, settings)
    with open_duckdb() as connection:
        return write_partition(
            connection,
            read_sql("stage_region_orders"),
            {"source": str(source), "stores": str(settings.stores), "region": region},
            settings.staged(f"orders_{region}", ds),
        )


def _stage(dataset: str, ds: str, settings: Settings) -> int:
    source = _drop(dataset, ds, settings)
    with open_duckdb() as connection:
        return write_partition(
            connection,
            read_sql(f"stage_{dataset}"),
            {"source": str(source)},
            settings.staged(dataset, ds),
        )


def _drop(dataset: str, ds: str, settings: Settings) -> Path:
    source = settings.raw(dataset, ds)
    if not source.is_file():
        raise FileNotFoundError(f"no {dataset} drop for {ds}: {source.relative_to(settings.root)}")
    return source
