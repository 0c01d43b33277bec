select
    member_id,
    cast(joined_on as date) as joined_on,
    home_branch as branch_code,
    card_type
from {{ source('loans_export', 'members') }}
