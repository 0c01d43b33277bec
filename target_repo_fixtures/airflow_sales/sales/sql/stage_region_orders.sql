-- Completed order lines of one region, once each (a till that resends repeats a line).
SELECT DISTINCT o.order_id, o.store_id, o.product, o.quantity, o.unit_price
FROM read_csv(
    $source,
    header = true,
    columns = {
        'order_id': 'VARCHAR',
        'store_id': 'VARCHAR',
        'ordered_at': 'TIMESTAMP',
        'product': 'VARCHAR',
        'quantity': 'INTEGER',
        'unit_price': 'DECIMAL(10, 2)',
        'status': 'VARCHAR'
    }
) AS o
JOIN read_csv($stores, header = true, all_varchar = true) AS s USING (store_id)
WHERE s.region = $region AND o.status = 'completed' AND o.quantity > 0
ORDER BY o.order_id, o.product
