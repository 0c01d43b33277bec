CREATE TABLE IF NOT EXISTS daily_revenue (
    business_date DATE NOT NULL,
    store_id VARCHAR NOT NULL,
    region VARCHAR NOT NULL,
    orders INTEGER NOT NULL,
    units INTEGER NOT NULL,
    revenue DECIMAL(12, 2) NOT NULL
)
