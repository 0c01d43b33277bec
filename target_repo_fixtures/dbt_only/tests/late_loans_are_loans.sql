select *
from {{ ref('branch_loans') }}
where late_loans > loans
