"""The topology of Dagster code locations, read from source only; no target code runs."""
