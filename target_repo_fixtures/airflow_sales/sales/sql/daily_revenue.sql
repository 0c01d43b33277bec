-- One row per store; a store without a sale is there with zeros.
SELECT
    CAST($ds AS DATE) AS business_date,
    s.store_id,
    s.region,
    CAST(count(DISTINCT o.order_id) AS INTEGER) AS orders,
    CAST(coalesce(sum(o.quantity), 0) AS INTEGER) AS units,
    coalesce(sum(o.quantity * o.unit_price), 0) AS revenue
FROM read_csv($stores, header = true, all_varchar = true) AS s
LEFT JOIN read_parquet($orders) AS o USING (store_id)
GROUP BY s.store_id, s.region
ORDER BY s.store_id
