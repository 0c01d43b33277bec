-- One row per order, with what was captured for it.
with orders as (
    select
        order_id,
        min(business_date) as business_date,
        min(customer_id) as customer_id,
        min(market_code) as market_code,
        min(channel) as channel,
        min(status) as status,
        cast(sum(quantity) as integer) as items,
        cast(sum(quantity * unit_price) as decimal(12, 2)) as amount
    from {{ ref('stg_orders') }}
    group by order_id
),

captured as (
    select
        order_id,
        sum(amount) as paid_amount
    from {{ ref('stg_payments') }}
    where state = 'captured'
    group by order_id
)

select
    orders.order_id,
    orders.business_date,
    orders.customer_id,
    orders.market_code,
    orders.channel,
    orders.status,
    orders.items,
    orders.amount,
    cast(coalesce(captured.paid_amount, 0) as decimal(12, 2)) as paid_amount
from orders
left join captured on orders.order_id = captured.order_id
