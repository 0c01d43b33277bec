"""Assets that tasks read and write."""

from prefect import flow
from prefect.assets import Asset, materialize

RAW = Asset(key="s3://lake/raw/orders.csv")
MART = "postgres://warehouse/marts/orders"


@materialize(RAW, retries=1)
def ingest():
    return []


@materialize(MART, asset_deps=[RAW])
def build(rows):
    return rows


@flow
def orders_assets():
    build(ingest())
