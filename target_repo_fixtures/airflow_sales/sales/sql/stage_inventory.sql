-- Stock counts as the stock system writes them, with types.
SELECT *
FROM read_csv(
    $source,
    header = true,
    columns = {
        'store_id': 'VARCHAR',
        'product': 'VARCHAR',
        'on_hand': 'INTEGER',
        'reorder_point': 'INTEGER'
    }
)
ORDER BY store_id, product
