-- Revenue by product, best seller first.
SELECT
    CAST($ds AS DATE) AS business_date,
    $region AS region,
    product,
    CAST(sum(quantity) AS INTEGER) AS units,
    CAST(sum(quantity * unit_price) AS DOUBLE) AS revenue
FROM read_parquet($orders)
GROUP BY product
ORDER BY revenue DESC, product
