"""Gates on the difference between base and head, read from source; none of the target's code runs."""
