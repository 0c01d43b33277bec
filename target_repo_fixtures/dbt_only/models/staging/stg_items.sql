select
    item_id,
    title_id,
    branch as branch_code,
    format as item_format
from {{ source('loans_export', 'items') }}
