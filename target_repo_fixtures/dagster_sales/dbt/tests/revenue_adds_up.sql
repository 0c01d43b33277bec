-- Articles and markets are two cuts of the same trade: a date on which they differ has lost an order line.
{{ config(meta = {'dagster': {'ref': {'name': 'daily_sales'}}}) }}

with by_market as (
    select business_date, sum(revenue) as revenue
    from {{ ref('daily_sales') }}
    group by business_date
),

by_product as (
    select business_date, sum(revenue) as revenue
    from {{ ref('product_sales') }}
    group by business_date
)

select
    by_market.business_date,
    by_market.revenue as market_revenue,
    coalesce(by_product.revenue, 0) as product_revenue
from by_market
left join by_product on by_market.business_date = by_product.business_date
where by_market.revenue <> coalesce(by_product.revenue, 0)
