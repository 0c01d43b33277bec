select
    member_id,
    count(*) as late_loans,
    max(days_late) as longest_days_late
from {{ ref('fct_loans') }}
where returned_on is null and days_late > 0
group by member_id
