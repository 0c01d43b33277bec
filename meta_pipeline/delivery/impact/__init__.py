"""What follows from a change, across pipelines and schedulers, and what to test again."""
