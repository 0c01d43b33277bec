"""Dagster as a target: its topology from source and from Dagster itself, and dry runs."""
