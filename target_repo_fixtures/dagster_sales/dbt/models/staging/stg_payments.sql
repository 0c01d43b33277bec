-- Attempts to pay, with types.
select
    payment_no as payment_id,
    order_no as order_id,
    method,
    cast(amount as decimal(12, 2)) as amount,
    state,
    cast(paid_at as timestamp) as paid_at
from {{ source('shop', 'payments') }}
