-- The stock of every store and product as last counted on the date.
SELECT
    CAST($ds AS DATE) AS snapshot_date,
    store_id,
    product,
    on_hand,
    reorder_point,
    on_hand <= reorder_point AS needs_reorder
FROM read_parquet($counts)
ORDER BY store_id, product
