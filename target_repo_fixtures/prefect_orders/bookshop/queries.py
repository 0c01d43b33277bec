"""The SQL of the flows; `$name` are parameters of DuckDB."""

STAGE_ORDERS = """
    SELECT DISTINCT order_no, line_no, isbn, genre, quantity, status
    FROM read_csv($drop, types = {'isbn': 'VARCHAR', 'quantity': 'INTEGER'})
    WHERE status <> 'cancelled'
    ORDER BY order_no, line_no
"""

STAGE_PRICES = """
    SELECT isbn, max(price) AS price
    FROM read_csv($drop, types = {'isbn': 'VARCHAR', 'price': 'DOUBLE'})
    GROUP BY isbn
    ORDER BY isbn
"""

DAILY_REVENUE = """
    SELECT
        CAST($day AS DATE) AS business_date,
        genre,
        CAST(count(DISTINCT order_no) AS INTEGER) AS orders,
        CAST(sum(quantity) AS INTEGER) AS books,
        round(sum(quantity * price), 2) AS revenue
    FROM read_parquet($orders)
    JOIN read_parquet($prices) USING (isbn)
    GROUP BY genre
    ORDER BY genre
"""

COPY = "SELECT * FROM read_parquet($source)"

LOW_STOCK = """
    SELECT CAST($day AS DATE) AS business_date, isbn, supplier, on_hand, reorder_at
    FROM read_csv($drop, types = {'isbn': 'VARCHAR', 'on_hand': 'INTEGER', 'reorder_at': 'INTEGER'})
    WHERE on_hand <= reorder_at
    ORDER BY isbn
"""

MONTH_REPORT = """
    SELECT genre, sum(books) AS books, round(sum(revenue), 2) AS revenue
    FROM read_parquet($files)
    WHERE strftime(business_date, '%Y-%m') = $month
    GROUP BY genre
    ORDER BY genre
"""
