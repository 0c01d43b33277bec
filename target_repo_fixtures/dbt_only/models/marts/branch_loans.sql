select
    loans.branch_code,
    branches.branch_name,
    loans.lent_on,
    count(*) as loans,
    count(*) filter (where loans.days_late > 0) as late_loans
from {{ ref('fct_loans') }} as loans
inner join {{ ref('branches') }} as branches on loans.branch_code = branches.branch_code
group by loans.branch_code, branches.branch_name, loans.lent_on
