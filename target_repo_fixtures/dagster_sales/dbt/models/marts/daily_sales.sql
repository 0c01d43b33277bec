-- One row per business date and market; a market that sold nothing is there with zeros.
with days as (
    select distinct business_date
    from {{ ref('fct_orders') }}
),

sold as (
    select *
    from {{ ref('fct_orders') }}
    where status = 'confirmed'
)

select
    days.business_date,
    markets.market_code,
    cast(count(sold.order_id) as integer) as orders,
    cast(coalesce(sum(sold.items), 0) as integer) as items,
    cast(coalesce(sum(sold.amount), 0) as decimal(12, 2)) as revenue
from days
cross join {{ ref('markets') }} as markets
left join sold
    on days.business_date = sold.business_date and markets.market_code = sold.market_code
group by days.business_date, markets.market_code
