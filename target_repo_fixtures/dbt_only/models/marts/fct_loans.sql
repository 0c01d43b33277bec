select
    cast(loans.loan_id as varchar) as loan_id,
    cast(loans.member_id as varchar) as member_id,
    cast(items.branch_code as varchar) as branch_code,
    cast(items.item_format as varchar) as item_format,
    cast(members.card_type as varchar) as card_type,
    loans.lent_on,
    loans.due_on,
    loans.returned_on,
    cast({{ days_late('loans.due_on', 'loans.returned_on', "date '2025-12-01'") }} as integer) as days_late
from {{ ref('stg_loans') }} as loans
inner join {{ ref('stg_items') }} as items on loans.item_id = items.item_id
inner join {{ ref('stg_members') }} as members on loans.member_id = members.member_id
