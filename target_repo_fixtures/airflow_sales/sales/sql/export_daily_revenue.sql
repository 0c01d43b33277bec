-- Published as DOUBLE: the readers' data frames have no decimals.
SELECT business_date, store_id, region, orders, units, CAST(revenue AS DOUBLE) AS revenue
FROM daily_revenue
WHERE business_date = CAST($ds AS DATE)
ORDER BY store_id
