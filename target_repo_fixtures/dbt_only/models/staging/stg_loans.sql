select
    loan_no as loan_id,
    item_id,
    member_id,
    cast(lent_at as date) as lent_on,
    cast(returned_at as date) as returned_on,
    renewals,
    cast(lent_at as date) + cast({{ var('loan_days') }} * (1 + renewals) as integer) as due_on
from {{ source('loans_export', 'loans') }}
