-- Order lines with types, once each.
select distinct
    order_no as order_id,
    cast(line_no as integer) as line_number,
    drop_date as business_date,
    customer_no as customer_id,
    cast(placed_at as timestamp) as placed_at,
    market as market_code,
    channel,
    sku,
    cast(quantity as integer) as quantity,
    cast(unit_price as decimal(10, 2)) as unit_price,
    status
from {{ source('shop', 'orders') }}
