"""What several assets and jobs have in common."""

import dagster as dg

OWNERS = ["team:shop-analytics"]
TIMEZONE = "Europe/Berlin"

# The shop's day ends at midnight in Berlin. The first drops of this repository are of 24 November.
DAYS = dg.DailyPartitionsDefinition(start_date="2025-11-24", timezone=TIMEZONE)
# The warehouse system writes all day long, so today has a partition too.
DAYS_AND_TODAY = dg.DailyPartitionsDefinition(
    start_date="2025-11-24", timezone=TIMEZONE, end_offset=1
)

# For what depends on others: a drop that is late, a file that somebody has open.
PATIENT = dg.RetryPolicy(max_retries=2, delay=60, backoff=dg.Backoff.EXPONENTIAL)
