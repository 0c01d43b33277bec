-- Order lines as the tills write them, with types.
SELECT *
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
)
ORDER BY order_id, product
