-- Completed order lines, once each (a till that resends repeats a line).
SELECT DISTINCT order_id, store_id, product, quantity, unit_price
FROM read_parquet($orders)
WHERE status = 'completed' AND quantity > 0
ORDER BY order_id, product
