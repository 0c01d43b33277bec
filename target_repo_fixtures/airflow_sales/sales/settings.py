"""Where the data lives. Every path hangs off one folder, the repository root."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Settings:
    root: Path

    @property
    def stores(self) -> Path:
        return self.root / "data" / "raw" / "stores.csv"

    @property
    def warehouse(self) -> Path:
        """The DuckDB file. Only `sales_daily` opens it: DuckDB allows one writing process."""
        return self.root / "data" / "warehouse" / "sales.duckdb"

    def raw(self, dataset: str, ds: str) -> Path:
        return self.root / "data" / "raw" / dataset / f"{ds}.csv"

    def staged(self, dataset: str, ds: str) -> Path:
        return self.root / "data" / "staging" / dataset / f"{ds}.parquet"

    def published(self, dataset: str, ds: str) -> Path:
        return self.root / "data" / "warehouse" / dataset / f"{ds}.parquet"


SETTINGS = Settings(root=Path(__file__).resolve().parents[1])
